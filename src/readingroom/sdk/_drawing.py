"""How figures look: drawn from evidence, so that a picture shows what was checked and nothing else.

Colours are those of the Government Analysis Function's palette for charts, told apart by people who see colour
otherwise; hatches and markers say the same again. A suppressed cell is a mark, never a gap that could be read as zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk._layout import MARK, cells_of, lines_shown

if TYPE_CHECKING:
    from readingroom.sdk._tables import Table

COLOURS = ("#12436D", "#28A197", "#801650", "#F46A25", "#3D3D3D", "#A285D1")
HATCHES = ("", "//", "..", "xx", "\\\\", "++")
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
MOST_SERIES = len(COLOURS)
MOST_PLACES = 80
GREY, DARK = "#d9d9d9", "#3D3D3D"


@dataclass(frozen=True)
class Grid:
    """The inner cells of a table: what is shown at each place of each series, None where it is suppressed."""

    statistic: str
    places: tuple[str, ...]
    series: tuple[str, ...]
    values: Mapping[tuple[str, str], float | None]

    def of(self, series: str) -> list[float | None]:
        return [self.values.get((place, series)) for place in self.places]


def grid(made: Table, most_series: int = MOST_SERIES) -> Grid:
    """What a table of one statistic shows, without its totals: rows are places, columns series."""
    from readingroom.core.disclosure.evidence import is_margin_label
    from readingroom.core.disclosure.tabulation.numbers import shown

    if len(made.tables) != 1:
        raise InvalidInput("Only a table of one statistic is drawn like this.", rule="figure.table",
                           value=made.statistic, next_step="Make a table of one statistic.")
    rows, columns = ([label for label in labels if not is_margin_label(label)] for labels in lines_shown(made))
    if len(columns) > most_series or len(rows) > MOST_PLACES:
        raise InvalidInput(f"{len(rows)} by {len(columns)} is more than a reader can tell apart.",
                           rule="figure.size", value=len(rows) * len(columns),
                           next_step=f"Merge categories: at most {MOST_PLACES} by {most_series}.")
    cells = cells_of(made)
    values = {(_name(row), _name(column)): shown(*cells[row, column]) for row in rows for column in columns}
    if any(isinstance(value, str) for value in values.values()):
        raise InvalidInput("Labels are no heights to draw.", rule="figure.table", value=made.statistic,
                           next_step="Draw the shares of the labels instead.")
    return Grid(made.tables[0].statistic, tuple(map(_name, rows)), tuple(map(_name, columns)), values)


def _name(labels: Sequence[str]) -> str:
    return ", ".join(labels)


def canvas(title: str, *, width: float = 7.0, height: float = 4.2, panels: int = 1) -> tuple[Any, list[Any]]:
    """A figure of its own (no state shared with the notebook's) and its axes."""
    from matplotlib.figure import Figure as Canvas

    drawn = Canvas(figsize=(width, height), layout="constrained")
    axes = list(drawn.subplots(1, panels, sharey=True, squeeze=False)[0])
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.spines[["left", "bottom"]].set_color(DARK)
        one.grid(axis="y", color=GREY, linewidth=0.8)
        one.set_axisbelow(True)
        one.tick_params(colors=DARK, length=0)
        one.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    if title:
        drawn.suptitle(_safe(title), x=0.01, ha="left", fontsize=12, fontweight="bold")
    return drawn, axes


def settle(drawn: Any) -> None:
    """Fix where everything is: the layout would move a little with each drawing, and the file's hash with it."""
    for _ in range(2):
        drawn.draw_without_rendering()
    drawn.set_layout_engine("none")


def bars(axes: Any, of: Grid, *, touching: bool = False, only: str | None = None) -> None:
    """Bars side by side for each place; `touching` for bands of one number."""
    names = of.series if only is None else (only,)
    width = (1.0 if touching else 0.8) / len(names)
    for number, name in enumerate(names):
        look = of.series.index(name)
        offset = (number - (len(names) - 1) / 2) * width
        heights = of.of(name)
        axes.bar([place + offset for place in range(len(heights))], [value or 0 for value in heights], width,
                 label=_safe(name), color=COLOURS[look], hatch=HATCHES[look], edgecolor="white", linewidth=0.8)
        for place, value in enumerate(heights):
            if value is None:
                axes.annotate(MARK, (place + offset, 0), (0, 2), textcoords="offset points", ha="center", fontsize=8,
                              color=DARK)
    axes.set_ylim(bottom=min(0, *(value or 0 for name in names for value in of.of(name)), 0))
    ticks(axes, of.places)
    if len(names) > 1:
        legend(axes)


def lines(axes: Any, of: Grid) -> None:
    """A line per series, named at its end; a suppressed point interrupts it."""
    for look, name in enumerate(of.series):
        heights = [math.nan if value is None else value for value in of.of(name)]
        axes.plot(range(len(heights)), heights, color=COLOURS[look], marker=MARKERS[look], markersize=5,
                  linestyle=DASHES[look], linewidth=2, label=_safe(name))
    ticks(axes, of.places)
    hidden = [place for place, label in enumerate(of.places)
              if any(of.values.get((label, name)) is None for name in of.series)]
    for place in hidden:
        axes.annotate(MARK, (place, 0), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
                      ha="center", fontsize=8, color=DARK)
    if all(value is None or value >= 0 for value in of.values.values()):
        axes.set_ylim(bottom=0)
    if len(of.series) > 1:
        legend(axes)


def boxes(axes: Any, places: Sequence[str], numbers: Sequence[Sequence[float | None]]) -> None:
    """Whisker, box, line, box, whisker at five published percentiles, a place each; nothing beyond them."""
    for place, five in enumerate(numbers):
        if any(value is None for value in five):
            axes.annotate(MARK, (place, 0), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
                          ha="center", fontsize=8, color=DARK)
            continue
        low, first, middle, third, high = (float(value or 0) for value in five)
        if low < first or third < high:
            axes.vlines([place, place], [low, third], [first, high], color=COLOURS[0], linewidth=1.5)
            axes.hlines([low, high], place - 0.12, place + 0.12, color=COLOURS[0], linewidth=1.5)
        axes.bar(place, third - first, 0.5, first, color="#cfd9e2", edgecolor=COLOURS[0], linewidth=1.5)
        axes.hlines(middle, place - 0.25, place + 0.25, color=COLOURS[2], linewidth=2.5)
    ticks(axes, places)
    axes.set_xlim(-0.6, len(places) - 0.4)
    known = [value for five in numbers for value in five if value is not None]
    if known:
        edge = 0.06 * (max(known) - min(known)) or 1.0
        axes.set_ylim(min(known) - edge, max(known) + edge)


def steps(axes: Any, arms: Sequence[Mapping[str, Any]]) -> None:
    """Survival curves: level until a published step, and down at it."""
    for look, arm in enumerate(arms):
        times = [0.0, *(step["time"] for step in arm["steps"])]
        heights = [1.0, *(step["survival"] for step in arm["steps"])]
        axes.step(times, heights, where="post", color=COLOURS[look], linestyle=DASHES[look], linewidth=2,
                  label=_safe(str(arm["name"])))
    axes.set_ylim(0, 1.02)
    axes.set_xlim(left=0)
    if len(arms) > 1:
        legend(axes)


def heat(drawn: Any, axes: Any, of: Grid) -> None:
    """Counts by two bands as shades with their numbers; suppressed cells are hatched."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("counts", ["#eef2f5", COLOURS[0]])
    matrix = [[math.nan if of.values.get((place, name)) is None else of.values[place, name] for name in of.series]
              for place in of.places]
    largest = max((value for line in matrix for value in line if value == value), default=1) or 1
    axes.grid(visible=False)
    axes.set_facecolor("#ffffff")
    image = axes.imshow(matrix, aspect="auto", origin="lower", cmap=shades, vmin=0, vmax=largest)
    for row, line in enumerate(matrix):
        for column, value in enumerate(line):
            hidden = value != value
            axes.annotate(MARK if hidden else f"{value:,.0f}", (column, row), ha="center", va="center", fontsize=8,
                          color=DARK if hidden or value < 0.55 * largest else "white")
    axes.set_yticks(range(len(of.places)), [_safe(place) for place in of.places])
    ticks(axes, of.series)
    drawn.colorbar(image, ax=axes, label="people")


def ticks(axes: Any, places: Sequence[str]) -> None:
    crowded = len(places) > 8 or sum(map(len, places)) > 70
    axes.set_xticks(range(len(places)), [_safe(place) for place in places], rotation=40 if crowded else 0,
                    ha="right" if crowded else "center")


def legend(axes: Any) -> None:
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _safe(text: str) -> str:
    """Text as it is: a dollar sign would start a formula."""
    return text.replace("$", r"\$")
