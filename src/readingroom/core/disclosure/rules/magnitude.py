"""What dominance and p% rules share: contributions as exact numbers, or why they cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, plural
from readingroom.core.disclosure.verdict import Finding, Verdict

MAGNITUDES = frozenset({"sum", "mean"})
"""Statistics built from a total, which the largest contributors of a cell know a part of."""


@dataclass(frozen=True)
class Contributions:
    """Absolute contributions, one per person, largest first, and their total; exact."""

    cell: CellEvidence
    top: tuple[Fraction, ...]
    total: Fraction


def exact(value: float) -> Fraction:
    """The number as written in decimal, so that 33.3 means 333/10."""
    return Fraction(str(value))


def contributions(evidence: TableEvidence, needed: int) -> tuple[list[Contributions], list[CellEvidence]]:
    """Published non-empty cells with their `needed` largest contributions, and those that do not say enough.

    Absolute values are used, as ABS, sdcLog and GaussSuppression do. A cell with negative contributions must
    give
    `absolute_total`, since its total hides them.
    """
    usable, unusable = [], []
    for cell in in_reading_order(evidence.published):
        if cell.people == 0:
            continue
        signed = sum((exact(value) for value in cell.top), Fraction())
        top = tuple(sorted((abs(exact(value)) for value in cell.top), reverse=True))
        total = cell.total if cell.absolute_total is None else cell.absolute_total
        known = sum(top, Fraction())
        negative = any(value < 0 for value in cell.top) or (
            cell.total is not None and _below(cell.total, signed)
        )
        if (
            total is None
            or len(top) < min(needed, cell.people)
            or (negative and cell.absolute_total is None)
            or _below(total, known)
        ):
            unusable.append(cell)
        else:
            usable.append(Contributions(cell, top, max(exact(total), known)))
    return usable, unusable


def _below(total: float, part: Fraction) -> bool:
    """Less by more than the noise of adding floats, so that negative contributions must be hidden in it."""
    return exact(total) < part - abs(part) / 10**9


def unusable_finding(rule: str, cells: list[CellEvidence], source: str) -> Finding:
    return Finding(
        f"{rule}.unchecked",
        Verdict.REVIEW,
        f"{plural(len(cells), 'cell lacks', 'cells lack')} the largest contributions, their total, or (with "
        "negative "
        f"values) the total of their absolute values: {listing([cell.name for cell in cells])}.",
        "Make the table with the readingroom SDK, which records them.",
        tuple(cell.place for cell in cells),
        source=source,
    )
