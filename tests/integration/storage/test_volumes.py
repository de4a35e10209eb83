"""Folders whose size holds: made, filled, grown, moved into, killed on the way, unmounted (promise P8)."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from readingroom.core.volumes import Volume
from readingroom.errors import Unavailable
from readingroom.settings import REPOSITORY
from readingroom.storage import volumes
from readingroom.storage.volumes import FolderVolumes, LoopVolumes, mounted_below

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root; without it the doctor warns")
MIB = 1024**2


@pytest.fixture
def room(tmp_path):
    made = LoopVolumes(tmp_path / "volumes", tmp_path / "homes")
    yield made
    made.release_idle(set)
    assert mounted_below(tmp_path) == ()
    assert str(tmp_path) not in subprocess.run(["losetup", "-l"], capture_output=True, text=True).stdout


@pytest.fixture
def ada(tmp_path):
    return Volume(tmp_path / "homes" / "courts" / "ada", 24 * MIB)


def fill(folder: Path) -> int:
    """Write until the error; how many bytes went in."""
    written = 0
    with (folder / "fill").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            written += file.write(b"x" * MIB)
    return written


def test_a_full_one_says_so_and_leaves_the_others_alone(room, ada, tmp_path):
    bilal = Volume(tmp_path / "homes" / "courts" / "bilal", 24 * MIB)
    with room.provide([ada, bilal]):
        assert 8 * MIB < fill(ada.place) < 24 * MIB
        with pytest.raises(OSError) as full:
            (ada.place / "more").write_bytes(b"x" * MIB)
        assert full.value.errno == errno.ENOSPC
        assert room.usage(ada.place).full
        (bilal.place / "mine").write_bytes(b"x" * MIB)
        assert not room.usage(bilal.place).full


def test_a_million_small_files_end_at_its_own_limit(room, ada):
    with room.provide([ada]), pytest.raises(OSError) as full:
        for number in range(1_000_000):
            (ada.place / str(number)).touch()
    assert full.value.errno == errno.ENOSPC
    assert number < 20_000


def test_it_keeps_what_it_holds_and_is_there_once(room, ada):
    with room.provide([ada]):
        (ada.place / "note").write_text("kept")
        with room.provide([ada]):  # a second one changes nothing
            assert (ada.place / "note").read_text() == "kept"
    assert room.release_idle(set) == 1
    assert list(ada.place.iterdir()) == []
    with room.provide([ada]):
        assert (ada.place / "note").read_text() == "kept"
        assert [entry.name for entry in ada.place.iterdir()] == ["note"]


def test_it_runs_nothing_as_its_owner_and_makes_no_device(room, ada):
    with room.provide([ada]):
        options = next(line.split()[3] for line in Path("/proc/self/mounts").read_text().splitlines()
                       if line.split()[1] == str(ada.place))
    assert {"nosuid", "nodev"} <= set(options.split(","))


def test_what_is_in_use_or_about_to_be_is_not_taken_away(room, ada):
    with room.provide([ada]):
        assert room.release_idle(set) == 0
    assert room.release_idle(lambda: {ada.place}) == 0
    assert os.path.ismount(ada.place)
    assert room.release_idle(set) == 1


def test_one_that_another_mount_still_has_is_neither_checked_nor_mounted_twice(room, ada, tmp_path):
    """As a container has it whose mount outlives ours: both must be the same file system, or it is ruined."""
    other = tmp_path / "as-a-container"
    other.mkdir()
    with room.provide([ada]):
        subprocess.run(["mount", "--bind", ada.place, other], check=True)
    assert room.release_idle(set) == 1
    with room.provide([Volume(ada.place, 48 * MIB)]):
        (ada.place / "note").write_text("one")
        assert (other / "note").read_text() == "one"
    subprocess.run(["umount", other], check=True)


def test_it_grows_with_the_policy_and_keeps_what_it_holds(room, ada):
    with room.provide([ada]):
        (ada.place / "note").write_text("kept")
    room.release_idle(set)
    with room.provide([Volume(ada.place, 96 * MIB)]):
        assert room.usage(ada.place).size_bytes > 70 * MIB
        assert (ada.place / "note").read_text() == "kept"
    room.release_idle(set)
    with room.provide([ada]):  # a tighter policy takes no file away
        assert (ada.place / "note").read_text() == "kept"


def test_a_folder_from_before_is_moved_into_one_as_it_was(room, ada):
    (ada.place / "deep").mkdir(parents=True)
    (ada.place / "deep" / "file").write_text("mine")
    (ada.place / "link").symlink_to("/etc/shadow")
    for path in (ada.place, ada.place / "deep" / "file"):
        os.chown(path, 10001, 10001)
    with room.provide([ada]):
        assert os.path.ismount(ada.place)
        assert (ada.place / "deep" / "file").read_text() == "mine"
        assert (ada.place / "deep" / "file").stat().st_uid == 10001
        assert (ada.place / "link").readlink() == Path("/etc/shadow")
    assert sorted(path.name for path in ada.place.parent.iterdir()) == ["ada"]


def test_one_that_held_more_than_its_quota_keeps_it_and_gets_little_more(room, ada):
    ada.place.mkdir(parents=True)
    (ada.place / "large").write_bytes(os.urandom(40 * MIB))
    with room.provide([ada]):
        assert (ada.place / "large").stat().st_size == 40 * MIB
        assert fill(ada.place) < 30 * MIB


@pytest.mark.parametrize("step", ["_format", "_fill", "_finish_move", "_check", "_attach", "_detach"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_of_the_move_nothing_is_lost(room, ada, tmp_path, step, when):
    ada.place.mkdir(parents=True)
    (ada.place / "file").write_text("mine")
    code = f"""
import os, signal
from pathlib import Path
from readingroom.core.volumes import Volume
from readingroom.storage import volumes
kept = volumes.{step}
def killed(*args, **kwargs):
    if {when!r} == "after": kept(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
volumes.{step} = killed
room = volumes.LoopVolumes(Path({str(tmp_path / "volumes")!r}), Path({str(tmp_path / "homes")!r}))
room.provide([Volume(Path({str(ada.place)!r}), {ada.size_bytes})])
"""
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
                       check=False, timeout=60)
    with room.provide([ada]):
        assert (ada.place / "file").read_text() == "mine"
        assert os.path.ismount(ada.place)
    assert sorted(path.name for path in ada.place.parent.iterdir()) == ["ada"]


def test_a_damaged_one_is_a_clear_no_and_stays_as_it_is(room, ada, tmp_path):
    with room.provide([ada]):
        (ada.place / "note").write_text("kept")
    room.release_idle(set)
    image = tmp_path / "volumes" / "courts" / "ada.img"
    with image.open("r+b") as file:
        file.write(b"\0" * 8 * MIB)
    before = image.read_bytes()
    with pytest.raises(Unavailable, match="damaged"):
        room.provide([ada])
    assert image.read_bytes() == before
    assert not os.path.ismount(ada.place)


def test_files_that_would_be_hidden_by_a_mount_are_a_clear_no(room, ada):
    with room.provide([ada]):
        pass
    room.release_idle(set)
    (ada.place / "stray").touch()
    with pytest.raises(Unavailable, match="holds files"):
        room.provide([ada])
    (ada.place / "stray").unlink()


def test_an_account_that_cannot_mount_does_not_open_an_empty_home_in_its_place(room, ada, tmp_path):
    with room.provide([ada]):
        (ada.place / "note").write_text("kept")
    room.release_idle(set)
    plain = FolderVolumes(tmp_path / "volumes")
    with pytest.raises(Unavailable, match="cannot mount"):
        plain.provide([ada])
    other = Volume(tmp_path / "homes" / "courts" / "bilal", MIB)
    with plain.provide([other]):
        assert other.place.is_dir()
    assert plain.usage(other.place) is None


def test_a_missing_tool_names_itself(room, ada, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Unavailable, match=r"losetup|mkfs"):
        room.provide([ada])
    assert volumes.mounted_below(ada.place.parent) == ()


@pytest.mark.parametrize("planted", [lambda place: place.symlink_to("/"), lambda place: place.symlink_to("gone"),
                                     lambda place: (place.mkdir(), (place / "mine").touch()), Path.touch])
def test_p8_nobody_locks_a_folder_by_what_they_plant_in_it(room, ada, planted):
    """`lost+found` is cleared away at each opening: a member could have kept all others out of /project by it."""
    with room.provide([ada]):
        planted(ada.place / "lost+found")
        (ada.place / "note").write_text("kept")
    assert room.release_idle(set) == 1
    with room.provide([ada]):
        assert (ada.place / "note").read_text() == "kept"
    assert Path("/").is_dir()
