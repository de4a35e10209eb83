"""From the noisy whole numbers of a release to the statistic and its interval: free post-processing, no data.

Sums, means and what is made of sums of products are plain arithmetic on the numbers released. Their intervals come
by simulation: the same arithmetic on the released numbers with fresh noise of the stated size added, whose 2.5% and
97.5% points are the ends. What cannot be (a mean outside its range, a variance below zero) is cut off at the very end:
cut before, the simulation would lean away from the ends of the range, and miss there. The simulation is seeded with
the numbers themselves, so the same answer always has the same interval; it has nothing to do with the noise that
protects people.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.core.privacy.parts import Part
from readingroom.core.privacy.queries import (
    CORRELATION,
    COUNT,
    MEAN,
    PEOPLE,
    PROPORTION,
    REGRESSION,
    SD,
    SUM,
    VARIANCE,
    Query,
)
from readingroom.core.privacy.shapes import PAIRS
from readingroom.core.privacy.units import Grid

Numbers = NDArray[np.float64]
SIMULATIONS = 2000
FEWEST_SIMULATIONS = 400
MOST_DRAWS = 4_000_000


def estimated(query: Query, part: Part, grids: tuple[Grid, ...], released: list[list[int]]) -> Numbers:
    """(value, low, high) per output and group, from the released numbers: shape (outputs, groups, 3)."""
    exact = np.array(released, dtype=np.float64)
    limits = np.array(_limits(query, grids)).reshape(-1, 2, 1)
    value = _outputs(query, part, grids, exact, possible=True)
    draws = int(np.clip(MOST_DRAWS // max(1, exact.size), FEWEST_SIMULATIONS, SIMULATIONS))
    simulated = _outputs(query, part, grids, exact + _noise(part, exact, draws), possible=False)
    low, high = np.quantile(simulated, (0.025, 0.975), axis=0)
    if len(limits):
        value, low, high = (np.clip(one, limits[:, 0], limits[:, 1]) for one in (value, low, high))
        lost = _too_few(part, exact)
        low, high = np.where(lost, limits[:, 0], low), np.where(lost, limits[:, 1], high)
    return np.stack([value, np.minimum(low, value), np.maximum(high, value)], axis=-1)


def output_names(query: Query) -> tuple[str, ...]:
    """What the outputs of `estimated` are, in order."""
    if query.statistic == CORRELATION:
        return tuple(f"{one.column}, {other.column}" for one, other in itertools.combinations(query.ranged, 2))
    if query.statistic == REGRESSION:
        return ("intercept", *(one.column for one in query.ranged[1:]))
    return (query.statistic,)


def _noise(part: Part, exact: Numbers, draws: int) -> Numbers:
    seed = hashlib.sha256(exact.tobytes()).digest()[:16]
    rng = np.random.default_rng(int.from_bytes(seed))
    scales = np.array([float(noisy.real_scale) for noisy in part.shape.noisy])[:, np.newaxis]
    draw = rng.laplace if part.shape.pure else rng.normal
    noise: Numbers = np.rint(draw(0.0, np.broadcast_to(scales, (draws, *exact.shape))))
    return noise


def _too_few(part: Part, exact: Numbers) -> NDArray[np.bool_]:
    """Groups in which the number of rows is lost in the noise, so that a quotient by it says nothing."""
    number = _number(part, exact)
    spread = 3 * float(part.shape.noisy[0].real_scale) * (1.5 if part.shape.pure else 1.0)
    return number <= spread / (part.shape.noisy[0].bound if part.shape.kind == PAIRS else 1)


def _number(part: Part, exact: Numbers) -> Numbers:
    """The number of rows per group, along the last axis."""
    if part.shape.kind == PAIRS:
        return (exact[..., 0, :] + exact[..., 1, :]) / part.shape.noisy[0].bound
    return exact[..., 0, :]


def _outputs(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers, *, possible: bool) -> Numbers:
    """(..., statistics, groups) to (..., outputs, groups); with covariances that are `possible`, or as they come."""
    return _FORMULAS[query.statistic](query, part, grids, numbers, possible)


def _as_counted(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers, possible: bool) -> Numbers:
    return numbers[..., :1, :]


def _sum(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers, possible: bool) -> Numbers:
    return numbers[..., :1, :] * float(grids[0].step)


def _mean(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers, possible: bool) -> Numbers:
    grid = grids[0]
    if part.shape.kind == PAIRS:
        upper, both = numbers[..., 0, :], numbers[..., 0, :] + numbers[..., 1, :]
        share = np.where(both > 0, upper / np.where(both > 0, both, 1.0), 0.5)
        unit = (2 * share - 1) * grid.half
    else:
        unit = numbers[..., 1, :] / np.maximum(numbers[..., 0, :], 1.0)
    return (float(grid.centre) + unit * float(grid.step))[..., np.newaxis, :]


def _variance(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers, possible: bool) -> Numbers:
    first, second = _moments(grids, numbers)
    return ((second[..., 0, 0, :] - first[..., 0, :] ** 2) * float(grids[0].step) ** 2)[..., np.newaxis, :]


def _deviation(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers, possible: bool) -> Numbers:
    spread: Numbers = np.sqrt(np.maximum(_variance(query, part, grids, numbers, possible), 0))
    return spread


def _correlation(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers, possible: bool) -> Numbers:
    covariance, _ = _covariance(grids, numbers, possible)
    deviation = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 1e-12))
    pairs = [covariance[..., i, j] / (deviation[..., i] * deviation[..., j])
             for i, j in itertools.combinations(range(len(grids)), 2)]
    found: Numbers = np.stack(pairs, axis=-2)
    return found


def _regression(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers, possible: bool) -> Numbers:
    """Least squares from the moments in units, then in the columns' own measures."""
    covariance, first = _covariance(grids, numbers, possible)
    predictors = covariance[..., 1:, 1:]
    size = predictors.shape[-1]
    ridge = 1e-9 * np.maximum(np.abs(np.trace(predictors, axis1=-2, axis2=-1)), 1e-9)[..., np.newaxis, np.newaxis]
    slopes = np.linalg.solve(predictors + ridge * np.eye(size), covariance[..., 1:, :1])[..., 0]
    steps = np.array([float(grid.step) for grid in grids])
    centres = np.array([float(grid.centre) for grid in grids])
    means = np.moveaxis(first, -2, -1) * steps + centres
    own = slopes * steps[0] / steps[1:]
    intercept = means[..., 0] - (own * means[..., 1:]).sum(axis=-1)
    return np.concatenate([intercept[..., np.newaxis, :], np.moveaxis(own, -1, -2)], axis=-2)


def _covariance(grids: tuple[Grid, ...], numbers: Numbers, possible: bool) -> tuple[Numbers, Numbers]:
    """((..., groups, p, p) covariances in units, positive semidefinite if `possible`, (..., p, groups) means)."""
    first, second = _moments(grids, numbers)
    means = np.moveaxis(first, -1, -2)
    spread = np.moveaxis(second, -1, -3) - means[..., :, np.newaxis] * means[..., np.newaxis, :]
    if possible:
        values, vectors = np.linalg.eigh(spread)
        spread = (vectors * np.maximum(values, 0)[..., np.newaxis, :]) @ np.swapaxes(vectors, -1, -2)
    return spread, np.moveaxis(means, -1, -2)


def _moments(grids: tuple[Grid, ...], numbers: Numbers) -> tuple[Numbers, Numbers]:
    """((..., p, groups) means, (..., p, p, groups) means of products), all in units."""
    size = len(grids)
    number = np.maximum(numbers[..., :1, :], 1.0)
    means = numbers[..., 1:, :] / number
    halves = np.array([float(grid.half) for grid in grids])
    first = means[..., :size, :]
    second = np.empty((*means.shape[:-2], size, size, means.shape[-1]))
    for place in range(size):
        second[..., place, place, :] = (means[..., size + place, :] + halves[place] ** 2) / 2
    for place, (i, j) in enumerate(itertools.combinations(range(size), 2)):
        second[..., i, j, :] = second[..., j, i, :] = means[..., 2 * size + place, :]
    return first, second


_Formula = Callable[[Query, Part, tuple[Grid, ...], Numbers, bool], Numbers]
_FORMULAS: dict[str, _Formula] = {
    COUNT: _as_counted, PEOPLE: _as_counted, SUM: _sum, MEAN: _mean, PROPORTION: _mean, VARIANCE: _variance,
    SD: _deviation, CORRELATION: _correlation, REGRESSION: _regression,
}


def _limits(query: Query, grids: tuple[Grid, ...]) -> tuple[tuple[float, float], ...]:
    """The whole range of each output that is a quotient: its interval where nothing more is known."""
    if query.statistic in (MEAN, PROPORTION):
        reach = float(grids[0].step * grids[0].half)
        return ((float(grids[0].centre) - reach, float(grids[0].centre) + reach),)
    if query.statistic in (VARIANCE, SD):
        most: Any = float(grids[0].step * grids[0].half) ** 2
        return ((0.0, most if query.statistic == VARIANCE else most**0.5),)
    if query.statistic == CORRELATION:
        return ((-1.0, 1.0),) * len(output_names(query))
    if query.statistic == REGRESSION:
        return ((-np.inf, np.inf),) * len(output_names(query))
    return ()
