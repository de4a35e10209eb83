"""One form for filters that mean the same: flat, merged by column, without repeats, sorted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import rfc8785

from readingroom.core.datasets import Column, Table
from readingroom.core.privacy.filters import (
    EVERY,
    MISSING,
    NONE,
    PRESENT,
    All,
    AnyOf,
    Compare,
    Filter,
    as_dict,
    compares,
)
from readingroom.core.privacy.values import Scalar, catalogue_values


def simplified(node: Filter, table: Table) -> Filter:
    """One form for what means the same: flat, merged by column, without repeats, sorted."""
    if isinstance(node, Compare):
        return _merged((node,), table, conjunction=True)
    conjunction = isinstance(node, All)
    neutral, absorbing = (EVERY, NONE) if conjunction else (NONE, EVERY)
    flat: list[Filter] = []
    for part in node.parts:
        small = simplified(part, table)
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
    return rfc8785.dumps(as_dict(node))  # type: ignore[arg-type]


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
        kept = frozenset(value for value in kept if all(compares(end, value) for end in ends))
        return _in(column, "in", kept) if kept else NONE
    barred = frozenset(value for value in barred if all(compares(end, value) for end in ends))
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
    chosen = frozenset(value for value in chosen if not any(compares(end, value) for end in ends))
    present = found.present or (low is not None and high is not None and _cover(column, low, high))
    parts: list[Filter] = [*ends, *([_in(column, "in", chosen)] if chosen else [])]
    if found.barred:
        barred = frozenset.intersection(*found.barred) - chosen
        barred = frozenset(value for value in barred if not any(compares(end, value) for end in ends))
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
