"""Row filters of grants: an SQL boolean over one table's columns, allow-listed before anything runs it."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from readingroom.core.datasets import Table
from readingroom.errors import InvalidInput

ALLOWED = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In,
    exp.Is, exp.Null, exp.Boolean, exp.Literal, exp.Neg, exp.Column, exp.Identifier, exp.Cast, exp.TryCast,
    exp.DataType,
)
TYPES = frozenset(exp.DType(name) for name in (
    "BOOLEAN", "DATE", "DOUBLE", "FLOAT", "INT", "BIGINT", "SMALLINT", "TEXT", "VARCHAR"))
CONDITIONS = (exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Is)
TYPE_DETAILS = ("expressions", "kind", "values", "nested")
LONGEST = 2000


def check_row_filter(text: str, table: Table) -> str:
    """The filter as DuckDB SQL, written anew from its parsed form. InvalidInput for anything but plain comparisons.

    Columns must be of this table; no functions, subqueries, parameters or other tables.
    """
    if len(text) > LONGEST:
        raise _refusal(text, f"it has {len(text)} characters; at most {LONGEST} are read")
    try:
        parsed = sqlglot.parse(text, read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise _refusal(text, "it is not an SQL condition, or is nested too deeply") from error
    if len(parsed) != 1 or parsed[0] is None:
        raise _refusal(text, "it is not one condition")
    for node in parsed[0].walk():
        joined = node.iter_expressions() if isinstance(node, (exp.And, exp.Or, exp.Not)) else ()
        if any(not isinstance(part.unnest(), CONDITIONS) for part in (joined if node.parent else (node, *joined))):
            raise _refusal(text, "it uses a value where a comparison belongs")  # `sex = 'M' OR 1` would open all rows
        if why := _objection(node, table):
            raise _refusal(text, why)
        if isinstance(node, exp.Column):
            node.this.set("quoted", True)
    try:
        return parsed[0].sql(dialect="duckdb", comments=False)
    except RecursionError as error:
        raise _refusal(text, "it is nested too deeply") from error


def _objection(node: exp.Expr, table: Table) -> str:
    """Why this node may not be in a filter; empty if it may."""
    if type(node) not in ALLOWED:  # exactly these: a subclass may do more
        return f"{type(node).__name__} is not allowed in it"
    if isinstance(node, exp.Column) and (node.table or table.column(node.name) is None):
        return f"{node.sql()} is not a column of {table.name}"
    if isinstance(node, exp.DataType) and (node.this not in TYPES or any(node.args.get(more) for more in TYPE_DETAILS)):
        return "it converts to a type that is not plain"  # a type's own name would be written out unquoted
    if isinstance(node, exp.Cast) and not set(_given(node)) <= {"this", "to", "safe"}:
        return "it converts in a way that is not plain"
    if isinstance(node, exp.In) and not set(_given(node)) <= {"this", "expressions"}:
        return "IN takes a list of values in it"
    return ""


def _given(node: exp.Expr) -> list[str]:
    return [name for name, value in node.args.items() if value]


def _refusal(text: str, why: str) -> InvalidInput:
    return InvalidInput(f"The row filter cannot be used: {why}.", rule="grant.row-filter", value=text[:200],
                        next_step="Compare the table's own columns with values, joined by AND, OR and NOT.")
