"""Supervised programs come back when killed, and all of them end with the supervisor."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from readingroom.ops import install, supervise
from readingroom.settings import Settings

PROGRAMS = (
    supervise.Program("first", ("/bin/sh", "-c", "echo begun; exec sleep 600"), 10, stop_seconds=2),
    supervise.Program("second", ("/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"), 20, 1),
)


@pytest.fixture
def settings(tmp_path):
    made = Settings(state_dir=tmp_path / "state")
    install.create_state(made)
    yield made
    supervise.stop(made)
    shutil.rmtree(made.run_dir, ignore_errors=True)


def until(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def pids(settings):
    states = supervise.status(settings)
    return {state.name: state.pid for state in states} if all(s.state == "RUNNING" for s in states) else None


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_killed_with_sigkill_runs_again(settings):
    assert supervise.start(settings, PROGRAMS)
    before = until(lambda: pids(settings))
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    after = until(lambda: (now := pids(settings)) and all(now[name] != before[name] for name in now) and now)
    assert set(after) == {"first", "second"}


def test_starting_twice_changes_nothing(settings):
    supervise.start(settings, PROGRAMS)
    before = until(lambda: pids(settings))
    assert not supervise.start(settings, PROGRAMS)
    assert pids(settings) == before


def test_stopping_ends_even_a_program_that_ignores_being_told(settings):
    supervise.start(settings, PROGRAMS)
    before = until(lambda: pids(settings))
    assert supervise.stop(settings)
    assert not any(alive(pid) for pid in before.values())
    assert supervise.status(settings) == ()
    assert not supervise.stop(settings)


def test_nothing_is_left_when_the_supervisor_itself_is_killed_and_it_starts_again(settings):
    willing = PROGRAMS[:1]
    supervise.start(settings, willing)
    before = until(lambda: pids(settings))
    os.kill(int((settings.run_dir / "supervisor.pid").read_text()), signal.SIGKILL)
    until(lambda: not alive(before["first"]))
    assert supervise.start(settings, willing)
    assert until(lambda: pids(settings)) != before


def test_what_programs_say_is_in_their_logs_and_they_know_the_installation(settings):
    told = supervise.Program("told", ("/bin/sh", "-c", "echo $READINGROOM_STATE; exec sleep 600"), 10)
    supervise.start(settings, [told])
    log = settings.logs_dir / "told.log"
    assert until(lambda: log.exists() and log.read_text()) == f"{settings.state_dir}\n"


def test_a_program_is_restarted_when_asked(settings):
    supervise.start(settings, PROGRAMS[:1])
    before = until(lambda: pids(settings))
    supervise.restart(settings, "first")
    assert until(lambda: pids(settings)) != before
