"""A workspace's socket directory: made, watched, and pinned so that the researcher cannot swap what is in it.

The Hub's proxy follows whatever stands at the socket's path. Before the pin the directory belongs to the
researcher's uid, because their server must create its socket there; a link put in its place would lead the
proxy to any socket of the host. So the directory is taken back once the socket is there, and only then
looked at: what is found is what stays (tried as an attack, the link reached the engine's own socket).
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from readingroom.errors import IntegrityError

NAME = "s.sock"
DOOR = 10002  # the door's account: it, and beside us nobody else, may come near the workspaces' sockets
PINNED_MODE = 0o711
LONGEST = 107


def fresh_directory(directory: Path) -> Path:
    """An empty directory at `directory`, still ours; whatever an earlier workspace left is gone."""
    remove_directory(directory)
    if len(str(directory / NAME).encode()) > LONGEST or str(directory) != str(directory).lower():
        raise IntegrityError(
            f"{directory} cannot hold a socket for the Hub.",
            rule="hub.socket",
            value=directory,
            next_step="Use a shorter, lower-case run directory.",
        )
    close_to_others(directory.parent)
    directory.mkdir(mode=0o700)
    return directory


def close_to_others(parent: Path) -> None:
    """The sockets below are open to all; their parent lets only us and the door come near."""
    parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(parent, 0, DOOR)
    parent.chmod(0o710)


def remove_directory(directory: Path) -> None:
    if directory.is_symlink():
        directory.unlink()
    elif directory.exists():
        shutil.rmtree(directory)


def check_pinned(directory: Path, owner: int, researcher: int) -> None:
    """Raise IntegrityError unless `directory` is pinned to `owner` and holds `researcher`'s socket."""
    place = directory.lstat()
    if not stat.S_ISDIR(place.st_mode) or place.st_uid != owner or stat.S_IMODE(place.st_mode) != PINNED_MODE:
        raise IntegrityError(
            f"{directory} is not pinned.",
            rule="hub.socket",
            value=oct(place.st_mode),
            next_step="The workspace was not opened. Please report this.",
        )
    found = (directory / NAME).lstat()
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != researcher or found.st_nlink != 1:
        raise IntegrityError(
            "What stands at the workspace's socket is not its server's socket.",
            rule="hub.socket",
            value=oct(found.st_mode),
            next_step="The workspace was not opened. Please report this.",
        )
