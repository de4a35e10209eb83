"""From the noisy whole numbers of a release to the statistic and its interval: free post-processing, no data.

Sums, means and what is made of sums of products are plain arithmetic on the numbers released. Their intervals come
by simulation: the same arithmetic on the released numbers with fresh noise of the stated size added, whose 2.5% and
97.5% points are the ends. The simulation is seeded with the numbers themselves, so the same answer always has the
same interval; it has nothing to do with the noise that protects people.
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
    value = _outputs(query, part, grids, exact)
    draws = int(np.clip(MOST_DRAWS // max(1, exact.size), FEWEST_SIMULATIONS, SIMULATIONS))
    simulated = _outputs(query, part, grids, exact + _noise(part, exact, draws))
    low, high = np.quantile(simulated, (0.025, 0.975), axis=0)
    low, high = np.minimum(low, value), np.maximum(high, value)
    for place, (least, most) in enumerate(_limits(query, grids)):
        lost = _too_few(part, exact)
        low[place, lost], high[place, lost] = least, most
    return np.stack([value, low, high], axis=-1)


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


def _outputs(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers) -> Numbers:
    """(..., statistics, groups) to (..., outputs, groups)."""
    return _FORMULAS[query.statistic](query, part, grids, numbers)


def _as_counted(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers) -> Numbers:
    return numbers[..., :1, :]


def _sum(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers) -> Numbers:
    return numbers[..., :1, :] * float(grids[0].step)


def _mean(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers) -> Numbers:
    grid = grids[0]
    if part.shape.kind == PAIRS:
        upper, both = numbers[..., 0, :], numbers[..., 0, :] + numbers[..., 1, :]
        share = np.where(both > 0, upper / np.where(both > 0, both, 1.0), 0.5)
        unit = (2 * np.clip(share, 0, 1) - 1) * grid.half
    else:
        unit = np.clip(numbers[..., 1, :] / np.maximum(numbers[..., 0, :], 1.0), -grid.half, grid.half)
    return (float(grid.centre) + unit * float(grid.step))[..., np.newaxis, :]


def _variance(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers) -> Numbers:
    first, second = _moments(grids, numbers)
    spread = np.clip(second[..., 0, 0, :] - first[..., 0, :] ** 2, 0, grids[0].half ** 2) * float(grids[0].step) ** 2
    return spread[..., np.newaxis, :]


def _deviation(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers) -> Numbers:
    spread: Numbers = np.sqrt(_variance(query, part, grids, numbers))
    return spread


def _correlation(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers) -> Numbers:
    covariance, _ = _covariance(grids, numbers)
    deviation = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 1e-12))
    pairs = [covariance[..., i, j] / (deviation[..., i] * deviation[..., j])
             for i, j in itertools.combinations(range(len(grids)), 2)]
    bounded: Numbers = np.clip(np.stack(pairs, axis=-2), -1, 1)
    return bounded


def _regression(query: Query, part: Part, grids: tuple[Grid, ...], numbers: Numbers) -> Numbers:
    """Least squares from the moments in units, then in the columns' own measures."""
    covariance, first = _covariance(grids, numbers)
    predictors = covariance[..., 1:, 1:]
    size = predictors.shape[-1]
    ridge = 1e-9 * np.maximum(np.trace(predictors, axis1=-2, axis2=-1), 1e-9)[..., np.newaxis, np.newaxis]
    slopes = np.linalg.solve(predictors + ridge * np.eye(size), covariance[..., 1:, :1])[..., 0]
    steps = np.array([float(grid.step) for grid in grids])
    centres = np.array([float(grid.centre) for grid in grids])
    means = np.moveaxis(first, -2, -1) * steps + centres
    own = slopes * steps[0] / steps[1:]
    intercept = means[..., 0] - (own * means[..., 1:]).sum(axis=-1)
    return np.concatenate([intercept[..., np.newaxis, :], np.moveaxis(own, -1, -2)], axis=-2)


def _covariance(grids: tuple[Grid, ...], numbers: Numbers) -> tuple[Numbers, Numbers]:
    """((..., groups, p, p) positive semidefinite covariances in units, (..., p, groups) means)."""
    first, second = _moments(grids, numbers)
    means = np.moveaxis(first, -1, -2)
    spread = np.moveaxis(second, -1, -3) - means[..., :, np.newaxis] * means[..., np.newaxis, :]
    values, vectors = np.linalg.eigh(spread)
    values = np.maximum(values, 0)
    return (vectors * values[..., np.newaxis, :]) @ np.swapaxes(vectors, -1, -2), np.moveaxis(means, -1, -2)


def _moments(grids: tuple[Grid, ...], numbers: Numbers) -> tuple[Numbers, Numbers]:
    """((..., p, groups) means, (..., p, p, groups) means of products), all in units."""
    size = len(grids)
    number = np.maximum(numbers[..., :1, :], 1.0)
    means = numbers[..., 1:, :] / number
    halves = np.array([float(grid.half) for grid in grids])
    first = np.clip(means[..., :size, :], -halves[:, np.newaxis], halves[:, np.newaxis])
    second = np.empty((*means.shape[:-2], size, size, means.shape[-1]))
    for place in range(size):
        second[..., place, place, :] = (means[..., size + place, :] + halves[place] ** 2) / 2
    for place, (i, j) in enumerate(itertools.combinations(range(size), 2)):
        second[..., i, j, :] = second[..., j, i, :] = means[..., 2 * size + place, :]
    return first, second


_Formula = Callable[[Query, Part, tuple[Grid, ...], Numbers], Numbers]
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
