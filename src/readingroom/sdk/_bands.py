"""Bands of a number whose edges are nobody's value, and that enough people are in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    import numpy
    import pandas

USUAL, MOST = 12, 60
INNER = (0.01, 0.99)  # one extreme value does not stretch the bands


def round_edges(low: float, high: float, count: int) -> list[float]:
    """About `count` bands of a round width (1, 2, 2.5 or 5 times a power of ten) that hold everything.

    >>> round_edges(18, 79, 6)
    [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high - low > 1e300:
        raise InvalidInput("The values are infinite, or too far apart for bands.", rule="figure.range",
                           value=high - low, next_step="Give the edges with bins=[...].")
    rough = (high - low) / count or abs(low) or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    width = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / width), math.floor(high / width) + 1
    return [float(f"{place * width:.12g}") for place in range(first, last + 1)]


def edges_for(values: numpy.ndarray, bins: int | Sequence[float] | None) -> list[float]:
    """Round edges for a number of bands, over where most values lie, or those given. The outer bands are open."""
    import numpy

    if bins is None or isinstance(bins, int):
        count = USUAL if bins is None else bins
        if isinstance(bins, bool) or not 1 <= count <= MOST:
            raise InvalidInput(f"The number of bins is 1 to {MOST}.", rule="figure.bins", value=bins,
                               next_step="Leave it out for about a dozen.")
        low, high = numpy.quantile(values, INNER)
        return round_edges(float(low), float(high), count)
    edges = [float(edge) for edge in bins]
    if len(edges) < 2 or len(edges) > MOST + 1 or edges != sorted(set(edges)) or not all(map(math.isfinite, edges)):
        raise InvalidInput(f"Edges are 2 to {MOST + 1} rising numbers.", rule="figure.bins", value=len(edges),
                           next_step="Give them like bins=[0, 10, 20, 50].")
    return edges


def merged(counts: numpy.ndarray, enough: Callable[[int], bool]) -> list[int]:
    """Where to begin bands so that every group has enough people in each: `counts` is bands x groups.

    Joined from the left; too few at the end join the band before. Returns the first of the old bands in each new one.
    """
    starts, held = [0], counts[0] * 0
    for place, line in enumerate(counts):
        held = held + line
        if place + 1 < len(counts) and all(enough(int(people)) for people in held):
            starts.append(place + 1)
            held = counts[0] * 0
    if len(starts) > 1 and not all(enough(int(people)) for people in held):
        starts.pop()
    return starts


def opened(edges: Sequence[float]) -> list[float | None]:
    """The edges with open ends: none is the smallest or largest value, and the outer bands take what lies beyond."""
    return [None, *edges[1:-1], None]


def safe_edges(frame: pandas.DataFrame, value: str, by: Any, unit: str, edges: list[float],
               enough: Callable[[int], bool]) -> list[float]:
    """The edges that are left when bands of too few people, in any group, are joined."""
    import numpy
    import pandas

    codes = numpy.clip(numpy.searchsorted(edges, frame[value].to_numpy(dtype=float), side="right") - 1, 0,
                       len(edges) - 2)
    groups = pandas.factorize(frame[by])[0] if by else numpy.zeros(len(frame), dtype=int)
    people = pandas.DataFrame({"band": codes, "group": groups, "unit": frame[unit].to_numpy()}).drop_duplicates()
    counts = numpy.zeros((len(edges) - 1, int(groups.max()) + 1), dtype=int)
    numpy.add.at(counts, (people["band"].to_numpy(), people["group"].to_numpy()), 1)
    return [edges[start] for start in merged(counts, enough)] + [edges[-1]]
