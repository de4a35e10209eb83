"""`where` of a recipe: an SQL condition over the data's own columns, allow-listed before anything runs it.

As `core.row_filters`, and further: arithmetic, pattern matching, and a few functions of one row's values. No
subqueries, no other tables, no files, nothing that has an effect or looks at the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from sqlglot import exp

from readingroom.core.inspection.textual import visible
from readingroom.core.sql_conditions import ALLOWED, CONDITIONS, objection, parse_condition, write_condition
from readingroom.errors import InvalidInput

FURTHER = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Like, exp.ILike, exp.Lower, exp.Upper, exp.Abs, exp.Length,
    exp.Coalesce, exp.Trim, exp.Year, exp.Month, exp.Day, exp.Round, exp.Tuple,
)


def columns_used(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that a condition looks at, as they are called in the data. InvalidInput as `compile_condition`."""
    parsed = parse_condition(text, partial(_refusal, text))
    return tuple(dict.fromkeys(
        _named(node, names, text) for node in parsed.find_all(exp.Column)))


def conjuncts(text: str) -> tuple[str, ...]:
    """The conditions that `text` joins by AND, each written one way, in one order.

    >>> conjuncts("(year>=2015) and sex = 'F'")
    ("sex = 'F'", 'year >= 2015')
    """
    left, found = [parse_condition(text, partial(_refusal, text))], set()
    while left:
        node = left.pop().unnest()
        if isinstance(node, exp.And):
            left += [node.left, node.right]
        else:
            found.add(visible(write_condition(node, partial(_refusal, text))))
    return tuple(sorted(found))


def compile_condition(text: str, names: Sequence[str], internal: Callable[[str], str],
                      flags: Collection[str] = ()) -> str:
    """The condition as DuckDB SQL, written anew from its parsed form, with `internal(name)` for each column.

    InvalidInput (rule `recipe.where`) for anything but plain conditions on columns of `names`; those of true and
    false, `flags`, are conditions by themselves. Names are compared exactly, or without case where only one fits.
    """
    parsed = parse_condition(text, partial(_refusal, text))

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
        if why := objection(node, (*ALLOWED, *FURTHER)):
            raise _refusal(text, why)
    for column in list(parsed.find_all(exp.Column)):
        column.set("this", exp.to_identifier(internal(_named(column, names, text)), quoted=True))
    return write_condition(parsed, partial(_refusal, text))


def _named(column: exp.Column, names: Sequence[str], text: str) -> str:
    if column.table:
        raise _refusal(text, f"{column.sql()} names a table")
    if column.name in names:
        return column.name
    alike = [name for name in names if name.casefold() == column.name.casefold()]
    if len(alike) != 1:
        raise _refusal(text, f"{column.name!r} is not a column of the data")
    return alike[0]


def _refusal(text: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"The condition in \"where\" cannot be used: {why}.", rule="recipe.where", value=text[:200],
        next_step="Compare the data's own columns with values, joined by AND, OR and NOT: \"year >= 2015 AND sex = "
        "'F'\".")
