"""Writing that survives a loss of power at any instruction, and erasing that nobody reads past."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from readingroom.durable import sync
from readingroom.errors import InvalidInput, Unavailable

UNFINISHED = ".unfinished-"
LOCK = ".lock"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}")


def plain_name(name: str) -> str:
    """`name` if it is safe as one part of a path; InvalidInput for separators, dots and anything hidden."""
    if not _PLAIN_NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} cannot name something that is stored.", rule="storage.name", value=name,
                           next_step="Use letters, digits, hyphens and underscores, starting with a letter or digit.")
    return name


def make_directory(path: Path, mode: int = 0o700) -> Path:
    """Make `path` and what is missing above it, each of them durable and of `mode`. Existing ones are left alone."""
    missing = [path, *path.parents]
    missing = missing[:next(place for place, folder in enumerate(missing) if folder.is_dir())]
    for folder in reversed(missing):
        folder.mkdir(mode=mode, exist_ok=True)
        sync(folder.parent)
    return path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` for one writer, across processes; a crash lets go of it."""
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def whole_directory(target: Path, mode: int = 0o700) -> Iterator[Path]:
    """A directory that appears under its name complete and durable, or not at all.

    Yields a hidden one to fill with files. The caller holds `locked(target.parent)`, so that whatever is hidden
    there was left by a crash: it is erased first. Unavailable if the disk is full or cannot be written.
    """
    for left in target.parent.glob(f"{UNFINISHED}*"):
        erase(left)
    hidden = target.parent / f"{UNFINISHED}{target.name}-{uuid.uuid4().hex[:8]}"
    try:
        hidden.mkdir(mode=0o700)
        yield hidden
        for path in hidden.iterdir():
            sync(path)
        hidden.chmod(mode)
        sync(hidden)
        hidden.rename(target)
        sync(target.parent)
    except OSError as error:
        erase(hidden)
        raise Unavailable(f"{target.name} could not be stored: {error.strerror or 'the disk failed'}.",
                          rule="storage.write", value=target.name,
                          next_step="Free space or repair the disk, then try again; nothing half-made is left.",
                          ) from error
    except BaseException:
        erase(hidden)
        raise


def erase(directory: Path) -> None:
    """Empty every file of a flat `directory`, durably, then remove it; nothing happens if it is not there.

    Emptied first, because a process that has a file open or mapped keeps it after it is unlinked. Ended by a crash
    and called again, it carries on.
    """
    if not directory.exists():
        return
    directory.chmod(0o700)
    for path in directory.iterdir():
        path.chmod(0o600)
        os.truncate(path, 0)
        sync(path)
    shutil.rmtree(directory)
    sync(directory.parent)
