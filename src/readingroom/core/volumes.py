"""Folders with a quota: what is wanted, and how full one is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SHARED = "-shared"  # beside the homes of a project's members, none of whose names begins so

@dataclass(frozen=True)
class Volume:
    """A folder at `place`, of the form `<homes>/<project>/<name>`, that may hold at most `size_bytes`."""

    place: Path
    size_bytes: int


@dataclass(frozen=True)
class Usage:
    """How full a folder is. `size_bytes` is what its owner can use of it."""

    used_bytes: int
    size_bytes: int

    @property
    def full(self) -> bool:
        """Less than a twentieth left."""
        return self.used_bytes * 20 >= self.size_bytes * 19
