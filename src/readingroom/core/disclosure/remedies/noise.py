"""Counts perturbed by cell keys: small noise that is the same wherever the same people are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from readingroom.core.disclosure.evidence import Labels, TableEvidence
from readingroom.core.disclosure.evidence.model import Noise
from readingroom.core.disclosure.protect import make_ptable
from readingroom.core.disclosure.rounded import counted, counts_people
from readingroom.core.disclosure.tabulation.cells import grid
from readingroom.core.disclosure.tabulation.engine import Computed
from readingroom.errors import InvalidInput

Keys = Mapping[tuple[Labels, Labels], int]


def perturbed(table: TableEvidence, keys: Keys, noise: Noise) -> TableEvidence:
    """A table of counts with noise looked up by each cell's key; a cell without a key has nobody in it.

    Zeros stay zeros. Totals get noise of their own, so that nothing adds up exactly.
    """
    if not counts_people(table):
        raise InvalidInput(f"Noise is for counts of people; this is a {table.statistic}.", rule="table.noise",
                           value=table.statistic, next_step="Leave it out, or round it.")
    if table.rounding > 1:
        raise InvalidInput(f"The counts are rounded to {table.rounding} already.", rule="table.noise",
                           value=table.rounding, next_step="Perturb the table before it is rounded, or do one of both.")
    counts = np.array([counted(cell) for cell in table.cells], dtype=np.int64)
    found = np.array([keys.get((cell.row, cell.column), 0) for cell in table.cells], dtype=np.uint64)
    shown = make_ptable(noise.largest, noise.variance, noise.small).perturb(counts, found)
    return replace(table, noise=noise, cells=tuple(
        replace(cell, shown=int(number)) for cell, number in zip(table.cells, shown, strict=True)))


def keys_of(computed: Computed, measure: int) -> Keys:
    """The key of each cell of one measure's table, by its labels."""
    recipe, place = computed.recipe, computed.places[measure].value
    title: Labels = (recipe.measures[measure].title,) if recipe.several else ()
    name = "key" if place is None else f"key{place}"
    return {(row, (*column, *title)): int(computed.facts[key][name] or 0)
            for row, column, key in grid(computed) if key in computed.facts}
