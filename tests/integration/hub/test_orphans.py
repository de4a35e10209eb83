"""What nothing owns is found; what an open workspace is joined to is left for the proof, which closes the workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readingroom.hub import orphans
from readingroom.hub.names import KIND_LABEL, WORKSPACE
from readingroom.settings import Settings


class Engine:
    """One container and one network of this installation."""

    def __init__(self, state: str, networks: dict | None) -> None:
        self._container = {"Id": "c1", "Names": ["/rr-w"], "Created": 0, "Mounts": [], "State": state,
                           "Labels": {KIND_LABEL: WORKSPACE}, "NetworkSettings": {"Networks": networks}}

    def containers(self):
        return (self._container,)

    def networks(self):
        return ({"Name": "by-hand"},)


@pytest.mark.parametrize(("state", "networks", "found"), [
    ("running", {"none": {}}, ["network by-hand"]),
    ("running", None, ["network by-hand"]),
    ("exited", {"by-hand": {}}, ["network by-hand"]),
    ("running", {"none": {}, "by-hand": {}}, []),
])
def test_a_network_is_swept_once_nothing_runs_in_it(tmp_path, state, networks, found):
    engine = Engine(state, networks)
    assert [str(one) for one in orphans.find(Settings(state_dir=tmp_path), engine, {"c1"})] == found


@pytest.mark.parametrize(("age_seconds", "found"), [(10, []), (4000, ["network rr-w-bridge"])])
def test_the_bridge_of_a_workspace_that_is_just_starting_stays(tmp_path, age_seconds, found):
    made = datetime.now(UTC) - timedelta(seconds=age_seconds)
    engine = Engine("exited", {})
    engine.networks = lambda: ({"Name": "rr-w-bridge", "Labels": {KIND_LABEL: WORKSPACE},
                                "Created": made.isoformat().replace("+00:00", "123Z")},)
    assert [str(one) for one in orphans.find(Settings(state_dir=tmp_path), engine, {"c1"})] == found
