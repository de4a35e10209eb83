"""Where bounded views of rows are kept while a private answer is made: in memory if possible, and nobody else's."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from readingroom.errors import Unavailable

PREFIX = "view-"


def private_scratch(fallback: Path, name: str) -> Path:
    """A directory for `scratch_dir`: in memory where /dev/shm can be used, else under `fallback`."""
    memory = Path("/dev/shm")  # noqa: S108 - made 0700 and checked for its owner before use
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else fallback
    return parent / f"readingroom-{name}-private"


def clear_scratch(directory: Path) -> None:
    """Have it, private, and without what a killed process left in it."""
    _make_private(directory)
    for stale in directory.glob(f"{PREFIX}*"):
        shutil.rmtree(stale)


def _make_private(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = directory.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        raise Unavailable(
            "The scratch directory for private answers belongs to someone else.",
            rule="scratch-directory",
            value=directory,
            next_step="Remove it or name another.",
        )
    directory.chmod(0o700)
