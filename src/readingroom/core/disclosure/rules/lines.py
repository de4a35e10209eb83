"""Rows and columns of a table as lines of cells, with the total of each where published."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence, is_margin_label
from readingroom.core.disclosure.rules.wording import in_reading_order

SINGLE_COLUMN_NAMES = frozenset(
    {"", "count", "counts", "n", "people", "persons", "records", "number", "frequency"}
)


@dataclass(frozen=True)
class Line:
    """One row (`along` = "row") or column: its inner cells and those that hold its total."""

    along: str
    name: str
    cells: tuple[CellEvidence, ...]
    totals: tuple[CellEvidence, ...]


def lines(evidence: TableEvidence) -> list[Line]:
    """All rows, then all columns, those of margins included, in reading order."""
    rows: dict[tuple[str, ...], list[CellEvidence]] = defaultdict(list)
    columns: dict[tuple[str, ...], list[CellEvidence]] = defaultdict(list)
    for cell in in_reading_order(evidence.cells):
        rows[cell.row].append(cell)
        columns[cell.column].append(cell)
    found = [_line("row", ", ".join(labels), cells) for labels, cells in rows.items()]
    return found + [_line("column", ", ".join(labels), cells) for labels, cells in columns.items()]


def _line(along: str, name: str, cells: list[CellEvidence]) -> Line:
    def is_total(cell: CellEvidence) -> bool:
        return is_margin_label(cell.column if along == "row" else cell.row)

    return Line(
        along,
        name,
        tuple(cell for cell in cells if not is_total(cell)),
        tuple(cell for cell in cells if is_total(cell)),
    )


def is_one_way(evidence: TableEvidence) -> bool:
    """Whether the columns are no variable: there is only one, and it is named for the statistic."""
    columns = {cell.column for cell in evidence.cells}
    names = SINGLE_COLUMN_NAMES | {evidence.statistic.casefold()}
    return len(columns) == 1 and all(label.casefold() in names for label in next(iter(columns)))
