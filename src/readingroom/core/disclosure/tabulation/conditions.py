"""`where` of a recipe: an SQL condition over the data's own columns, allow-listed before anything runs it.

As `core.row_filters`, and further: arithmetic, pattern matching, and a few functions of one row's values. No
subqueries, no other tables, no files, nothing that has an effect or looks at the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import sqlglot
from sqlglot import exp

from readingroom.core.row_filters import ALLOWED, CONDITIONS, TYPE_DETAILS, TYPES
from readingroom.errors import InvalidInput

FURTHER = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Like, exp.ILike, exp.Lower, exp.Upper, exp.Abs, exp.Length,
    exp.Coalesce, exp.Trim, exp.Year, exp.Month, exp.Day, exp.Round, exp.Tuple,
)
DEEPEST = 100
LONGEST = 2000


def columns_used(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that a condition looks at, as they are called in the data. InvalidInput as `compile_condition`."""
    parsed = _parsed(text)
    return tuple(dict.fromkeys(
        _named(node, names, text) for node in parsed.find_all(exp.Column)))


def compile_condition(text: str, names: Sequence[str], internal: Callable[[str], str],
                      flags: Collection[str] = ()) -> str:
    """The condition as DuckDB SQL, written anew from its parsed form, with `internal(name)` for each column.

    InvalidInput (rule `recipe.where`) for anything but plain conditions on columns of `names`; those of true and
    false, `flags`, are conditions by themselves. Names are compared exactly, or without case where only one fits.
    """
    parsed = _parsed(text)

    def is_condition(node: exp.Expr) -> bool:
        inner = node.unnest()
        if isinstance(inner, exp.Column):
            return _named(inner, names, text) in flags
        return isinstance(inner, (*CONDITIONS, exp.Like, exp.ILike, exp.Boolean))

    if not is_condition(parsed):
        raise _refusal(text, "it is a value and not a condition")
    for node in list(parsed.walk()):
        if isinstance(node, exp.And | exp.Or | exp.Not) and not all(map(is_condition, node.iter_expressions())):
            raise _refusal(text, "it uses a value where a comparison belongs")  # `sex = 'M' OR 1` would open all rows
        if why := _objection(node):
            raise _refusal(text, why)
    for column in list(parsed.find_all(exp.Column)):
        column.set("this", exp.to_identifier(internal(_named(column, names, text)), quoted=True))
    try:
        return str(parsed.sql(dialect="duckdb", comments=False))
    except RecursionError as error:
        raise _refusal(text, "it is nested too deeply") from error


def _parsed(text: str) -> exp.Expr:
    if len(text) > LONGEST:
        raise _refusal(text, f"it has {len(text)} characters; at most {LONGEST} are read")
    try:
        parsed = sqlglot.parse(text, read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise _refusal(text, "it is not an SQL condition, or is nested too deeply") from error
    if len(parsed) != 1 or parsed[0] is None:
        raise _refusal(text, "it is not one condition")
    return parsed[0]


def _objection(node: exp.Expr) -> str:
    """Why this node may not be in a condition; empty if it may."""
    if type(node) not in (*ALLOWED, *FURTHER):  # exactly these: a subclass may do more
        return f"{type(node).__name__} is not allowed in it"
    if isinstance(node, exp.DataType) and (node.this not in TYPES or any(node.args.get(more) for more in TYPE_DETAILS)):
        return "it converts to a type that is not plain"
    if isinstance(node, exp.Cast) and not set(_given(node)) <= {"this", "to", "safe"}:
        return "it converts in a way that is not plain"
    if isinstance(node, exp.In) and not set(_given(node)) <= {"this", "expressions"}:
        return "IN takes a list of values in it"
    return ""


def _named(column: exp.Column, names: Sequence[str], text: str) -> str:
    if column.table:
        raise _refusal(text, f"{column.sql()} names a table")
    if column.name in names:
        return column.name
    alike = [name for name in names if name.casefold() == column.name.casefold()]
    if len(alike) != 1:
        raise _refusal(text, f"{column.name!r} is not a column of the data")
    return alike[0]


def _given(node: exp.Expr) -> list[str]:
    return [name for name, value in node.args.items() if value]


def _refusal(text: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"The condition in \"where\" cannot be used: {why}.", rule="recipe.where", value=text[:200],
        next_step="Compare the data's own columns with values, joined by AND, OR and NOT: \"year >= 2015 AND sex = "
        "'F'\".")
