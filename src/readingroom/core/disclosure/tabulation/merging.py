"""Many rows in several goes: the people are dealt out, each go counts its own, and what was found is put together.

What units hold takes memory for every unit in every cell; dealing out units, and not rows, keeps each in one go, so
that nobody is counted twice.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from readingroom.core.disclosure.tabulation.sql import KEYS, Plan

ROWS_AT_ONCE = 4_000_000

Row = tuple[Any, ...]


def goes(plan: Plan, rows: int, at_once: int) -> int:
    """How many goes; one where single values are looked at again (quantiles, modes, ties), or rows are units."""
    again = plan.spread or plan.quantiles or plan.extremes or plan.modes
    return 1 if again or not plan.has_unit else max(1, math.ceil(rows / at_once))


def put_together(plan: Plan, names: Sequence[str], parts: Iterable[Sequence[Row]]) -> list[Row]:
    """Rows of all goes as those of one; `names` of the columns, the first two being the cell."""
    by_cell: dict[tuple[Any, Any], list[Row]] = {}
    for part in parts:
        for row in part:
            by_cell.setdefault((row[0], row[1]), []).append(row)
    together = [_how(plan, name) for name in names[2:]]
    return [(*cell, *(how([row[place] for row in rows if row[place] is not None])
                      for place, how in enumerate(together, start=2))) for cell, rows in by_cell.items()]


def _how(plan: Plan, name: str) -> Callable[[list[Any]], Any]:
    """How a column's values of several goes become one; of none, None."""
    kind = name.rstrip("0123456789")
    wanted = dict(plan.extreme_means)
    match kind:
        case "lo":
            return lambda found: min(found, default=None)
        case "hi":
            return lambda found: max(found, default=None)
        case "key":
            return lambda found: sum(found) % KEYS
        case "top":
            return lambda found: heapq.nlargest(plan.top, _flat(found)) or None
        case "low":
            return lambda found: heapq.nsmallest(plan.top, _flat(found)) or None
        case "largest":
            return lambda found: heapq.nlargest(wanted[int(name.removeprefix(kind))], _flat(found)) or None
        case "smallest":
            return lambda found: heapq.nsmallest(wanted[int(name.removeprefix(kind))], _flat(found)) or None
        case "wtop":
            return lambda found: heapq.nlargest(plan.top, _flat(found), key=lambda pair: abs(pair["s"])) or None
    return _sum


def _sum(found: list[Any]) -> Any:
    if not found:
        return None
    if all(isinstance(value, int | Decimal) for value in found):
        return sum(found)
    return math.fsum(found)


def _flat(found: list[list[Any]]) -> list[Any]:
    return [value for one in found for value in one]
