"""Writing that survives a loss of power at any instruction."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".unfinished-"


def sync(path: Path) -> None:
    """Force a file or a directory's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def whole_directory(target: Path, mode: int = 0o700) -> Iterator[Path]:
    """A directory that appears under its name complete and durable, or not at all.

    Yields a hidden one to fill; what an earlier crash left is removed first.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in target.parent.glob(f"{UNFINISHED}{target.name}-*"):
        shutil.rmtree(left)
    hidden = target.parent / f"{UNFINISHED}{target.name}-{uuid.uuid4().hex[:8]}"
    hidden.mkdir(mode=0o700)
    try:
        yield hidden
        for path in hidden.iterdir():
            sync(path)
        hidden.chmod(mode)
        sync(hidden)
        hidden.rename(target)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    sync(target.parent)
