"""Bars drawn on the server as SVG coordinates; the same numbers stand in a table beside them."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH, ROW, LABEL, VALUE = 640, 26, 200, 90
LONGEST_LABEL = 26


@dataclass(frozen=True)
class Bar:
    label: str
    value: str
    y: int
    text_y: int
    x: float
    width: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class BarChart:
    """`left` is where zero is drawn; error bars span the 95% half-width, cut at zero."""

    width: int
    height: int
    left: int
    label_x: int
    bars: tuple[Bar, ...]


def bar_chart(rows: tuple[tuple[str, float], ...], half_width: float | None) -> BarChart | None:
    """Horizontal bars for non-empty rows; negative noisy counts are drawn as zero and printed as they are."""
    if not rows:
        return None
    reach = max(max(value for _, value in rows) + (half_width or 0), 1)
    room = WIDTH - LABEL - VALUE

    def across(value: float) -> float:
        return round(LABEL + max(0.0, min(value, reach)) / reach * room, 1)

    bars = tuple(
        Bar(
            label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…",
            f"{value:,.0f}",
            5 + place * ROW,
            5 + place * ROW + 14,
            LABEL,
            round(across(value) - LABEL, 1),
            across(value - half_width) if half_width else None,
            across(value + half_width) if half_width else None,
        )
        for place, (label, value) in enumerate(rows)
    )
    return BarChart(WIDTH, 10 + ROW * len(rows), LABEL, LABEL - 8, bars)
