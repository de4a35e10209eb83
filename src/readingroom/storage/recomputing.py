"""Computing a recipe again from the vault: over exactly what a grant lets its project read, and within bounds.

It is done in a process apart (`readingroom.back_room`), whose time the worker bounds. What a researcher wrote reaches
DuckDB only as the core's engine writes it anew; the engine is shut to files and networks.
"""

from __future__ import annotations

from readingroom.core.datasets import Table
from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.recomputing import Allowance, Asked
from readingroom.core.disclosure.remedies import keys_of, perturbed
from readingroom.core.disclosure.tabulation import cells, engine
from readingroom.core.disclosure.tabulation.catalogue import as_loaded
from readingroom.core.disclosure.tabulation.database import Bounds
from readingroom.core.disclosure.tabulation.keys import fingerprint
from readingroom.errors import InvalidInput
from readingroom.storage.apart import spending
from readingroom.storage.extract_making import FileExtracts
from readingroom.storage.vault import FileVault

BOUNDS = Bounds(threads=1, memory_bytes=2**30)
MOST_ROWS = 50_000_000


class VaultRecomputer:
    """The Recomputer port, with the vault and what extracts are made with: the same rows, the same pseudonyms."""

    def __init__(self, vault: FileVault, extracts: FileExtracts) -> None:
        self._vault, self._extracts = vault, extracts

    def recompute(self, asked: Asked, allowance: Allowance | None = None) -> tuple[TableEvidence, ...]:
        with spending(allowance):
            return self._recomputed(asked)

    def _recomputed(self, asked: Asked) -> tuple[TableEvidence, ...]:
        table, recipe = asked.dataset.table(asked.table), asked.recipe
        if table is None or (rows := self._vault.rows(asked.dataset.slug, asked.version, table.name)) is None:
            raise InvalidInput("There is no such table.", rule="recompute.table", value=asked.table)
        if rows > MOST_ROWS:
            raise InvalidInput("The table has too many rows.", rule="recompute.rows", value=rows)
        granted = self._extracts.granted(asked.dataset, asked.version, table.name, _needed(asked), asked.condition,
                                         asked.project)
        data = as_loaded(granted, _codes(table) if asked.labelled else {})
        secret = None if asked.noise is None else self._extracts.record_key(asked.project, asked.dataset.slug)
        if asked.noise is not None and secret is not None and asked.noise.key != fingerprint(secret):
            raise InvalidInput("The noise is of another key.", rule="recompute.noise")
        computed = engine.compute(data, recipe, secret=secret, bounds=BOUNDS)
        found = cells.tables(computed)
        if asked.noise is None:
            return found
        noise = asked.noise
        return tuple(perturbed(one, keys_of(computed, place), noise) for place, one in enumerate(found))


def _needed(asked: Asked) -> tuple[str, ...]:
    """The columns that the recipe looks at; InvalidInput if one of them was not granted."""
    needed = engine.columns_needed(asked.recipe, list(asked.columns))
    if absent := sorted(set(needed) - set(asked.columns)):
        raise InvalidInput("The recipe looks at columns that were not granted.", rule="recompute.columns",
                           value=len(absent))
    return tuple(needed)


def _codes(table: Table) -> dict[str, dict[str, str]]:
    return {column.name: column.codes for column in table.columns if column.codes}
