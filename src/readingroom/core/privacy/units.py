"""Fixed point: a clipped number as whole units around a centre, so that all that noise is added to is integers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from readingroom.core.datasets import Table
from readingroom.core.privacy.queries import MEAN, PROPORTION, SUM, Query
from readingroom.core.privacy.ranges import Ranged

FINE, COARSE = 2**20, 2**15
"""Most units to each side; COARSE where two of them are multiplied, so that 2^31 products fit in 64 bits."""


@dataclass(frozen=True)
class Grid:
    """unit = round((clipped value - centre) / step), within +-half. Exact for whole numbers of ordinary ranges.

    Example: ages 0 to 100 have centre 50, step 1/2 and half 100: age 30 is unit -40.
    """

    centre: Fraction
    step: Fraction
    half: int

    @property
    def exact(self) -> bool:
        """Is every value its own unit, computed in whole numbers?"""
        return self.step in (Fraction(1), Fraction(1, 2))


def grids(query: Query, table: Table) -> tuple[Grid, ...]:
    """The grid of each ranged column; a proportion has one, for false (-1) and true (1)."""
    if query.statistic == PROPORTION:
        return (Grid(Fraction(1, 2), Fraction(1, 2), 1),)
    return tuple(_grid(one, query.statistic, table) for one in query.ranged)


def _grid(one: Ranged, statistic: str, table: Table) -> Grid:
    column = table.column(one.column)
    whole = (column is not None and column.type == "integer"
             and isinstance(one.lower, int) and isinstance(one.upper, int))
    low, high = Fraction(str(one.lower)), Fraction(str(one.upper))
    if statistic == SUM:
        most = max(abs(low), abs(high))
        return Grid(Fraction(0), Fraction(1), int(most)) if whole and most <= FINE else Grid(
            Fraction(0), most / FINE, FINE)
    half = FINE if statistic == MEAN else COARSE
    if whole and high - low <= half:
        return Grid((low + high) / 2, Fraction(1, 2), int(high - low))
    return Grid((low + high) / 2, (high - low) / 2 / half, half)
