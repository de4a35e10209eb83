"""How a table is laid out: its rows and columns, what each cell shows, and so its csv, data frame and caption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from readingroom.core.disclosure.tabulation.layout import (
    JOINER,
    MARK,
    cells_by_labels,
    heading_of,
    lines_of,
    text_of,
    written,
)
from readingroom.core.disclosure.tabulation.numbers import shown
from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    import pandas

    from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence
    from readingroom.sdk._tables import Table

__all__ = ["JOINER", "MARK", "caption", "cells_of", "csv_of", "frame", "heading", "lines_shown", "text_of",
           "variable_of"]


def lines_shown(made: Table) -> tuple[list[Labels], list[Labels]]:
    """Labels of rows and columns as shown."""
    return lines_of(made.tables, made.dropped)


def cells_of(made: Table) -> dict[tuple[Labels, Labels], tuple[CellEvidence, TableEvidence]]:
    return cells_by_labels(made.tables)


def heading(made: Table, column: Labels) -> str:
    return heading_of(made.recipe, column)


def csv_of(made: Table) -> bytes:
    return written(made.tables, made.recipe, made.dropped)


def frame(made: Table) -> pandas.DataFrame:
    import pandas

    rows, columns = lines_shown(made)
    found = cells_of(made)
    data: dict[str, Any] = {}
    for column in columns:
        values = [shown(*found[row, column]) if (row, column) in found else None for row in rows]
        data[heading(made, column)] = pandas.array(values, dtype=_kind(values))
    index = (pandas.Index([row[0] for row in rows], name=made.row_names[0]) if len(made.row_names) == 1
             else pandas.MultiIndex.from_tuples(rows, names=made.row_names) if made.row_names
             else pandas.Index(["all"] * len(rows)))
    return pandas.DataFrame(data, index=index)


def _kind(values: Sequence[int | float | str | None]) -> str:
    """The kind of pandas column that holds these without loss."""
    if any(isinstance(value, str) for value in values):
        return "string" if all(value is None or isinstance(value, str) for value in values) else "object"
    if not all(value is None or isinstance(value, int) for value in values):
        return "Float64"
    return "Int64" if all(value is None or abs(value) < 2**63 for value in values) else "object"


def caption(made: Table) -> str:
    """Plain words under a table: whose numbers, and what is not in it."""
    what = ", ".join(measure.title.replace("count", "people") for measure in made.recipe.measures)
    whose = f"distinct {made.unit}" if made.recipe.unit else "every row as if it were another person's"
    said = [f"Each cell: {what} ({whose})."]
    said += [f"{one[:1].upper()}{one[1:]}." for one in made.done if one.startswith("counts ")][-1:]
    if any(cell.suppressed for one in made.tables for cell in one.cells):
        said.append(f"{MARK}: not shown.")
    if made.left_out:
        said.append(f"{made.left_out:,} rows with missing values are not in it.")
    return escape(" ".join(said))


def variable_of(made: Table, groups: Mapping[str, Any]) -> str:
    """The one variable of rows or columns that has all labels of these groups."""
    wanted = {str(label) for labels in groups.values() for label in labels}
    fitting = [name for side, names in (("row", made.recipe.rows), ("column", made.recipe.columns))
               for place, name in enumerate(names)
               if wanted <= {getattr(cell, side)[place] for one in made.tables for cell in one.cells}]
    if len(fitting) != 1:
        raise InvalidInput("It is not clear whose categories these are.", rule="table.merge",
                           value=", ".join(sorted(wanted))[:80],
                           next_step='Name the variable: merge({"region": {"North": ["NE", "NW"]}}).')
    return fitting[0]
