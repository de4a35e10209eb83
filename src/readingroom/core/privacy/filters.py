"""Which rows a query looks at: comparisons of one column with constants, joined by AND and OR. No data here.

SQL's third truth value is settled once, when a filter is parsed (filter_parsing.py): a comparison with a missing value
is unknown, NOT of unknown is unknown, and a row is looked at only if the whole is true. NOT is pushed down to the
comparisons (De Morgan holds with three values); what is left is AND and OR, in which unknown can be read as false. So a
row whose column is missing meets no comparison, not even `!=`; only IS NULL finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from readingroom.core.privacy.values import Scalar

MISSING, PRESENT = "missing", "present"
NEGATED = {"in": "not_in", "not_in": "in", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
           MISSING: PRESENT, PRESENT: MISSING}


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


def comparisons(node: Filter) -> tuple[Compare, ...]:
    if isinstance(node, Compare):
        return (node,)
    return tuple(leaf for part in node.parts for leaf in comparisons(part))


def depth_of(node: Filter) -> int:
    return 0 if isinstance(node, Compare) else 1 + max((depth_of(part) for part in node.parts), default=0)


def as_list(node: Filter) -> list[dict[str, object]]:
    """The filter as JSON conditions that must all hold: parsed again, it gives the same filter."""
    return [as_dict(part) for part in (node.parts if isinstance(node, All) else (node,))]


def holds(node: Filter, row: Mapping[str, Scalar | None]) -> bool:
    """What the filter says of one row: the definition that every translation of it is tested against."""
    if isinstance(node, All):
        return all(holds(part, row) for part in node.parts)
    if isinstance(node, AnyOf):
        return any(holds(part, row) for part in node.parts)
    value = row[node.column]
    if node.operator == MISSING:
        return value is None
    return value is not None and (node.operator == PRESENT or compares(node, value))


def compares(node: Compare, value: Scalar) -> bool:
    if node.operator == "in":
        return value in node.values
    if node.operator == "not_in":
        return value not in node.values
    return _ORDER[node.operator](value, node.values[0])


_ORDER: dict[str, Callable[[object, object], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,  # type: ignore[operator]
}


def as_dict(node: Filter) -> dict[str, object]:
    if isinstance(node, All):
        return {"all": [as_dict(part) for part in node.parts]}
    if isinstance(node, AnyOf):
        return {"any": [as_dict(part) for part in node.parts]}
    if node.operator in (MISSING, PRESENT):
        return {"column": node.column, "is": node.operator}
    if node.operator in ("in", "not_in") and len(node.values) > 1:
        return {"column": node.column, node.operator: list(node.values)}
    operator = {"in": "==", "not_in": "!="}.get(node.operator, node.operator)
    return {"column": node.column, "op": operator, "value": node.values[0]}


def opposite(node: Compare) -> Compare:
    return Compare(node.column, NEGATED[node.operator], node.values)
