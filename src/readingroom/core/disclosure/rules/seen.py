"""What a reader knows of one quantity from what is published: exactly, by its rounding, or through its noise."""

from __future__ import annotations

from functools import cache
from typing import Literal

from readingroom.core.disclosure.evidence.model import Noise
from readingroom.core.disclosure.protect.cell_key import PTable, make_ptable
from readingroom.core.disclosure.protect.rounding import behind, seen_adding_up
from readingroom.core.disclosure.protect.system import System
from readingroom.core.disclosure.rounded import CONTROLLED, as_rounded
from readingroom.core.disclosure.rules.sums import Quantity, Shown, Sums


def as_published(sums: Sums, quantity: Quantity) -> System:
    """What a reader knows: shown cells exactly or within their rounding or noise, hidden ones as before.

    Numbers rounded so that they add up still do so with those that are hidden, which are unknowns of their own.
    """
    system = sums.system
    lower, upper = system.lower.copy(), system.upper.copy()
    lower[len(sums.place):] = upper[len(sums.place):] = system.value[len(sums.place):]
    for key, ways in quantity.shown.items():
        at = sums.place[key]
        value = float(system.value[at])
        for way in ways:
            low, high = _bounds(way, value, value - quantity.numbers[key])
            lower[at], upper[at] = max(low, lower[at]), min(high, upper[at])
    seen = system.knowing(lower, upper)
    for table, base in sorted({(way.table, way.base) for ways in quantity.shown.values() for way in ways
                               if way.method == CONTROLLED and way.number is not None}):
        shown = {sums.place[key]: way.number for key, ways in quantity.shown.items() for way in ways
                 if way.table == table and way.number is not None}
        seen = seen_adding_up(seen, shown, [sums.place[key] for key in quantity.hidden], base)
    return seen


def _bounds(way: Shown, value: float, shift: float) -> tuple[float, float]:
    """The least and largest number behind what is shown. `shift`: by how much sums are above totals of people."""
    if way.noise is not None and way.number is not None:
        low, high = _noise(way.noise).behind(way.number)
        return low + shift, high + shift
    if way.base == 1:
        return value, value
    if way.method == CONTROLLED and way.number is not None:
        reach = way.base if abs(way.number - value) < way.base else 2 * way.base
        return behind(float(way.number), reach, CONTROLLED, whole=True)
    how: Literal["nearest", "midpoint"] = "midpoint" if way.method == "midpoint" else "nearest"
    return behind(float(as_rounded(round(value), way.base, how)), way.base, how, whole=True)


@cache
def _noise(noise: Noise) -> PTable:
    return make_ptable(noise.largest, noise.variance, noise.small)
