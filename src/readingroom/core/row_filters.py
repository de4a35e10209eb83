"""Row filters of grants: an SQL boolean over one table's columns, allow-listed before anything runs it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from readingroom.core.datasets import Table
from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    from sqlglot import exp


def check_row_filter(text: str, table: Table) -> str:
    """The filter as DuckDB SQL, written anew from its parsed form. InvalidInput for anything but plain comparisons.

    Columns must be of this table; no functions, subqueries, parameters or other tables.
    """
    from sqlglot import exp  # 8 MiB, and most grants are of all rows

    from readingroom.core.sql_conditions import CONDITIONS, objection, parse_condition, write_condition

    refusal = partial(_refusal, text)
    parsed = parse_condition(text, refusal)
    for node in parsed.walk():
        joined = node.iter_expressions() if isinstance(node, (exp.And, exp.Or, exp.Not)) else ()
        if any(not isinstance(part.unnest(), CONDITIONS) for part in (joined if node.parent else (node, *joined))):
            raise refusal("it uses a value where a comparison belongs")  # `sex = 'M' OR 1` would open all rows
        if why := objection(node) or _foreign(node, table):
            raise refusal(why)
        if isinstance(node, exp.Column):
            node.this.set("quoted", True)
    return write_condition(parsed, refusal)


def _foreign(node: exp.Expr, table: Table) -> str:
    from sqlglot import exp

    if isinstance(node, exp.Column) and (node.table or table.column(node.name) is None):
        return f"{node.sql()} is not a column of {table.name}"
    return ""


def _refusal(text: str, why: str) -> InvalidInput:
    return InvalidInput(f"The row filter cannot be used: {why}.", rule="grant.row-filter", value=text[:200],
                        next_step="Compare the table's own columns with values, joined by AND, OR and NOT.")
