"""Homes and shared folders whose size holds: each is a file system of its own in one sparse file.

The file `volumes/<project>/<name>.img` holds an ext4 file system and is mounted at `homes/<project>/<name>` while a
workspace uses it (nosuid, nodev). Its size is the quota: whoever fills it sees "no space left on device", and nobody
else notices. It has a journal, so a machine that loses power leaves it whole.

Two locks keep processes apart: `.use` is held shared while a workspace starts, so that nothing unmounts what it is
about to get; `.lock` is held alone while anything is mounted, grown, moved or unmounted. A crash lets go of both.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType

from readingroom.core.volumes import Usage, Volume
from readingroom.durable import sync
from readingroom.errors import Unavailable

log = logging.getLogger(__name__)
LEAST_BYTES = 16 * 1024**2  # less has no room for a journal
SECONDS = 900
REPAIRED = (0, 1)  # of e2fsck: clean, or mended


class Hold:
    """Keeps volumes from being taken away while a workspace that will use them starts."""

    def __init__(self) -> None:
        self._locks = ExitStack()

    def add(self, lock: Path) -> None:
        file = self._locks.enter_context(lock.open("w"))
        fcntl.flock(file, fcntl.LOCK_SH)

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._locks.close()


class FolderVolumes:
    """Plain folders, for an account that may not mount: they have no quota, and `doctor` says so."""

    def __init__(self, folder: Path) -> None:
        self._images = folder

    def provide(self, wanted: Sequence[Volume]) -> Hold:
        for volume in wanted:
            image = _image(self._images, volume.place)
            if image.exists():
                raise Unavailable(
                    f"{volume.place.name} is kept in a file system of its own, which this account cannot mount.",
                    rule="volumes.mount", value=image,
                    next_step="Run the installation as root, or set quotas to loop in settings.toml.")
            volume.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Hold()

    def release_idle(self, in_use: Callable[[], Collection[Path]]) -> int:
        return 0

    def usage(self, place: Path) -> Usage | None:
        return None


class LoopVolumes:
    """Mounted files; takes root. `folder` holds the images, `homes` is above every place."""

    def __init__(self, folder: Path, homes: Path) -> None:
        self._images, self._homes = folder, homes

    def provide(self, wanted: Sequence[Volume]) -> Hold:
        """Have each made, whole, of its size and mounted; they stay so until the hold is closed, and while in use.

        Called again it changes nothing. A folder from before there were quotas is moved into a file system first;
        one that holds more than its quota keeps what it has and gets no more. Unavailable, with nothing lost, if
        the disk is full or a file system is damaged.
        """
        hold = Hold()
        try:
            for volume in wanted:
                image = _image(self._images, volume.place)
                image.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                hold.add(image.with_suffix(".use"))
                with _alone(image):
                    self._mount(image, volume)
        except BaseException:
            hold.__exit__()
            raise
        return hold

    def _mount(self, image: Path, volume: Volume) -> None:
        if os.path.ismount(volume.place):
            return
        _finish_move(image, volume.place)
        if not image.exists():
            _make(image, volume)
        elif not _devices(image):  # in use elsewhere it must not be checked or changed
            _check(image)
            _grow(image, volume.size_bytes)
        volume.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(volume.place.iterdir()):
            raise Unavailable(
                f"{volume.place} holds files, and so does the file system that belongs there.", rule="volumes.both",
                value=volume.place, next_step=f"An administrator should move those files away; {image} is untouched.")
        _attach(image, volume.place)

    def release_idle(self, in_use: Callable[[], Collection[Path]]) -> int:
        """Unmount what nothing uses; returns how many. `in_use` is asked once nobody can start to use it."""
        released = 0
        for place in mounted_below(self._homes):
            image = _image(self._images, place)
            try:
                use = image.with_suffix(".use").open("w")
            except OSError:
                continue
            with use:
                try:
                    fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                with _alone(image):
                    if place not in in_use() and _detach(image, place):
                        released += 1
        return released

    def usage(self, place: Path) -> Usage | None:
        """How full it is; None while it is not mounted."""
        if not os.path.ismount(place):
            return None
        found = os.statvfs(place)
        return Usage((found.f_blocks - found.f_bfree) * found.f_frsize,
                     (found.f_blocks - found.f_bfree + found.f_bavail) * found.f_frsize)


def mounted_below(folder: Path) -> tuple[Path, ...]:
    """What is mounted below a folder, innermost first."""
    places = {Path(line.split()[1].replace("\\040", " ")) for line in
              Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()}
    return tuple(sorted((place for place in places if folder in place.parents), reverse=True))


def _image(folder: Path, place: Path) -> Path:
    return folder / place.parent.name / f"{place.name}.img"


@contextmanager
def _alone(image: Path) -> Iterator[None]:
    with image.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# Making one, or moving an older folder into one


def _make(image: Path, volume: Volume) -> None:
    """A new image, or one with what the folder at its place holds; it appears whole or not at all."""
    fresh = image.with_suffix(".new")
    _discard(fresh)
    holds = _size_of(volume.place)
    try:
        _format(fresh, max(volume.size_bytes, holds and holds * 5 // 4 + LEAST_BYTES))
        if holds:
            _fill(fresh, volume.place)
        sync(fresh)
    except BaseException:
        _discard(fresh)
        raise
    moved = _moved(volume.place)
    if holds:
        volume.place.rename(moved)
    fresh.rename(image)
    sync(image.parent)
    _finish_move(image, volume.place)


def _finish_move(image: Path, place: Path) -> None:
    """After a crash: take a move back that had not ended, or clear away what has been moved."""
    moved = _moved(place)
    if not moved.exists():
        return
    if image.exists():
        shutil.rmtree(moved)
    else:
        if place.exists():
            place.rmdir()
        moved.rename(place)


def _moved(place: Path) -> Path:
    return place.with_name(f".moved-{place.name}")


def _size_of(folder: Path) -> int:
    """Bytes that its files take, each at least a block; 0 for an empty or absent folder. Follows no link."""
    total = 0
    for top, names, files in os.walk(folder):
        total += 4096 * len(names) + sum(max(4096, (Path(top) / name).lstat().st_size) for name in files)
    return total


def _format(image: Path, size_bytes: int) -> None:
    with image.open("xb") as file:
        file.truncate(max(size_bytes, LEAST_BYTES))
    _run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,nodiscard", image)


def _fill(image: Path, source: Path) -> None:
    target = image.with_suffix(".filling")
    target.mkdir(mode=0o700, exist_ok=True)
    _attach(image, target)
    try:
        _run("cp", "--archive", "--one-file-system", f"{source}/.", target)
        _run("sync", "--file-system", target)
    finally:
        if not _detach(image, target):
            raise Unavailable(f"{target} could not be unmounted.", rule="volumes.unmount", value=target,
                              next_step="An administrator should look at it; nothing was moved.")
        target.rmdir()


def _discard(fresh: Path) -> None:
    target = fresh.with_suffix(".filling")
    if target.exists():
        if os.path.ismount(target):
            _detach(fresh, target)
        target.rmdir()
    fresh.unlink(missing_ok=True)


# Looking after one


def _check(image: Path) -> None:
    """Replay the journal and mend what can be mended without losing anything."""
    done = subprocess.run(["e2fsck", "-p", str(image)], capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode not in REPAIRED:
        raise Unavailable(
            f"The file system {image.name} is damaged: {(done.stdout + done.stderr).strip()[-300:]}",
            rule="volumes.check", value=image,
            next_step=f"An administrator should copy it and run: e2fsck {image}")


def _grow(image: Path, size_bytes: int) -> None:
    """To the size that policy allows now; a smaller size is for new ones, since shrinking could lose files."""
    if image.stat().st_size >= size_bytes:
        return
    _run("e2fsck", "-f", "-p", image, fine=REPAIRED)
    with image.open("r+b") as file:
        file.truncate(size_bytes)
    _run("resize2fs", image)


def _attach(image: Path, place: Path) -> None:
    """Mount it. A device that has this file already is used again, since two would not know of each other."""
    device = _run("losetup", "--find", "--show", "--nooverlap", image).strip()
    try:
        _run("mount", "-t", "ext4", "-o", "nosuid,nodev,noatime,errors=remount-ro", device, place)
        with suppress(OSError):  # absent, or by now the researcher's own: a link, or not empty
            (place / "lost+found").rmdir()  # e2fsck makes it again when it finds something
    finally:
        _run("losetup", "--detach", device)  # in use: the kernel waits for the last mount to go


def _detach(image: Path, place: Path) -> bool:
    """Unmount it, and let go of its device. False if something still looks into it."""
    done = subprocess.run(["umount", str(place)], capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        log.warning("%s stays mounted: %s", place, done.stderr.strip())
        return False
    for device in _devices(image):
        subprocess.run(["losetup", "--detach", device], capture_output=True, timeout=SECONDS, check=False)
    return True


def _devices(image: Path) -> tuple[str, ...]:
    """Loop devices that have this file, as those of a container do that outlived its mount here."""
    return tuple(line.partition(":")[0] for line in _run("losetup", "--associated", image).splitlines())


def _run(*command: str | Path, fine: Collection[int] = (0,)) -> str:
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=SECONDS,
                              check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]} could not be run: {error}.", rule="volumes.tool", value=command[0],
                          next_step="`readingroom doctor` says what is missing.") from error
    if done.returncode not in fine:
        raise Unavailable(
            f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-300:]}", rule="volumes.tool",
            value=" ".join(map(str, command)),
            next_step="Check the disk's room and the kernel's log. Nothing was lost.")
    return done.stdout
