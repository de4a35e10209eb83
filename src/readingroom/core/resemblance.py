"""Which released outputs a new one resembles, and how they differ: what two tables together could tell.

A help to checkers, not a verdict: it compares what readers see, the numbers of a table by their labels. Two counts of
the same cell that differ by a few people say something about those few (differencing).

Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4 (linked tables, 2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from readingroom.core.inspection.preview import Preview

MOST_CELLS = 5000
LEAST_SHARE = 0.5
LEAST_NUMBERS = 3
SMALL_NUMBER = 10
MOST_DIFFERENCES = 20


@dataclass(frozen=True)
class Shown:
    """What a reader sees of one output: `cells` maps (row label, column name) to the number as printed."""

    statistic: str
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], str]

    def as_dict(self) -> dict[str, object]:
        return {"statistic": self.statistic, "columns": list(self.columns),
                "cells": [[row, column, number] for (row, column), number in self.cells.items()]}

    @classmethod
    def from_dict(cls, found: Mapping[str, object]) -> Shown:
        return cls(str(found["statistic"]), tuple(found["columns"]),  # type: ignore[arg-type]
                   {(row, column): number for row, column, number in found["cells"]})  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Difference:
    """One cell of both: what was released, what is asked for now. `few`: they differ, by less than the threshold."""

    row: str
    column: str
    before: str
    now: str
    few: bool


@dataclass(frozen=True)
class Resemblance:
    """One released file like the new one. `shared` cells have the same labels, `equal` of them the same number;
    `numbers` are those of at least ten that stand anywhere in both."""

    request: int
    file: str
    file_id: int
    statistic: str
    shared: int
    equal: int
    numbers: int
    differences: tuple[Difference, ...]

    @property
    def few(self) -> int:
        return sum(one.few for one in self.differences)


def shown(preview: Preview, evidence: Mapping[str, object] | None) -> Shown | None:
    """The numbers of a table; None for what is no table or holds none. The first column labels the rows."""
    if preview.kind != "table":
        return None
    cells: dict[tuple[str, str], str] = {}
    for row in preview.rows:
        for column, text in enumerate(row[1:], 1):
            if number(text) is not None and len(cells) < MOST_CELLS:
                name = preview.header[column] if column < len(preview.header) else str(column)
                cells.setdefault((_label(row[0]), _label(name)), text.strip())
    statistic = str((evidence or {}).get("statistic", ""))[:40]
    return Shown(statistic, tuple(map(_label, preview.header)), cells) if cells else None


def number(text: str) -> Decimal | None:
    """A printed number: 1,234 or 12.5 or 3%; None for anything else."""
    try:
        found = Decimal(text.strip().replace(",", "").removesuffix("%"))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def resembles(new: Shown, old: Shown, threshold: int) -> tuple[int, int, int, tuple[Difference, ...]] | None:
    """Shared cells, equal ones, equal numbers and differences; None where the two have too little in common.

    Alike are tables of which half the cells of the smaller one have the same labels, or at least three and half of the
    larger numbers are the same wherever they stand. Example: the same table a year later, with one more person in a
    cell: all cells shared, one differs by 1, which is few.
    """
    shared = [key for key in new.cells if key in old.cells]
    numbers = _large(new) & _large(old)
    smaller = min(len(new.cells), len(old.cells))
    by_labels = len(shared) >= 2 and len(shared) >= LEAST_SHARE * smaller
    by_numbers = len(numbers) >= LEAST_NUMBERS and len(numbers) >= LEAST_SHARE * min(len(_large(new)), len(_large(old)))
    if not by_labels and not by_numbers:
        return None
    found = [_difference(key, old.cells[key], new.cells[key], threshold) for key in shared
             if number(old.cells[key]) != number(new.cells[key])]
    worst_first = sorted(found, key=lambda one: not one.few)
    return len(shared), len(shared) - len(found), len(numbers), tuple(worst_first[:MOST_DIFFERENCES])


def _difference(key: tuple[str, str], before: str, now: str, threshold: int) -> Difference:
    first, second = number(before), number(now)
    assert first is not None and second is not None
    whole = first == first.to_integral_value() and second == second.to_integral_value() and "%" not in before + now
    return Difference(*key, before, now, whole and abs(second - first) < threshold)


def _large(table: Shown) -> frozenset[Decimal]:
    """Numbers that two tables hardly share by chance."""
    values = (number(text) for text in table.cells.values())
    return frozenset(value for value in values if value is not None and abs(value) >= SMALL_NUMBER)


def _label(text: str) -> str:
    return " ".join(text.split()).casefold()[:100]
