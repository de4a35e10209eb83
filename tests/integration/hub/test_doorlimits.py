"""What policy lets pass the door, on its way from the policy to the door's map."""

from __future__ import annotations

from pathlib import Path

import pytest

from readingroom.core.policy import Policy, strictest
from readingroom.hub import doorlimits
from readingroom.hub.doorlimits import DEFAULT, DoorLimits
from readingroom.settings import REPOSITORY, Settings


@pytest.fixture
def settings(tmp_path):
    made = Settings(state_dir=tmp_path)
    yield made
    doorlimits.remove(made, "k")


def test_the_doors_own_defaults_are_these():
    """For a workspace that it was told nothing of."""
    assert f"map_str({doorlimits.MAP},{DEFAULT})" in (REPOSITORY / "images/door/inwards.cfg").read_text()


@pytest.mark.parametrize(("said", "terminals"), [
    ((), 0), ((True,), 1), ((False,), 0), ((True, None), 1), ((True, False), 0), ((None, False, True), 0),
    ((True, True), 1),
])
def test_terminals_are_there_only_where_every_layer_that_speaks_says_so(said, terminals):
    policy = strictest(*(Policy(terminals=one) for one in said))
    assert doorlimits.of_policy(policy).terminals == terminals


def test_each_number_is_the_policys_where_it_has_one():
    assert doorlimits.of_policy(Policy()) == DEFAULT
    policy = Policy(kernels=3, upload_bytes=1000, upload_bytes_per_minute=5000, requests_per_10_seconds=20)
    assert str(doorlimits.of_policy(policy)) == "0:3:1000:5000:20"


def test_what_was_written_is_read_and_without_it_the_defaults_hold(settings):
    assert doorlimits.read(settings, "k") == DEFAULT
    limits = DoorLimits(terminals=1, lines=2)
    doorlimits.write(settings, "k", limits)
    assert doorlimits.read(settings, "k") == limits
    doorlimits.remove(settings, "k")
    doorlimits.remove(settings, "k")
    assert doorlimits.read(settings, "k") == DEFAULT


@pytest.mark.parametrize("text", ["", "1", "1:2:3", "1:2:3:4:x", "1:2:3:4:5:6", "\0"])
def test_what_cannot_be_read_opens_no_terminal(settings, text):
    doorlimits.write(settings, "k", DoorLimits(terminals=1))
    Path(settings.run_dir / "limits" / "k").write_text(text)
    assert doorlimits.read(settings, "k") == DEFAULT and not DEFAULT.terminals
