"""Intervals at the ends of what is possible: values that are all the same, or all at the edge, or on one line.

The exact numbers are known here and the noise is drawn from the stated distribution, so no engine is needed. Each check
fails by chance about once in 10^7 at a true rate of 95%.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from readingroom.core.privacy.estimates import estimated
from readingroom.core.privacy.facts import parse_local
from readingroom.core.privacy.parts import LOWER, PRODUCT, SQUARE, UNIT, UPPER, Part
from readingroom.core.privacy.pricing import price
from readingroom.core.privacy.queries import parse_query
from readingroom.core.privacy.units import Grid, grids

DRAWS = 300
FACTS = {"privacy_unit": "pid", "facts": {"columns": {
    name: {"type": "number", "lower": 0, "upper": 100} for name in ("x", "y")}}}
TOP, SPREAD = np.full(400, 100.0), np.linspace(0, 100, 400)
LINE = {"statistic": "regression", "outcome": "y", "predictors": ["x"]}
CASES = {
    "a mean at the edge": ({"statistic": "mean", "column": "x"}, TOP, TOP, [100]),
    "a variance of nothing": ({"statistic": "variance", "column": "x"}, TOP, TOP, [0]),
    "a deviation of nothing": ({"statistic": "sd", "column": "x"}, TOP - 100, TOP, [0]),
    "a correlation of one": ({"statistic": "correlation", "columns": ["x", "y"]}, SPREAD, SPREAD, [1]),
    "a line without scatter": (LINE, SPREAD, SPREAD, [0, 1]),
    "a flat line": (LINE, SPREAD, np.full(400, 50.0), [50, 0]),
}


def summed(part: Part, every: tuple[Grid, ...], columns: list[np.ndarray]) -> np.ndarray:
    units = [np.rint((column - float(grid.centre)) / float(grid.step))
             for column, grid in zip(columns, every, strict=True)]
    made = {UNIT: lambda value, u, half: u, UPPER: lambda value, u, half: half + u,
            LOWER: lambda value, u, half: half - u, SQUARE: lambda value, u, half: 2 * u * u - half**2,
            PRODUCT: lambda value, u, half: u * units[value.second]}
    sums = [made[value.kind](value, units[value.first], every[value.first].half).sum() for value in part.values]
    return np.array([*([len(columns[0])] if part.shape.counts else []), *sums], dtype=float)[:, np.newaxis]


@pytest.mark.parametrize("spend", [{"epsilon": 1}, {"rho": 0.05}], ids=["Laplace", "Gaussian"])
@pytest.mark.parametrize(("question", "x", "y", "truth"), CASES.values(), ids=CASES)
def test_intervals_hold_where_nothing_lies_beyond(question, x, y, truth, spend):
    dataset, asked = parse_local(FACTS | question | spend)
    query, table = parse_query(asked[0], dataset), dataset.tables[0]
    part, every = price(query, table).parts[0], grids(query, table)
    columns = [{"x": x, "y": y}[one.column] for one in query.ranged]
    exact, random = summed(part, every, columns), np.random.default_rng(11)
    scales = np.array([[float(noisy.real_scale)] for noisy in part.shape.noisy])
    held = np.zeros(len(truth))
    for _ in range(DRAWS):
        noise = random.laplace(0, scales) if part.shape.pure else random.normal(0, scales)
        found = estimated(query, part, every, (exact + np.rint(noise)).tolist())[:, 0]
        held += (found[:, 1] <= np.array(truth) + 1e-9) & (np.array(truth) - 1e-9 <= found[:, 2])
    assert min(held / DRAWS) > 0.95 - 5.3 * math.sqrt(0.05 * 0.95 / DRAWS)
