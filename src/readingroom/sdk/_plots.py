"""Figures that are safe when their table is: bars, histograms, lines, boxes, binned scatters, survival curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk import _bands, _drawing
from readingroom.sdk._columns import check_number, used
from readingroom.sdk._estimates import Estimates
from readingroom.sdk._figures import Figure
from readingroom.sdk._layout import lines_shown
from readingroom.sdk._tables import Table, table

if TYPE_CHECKING:
    import pandas

MOST_SQUARES = 20  # across and down
WHISKERS = ((0.05, 0.95), (0.1, 0.9), (0.25, 0.75))
HALVES = (0.25, 0.5, 0.75)


def bar(made: Table, *, title: str = "") -> Figure:
    """Bars of a table, grouped by its columns; margins are not drawn, suppressed cells are marked."""
    return _drawn(made, title, lambda drawn, axes, of: _drawing.bars(axes[0], of))


def line(made: Table, *, title: str = "") -> Figure:
    """Lines of a table: its rows along the axis, a line per column."""
    return _drawn(made, title, lambda drawn, axes, of: _drawing.lines(axes[0], of))


def hist(frame: pandas.DataFrame, value: str, *, bins: int | Sequence[float] | None = None, by: str | None = None,
         unit: str | None = None, title: str = "") -> Figure:
    """A histogram of people over bands of `value`, a panel for each group of `by`.

    Edges are round numbers, or yours, never the smallest or largest value; the outer bands are open. Neighbouring bands
    are joined until every bar, in every panel, rests on as many people as the project's rules ask for.
    """
    held, unit = used(frame, [value, *([by] if by else [])], unit)
    check_number(held, value)
    wished = _bands.edges_for(held[value].to_numpy(dtype=float), bins)
    edges = _bands.safe_edges(held, value, by, unit, wished, _enough())
    counted = table(held, value, by, unit=unit, bands={value: _bands.opened(edges)})

    def draw(drawn: Any, axes: list[Any], of: _drawing.Grid) -> None:
        for one, name in zip(axes, of.series, strict=True):
            _drawing.bars(one, of, touching=True, only=name)
            one.set_xlabel(value)
            if by:
                one.set_title(_drawing._safe(f"{by}: {name}"), fontsize=10, loc="left")
            if one is not axes[0]:
                one.set_ylabel("")

    return _drawn(counted, title or f"{value}: people by band", draw, panels=lambda of: len(of.series))


def box(frame: pandas.DataFrame, value: str, *, by: str | None = None, unit: str | None = None,
        title: str = "") -> Figure:
    """Five percentiles of `value` for each group of `by`: whiskers end at percentiles, and no outlier is drawn.

    They are the 5th and 95th if enough people lie beyond these in every group, else the 10th and 90th, else none.
    """
    held, unit = used(frame, [value, *([by] if by else [])], unit)
    check_number(held, value)
    smallest = int(held.groupby(by, observed=True)[unit].nunique().min() if by else held[unit].nunique())
    enough = _enough()
    low, high = next((pair for pair in WHISKERS if enough(int(pair[0] * smallest) - 1)), WHISKERS[-1])
    five = (low, *HALVES, high)
    asked = [{"statistic": "quantile", "value": value, "q": q, "name": f"{100 * q:g}th percentile"}
             for q in sorted(set(five))]
    return _boxes(table(held, by, unit=unit, statistics=asked), five, value, by,
                  title or f"{value}: percentiles {', '.join(f'{100 * q:g}' for q in sorted(set(five)))}")


def _boxes(made: Table, five: Sequence[float], value: str, by: str | None, title: str) -> Figure:
    from readingroom.core.disclosure.tabulation.numbers import shown

    published = {(cell.row, one.probability): shown(cell, one) for one in made.tables for cell in one.cells}
    rows = lines_shown(made)[0]
    if len(rows) > _drawing.MOST_PLACES:
        raise InvalidInput(f"{len(rows)} boxes are more than a reader can tell apart.", rule="figure.size",
                           value=len(rows), next_step="Merge categories.")
    drawn, axes = _drawing.canvas(title, width=min(16.0, max(7.0, 0.9 * len(rows) + 2)))
    _drawing.boxes(axes[0], [", ".join(row) or "everyone" for row in rows],
                   [[published.get((row, q)) for q in five] for row in rows])
    axes[0].set_ylabel(value)
    axes[0].set_xlabel(by or "")
    _drawing.settle(drawn)
    return Figure(drawn, made, again=lambda safer: _boxes(safer, five, value, by, title))


def scatter(frame: pandas.DataFrame, x: str, y: str, *, bins: int = 8, unit: str | None = None,
            title: str = "") -> Figure:
    """Two numbers against each other, binned: a point for each person may not leave, a count for each square may.

    Squares of too few people fail; `figure.suppress()` hides them, and others so that none can be worked out.
    """
    held, unit = used(frame, [x, y], unit)
    for name in (x, y):
        check_number(held, name)
    if isinstance(bins, bool) or not isinstance(bins, int) or not 2 <= bins <= MOST_SQUARES:
        raise InvalidInput("The number of bins is 2 to 20.", rule="figure.bins", value=bins, next_step="Use about 8.")
    enough = _enough()
    bands = {}
    for name in (y, x):
        wished = _bands.edges_for(held[name].to_numpy(dtype=float), bins)
        bands[name] = _bands.opened(_bands.safe_edges(held, name, None, unit, wished, enough))
    counted = table(held, y, x, unit=unit, bands=bands)

    def draw(drawn: Any, axes: list[Any], of: _drawing.Grid) -> None:
        _drawing.heat(drawn, axes[0], of)
        axes[0].set_xlabel(x)
        axes[0].set_ylabel(y)

    return _drawn(counted, title or f"{y} by {x}: people", draw, most_series=MOST_SQUARES)


def survival_plot(made: Estimates, *, title: str = "") -> Figure:
    """The curves of `rr.survival()`, with nothing between the published steps."""
    if made.description.get("type") != "kaplan-meier":
        raise InvalidInput("Only survival curves are drawn like this.", rule="figure.kind",
                           value=made.description.get("type"), next_step="Give what rr.survival() made.")
    if len(made.description["arms"]) > _drawing.MOST_SERIES:
        raise InvalidInput("More curves than a reader can tell apart.", rule="figure.size",
                           value=len(made.description["arms"]), next_step="Merge groups.")
    drawn, axes = _drawing.canvas(title or made.title)
    _drawing.steps(axes[0], made.description["arms"])
    axes[0].set_xlabel(made.label_names[0].rpartition(", ")[2])
    axes[0].set_ylabel("share without the event")
    _drawing.settle(drawn)
    return Figure(drawn, made)


def _drawn(made: Table, title: str, draw: Callable[[Any, list[Any], _drawing.Grid], None],
           panels: Callable[[_drawing.Grid], int] = lambda of: 1, most_series: int = _drawing.MOST_SERIES) -> Figure:
    """The figure of a table, which knows how to draw itself again from a safer one."""
    if not isinstance(made, Table):
        raise InvalidInput("A figure is drawn from a table, by which it is checked.", rule="figure.underlying",
                           value=type(made).__name__, next_step="Make one with rr.table().")
    of = _drawing.grid(made, most_series)
    count = panels(of)
    width = 4.5 * count if count > 1 else max(7.0, 0.35 * len(of.places) * len(of.series) + 2.5)
    drawn, axes = _drawing.canvas(title, panels=count, width=min(16.0, width))
    axes[0].set_ylabel("people" if made.statistic == "count" else made.statistic)
    axes[-1].set_xlabel(", ".join(made.row_names))
    draw(drawn, axes, of)
    _drawing.settle(drawn)
    return Figure(drawn, made, again=lambda safer: _drawn(safer, title, draw, panels, most_series))


def _enough() -> Callable[[int], bool]:
    from readingroom.core.disclosure.rules.threshold import is_low
    from readingroom.sdk._preflight import rules

    policy = rules().policy
    return lambda people: not is_low(people, policy)
