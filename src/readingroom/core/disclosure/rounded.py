"""Counts as conventional rounding shows them: one formula for whoever shows, compares or checks them."""

from __future__ import annotations

from typing import Final

from readingroom.core.disclosure.evidence.model import CellEvidence, TableEvidence
from readingroom.core.disclosure.statistics import canonical

CONTROLLED: Final = "controlled"


def as_rounded(count: int, base: int, method: str) -> int:
    """To the nearest multiple of the base, half up; or to the middle of the interval that ends at the multiple above.

    >>> as_rounded(7, 5, "nearest"), as_rounded(8, 5, "nearest"), as_rounded(7, 6, "midpoint")
    (5, 10, 9)
    """
    if base == 1:
        return count
    if method == "midpoint":
        return -(-count // base) * base - base // 2 if count else 0
    return (2 * count + base) // (2 * base) * base


def counted(cell: CellEvidence) -> int:
    """The count behind what a cell of counts shows: of people, or of records where these are what is shown."""
    return cell.people if cell.value is None else int(cell.value)


def number_shown(cell: CellEvidence, table: TableEvidence) -> int:
    """The count as the table shows it."""
    return cell.shown if cell.shown is not None else as_rounded(counted(cell), table.rounding, table.rounding_method)


def counts_people(table: TableEvidence) -> bool:
    """Whether its numbers are unweighted counts of people or records."""
    return canonical(table.statistic) == "count" and all(
        cell.weighted_total is None and cell.total is None for cell in table.cells)
