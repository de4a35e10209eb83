"""Row filters of grants: an SQL boolean over one table's columns, allow-listed before anything runs it."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from readingroom.core.datasets import Table
from readingroom.errors import InvalidInput

ALLOWED = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In,
    exp.Is, exp.Null, exp.Boolean, exp.Literal, exp.Neg, exp.Column, exp.Identifier, exp.Cast, exp.DataType,
)
LONGEST = 2000


def check_row_filter(text: str, table: Table) -> str:
    """The filter as DuckDB SQL, written anew from its parsed form. InvalidInput for anything but plain comparisons.

    Columns must be of this table; no functions, subqueries, parameters or other tables.
    """
    if len(text) > LONGEST:
        raise _refusal(text, f"it has {len(text)} characters; at most {LONGEST} are read")
    try:
        parsed = sqlglot.parse(text, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise _refusal(text, "it is not an SQL condition") from error
    if len(parsed) != 1 or parsed[0] is None:
        raise _refusal(text, "it is not one condition")
    for node in parsed[0].walk():
        if not isinstance(node, ALLOWED):
            raise _refusal(text, f"{type(node).__name__} is not allowed in it")
        if isinstance(node, exp.Column) and (node.table or table.column(node.name) is None):
            raise _refusal(text, f"{node.sql()} is not a column of {table.name}")
        if isinstance(node, exp.Column):
            node.this.set("quoted", True)
    return parsed[0].sql(dialect="duckdb")


def _refusal(text: str, why: str) -> InvalidInput:
    return InvalidInput(f"The row filter cannot be used: {why}.", rule="grant.row-filter", value=text[:200],
                        next_step="Compare the table's own columns with values, joined by AND, OR and NOT.")
