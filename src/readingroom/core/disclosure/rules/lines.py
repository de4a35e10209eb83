"""Rows, columns and the finer lines of a table of several variables, with the total of each where published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import TypeVar

from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence, is_margin_label
from readingroom.core.disclosure.rules.wording import in_reading_order

SINGLE_COLUMN_NAMES = frozenset(
    {"", "count", "counts", "n", "people", "persons", "records", "number", "frequency"}
)


Made = TypeVar("Made")


def once(made: Callable[[TableEvidence], Made]) -> Callable[[TableEvidence], Made]:
    """Made once for a table, which never changes: several rules ask."""

    @wraps(made)
    def of(evidence: TableEvidence) -> Made:
        kept = evidence.__dict__
        if made.__name__ not in kept:
            kept[made.__name__] = made(evidence)
        return kept[made.__name__]  # type: ignore[no-any-return]

    return of


@dataclass(frozen=True)
class Line:
    """Cells that differ in some labels only: a row (`along` = "row"), a column, or part of one.

    `cells` are the inner ones, `totals` those that hold the line's total.
    """

    along: str
    name: str
    cells: tuple[CellEvidence, ...]
    totals: tuple[CellEvidence, ...]


@dataclass(frozen=True)
class Axis:
    """The labels that vary along a line, by their places among a cell's labels, rows' first."""

    along: str
    places: tuple[int, ...]


@once
def lines(evidence: TableEvidence) -> list[Line]:
    """All rows, then all columns, those of margins included, in reading order.

    Where rows (columns) have several labels, also the lines along each of them, the others fixed. Example: in a table
    of region and sex by year, a line along sex is North in 2024, women and men.
    """
    ordered = in_reading_order(evidence.cells)
    margins = margin_labels(evidence)
    return [line for axis in axes(evidence) for line in _along(axis, ordered, margins)]


def axes(evidence: TableEvidence) -> list[Axis]:
    """Rows and columns as wholes, then single labels where there are several."""
    rows, columns = len(evidence.cells[0].row), len(evidence.cells[0].column)
    column_places, row_places = tuple(range(rows, rows + columns)), tuple(range(rows))
    whole = [Axis("row", column_places), Axis("column", row_places)]
    return whole + [
        Axis(along, (place,)) for along, places in (("row", column_places), ("column", row_places))
        if len(places) > 1 for place in places
    ]


@once
def margin_labels(evidence: TableEvidence) -> list[frozenset[str]]:
    """For each place of a label, the labels that stand for a total.

    Those that say so ("Total"), and those whose cells are all declared margins, in a table that also has others.
    """
    declared = any(cell.margin for cell in evidence.cells) and not all(cell.margin for cell in evidence.cells)
    every = {(cell.row, cell.column) for cell in evidence.cells}
    inner = {(cell.row, cell.column) for cell in evidence.cells if not cell.margin}
    found = []
    for all_labels, inner_labels in zip(_by_place(every), _by_place(inner) or _by_place(every), strict=True):
        found.append(frozenset(label for label in all_labels
                               if is_margin_label((label,)) or (declared and label not in inner_labels)))
    return found


def _by_place(places: Iterable[tuple[Labels, Labels]]) -> list[set[str]]:
    """The labels that occur in each place, rows' first."""
    pairs = list(places)
    return [set(labels) for part in (0, 1) for labels in zip(*{pair[part] for pair in pairs}, strict=True)]


def labels(cell: CellEvidence) -> Labels:
    return cell.row + cell.column


def _along(axis: Axis, cells: list[CellEvidence], margins: list[frozenset[str]]) -> list[Line]:
    rows = len(cells[0].row)
    row_places = [at for at in axis.places if at < rows]
    column_places = [at - rows for at in axis.places if at >= rows]
    split_row, split_column = _splitting(row_places, margins[:rows]), _splitting(column_places, margins[rows:])
    inner: dict[tuple[Labels, Labels], list[CellEvidence]] = defaultdict(list)
    totals: dict[tuple[Labels, Labels], list[CellEvidence]] = defaultdict(list)
    for cell in cells:
        fixed_row, summed_rows = split_row(cell.row)
        fixed_column, summed_columns = split_column(cell.column)
        summed, fixed = summed_rows + summed_columns, (fixed_row, fixed_column)
        line = inner[fixed]
        if not summed:
            line.append(cell)
        elif summed == len(axis.places):
            totals[fixed].append(cell)
    return [Line(axis.along, ", ".join(fixed[0] + fixed[1]), tuple(found), tuple(totals.get(fixed, ())))
            for fixed, found in inner.items()]


def _splitting(places: Sequence[int], margins: Sequence[frozenset[str]]) -> Callable[[Labels], tuple[Labels, int]]:
    """Of a row's (column's) labels those that are not in `places`, and how many of the others stand for a total."""

    @cache
    def split(labels: Labels) -> tuple[Labels, int]:
        return (tuple(label for at, label in enumerate(labels) if at not in places),
                sum(labels[at] in margins[at] for at in places))

    return split


def is_one_way(evidence: TableEvidence) -> bool:
    """Whether the columns are no variable: by declaration, or one only, which is named for the statistic."""
    if evidence.column_names is not None:
        return not evidence.column_names
    columns = {cell.column for cell in evidence.cells}
    names = SINGLE_COLUMN_NAMES | {evidence.statistic.casefold()}
    return len(columns) == 1 and all(label.casefold() in names for label in next(iter(columns)))
