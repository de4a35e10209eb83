"""What nothing owns is found; what an open workspace is joined to is left for the proof, which closes the workspace."""

from __future__ import annotations

import pytest

from readingroom.hub import orphans
from readingroom.hub.containers import KIND_LABEL, WORKSPACE
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
