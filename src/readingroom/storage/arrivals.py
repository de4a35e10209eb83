"""What was brought in, put into a project's shared folder: whole or not at all, whatever its members do meanwhile.

The folder belongs to the workspaces' account, which may rename, link and race there as it likes. So nothing is named by
a path: `incoming` is opened as a directory without following a link, must be ours, and everything happens below that
one open directory, in which the workspaces' account cannot write.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from readingroom.core.volumes import SHARED, Volume
from readingroom.errors import NoRoom, Unavailable
from readingroom.ports import Volumes

INCOMING = "incoming"
FULL = (errno.ENOSPC, errno.EDQUOT)
ROOM_TO_SPARE = 64 * 1024
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class SharedFolders:
    """The Arrivals port on the folders that workspaces mount at /project."""

    def __init__(self, homes: Path, volumes: Volumes, account: int) -> None:
        self._homes, self._volumes, self._account = homes, volumes, account

    @contextmanager
    def staged(self, project: str, size_bytes: int, name: str, files: Mapping[str, bytes]
               ) -> Iterator[Callable[[], None]]:
        place = self._homes / project / SHARED
        with (self._volumes.provide((Volume(place, size_bytes),)), _opened(place) as shared,
              _incoming(shared) as incoming):
            owner = self._owner(shared)
            if _holds(incoming, name, files):  # by a worker that was killed before it could say so
                yield lambda: _hand_over(shared, incoming, name, owner)
                return
            with _hidden(shared, incoming, name, files, owner) as hidden:
                appeared = False

                def appear() -> None:
                    nonlocal appeared
                    _appear(incoming, hidden, name)
                    appeared = True
                    _hand_over(shared, incoming, name, owner)

                try:
                    yield appear
                except BaseException:
                    if appeared:  # what was not recorded has not arrived
                        shutil.rmtree(name, dir_fd=incoming)
                    raise

    def _owner(self, shared: int) -> int:
        """Whose the files become: the folder's own account, so that members can delete what they no longer need. Until
        a workspace was opened the folder is still ours; then the one that it will be given."""
        found = os.fstat(shared).st_uid
        return self._account if found == os.geteuid() else found


@contextmanager
def _opened(place: Path) -> Iterator[int]:
    try:
        descriptor = os.open(place, _DIRECTORY)
    except OSError as error:
        raise Unavailable(f"The shared folder of the project cannot be opened: {error.strerror}.",
                          rule="incoming.folder", value=place,
                          next_step="An administrator should look at it; nothing was lost.") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _incoming(shared: int) -> Iterator[int]:
    """The directory `incoming`, ours and not to be written to by workspaces. What else has that name is moved aside."""
    descriptor = _ours(shared)
    if descriptor is None:
        with suppress(FileNotFoundError):
            os.rename(INCOMING, f"{INCOMING}-moved-{uuid.uuid4().hex[:8]}", src_dir_fd=shared, dst_dir_fd=shared)
        _make(shared)
        descriptor = _ours(shared)
    if descriptor is None:
        raise _disturbed()
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _ours(shared: int) -> int | None:
    """`incoming`, open, if it is a directory of ours, on the folder's own file system, that nobody else may change."""
    try:
        descriptor = os.open(INCOMING, _DIRECTORY, dir_fd=shared)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise
    found = os.fstat(descriptor)
    if (found.st_uid == os.geteuid() and found.st_dev == os.fstat(shared).st_dev
            and not stat.S_IMODE(found.st_mode) & 0o022):
        return descriptor
    os.close(descriptor)
    return None


def _make(shared: int) -> None:
    """Made under a hidden name, given its mode there, and only then called `incoming`. Whoever gets in between with a
    directory of theirs gives up nothing to us: Unavailable."""
    hidden = f".{INCOMING}-{uuid.uuid4().hex}"
    try:
        os.mkdir(hidden, 0o700, dir_fd=shared)
        descriptor = os.open(hidden, _DIRECTORY, dir_fd=shared)
        try:
            if os.fstat(descriptor).st_uid != os.geteuid():  # a member put theirs in its place in between
                raise _disturbed()
            os.fchown(descriptor, os.geteuid(), os.getegid())
            os.fchmod(descriptor, 0o755)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(hidden, INCOMING, src_dir_fd=shared, dst_dir_fd=shared)
        os.fsync(shared)
    except PermissionError as error:
        raise Unavailable("This account may not write into the folders of workspaces.", rule="incoming.account",
                          value=os.geteuid(), next_step="Run the installation as root; what was approved is kept and "
                          "put there then.") from error
    except OSError as error:
        if error.errno in FULL:
            raise _no_room() from error
        raise _disturbed() from error


def _holds(incoming: int, name: str, files: Mapping[str, bytes]) -> bool:
    """Whether exactly this is there already."""
    try:
        folder = os.open(name, _DIRECTORY, dir_fd=incoming)
    except FileNotFoundError:
        return False
    try:
        return _names(folder) == set(files) and all(
            _is(folder, one, content) for one, content in files.items())
    finally:
        os.close(folder)


def _names(folder: int) -> set[str]:
    with os.scandir(folder) as found:
        return {entry.name for entry in found}


def _is(folder: int, name: str, content: bytes) -> bool:
    """Whether it is a plain file of these bytes; by now it may be anything that a member put there."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        return stat.S_ISREG(os.fstat(descriptor).st_mode) and file.read(len(content) + 1) == content


@contextmanager
def _hidden(shared: int, incoming: int, name: str, files: Mapping[str, bytes], owner: int) -> Iterator[str]:
    """The files, durable, in a hidden directory below `incoming` that only we can enter; gone after a failure."""
    room = os.fstatvfs(shared)
    if sum(map(len, files.values())) + ROOM_TO_SPARE + 4096 * len(files) > room.f_bavail * room.f_frsize:
        raise _no_room()
    for left in [one for one in _names(incoming) if one.startswith(f".{name}-")]:
        shutil.rmtree(left, dir_fd=incoming)
    hidden = f".{name}-{uuid.uuid4().hex}"
    try:
        os.mkdir(hidden, 0o700, dir_fd=incoming)
        folder = os.open(hidden, _DIRECTORY, dir_fd=incoming)
        try:
            for one, content in files.items():
                _write(folder, one, content, owner)
            os.fsync(folder)
        finally:
            os.close(folder)
        yield hidden
    except BaseException as error:
        shutil.rmtree(hidden, dir_fd=incoming, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in FULL:
            raise _no_room() from error
        raise
    shutil.rmtree(hidden, dir_fd=incoming, ignore_errors=True)  # nothing, once it appeared under its name


def _write(folder: int, name: str, content: bytes, owner: int) -> None:
    descriptor = os.open(name, _NEW_FILE, 0o400, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchown(descriptor, owner, owner)
        os.fchmod(descriptor, 0o444)
        os.fsync(descriptor)


def _appear(incoming: int, hidden: str, name: str) -> None:
    """Under its name in one step. What an older attempt left there under that name was never said to have arrived."""
    try:
        os.rename(hidden, name, src_dir_fd=incoming, dst_dir_fd=incoming)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        shutil.rmtree(name, dir_fd=incoming)
        os.rename(hidden, name, src_dir_fd=incoming, dst_dir_fd=incoming)
    os.fsync(incoming)


def _hand_over(shared: int, incoming: int, name: str, owner: int) -> None:
    """Until now only we could enter it."""
    folder = os.open(name, _DIRECTORY, dir_fd=incoming)
    try:
        os.fchown(folder, owner, owner)
        os.fchmod(folder, 0o555)
        os.fsync(folder)
    finally:
        os.close(folder)
    _check_in_place(shared, incoming)


def _check_in_place(shared: int, incoming: int) -> None:
    """That `incoming` is still called so; a member may have renamed it meanwhile."""
    try:
        found = os.stat(INCOMING, dir_fd=shared, follow_symlinks=False)
    except FileNotFoundError:
        raise _disturbed() from None
    mine = os.fstat(incoming)
    if (found.st_dev, found.st_ino) != (mine.st_dev, mine.st_ino):
        raise _disturbed()


def _no_room() -> NoRoom:
    return NoRoom("The project's shared folder is full.", rule="incoming.no-room",
                  next_step="Delete what is not needed below /project. The files are kept, and arrive by themselves "
                  "once there is room.")


def _disturbed() -> Unavailable:
    return Unavailable("The folder “incoming” was moved or replaced while files arrived.", rule="incoming.disturbed",
                       next_step="Leave /project/incoming as it is; it is tried again by itself.")
