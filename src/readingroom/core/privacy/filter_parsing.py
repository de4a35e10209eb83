"""Filters as people write them, a list of conditions or an SQL condition: both become the same canonical form."""

from __future__ import annotations

import math
from collections.abc import Iterable

from sqlglot import exp

from readingroom.core.datasets import Column, Table
from readingroom.core.privacy.filter_forms import simplified
from readingroom.core.privacy.filters import (
    EVERY,
    MISSING,
    PRESENT,
    All,
    AnyOf,
    Compare,
    Filter,
    comparisons,
    depth_of,
    opposite,
)
from readingroom.core.privacy.values import NUMERIC, constant, find_column, is_object, items, listed, refuse
from readingroom.core.sql_conditions import parse_condition
from readingroom.errors import InvalidInput

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
MAX_COMPARISONS = 64
MAX_VALUES = 200
MAX_DEPTH = 20
MAX_SQL_DEPTH = 100
RULE = "query-where"
HOW = 'Write {"column": ..., "op": ..., "value": ...}, {"column": ..., "in": [...]} or SQL such as "age >= 18".'


def parse_filter(raw: object, table: Table) -> Filter:
    """The canonical filter for a list of conditions or SQL text. Raises InvalidInput."""
    if raw is None:
        return EVERY
    found = _from_sql(raw, table) if isinstance(raw, str) else _from_list(raw, table)
    if len(comparisons(found)) > MAX_COMPARISONS:
        refuse("The filter is too long.", RULE, len(comparisons(found)), f"At most {MAX_COMPARISONS} comparisons.")
    simple = simplified(found, table)
    longest = max((len(leaf.values) for leaf in comparisons(simple)), default=0)
    if longest > MAX_VALUES or depth_of(simple) > MAX_DEPTH:
        refuse("The filter is too long.", RULE, max(longest, depth_of(simple)),
               f"At most {MAX_VALUES} values of a column and {MAX_DEPTH} levels.")
    return simple


# --- from JSON ---

def _from_list(raw: object, table: Table) -> Filter:
    if not isinstance(raw, list | tuple) or len(raw) > MAX_COMPARISONS:
        refuse("`where` is a list of conditions or an SQL condition.", RULE, type(raw).__name__,
               f"At most {MAX_COMPARISONS} conditions. {HOW}")
    return All(tuple(_from_item(item, table, depth=0) for item in raw))


def _from_item(raw: object, table: Table, depth: int) -> Filter:
    if depth > MAX_DEPTH:
        refuse("The filter is nested too deeply.", RULE, depth, f"At most {MAX_DEPTH} levels.")
    if is_object(raw) and set(raw) in ({"all"}, {"any"}):
        (name, parts), = raw.items()
        if not isinstance(parts, list | tuple) or len(parts) > MAX_COMPARISONS:
            refuse(f"`{name}` is a list of conditions.", RULE, parts, HOW)
        found = tuple(_from_item(part, table, depth + 1) for part in parts)
        return All(found) if name == "all" else AnyOf(found)
    if not is_object(raw) or set(raw) not in _CONDITION_FIELDS:
        refuse("That is not a condition.", RULE, raw, HOW)
    column = find_column(raw["column"], table)
    if "is" in raw:
        if raw["is"] not in (MISSING, PRESENT):
            refuse("`is` says missing or present.", RULE, raw["is"], HOW)
        return Compare(column.name, str(raw["is"]))
    for name in ("in", "not_in"):
        if name in raw:
            return _member(column, name, items(raw[name], name, RULE, MAX_VALUES))
    operator = raw["op"]
    if not isinstance(operator, str) or operator not in COMPARISONS:
        refuse("That comparison is not offered.", RULE, operator, f"Use one of {listed(COMPARISONS)}.")
    return _comparison(column, operator, raw["value"])


_CONDITION_FIELDS = ({"column", "op", "value"}, {"column", "in"}, {"column", "not_in"}, {"column", "is"})


def _comparison(column: Column, operator: str, raw: object) -> Compare:
    if operator in ("==", "!="):
        return _member(column, "in" if operator == "==" else "not_in", [raw])
    if column.type not in (*NUMERIC, "date") or column.codes:
        refuse("This column has no order.", RULE, f"{column.name} {operator}", "Use =, != or IN.")
    value = constant(_halved(raw, operator, column), column)
    return Compare(column.name, operator, (value,))


def _halved(raw: object, operator: str, column: Column) -> object:
    """Whole numbers compared with a fraction: `age < 17.5` is `age < 18`."""
    if column.type == "integer" and isinstance(raw, float) and math.isfinite(raw) and not raw.is_integer():
        return math.ceil(raw) if operator in ("<", ">=") else math.floor(raw)
    return raw


def _member(column: Column, operator: str, raw: Iterable[object]) -> Compare:
    return Compare(column.name, operator, tuple({constant(value, column) for value in raw}))


# --- from SQL ---

def _from_sql(text: str, table: Table) -> Filter:
    return _from_node(parse_condition(text, _unreadable), table, negated=False, depth=0)


def _unreadable(reason: str) -> InvalidInput:
    return InvalidInput(f"The filter is not an SQL condition that can be used: {reason}.", rule=RULE, next_step=HOW)


def _from_node(node: exp.Expr, table: Table, *, negated: bool, depth: int) -> Filter:
    """The node as a filter. Only the node types named here are read: all else is refused."""
    kind = type(node)
    if depth > MAX_SQL_DEPTH:
        refuse("The filter is nested too deeply.", RULE, depth, f"At most {MAX_SQL_DEPTH} levels.")
    if kind is exp.Paren:
        return _from_node(node.this, table, negated=negated, depth=depth + 1)
    if kind is exp.Not:
        return _from_node(node.this, table, negated=not negated, depth=depth + 1)
    if kind in (exp.And, exp.Or):
        parts = tuple(_from_node(side, table, negated=negated, depth=depth + 1)
                      for side in (node.this, node.args["expression"]))
        return All(parts) if (kind is exp.And) != negated else AnyOf(parts)
    if kind is exp.Between and not node.args.get("symmetric"):
        column = _sql_column(node.this, table)
        ends = (_comparison(column, ">=", _sql_value(node.args["low"])),
                _comparison(column, "<=", _sql_value(node.args["high"])))
        return AnyOf(tuple(opposite(end) for end in ends)) if negated else All(ends)
    found = _sql_comparison(node, table)
    return opposite(found) if negated else found


def _sql_comparison(node: exp.Expr, table: Table) -> Compare:
    kind = type(node)
    if kind is exp.Is and type(node.args["expression"]) is exp.Null:
        return Compare(_sql_column(node.this, table).name, MISSING)
    if kind is exp.In and not {name for name, value in node.args.items() if value} - {"this", "expressions"}:
        values = items([_sql_value(value) for value in node.expressions], "IN", RULE, MAX_VALUES)
        return _member(_sql_column(node.this, table), "in", values)
    operator = _SQL_OPERATORS.get(kind)
    if operator is None:
        refuse(f"{kind.__name__} is not allowed in a filter.", RULE, node.sql(dialect="duckdb"), _SQL_HOW)
    left, right = node.this, node.args["expression"]
    if type(right) is exp.Column and type(left) is not exp.Column:
        left, right, operator = right, left, MIRRORED.get(operator, operator)
    return _comparison(_sql_column(left, table), operator, _sql_value(right))


_SQL_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "==", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_SQL_HOW = ("Compare the table's own columns with values (=, <>, <, <=, >, >=, IN, BETWEEN, IS NULL), joined by AND, "
            "OR and NOT.")


def _sql_column(node: exp.Expr, table: Table) -> Column:
    if type(node) is not exp.Column or any(node.args.get(part) for part in ("table", "db", "catalog")):
        refuse("A comparison has a column on one side.", RULE, node.sql(dialect="duckdb"), _SQL_HOW)
    return find_column(node.name, table)


def _sql_value(node: exp.Expr) -> object:
    """A literal: text, number, negative number, TRUE, FALSE, or DATE '2020-01-31'."""
    kind = type(node)
    if kind is exp.Literal:
        return node.this if node.is_string else _sql_number(node.this)
    if kind is exp.Neg and type(node.this) is exp.Literal and not node.this.is_string:
        return -_sql_number(node.this.this)
    if kind is exp.Boolean:
        return bool(node.this)
    if kind is exp.Cast and type(node.this) is exp.Literal and node.this.is_string and node.args["to"].is_type("date"):
        return node.this.this
    if kind is exp.Null:
        refuse("Nothing equals NULL.", RULE, "NULL", "Write IS NULL or IS NOT NULL.")
    return refuse("A comparison has a constant on one side.", RULE, node.sql(dialect="duckdb"), _SQL_HOW)


def _sql_number(text: str) -> int | float:
    try:
        return int(text) if text.isdigit() and len(text) <= 40 else float(text)
    except ValueError:
        refuse("That is not a number.", RULE, text, _SQL_HOW)
