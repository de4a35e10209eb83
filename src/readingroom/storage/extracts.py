"""Extracts as they are found: directories that are whole, and their end. Making them is `extract_making`'s.

The Hub and the portal only look for extracts, so nothing here needs what reads or writes tables.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

from readingroom.core.datasets import Dataset
from readingroom.durable import sync
from readingroom.errors import SettingsError
from readingroom.storage.files import UNFINISHED, erase, plain_name

DESTROYED = ".destroyed-"
DESCRIPTION = "dataset.json"


class FoundExtracts:
    """The Extracts port on files, for processes without a vault: what was made is found, nothing is made."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def build(self, extract_id: str, dataset: Dataset, version: str, columns: Mapping[str, tuple[str, ...]],
              row_filter: Mapping[str, str], project: str) -> Path:
        found = self.path(extract_id)
        if found is None:
            raise _no_vault()
        return found

    def count(self, dataset: Dataset, version: str, table: str, condition: str) -> int:
        raise _no_vault()

    def destroy(self, extract_id: str) -> None:
        # Renamed first, so that after a crash half-way no emptied extract is taken for a finished one.
        target = self._root / plain_name(extract_id)
        if target.exists():
            target.rename(self._root / f"{DESTROYED}{extract_id}-{uuid.uuid4().hex[:8]}")
            sync(self._root)
        for prefix in (DESTROYED, UNFINISHED):
            for left in self._root.glob(f"{prefix}{extract_id}-{'[0-9a-f]' * 8}"):
                erase(left)

    def path(self, extract_id: str) -> Path | None:
        target = self._root / plain_name(extract_id)
        return target if (target / DESCRIPTION).is_file() else None

    def stored(self) -> tuple[str, ...]:
        if not self._root.is_dir():
            return ()
        return tuple(sorted(path.name for path in self._root.iterdir() if not path.name.startswith(".")))

    def clear_unfinished(self) -> None:
        """Remove what a killed process had half made; only for the one process that makes extracts, at its start."""
        for left in self._root.glob(f"{UNFINISHED}*"):
            erase(left)


def _no_vault() -> SettingsError:
    return SettingsError("This process has no vault to make extracts from.", rule="extract.vault",
                         next_step="Extracts are made by the worker.")
