"""SQL conditions from people, read and allow-listed in one place: row filters of grants, `where` of recipes."""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp

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

Refusal = Callable[[str], InvalidInput]


def parse_condition(text: str, refusal: Refusal) -> exp.Expr:
    """The one SQL expression in `text`, of which nothing is known yet. Raises what `refusal` makes of the reason."""
    if len(text) > LONGEST:
        raise refusal(f"it has {len(text)} characters; at most {LONGEST} are read")
    try:
        parsed = sqlglot.parse(text, read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise refusal("it is not an SQL condition, or is nested too deeply") from error
    if len(parsed) != 1 or parsed[0] is None:
        raise refusal("it is not one condition")
    return parsed[0]


def objection(node: exp.Expr, allowed: tuple[type[exp.Expr], ...] = ALLOWED) -> str:
    """Why this node, whatever it stands on, may not be in a condition; empty if it may."""
    if type(node) not in allowed:  # exactly these: a subclass may do more
        return f"{type(node).__name__} is not allowed in it"
    if isinstance(node, exp.DataType) and (node.this not in TYPES or any(node.args.get(more) for more in TYPE_DETAILS)):
        return "it converts to a type that is not plain"  # a type's own name would be written out unquoted
    if isinstance(node, exp.Cast) and not _given(node) <= {"this", "to", "safe"}:
        return "it converts in a way that is not plain"
    if isinstance(node, exp.In) and not _given(node) <= {"this", "expressions"}:
        return "IN takes a list of values in it"
    return ""


def write_condition(checked: exp.Expr, refusal: Refusal) -> str:
    """A checked condition as DuckDB SQL, written anew, so that nothing of the text itself is run."""
    try:
        return str(checked.sql(dialect="duckdb", comments=False))
    except RecursionError as error:
        raise refusal("it is nested too deeply") from error


def _given(node: exp.Expr) -> set[str]:
    return {name for name, value in node.args.items() if value}
