"""An engine that died is started again, whatever it left behind.

Uses a second engine in a network of its own: one without a bridge would take away the first one's.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from readingroom.errors import Unavailable
from readingroom.ops import engine
from readingroom.settings import Settings
from tests.docker import second_engine

pytestmark = pytest.mark.docker


@pytest.fixture
def place(tmp_path_factory):
    return Path(tmp_path_factory.mktemp("e"))


@pytest.fixture(autouse=True)
def sealed(place):
    with second_engine.sealed_dockerd(place):
        yield


@pytest.fixture
def settings(place):
    return Settings(state_dir=place / "state", engine_url=f"unix://{place}/docker.sock")


@pytest.fixture
def files(place):
    return second_engine.files_of(place)


@pytest.fixture
def extra(place):
    yield second_engine.options_of(place)
    second_engine.end(place)


def until(condition, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_it_starts_and_survives_being_killed_with_all_it_left_behind(settings, files, extra):
    assert engine.start(settings, files, extra)
    assert engine.client(settings).info()["LiveRestoreEnabled"]
    assert not engine.start(settings, files, extra)
    first = int(files.pid.read_text())
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    assert files.pid.exists()
    assert not engine.reachable(settings)
    assert engine.start(settings, files, extra)
    elsewhere = replace(settings, state_dir=settings.state_dir / "another")
    assert not engine.stop(elsewhere, files), "another installation stopped an engine that it had not started"
    assert engine.reachable(settings)
    assert engine.stop(settings, files)
    assert not engine.reachable(settings)


def test_what_is_still_ending_is_waited_for(settings, files, extra):
    """A killed containerd ends when the disk lets go of it; until then it looks to an engine like one that runs."""
    files.containerd.mkdir(parents=True)
    with subprocess.Popen(["containerd", "3"], executable=shutil.which("sleep")) as ending:
        until(lambda: b"containerd" in Path(f"/proc/{ending.pid}/cmdline").read_bytes())
        (files.containerd / "containerd.pid").write_text(str(ending.pid))
        assert engine.start(settings, files, extra)
        assert ending.poll() == 0
    assert engine.stop(settings, files)


def test_the_keeper_starts_it_again(settings, files, extra, place):
    code = ("from pathlib import Path as PosixPath\n"
            "from readingroom.ops import engine\n"
            "from readingroom.settings import Settings\n"
            f"settings = Settings(state_dir={settings.state_dir!r}, engine_url={settings.engine_url!r})\n"
            f"engine.keep(settings, engine.{files!r}, {extra!r})\n")
    with subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "src"},
                          stdout=subprocess.DEVNULL) as keeper:
        try:
            until(lambda: engine.reachable(settings))
            before = files.pid.read_text()
            os.kill(int(before), signal.SIGKILL)
            until(lambda: files.pid.exists() and files.pid.read_text() not in (before, ""))
            until(lambda: engine.reachable(settings))
        finally:
            keeper.terminate()


def test_only_what_is_dead_is_cleared_away(files):
    files.containerd.mkdir(parents=True)
    files.pid.write_text(str(os.getpid()))  # alive, but not a dockerd: the number was given to another
    (files.containerd / "containerd.pid").write_text("4194305")
    (files.containerd / "containerd.sock").touch()
    files.system_containerd_socket.touch()
    assert set(engine.clear_remains(files)) == {
        files.pid, files.containerd / "containerd.pid", files.containerd / "containerd.sock",
        files.system_containerd_socket}
    assert engine.clear_remains(files) == ()


def test_an_engine_that_cannot_start_says_why(settings, files, extra):
    with pytest.raises(Unavailable, match="did not start"):
        engine.start(settings, files, (*extra, "--no-such-option"))


def test_an_absent_engine_is_named_with_a_next_step(settings):
    with pytest.raises(Unavailable) as raised:
        engine.client(settings)
    assert raised.value.next_step
    assert raised.value.exit_code == 3


@pytest.fixture
def open_place():
    with tempfile.TemporaryDirectory() as name:  # pytest's own is closed to other accounts
        Path(name).chmod(0o755)
        yield Path(name)


def test_an_account_without_rights_is_told_how_it_gets_them(open_place):
    engine_socket = open_place / "docker.sock"
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(engine_socket))
        engine_socket.chmod(0o660)
        assert "usermod -aG docker nobody" in told_as_nobody(engine_socket)
    engine_socket.unlink()
    assert "No Docker engine answers" in told_as_nobody(engine_socket)  # an engine is there, but not on its path


def told_as_nobody(engine_socket):
    code = ("import os\n"
            "from pathlib import Path\n"
            "from readingroom.ops import engine\n"
            "from readingroom.settings import Settings\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "os.environ['PATH'] = '/usr/bin:/bin'\n"
            f"settings = Settings(state_dir=Path('/srv/none'), engine_url='unix://{engine_socket}')\n"
            "print(engine.unreachable(settings))\n")
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "src"}, text=True,
                          capture_output=True, check=True).stdout
