"""Control groups of projects: where the engine makes them itself, it leaves them behind when they are empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from readingroom.hub.names import GROUPS
from readingroom.settings import Settings

ROOT = Path("/sys/fs/cgroup")


def groups(settings: Settings) -> tuple[Path, ...]:
    """Directories of this installation's control groups, innermost first. None with systemd, which removes slices."""
    return tuple(sorted(_found(settings), reverse=True))


def _found(settings: Settings) -> Iterator[Path]:
    for hierarchy in (ROOT, *(path for path in ROOT.glob("*") if path.is_dir() and not path.is_symlink())):
        top = hierarchy / GROUPS / settings.instance
        if top.is_dir():
            yield top
            yield from (path for path in top.rglob("*") if path.is_dir())


def remove_groups(settings: Settings) -> int:
    """Remove those without a process; the kernel keeps the others. Returns how many went."""
    removed = 0
    for path in groups(settings):
        try:
            path.rmdir()
            removed += 1
        except OSError:  # in use, or not ours to remove
            continue
    return removed
