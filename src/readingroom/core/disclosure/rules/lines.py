"""Rows, columns and the finer lines of a table of several variables, with the total of each where published."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence, is_margin_label
from readingroom.core.disclosure.rules.wording import in_reading_order

SINGLE_COLUMN_NAMES = frozenset(
    {"", "count", "counts", "n", "people", "persons", "records", "number", "frequency"}
)


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


def margin_labels(evidence: TableEvidence) -> list[frozenset[str]]:
    """For each place of a label, the labels that stand for a total.

    Those that say so ("Total"), and those whose cells are all declared margins, in a table that also has others.
    """
    depth = len(evidence.cells[0].row) + len(evidence.cells[0].column)
    declared = any(cell.margin for cell in evidence.cells) and not all(cell.margin for cell in evidence.cells)
    found = []
    for place in range(depth):
        inner = {labels(cell)[place] for cell in evidence.cells if not cell.margin}
        every = {labels(cell)[place] for cell in evidence.cells}
        found.append(frozenset(
            label for label in every if is_margin_label((label,)) or (declared and label not in inner)))
    return found


def labels(cell: CellEvidence) -> Labels:
    return cell.row + cell.column


def _along(axis: Axis, cells: list[CellEvidence], margins: list[frozenset[str]]) -> list[Line]:
    groups: dict[Labels, list[tuple[CellEvidence, int]]] = defaultdict(list)
    for cell in cells:
        at = labels(cell)
        fixed = tuple(label for place, label in enumerate(at) if place not in axis.places)
        groups[fixed].append((cell, sum(at[place] in margins[place] for place in axis.places)))
    return [
        Line(
            axis.along,
            ", ".join(fixed),
            tuple(cell for cell, summed in found if not summed),
            tuple(cell for cell, summed in found if summed and summed == len(axis.places)),
        )
        for fixed, found in groups.items()
    ]


def is_one_way(evidence: TableEvidence) -> bool:
    """Whether the columns are no variable: by declaration, or one only, which is named for the statistic."""
    if evidence.column_names is not None:
        return not evidence.column_names
    columns = {cell.column for cell in evidence.cells}
    names = SINGLE_COLUMN_NAMES | {evidence.statistic.casefold()}
    return len(columns) == 1 and all(label.casefold() in names for label in next(iter(columns)))
