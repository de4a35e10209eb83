"""How a table is written: its lines, what each cell shows, and so its csv, the same wherever it is made."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, TypeAlias

from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence
from readingroom.core.disclosure.tabulation.numbers import shown

if TYPE_CHECKING:
    from readingroom.core.disclosure.tabulation.recipe import Recipe

MARK = "[c]"  # what a suppressed cell shows, as in official statistics
JOINER = " / "

Tables: TypeAlias = Sequence[TableEvidence]
Line: TypeAlias = tuple[str, Labels]
"""A row or a column: which of both, and its labels."""


def lines_of(tables: Tables, dropped: Collection[Line] = ()) -> tuple[list[Labels], list[Labels]]:
    """Labels of rows and columns in the order to show, without those that are left out."""
    every = [cell for one in tables for cell in one.cells]
    return ([row for row in dict.fromkeys(cell.row for cell in every) if ("row", row) not in dropped],
            [column for column in dict.fromkeys(cell.column for cell in every) if ("column", column) not in dropped])


def cells_by_labels(tables: Tables) -> dict[tuple[Labels, Labels], tuple[CellEvidence, TableEvidence]]:
    return {(cell.row, cell.column): (cell, one) for one in tables for cell in one.cells}


def heading_of(recipe: Recipe, column: Labels) -> str:
    return JOINER.join(column) or recipe.measures[0].title.replace("count", "people")


def text_of(cell: CellEvidence, one: TableEvidence, *, grouped: bool = False) -> str:
    value = shown(cell, one)
    if value is None:
        return MARK
    if isinstance(value, str):
        return value
    comma = "," if grouped else ""
    digits = 0 if isinstance(value, int) else one.decimals or 0
    return format(value, f"{comma}d" if isinstance(value, int) else f"{comma}.{digits}f")


def written(tables: Tables, recipe: Recipe, dropped: Collection[Line] = ()) -> bytes:
    """One header line, then a line per row; a suppressed cell is [c]."""
    rows, columns = lines_of(tables, dropped)
    found = cells_by_labels(tables)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*recipe.rows, *(heading_of(recipe, column) for column in columns)])
    for row in rows:
        told = (found.get((row, column)) for column in columns)  # a total has no share of itself
        writer.writerow([*row, *("" if one is None else text_of(*one) for one in told)])
    return text.getvalue().encode()


def is_as_written(content: bytes, tables: Tables, recipe: Recipe) -> bool:
    """Whether a file is byte for byte what is written of these tables.

    Rows and columns of which every cell is hidden may be left out. Nothing else can be in it, nor tell anything by the
    way it is written: no words, no order, no spaces.
    """
    try:
        lines = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return False
    depth = len(recipe.rows)
    rows, headings = {tuple(line[:depth]) for line in lines[1:]}, set(lines[0][depth:]) if lines else set()
    seen = {(side, getattr(cell, side)) for one in tables for cell in one.cells if not cell.suppressed
            for side in ("row", "column")}
    absent = {*(("row", row) for row in lines_of(tables)[0] if row not in rows),
              *(("column", column) for column in lines_of(tables)[1] if heading_of(recipe, column) not in headings)}
    return content == written(tables, recipe, absent - seen)
