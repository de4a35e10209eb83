"""Bars and points drawn on the server as SVG coordinates; the same numbers stand in a table beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, ROW, LABEL, VALUE = 640, 26, 200, 90
LONGEST_LABEL = 26
MOST_ROWS = 40


@dataclass(frozen=True)
class Drawn:
    """A number with the ends of its interval, where it has one."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Bar:
    label: str
    value: str
    y: int
    text_y: int
    text_x: float
    x: float
    width: float
    point: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class BarChart:
    """`zero` is where zero is drawn; without `from_zero` the rows are points. `left_out` rows are only in the table."""

    width: int
    height: int
    zero: float | None
    label_x: int
    from_zero: bool
    bars: tuple[Bar, ...]
    left_out: int


def bar_chart(rows: Sequence[Drawn], written: Callable[[float], str], *, from_zero: bool = True) -> BarChart | None:
    """Horizontal bars with their intervals; negative noisy numbers reach left of zero. None without rows."""
    if not rows:
        return None
    shown = rows[:MOST_ROWS]
    ends = [end for one in shown for end in (one.value, one.low, one.high) if end is not None]
    least, most = min(ends), max(ends)
    if from_zero:
        least, most = min(least, 0.0), max(most, 0.0)
    if least == most:
        least, most = least - 1, most + 1
    room = WIDTH - LABEL - VALUE

    def across(value: float) -> float:
        return round(LABEL + (value - least) / (most - least) * room, 1)

    def bar(place: int, one: Drawn) -> Bar:
        low, high = (None if end is None else across(end) for end in (one.low, one.high))
        start, end = sorted((across(0.0), across(one.value))) if from_zero else (across(one.value),) * 2
        label = one.label if len(one.label) <= LONGEST_LABEL else one.label[: LONGEST_LABEL - 1] + "…"
        y = 5 + place * ROW
        right = max(end, high if high is not None else end)
        return Bar(label, written(one.value), y, y + 14, right + 6, start, round(end - start, 1), across(one.value),
                   low, high)

    zero = across(0.0) if least <= 0 <= most else None
    return BarChart(WIDTH, 10 + ROW * len(shown), zero, LABEL - 8, from_zero,
                    tuple(bar(place, one) for place, one in enumerate(shown)), len(rows) - len(shown))
