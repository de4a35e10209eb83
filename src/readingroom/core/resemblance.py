"""Which released outputs a new one resembles, and how they differ: what two tables together could tell.

It compares what readers see: the numbers of a table, or of the table behind a chart, by their labels, and pictures by
their looks. Two counts of the same cell that differ by a few people say something about those few (differencing).
Labels are the researcher's, so that what is found by them alone is for a person to judge.

Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4 (linked tables, 2024).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence, readable, tables_of
from readingroom.core.disclosure.rounded import counted, counts_people
from readingroom.core.disclosure.rules.wording import plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.inspection.looks import alike
from readingroom.core.inspection.preview import Preview

MOST_CELLS = 5000
LEAST_SHARE = 0.5
LEAST_NUMBERS = 3
SMALL_NUMBER = 10
MOST_DIFFERENCES = 20
SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024)"


@dataclass(frozen=True)
class Shown:
    """What a reader sees of one output: `cells` maps (row label, column name) to the number as printed.

    Of a chart these are the numbers that it draws, where its evidence says them, and `look` is how it looks.
    """

    statistic: str
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], str]
    look: str = ""

    def as_dict(self) -> dict[str, object]:
        return {"statistic": self.statistic, "columns": list(self.columns), "look": self.look,
                "cells": [[row, column, number] for (row, column), number in self.cells.items()]}

    @classmethod
    def from_dict(cls, found: Mapping[str, object]) -> Shown:
        return cls(str(found["statistic"]), tuple(found["columns"]),  # type: ignore[arg-type]
                   {(row, column): number for row, column, number in found["cells"]},  # type: ignore[attr-defined]
                   str(found.get("look", "")))


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
    `numbers` are those of at least ten that stand anywhere in both. `looks`: they are pictures that look alike;
    `counts`: both are counts, by their evidence."""

    request: int
    file: str
    file_id: int
    statistic: str
    shared: int
    equal: int
    numbers: int
    differences: tuple[Difference, ...]
    looks: bool = False
    counts: bool = False

    @property
    def few(self) -> int:
        return sum(one.few for one in self.differences)


def shown(preview: Preview, evidence: Mapping[str, object] | None, look: str = "") -> Shown | None:
    """The numbers of a table or of the table behind a chart; None for what holds none and looks like nothing.

    The first column of a table labels its rows. `look` is a picture's, from core.inspection.looks.
    """
    tables = _tables(evidence)
    cells = _printed(preview) if preview.kind == "table" else _drawn(tables) if preview.kind == "image" else {}
    statistic = str((evidence or {}).get("statistic", "") or (tables[0].statistic if tables else ""))[:40]
    if not cells and not look:
        return None
    return Shown(statistic, tuple(map(_label, preview.header)), cells, look)


def _tables(evidence: Mapping[str, object] | None) -> tuple[TableEvidence, ...]:
    said = readable(evidence)
    return tables_of(said) if said else ()


def _printed(preview: Preview) -> dict[tuple[str, str], str]:
    cells: dict[tuple[str, str], str] = {}
    for row in preview.rows:
        for column, text in enumerate(row[1:], 1):
            if number(text) is not None and len(cells) < MOST_CELLS:
                name = preview.header[column] if column < len(preview.header) else str(column)
                cells.setdefault((_label(row[0]), _label(name)), text.strip())
    return cells


def _drawn(tables: tuple[TableEvidence, ...]) -> dict[tuple[str, str], str]:
    """What a chart shows, by its evidence: a reader measures it off the picture."""
    cells: dict[tuple[str, str], str] = {}
    for table in tables:
        for cell in table.published:
            if (said := _number_of(table, cell)) is not None and len(cells) < MOST_CELLS:
                cells.setdefault((_label(", ".join(cell.row)), _label(", ".join(cell.column))), said)
    return cells


def _number_of(table: TableEvidence, cell: CellEvidence) -> str | None:
    if counts_people(table):
        return str(counted(cell) if cell.shown is None else cell.shown)
    return None if cell.value is None else str(cell.value)


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
    larger numbers are the same wherever they stand, and pictures that look alike. Example: the same table a year later,
    with one more person in a cell: all cells shared, one differs by 1, which is few.
    """
    shared = [key for key in new.cells if key in old.cells]
    numbers = _large(new) & _large(old)
    smaller = min(len(new.cells), len(old.cells))
    by_labels = len(shared) >= 2 and len(shared) >= LEAST_SHARE * smaller
    by_numbers = len(numbers) >= LEAST_NUMBERS and len(numbers) >= LEAST_SHARE * min(len(_large(new)), len(_large(old)))
    if not by_labels and not by_numbers and not look_alike(new, old):
        return None
    found = [_difference(key, old.cells[key], new.cells[key], threshold) for key in shared
             if number(old.cells[key]) != number(new.cells[key])]
    worst_first = sorted(found, key=lambda one: not one.few)
    return len(shared), len(shared) - len(found), len(numbers), tuple(worst_first[:MOST_DIFFERENCES])


def look_alike(new: Shown, old: Shown) -> bool:
    return bool(new.look and old.look) and alike(new.look, old.look)


def resemblance(request: int, file: str, file_id: int, new: Shown, old: Shown, threshold: int) -> Resemblance | None:
    """How a released file is like a new one; None where it is not."""
    alike = resembles(new, old, threshold)
    if alike is None:
        return None
    return Resemblance(request, file, file_id, old.statistic, *alike, looks=look_alike(new, old),
                       counts=new.statistic == old.statistic == "count")


def check_memory(found: Iterable[Resemblance], threshold: int) -> list[Finding]:
    """What released files make of a new one. Read by its author too, so it says nothing of what was released.

    FAIL where the evidence of both says that they are counts, REVIEW where only labels say that cells are the same.
    """
    ones = tuple(found)
    findings = []
    for verdict, few in ((Verdict.FAIL, _few(one for one in ones if one.counts)),
                         (Verdict.REVIEW, _few(one for one in ones if not one.counts))):
        if few:
            cells = tuple(Cell((row,), (column,)) for row, column in few)
            findings.append(Finding(
                "memory.differencing", verdict,
                f"{plural(len(few), 'cell')} {'differs' if len(few) == 1 else 'differ'} by fewer than {threshold} "
                "people from the same in an output released from these data before: whoever has both can subtract.",
                "Use the same people as in what was released, merge these cells with others, or suppress them.",
                cells, {"threshold": threshold}, SOURCE))
    return findings


def _few(ones: Iterable[Resemblance]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((each.row, each.column) for one in ones for each in one.differences if each.few))


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
