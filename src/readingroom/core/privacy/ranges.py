"""Ranges and candidates of numeric columns: registered, narrowed or declared, and never taken from the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from readingroom.core.datasets import Column, Table
from readingroom.core.privacy.values import (
    NUMERIC,
    find_column,
    given_number,
    is_object,
    items,
    listed,
    number,
    refuse,
)

MAX_CANDIDATES = 2000
USUAL_CANDIDATES = 200


@dataclass(frozen=True)
class Ranged:
    """A numeric column, clipped to [lower, upper]; missing values are left out."""

    column: str
    lower: int | float
    upper: int | float

    def as_dict(self) -> dict[str, object]:
        return {"column": self.column, "lower": self.lower, "upper": self.upper}


def parse_range(name: object, lower: object, upper: object, table: Table) -> Ranged:
    column = find_column(name, table)
    if column.type not in NUMERIC or column.codes:
        refuse("This needs a numeric column without codes.", "query-column", column.name,
               "Use `people` by its categories, or a proportion.")
    low, high = _bound(lower, column.lower, column, "lower"), _bound(upper, column.upper, column, "upper")
    registered = column.lower is not None and column.upper is not None
    if not low < high or (registered and not (column.lower <= low and high <= column.upper)):  # type: ignore[operator]
        refuse("The range must rise" + (" and lie inside the registered one." if registered else "."), "query-range",
               f"{low} to {high}", f"Stay within {column.lower} to {column.upper}." if registered
               else "Put the smaller bound in `lower`.")
    if (high - low) / 2**40 == 0.0 or abs(low) + abs(high) > 2**53 or (high - low) < max(abs(low), abs(high)) / 2**30:
        refuse("The range cannot be computed with.", "query-range", f"{low} to {high}", "Use ordinary numbers.")
    return Ranged(column.name, low, high)


def _bound(raw: object, registered: float | None, column: Column, side: str) -> int | float:
    if raw is None and registered is None:
        refuse("No range is registered for this column, and a range is never taken from the data.", "query-range",
               column.name, f"Declare `lower` and `upper` from what is publicly known, or find them privately: a "
               f"`quantile` of {column.name} with declared candidates costs budget and can be used as a bound.")
    found = number(registered) if raw is None else given_number(raw)
    if found is None:
        refuse("A bound is a finite number.", "query-range", raw,
               f"Give `{side}` as a number" + ("." if registered is None else ", or leave it out."))
    return found


def parse_candidates(raw: object, column: Column) -> tuple[int | float, ...]:
    """The declared grid: a list, or {"lower", "upper", "step"}, or that of the registered range."""
    if is_object(raw):
        if set(raw) != {"lower", "upper", "step"}:
            refuse("A grid of candidates has lower, upper and step.", "query-candidates", listed(raw),
                   'Write {"lower": 0, "upper": 100, "step": 1}.')
        return _checked_candidates(list(_grid(*(raw[name] for name in ("lower", "upper", "step")))), column)
    if raw is not None:
        return _checked_candidates(items(raw, "candidates", "query-candidates", MAX_CANDIDATES), column)
    if column.lower is None or column.upper is None:
        refuse("No range is registered for this column, and candidates are never taken from the data.",
               "query-candidates", column.name, 'Declare them: {"lower": 0, "upper": 100, "step": 1} or a list.')
    span = Fraction(str(column.upper)) - Fraction(str(column.lower))
    step = max(1, -(-span // USUAL_CANDIDATES)) if column.type == "integer" else span / USUAL_CANDIDATES
    return _checked_candidates(list(_grid(column.lower, column.upper, float(step))), column)


def _grid(lower: object, upper: object, step: object) -> Iterator[float]:
    ends = [given_number(raw) for raw in (lower, upper, step)]
    if None in ends or not (ends[2] > 0 and ends[0] < ends[1]):  # type: ignore[operator]
        refuse("A grid rises from `lower` to `upper` by `step`.", "query-candidates",
               listed((lower, upper, step)), 'Write {"lower": 0, "upper": 100, "step": 1}.')
    low, high, width = (Fraction(str(end)) for end in ends)
    steps = int((high - low) / width) + 1
    if steps > MAX_CANDIDATES:
        refuse("Too many candidates.", "query-candidates", steps, f"At most {MAX_CANDIDATES}: take a wider step.")
    return (float(low + place * width) for place in range(steps))


def _checked_candidates(raw: list[object] | list[float], column: Column) -> tuple[int | float, ...]:
    found = [given_number(value) for value in raw]
    if any(value is None or (column.type == "integer" and not isinstance(value, int)) for value in found):
        refuse(f"Candidates of {column.name} are {'whole ' if column.type == 'integer' else ''}numbers.",
               "query-candidates", listed(raw), "Give a list, or lower, upper and step.")
    chosen = tuple(sorted({value for value in found if value is not None}))
    if len(chosen) < 2:
        refuse("A quantile is chosen among two candidates or more.", "query-candidates", listed(chosen), "Give more.")
    if column.lower is not None and column.upper is not None and not (
            column.lower <= chosen[0] and chosen[-1] <= column.upper):
        refuse("Candidates must lie inside the registered range.", "query-candidates",
               f"{chosen[0]} to {chosen[-1]}", f"Stay within {column.lower} to {column.upper}.")
    return chosen


def parse_ranges(names: list[object], raw: Mapping[str, object], table: Table) -> tuple[Ranged, ...]:
    bounds = raw.get("bounds", {})
    if not is_object(bounds) or not set(bounds) <= {name for name in names if isinstance(name, str)}:
        refuse("`bounds` gives a range for the columns used.", "query-range",
               listed(bounds) if is_object(bounds) else bounds, 'Write {"age": [0, 100]}.')
    found = []
    for name in names:
        pair: Any = bounds.get(name, (None, None)) if isinstance(name, str) else (None, None)
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            refuse("A range is a list of two numbers.", "query-range", pair, 'Write {"age": [0, 100]}.')
        found.append(parse_range(name, pair[0], pair[1], table))
    if len(found) < 2 or len({one.column for one in found}) < len(found):
        refuse("Two or more different columns are needed.", "query-columns", listed(names), "Name each once.")
    return tuple(found)
