"""Hidden counts whose sum a reader knows: together they must not be too few people either."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from readingroom.core.disclosure.protect.system import System, number


@dataclass(frozen=True)
class Group:
    """Hidden cells of one equation, which add up to something from `lower` to `upper`."""

    cells: tuple[int, ...]
    names: tuple[str, ...]
    lower: float
    upper: float

    @property
    def words(self) -> str:
        """For example "North, F + North, M: 7, exposed (together they are too few people)"."""
        span = number(self.lower) if self.lower == self.upper else f"{number(self.lower)} to {number(self.upper)}"
        return f"{' + '.join(self.names)}: {span}, exposed (together they are too few people)"


def small_groups(system: System, hidden: Collection[int], unsafe: tuple[float, float]) -> list[Group]:
    """Sets of counts that nobody shows, each the rest of an equation, whose sum can only lie within `unsafe`.

    Some of them are `hidden`; or the sum is a difference of numbers shown, such as all people less those of a year.

    `system` is as its reader sees it once cells that follow by subtraction are known (`Reader.system`).

    Source: OpenSAFELY documentation, redact until the redacted counts of a line are above the threshold (2026); the
    rule on differencing says the same of tables made from data.

    Example: a row with total 27, one cell 20 shown and two hidden: these are 7 people together, below 10.
    """
    open_cells, of_hidden = system.lower < system.upper, np.zeros(system.size, dtype=bool)
    of_hidden[list(hidden)] = True
    found: dict[tuple[int, ...], Group] = {}
    matrix = system.equations
    for row in range(matrix.shape[0]):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        cells, by = matrix.indices[span], matrix.data[span]
        group = open_cells[cells] & (of_hidden[cells] | np.isinf(system.upper[cells]))
        signs = set(by[group])
        if group.sum() < 2 or len(signs) != 1 or abs(next(iter(signs))) != 1 or not system.whole[cells[group]].all():
            continue
        if not of_hidden[cells[group]].any() and np.count_nonzero(system.upper[cells[~group]]) < 2:
            continue  # a number that is shown, and what it is made of
        sign, others = -next(iter(signs)), by[~group]
        low = np.where(others * sign > 0, system.lower[cells[~group]], system.upper[cells[~group]])
        high = np.where(others * sign > 0, system.upper[cells[~group]], system.lower[cells[~group]])
        least, most = float(sign * others @ low), float(sign * others @ high)
        if unsafe[0] <= least and most <= unsafe[1]:
            which = tuple(sorted(map(int, cells[group])))
            found.setdefault(which, Group(which, tuple(system.names[cell] for cell in which), least, most))
    return list(found.values())
