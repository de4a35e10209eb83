"""Which rows a query looks at: comparisons of one column with constants, joined by AND and OR. No data here.

Written as a list of conditions that must all hold, or as an SQL condition; both become the same canonical form,
so that what means the same is the same query. SQL's third truth value is settled once, here: a comparison with a
missing value is unknown, NOT of unknown is unknown, and a row is looked at only if the whole is true. NOT is pushed
down to the comparisons (De Morgan holds with three values); what is left is AND and OR, in which unknown can be read
as false. So a row whose column is missing meets no comparison, not even `!=`; only IS NULL finds it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
import sqlglot
from sqlglot import exp

from readingroom.core.datasets import Column, Table
from readingroom.core.privacy.values import (
    NUMERIC,
    Scalar,
    catalogue_values,
    constant,
    find_column,
    is_object,
    items,
    listed,
    refuse,
)

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
MISSING, PRESENT = "missing", "present"
NEGATED = {"in": "not_in", "not_in": "in", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
           MISSING: PRESENT, PRESENT: MISSING}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
MAX_COMPARISONS = 64
MAX_VALUES = 200
MAX_SQL = 2000
MAX_DEPTH = 20
MAX_SQL_DEPTH = 100
RULE = "query-where"
HOW = 'Write {"column": ..., "op": ..., "value": ...}, {"column": ..., "in": [...]} or SQL such as "age >= 18".'


@dataclass(frozen=True)
class Compare:
    """One comparison. `operator` is in, not_in (values sorted), <, <=, >, >= (one value), missing or present (none)."""

    column: str
    operator: str
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True)
class All:
    """True if every part is; without parts, always."""

    parts: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class AnyOf:
    """True if one part is; without parts, never."""

    parts: tuple[Filter, ...] = ()


Filter = Compare | All | AnyOf
EVERY, NONE = All(), AnyOf()


def parse_filter(raw: object, table: Table) -> Filter:
    """The canonical filter for a list of conditions or SQL text. Raises InvalidInput."""
    if raw is None:
        return EVERY
    found = _from_sql(raw, table) if isinstance(raw, str) else _from_list(raw, table)
    if len(comparisons(found)) > MAX_COMPARISONS:
        refuse("The filter is too long.", RULE, len(comparisons(found)), f"At most {MAX_COMPARISONS} comparisons.")
    simple = _simplified(found, table)
    longest = max((len(leaf.values) for leaf in comparisons(simple)), default=0)
    if longest > MAX_VALUES or _depth(simple) > MAX_DEPTH:
        refuse("The filter is too long.", RULE, max(longest, _depth(simple)),
               f"At most {MAX_VALUES} values of a column and {MAX_DEPTH} levels.")
    return simple


def comparisons(node: Filter) -> tuple[Compare, ...]:
    if isinstance(node, Compare):
        return (node,)
    return tuple(leaf for part in node.parts for leaf in comparisons(part))


def _depth(node: Filter) -> int:
    return 0 if isinstance(node, Compare) else 1 + max((_depth(part) for part in node.parts), default=0)


def as_list(node: Filter) -> list[dict[str, object]]:
    """The filter as JSON conditions that must all hold: parsed again, it gives the same filter."""
    return [_as_dict(part) for part in (node.parts if isinstance(node, All) else (node,))]


def holds(node: Filter, row: Mapping[str, Scalar | None]) -> bool:
    """What the filter says of one row: the definition that every translation of it is tested against."""
    if isinstance(node, All):
        return all(holds(part, row) for part in node.parts)
    if isinstance(node, AnyOf):
        return any(holds(part, row) for part in node.parts)
    value = row[node.column]
    if node.operator == MISSING:
        return value is None
    return value is not None and (node.operator == PRESENT or _compares(node, value))


def _compares(node: Compare, value: Scalar) -> bool:
    if node.operator == "in":
        return value in node.values
    if node.operator == "not_in":
        return value not in node.values
    return _ORDER[node.operator](value, node.values[0])


_ORDER: dict[str, Callable[[object, object], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,  # type: ignore[operator]
}


def _as_dict(node: Filter) -> dict[str, object]:
    if isinstance(node, All):
        return {"all": [_as_dict(part) for part in node.parts]}
    if isinstance(node, AnyOf):
        return {"any": [_as_dict(part) for part in node.parts]}
    if node.operator in (MISSING, PRESENT):
        return {"column": node.column, "is": node.operator}
    if node.operator in ("in", "not_in") and len(node.values) > 1:
        return {"column": node.column, node.operator: list(node.values)}
    operator = {"in": "==", "not_in": "!="}.get(node.operator, node.operator)
    return {"column": node.column, "op": operator, "value": node.values[0]}


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
    if len(text) > MAX_SQL:
        refuse("The filter is too long.", RULE, len(text), f"At most {MAX_SQL} characters.")
    try:
        parsed = sqlglot.parse(text, read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        refuse("The filter is not an SQL condition.", RULE, text, HOW)
    if len(parsed) != 1 or parsed[0] is None:
        refuse("The filter is not one condition.", RULE, text, HOW)
    return _from_node(parsed[0], table, negated=False, depth=0)


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
        return AnyOf(tuple(_negated(end) for end in ends)) if negated else All(ends)
    found = _sql_comparison(node, table)
    return _negated(found) if negated else found


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


def _negated(node: Compare) -> Compare:
    return Compare(node.column, NEGATED[node.operator], node.values)


# --- canonical form ---

def _simplified(node: Filter, table: Table) -> Filter:
    """One form for what means the same: flat, merged by column, without repeats, sorted."""
    if isinstance(node, Compare):
        return _merged((node,), table, conjunction=True)
    conjunction = isinstance(node, All)
    neutral, absorbing = (EVERY, NONE) if conjunction else (NONE, EVERY)
    flat: list[Filter] = []
    for part in node.parts:
        small = _simplified(part, table)
        if small == absorbing:
            return absorbing
        flat += small.parts if isinstance(small, type(node)) else [small]
    leaves = _merged(tuple(part for part in flat if isinstance(part, Compare)), table, conjunction=conjunction)
    if leaves == absorbing:
        return absorbing
    joined: set[Filter] = {part for part in flat if not isinstance(part, Compare)}
    joined |= set(leaves.parts) if isinstance(leaves, type(node)) else {leaves}
    joined -= {neutral}
    kept = sorted(_without_absorbed(joined, table, conjunction=conjunction), key=_sorting)
    if len(kept) == 1:
        return kept[0]
    return All(tuple(kept)) if conjunction else AnyOf(tuple(kept))


def _without_absorbed(parts: set[Filter], table: Table, *, conjunction: bool) -> set[Filter]:
    """`a AND (b OR c)` is a wherever a has b follow; `a OR (b AND c)` is a wherever a follows from b.

    The comparisons are merged by now, so a need not be written as b was: `s = 'M' AND (s <> 'F' OR c)` is `s = 'M'`.
    """
    leaves = tuple(part for part in parts if isinstance(part, Compare))
    merged = _merged(leaves, table, conjunction=conjunction)

    def adds_nothing(part: Filter) -> bool:
        return isinstance(part, Compare) and _merged((*leaves, part), table, conjunction=conjunction) == merged

    return {part for part in parts if isinstance(part, Compare) or not any(map(adds_nothing, part.parts))}


def _sorting(node: Filter) -> bytes:
    return rfc8785.dumps(_as_dict(node))  # type: ignore[arg-type]


def _merged(leaves: tuple[Compare, ...], table: Table, *, conjunction: bool) -> Filter:
    """The comparisons of each column as few as say the same."""
    parts: list[Filter] = []
    for name in dict.fromkeys(leaf.column for leaf in leaves):
        column = table.column(name)
        assert column is not None, "a parsed filter names columns of its table"
        merge = _met if conjunction else _united
        found = merge(column, [_whole(leaf, column) for leaf in leaves if leaf.column == name])
        if found == (NONE if conjunction else EVERY):
            return found
        parts += found.parts if isinstance(found, All if conjunction else AnyOf) else [found]
    if len(parts) == 1:
        return parts[0]
    return All(tuple(parts)) if conjunction else AnyOf(tuple(parts))


def _whole(leaf: Compare, column: Column) -> Compare:
    """`> 5` of whole numbers is `>= 6`."""
    if column.type == "integer" and leaf.operator in ("<", ">"):
        value = leaf.values[0]
        assert isinstance(value, int)
        return Compare(leaf.column, leaf.operator + "=", (value + 1 if leaf.operator == ">" else value - 1,))
    return leaf


@dataclass(frozen=True)
class _Sets:
    """The comparisons of one column, by kind: each list has the values of one comparison per entry."""

    chosen: list[frozenset[Scalar]]
    barred: list[frozenset[Scalar]]
    least: list[Compare]
    most: list[Compare]
    missing: bool
    present: bool


def _sets(leaves: list[Compare]) -> _Sets:
    return _Sets(
        [frozenset(leaf.values) for leaf in leaves if leaf.operator == "in"],
        [frozenset(leaf.values) for leaf in leaves if leaf.operator == "not_in"],
        [leaf for leaf in leaves if leaf.operator in (">", ">=")],
        [leaf for leaf in leaves if leaf.operator in ("<", "<=")],
        any(leaf.operator == MISSING for leaf in leaves), any(leaf.operator == PRESENT for leaf in leaves))


def _met(column: Column, leaves: list[Compare]) -> Filter:
    """All of them at once."""
    found = _sets(leaves)
    known = bool(found.chosen or found.barred or found.least or found.most)
    if found.missing:
        return NONE if known or found.present else Compare(column.name, MISSING)
    if not known:
        return Compare(column.name, PRESENT)
    low = max(found.least, key=lambda leaf: (leaf.values[0], leaf.operator == ">"), default=None)
    high = min(found.most, key=lambda leaf: (leaf.values[0], leaf.operator == "<="), default=None)
    ends = [end for end in (low, high) if end is not None]
    barred = frozenset[Scalar]().union(*found.barred)
    if low is not None and high is not None:
        if low.values[0] > high.values[0]:  # type: ignore[operator]
            return NONE
        if low.values[0] == high.values[0]:
            found.chosen.append(frozenset(low.values))
    if found.chosen:
        kept = frozenset.intersection(*found.chosen) - barred
        kept = frozenset(value for value in kept if all(_compares(end, value) for end in ends))
        return _in(column, "in", kept) if kept else NONE
    barred = frozenset(value for value in barred if all(_compares(end, value) for end in ends))
    parts: list[Filter] = [*ends, *([_in(column, "not_in", barred)] if barred else [])]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _united(column: Column, leaves: list[Compare]) -> Filter:
    """One of them at least."""
    found = _sets(leaves)
    missing = [Compare(column.name, MISSING)] if found.missing else []
    low = min(found.least, key=lambda leaf: (leaf.values[0], leaf.operator == ">"), default=None)
    high = max(found.most, key=lambda leaf: (leaf.values[0], leaf.operator == "<="), default=None)
    ends = [end for end in (low, high) if end is not None]
    chosen = frozenset[Scalar]().union(*found.chosen)
    chosen = frozenset(value for value in chosen if not any(_compares(end, value) for end in ends))
    present = found.present or (low is not None and high is not None and _cover(column, low, high))
    parts: list[Filter] = [*ends, *([_in(column, "in", chosen)] if chosen else [])]
    if found.barred:
        barred = frozenset.intersection(*found.barred) - chosen
        barred = frozenset(value for value in barred if not any(_compares(end, value) for end in ends))
        present = present or not barred
        parts = [_in(column, "not_in", barred)] if barred else []
    if present:
        parts = [Compare(column.name, PRESENT)]
        if missing:
            return EVERY
    parts += missing
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _cover(column: Column, low: Compare, high: Compare) -> bool:
    """Is every value at or above `low` or at or below `high`?"""
    bottom, top = low.values[0], high.values[0]
    if column.type == "integer":
        return bottom <= top + 1  # type: ignore[operator]
    strict = low.operator == ">" and high.operator == "<"
    return bottom < top or (bottom == top and not strict)  # type: ignore[operator]


def _in(column: Column, operator: str, values: Iterable[Scalar]) -> Compare:
    return Compare(column.name, operator, tuple(sorted(values, key=_place(column))))


def _place(column: Column) -> Callable[[Scalar], Any]:
    order = {value: place for place, value in enumerate(catalogue_values(column))} if column.codes else {}
    return lambda value: order[value] if order else value

