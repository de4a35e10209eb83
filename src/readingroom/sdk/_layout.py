"""How a table is laid out: its rows and columns, what each cell shows, and so its csv, data frame and caption."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk._numbers import shown

if TYPE_CHECKING:
    import pandas

    from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence
    from readingroom.sdk._tables import Table

MARK = "[c]"  # what a suppressed cell shows, as in official statistics
JOINER = " / "


def lines_shown(made: Table) -> tuple[list[Labels], list[Labels]]:
    """Labels of rows and columns as shown."""
    every = [cell for one in made.tables for cell in one.cells]
    return ([row for row in dict.fromkeys(cell.row for cell in every) if ("row", row) not in made.dropped],
            [column for column in dict.fromkeys(cell.column for cell in every)
             if ("column", column) not in made.dropped])


def cells_of(made: Table) -> dict[tuple[Labels, Labels], tuple[CellEvidence, TableEvidence]]:
    return {(cell.row, cell.column): (cell, one) for one in made.tables for cell in one.cells}


def heading(made: Table, column: Labels) -> str:
    return JOINER.join(column) or made.recipe.measures[0].title.replace("count", "people")


def text_of(cell: CellEvidence, one: TableEvidence, *, grouped: bool = False) -> str:
    value = shown(cell, one)
    if value is None:
        return MARK
    if isinstance(value, str):
        return value
    comma = "," if grouped else ""
    digits = 0 if isinstance(value, int) else one.decimals or 0
    return format(value, f"{comma}d" if isinstance(value, int) else f"{comma}.{digits}f")


def csv_of(made: Table) -> bytes:
    rows, columns = lines_shown(made)
    found = cells_of(made)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*made.row_names, *(heading(made, column) for column in columns)])
    for row in rows:
        told = (found.get((row, column)) for column in columns)  # a total has no share of itself
        writer.writerow([*row, *("" if one is None else text_of(*one) for one in told)])
    return text.getvalue().encode()


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
