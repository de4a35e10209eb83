"""A synthetic table from noisy marginals: the flattest joint table that agrees with them, and rows drawn from it.

Free post-processing: nothing here sees data. The joint table is fitted by iterative proportional fitting (Deming and
Stephan 1940) to the marginals, made non-negative and brought to one total first. Rows are drawn by systematic
sampling from the joint table, seeded by the released numbers, so that the same answer is the same table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.core.privacy.queries import Query

ROUNDS = 50


def synthetic_rows(query: Query, tables: Sequence[Sequence[int]]) -> dict[str, list[Any]]:
    """Columns by name, `query.rows` values each."""
    names = [key.column for key in query.by]
    sizes = [len(key.values) for key in query.by]
    axes = [tuple(names.index(name) for name in marginal) for marginal in query.marginals]
    wanted = [_proper(np.array(table, dtype=np.float64).reshape([sizes[axis] for axis in at]))
              for table, at in zip(tables, axes, strict=True)]
    drawn = _drawn(fitted(sizes, axes, wanted), query.rows, tables)
    places = np.unravel_index(drawn, sizes)
    return {key.column: [key.values[place] for place in column.tolist()]
            for key, column in zip(query.by, places, strict=True)}


def fitted(sizes: Sequence[int], axes: Sequence[tuple[int, ...]],
           wanted: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The joint distribution; `wanted[i]` is a distribution over `axes[i]`, whose axes rise."""
    joint: NDArray[np.float64] = np.full(sizes, 1.0 / np.prod(sizes))
    for _ in range(ROUNDS):
        for at, target in zip(axes, wanted, strict=True):
            others = tuple(axis for axis in range(len(sizes)) if axis not in at)
            now = joint.sum(axis=others)
            factor = np.divide(target, now, out=np.zeros_like(target), where=now > 0)
            joint = joint * np.expand_dims(factor, others)
    total = joint.sum()
    return joint / total if total > 0 else np.full(sizes, 1.0 / np.prod(sizes))


def _proper(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """A distribution that is nowhere zero, so that marginals that contradict each other still have a fit."""
    floor = np.maximum(table, 0) + 1e-6
    shared: NDArray[np.float64] = floor / floor.sum()
    return shared


def _drawn(joint: NDArray[np.float64], rows: int, tables: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    seed = hashlib.sha256(repr([list(table) for table in tables]).encode()).digest()[:16]
    rng = np.random.default_rng(int.from_bytes(seed))
    steps = (np.arange(rows) + rng.random()) / rows
    places = np.searchsorted(np.cumsum(joint.ravel()), steps, side="right").clip(0, joint.size - 1)
    return rng.permutation(places)
