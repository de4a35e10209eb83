"""Rows and columns left out of a table, which still count in its totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from readingroom.errors import InvalidInput
from readingroom.sdk._layout import JOINER, lines_shown
from readingroom.sdk._rounding import added_as

if TYPE_CHECKING:
    from readingroom.core.disclosure.evidence import Labels, TableEvidence
    from readingroom.sdk._tables import Table

Line = tuple[str, "Labels"]


def dropped(made: Table, labels: Sequence[str | Sequence[str]], *, totals: bool, empty: bool) -> tuple[
        str, tuple[TableEvidence, ...], frozenset[Line]]:
    """What was done, the tables without these lines, and every line that is not shown."""
    wanted = {(one,) if isinstance(one, str) else tuple(one) for one in labels}
    gone = set(made.dropped)
    for side in ("row", "column"):
        for label in dict.fromkeys(getattr(cell, side) for one in made.tables for cell in one.cells):
            line = [cell for one in made.tables for cell in one.cells if getattr(cell, side) == label]
            is_empty = empty and not any(cell.people for cell in line)
            if label in wanted or is_empty or (totals and _is_total(made, side, label)):
                gone.add((side, label))
    if unknown := [one for one in wanted if not {("row", one), ("column", one)} & gone]:
        raise InvalidInput(f"There is no row or column {', '.join(unknown[0])}.", rule="table.drop",
                           value=unknown[0], next_step="Use the labels that the table shows.")
    tables = tuple(one.with_cells(tuple(
        replace(cell, suppressed=True, undefined=False) if {("row", cell.row), ("column", cell.column)} & gone else cell
        for cell in one.cells)) for one in made.tables)
    if not all(lines_shown(replace(made, dropped=frozenset(gone)))):
        raise InvalidInput("Nothing would be left of the table.", rule="table.drop", value=len(gone),
                           next_step="Leave out fewer rows or columns.")
    what = "totals" if totals else "empty rows and columns" if empty else "; ".join(map(JOINER.join, sorted(wanted)))
    return f"left out {what}", added_as(made.tables, tables), frozenset(gone)


def _is_total(made: Table, side: str, label: Labels) -> bool:
    """Whether a line is the total of others of its side: none of its cells is of one category."""
    from readingroom.core.disclosure.evidence import is_margin_label

    cells = [cell for one in made.tables for cell in one.cells]
    names = made.recipe.rows if side == "row" else made.recipe.columns
    return bool(label) and bool(names) and all(is_margin_label((text,)) for text in label[:len(names)]) and all(
        cell.margin for cell in cells if getattr(cell, side) == label) and any(
        not cell.margin for cell in cells if getattr(cell, side) != label)
