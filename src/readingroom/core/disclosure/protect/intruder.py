"""What a reader can infer: the range that each hidden cell can take, given everything published together.

For a hidden cell i the reader solves two programmes, min and max x_i subject to `equations @ x = 0` and the bounds.
Cells that follow by subtraction are solved first, exactly. The rest falls into independent parts, each of which keeps
one linear programme whose last basis starts the next question. For counts a bound is rounded inwards, and it is
attained only if a table of whole numbers, checked in exact arithmetic, takes it; where the linear programme has none,
an integer programme decides.

Source: Fischetti and Salazar, Solving the Cell Suppression Problem on Tabular Data with Linear Constraints, Management
Science 47 (2001), section 2; Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024).

Example: a row with total 9 and published cell 4 leaves two hidden cells: each can be anything from 0 to 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from readingroom.core.disclosure.protect.solver import Programme
from readingroom.core.disclosure.protect.system import RELATIVE, Floats, System, broken
from readingroom.errors import InvalidInput

Indices = NDArray[np.int64]
SLACK = 1e-6  # a linear programme's bound may be this far off; counts are rounded only beyond it
INTEGER_SECONDS = 10.0  # for one integer programme; an unsettled bound is reported as not attained
TOP = 1e4  # programmes over magnitudes are scaled so that the largest number is this


def never() -> bool:
    """The default for `out_of_time`: take as long as it takes."""
    return False


@dataclass(frozen=True)
class Range:
    """No consistent table goes beyond `lower` and `upper`; some table takes `attained_lower`, some `attained_upper`.

    The two agree unless a solver was stopped; a verdict of safe may rest on attained values only.
    """

    lower: float
    upper: float
    attained_lower: float
    attained_upper: float

    @property
    def settled(self) -> bool:
        return self.lower == self.attained_lower and self.upper == self.attained_upper

    @property
    def is_point(self) -> bool:
        return is_point(self.lower, self.upper)


def is_point(lower: float, upper: float) -> bool:
    """Whether a range leaves nothing open, to seven digits."""
    return bool(np.isfinite(upper - lower)) and upper - lower <= 1e-7 * max(1e-9, abs(upper), abs(lower))


class Part:
    """Hidden cells that depend on each other: one programme."""

    def __init__(self, system: System, cells: Indices, rows: Indices, matrix: sparse.csr_array, right: Floats) -> None:
        self.system, self.cells, self.rows = system, cells, rows
        self.place = {int(cell): place for place, cell in enumerate(cells)}
        self.matrix, self.right = matrix, right
        self.lower, self.upper = system.lower[cells].copy(), system.upper[cells].copy()
        self.whole = bool(system.whole[cells].all())
        finite = np.concatenate([np.abs(right), np.abs(self.lower[np.isfinite(self.lower)]),
                                 np.abs(self.upper[np.isfinite(self.upper)])])
        largest = float(finite.max(initial=0.0))
        self.scale = 1.0 if self.whole or largest == 0 else largest / TOP
        self.programme = self._programme(None)
        self.points: list[Floats] = []  # consistent tables met so far
        start = self.programme.solve()
        if start.outcome == "infeasible":
            raise self._inconsistent()
        self.learn(start.point)

    def _programme(self, integral: object) -> Programme:
        scaled = self.right / self.scale
        return Programme(self.matrix.tocsc(), self.lower / self.scale, self.upper / self.scale, scaled, scaled,
                         integral=integral)

    def learn(self, point: Floats | None) -> Floats | None:
        """The table behind a solver's point, if it is consistent beyond doubt: whole and exact for counts."""
        if point is None:
            return None
        table = np.clip(point * self.scale, self.lower, self.upper)
        if self.whole:
            table = np.round(table) + 0.0  # no minus zero
            exact = bool((self.matrix @ table == self.right).all())
        else:
            size = abs(self.matrix) @ np.abs(table) + np.abs(self.right)
            exact = bool((np.abs(self.matrix @ table - self.right) <= RELATIVE * np.maximum(size, self.scale)).all())
        if not exact or (table < self.lower).any() or (table > self.upper).any():
            return None
        self.points.append(table)
        del self.points[:-400]
        return table

    def extreme(self, place: int, sign: int, *, integer_seconds: float = INTEGER_SECONDS) -> tuple[float, float]:
        """(bound, attained) of the largest (`sign` 1) or smallest (-1) value of a cell."""
        end = float((self.upper if sign > 0 else self.lower)[place])
        if any(table[place] == end for table in self.points):
            return end, end
        self.programme.set_cost(place, -sign)
        solved = self.programme.solve()
        self.programme.set_cost(place, 0.0)
        if solved.outcome == "unbounded":
            return sign * np.inf, sign * np.inf
        if solved.outcome != "optimal":
            return end, -sign * np.inf
        bound = -sign * solved.bound * self.scale + 0.0
        table = self.learn(solved.point)
        if not self.whole:
            return bound, bound if table is not None else -sign * np.inf
        bound = _inwards(bound, sign)
        attained = float(table[place]) if table is not None else -sign * np.inf
        return (bound, attained) if attained == bound else self._integer_extreme(place, sign, bound, integer_seconds)

    def _integer_extreme(self, place: int, sign: int, bound: float, seconds: float) -> tuple[float, float]:
        programme = self._programme([True] * len(self.cells))
        programme.set_cost(place, -sign)
        solved = programme.solve(seconds=seconds)
        if solved.outcome == "infeasible":
            raise self._inconsistent(whole=True)
        table = self.learn(solved.point)
        attained = float(table[place]) if table is not None else -sign * np.inf
        if np.isfinite(solved.bound):
            bound = min(bound, _inwards(-sign * solved.bound, 1)) if sign > 0 else max(
                bound, _inwards(-sign * solved.bound, -1))
        return bound, attained

    @contextmanager
    def knowing(self, cell: int, value: float) -> Iterator[None]:
        """The same questions from someone who knows that cell's value."""
        place = self.place[cell]
        kept, lower, upper = self.points, self.lower[place], self.upper[place]
        self.points = [table for table in kept if table[place] == value]
        self.lower[place] = self.upper[place] = value
        self.programme.set_bounds(place, value / self.scale, value / self.scale)
        try:
            yield
        finally:
            self.points, self.lower[place], self.upper[place] = kept, lower, upper
            self.programme.set_bounds(place, lower / self.scale, upper / self.scale)

    def _inconsistent(self, *, whole: bool = False) -> InvalidInput:
        """Which equations can't hold, found by letting each be off at a cost."""
        count = len(self.rows)
        slack = sparse.identity(count, format="csc")
        matrix = sparse.hstack([self.matrix.tocsc(), slack, -slack]).tocsc()
        scaled = self.right / self.scale
        cost = np.concatenate([np.zeros(len(self.cells)), np.ones(2 * count)])
        solved = Programme(sparse.csc_array(matrix), np.concatenate([self.lower / self.scale, np.zeros(2 * count)]),
                           np.concatenate([self.upper / self.scale, np.full(2 * count, np.inf)]), scaled, scaled,
                           cost=cost).solve()
        off: list[int] = []
        if solved.point is not None:
            slacks = solved.point[len(self.cells):]
            off = [int(row) for row in np.flatnonzero(slacks[:count] + slacks[count:] > 1e-6)]
        named = ", ".join(self.system.rows[self.rows[row]] for row in off[:3]) or "the equations together"
        kind = "whole numbers" if whole or self.whole else "numbers"
        return InvalidInput(
            f"No {kind} within the bounds satisfy what is published: {named} can't hold with the rest.",
            rule="published.inconsistent", value=named,
            next_step="Correct the published cells or totals; if values were rounded, say how (\"rounding\").")


def _inwards(bound: float, sign: int) -> float:
    return float(np.floor(bound + SLACK)) + 0.0 if sign > 0 else float(np.ceil(bound - SLACK)) + 0.0


class Reader:
    """A reader with everything published before them. `out_of_time` is asked between programmes."""

    def __init__(self, system: System, *, out_of_time: Callable[[], bool] = never) -> None:
        self.system = _solve_singles(system)
        self.out_of_time = out_of_time
        unknown = self.system.lower < self.system.upper
        self.unknown = np.flatnonzero(unknown)
        local = np.full(system.size, -1)
        local[self.unknown] = np.arange(len(self.unknown))
        matrix = self.system.equations[:, self.unknown].tocsr()
        self._matrix = sparse.csr_array(matrix)
        known = np.where(unknown, 0.0, self.system.lower)
        self._right = -(self.system.equations @ known)
        self._local = local
        self._label, self._rows_of = _components(self._matrix)
        self._parts: dict[int, Part] = {}

    def part(self, cell: int) -> Part:
        """The part that an unknown cell lies in, made on first use. InvalidInput if nothing fits what is published."""
        label = self.label(cell)
        if label not in self._parts:
            columns = np.flatnonzero(self._label == label)
            rows = self._rows_of.get(label, np.array([], dtype=np.int64))
            matrix = sparse.csr_array(self._matrix[rows, :][:, columns])
            self._parts[label] = Part(self.system, self.unknown[columns], rows, matrix, self._right[rows])
        return self._parts[label]

    def label(self, cell: int) -> int:
        """Which part an unknown cell lies in."""
        return int(self._label[self._local[cell]])

    def is_free(self, cell: int) -> bool:
        """Whether an unknown cell is in no equation, so that nothing is said of it but its bounds."""
        return self.label(cell) not in self._rows_of

    def is_known(self, cell: int) -> bool:
        return bool(self._local[cell] < 0)

    def range(self, cell: int) -> Range:
        """The range of one cell; known cells are points."""
        if self.is_known(cell):
            value = float(self.system.lower[cell])
            return Range(value, value, value, value)
        if self.is_free(cell):
            low, high = float(self.system.lower[cell]), float(self.system.upper[cell])
            return Range(low, high, low, high)
        if self.out_of_time():
            low, high = float(self.system.lower[cell]), float(self.system.upper[cell])
            return Range(low, high, np.inf, -np.inf)
        part = self.part(cell)
        place = part.place[cell]
        lower, attained_lower = part.extreme(place, -1)
        upper, attained_upper = part.extreme(place, 1)
        return Range(lower, upper, attained_lower, attained_upper)


def _solve_singles(system: System) -> System:
    """Fixes cells that are alone in an equation, over and over: exact, and most of what subtraction reveals."""
    lower, upper = system.lower.copy(), system.upper.copy()
    matrix = system.equations
    pattern = sparse.csr_array((np.ones_like(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)
    size = abs(matrix)
    checked = np.zeros(matrix.shape[0], dtype=bool)
    while True:
        open_cells = lower < upper
        unknowns = np.round(pattern @ open_cells.astype(float)).astype(int)
        known = np.where(open_cells, 0.0, lower)
        sums = matrix @ known
        scale = RELATIVE * np.maximum(1, size @ np.abs(known))
        closed = (unknowns == 0) & ~checked
        wrong = np.flatnonzero(closed & (np.abs(sums) > scale))
        if wrong.size:
            raise broken(system, int(wrong[0]), known, more=wrong.size - 1)
        checked |= closed
        single = np.flatnonzero(unknowns == 1)
        if not single.size:
            return system.knowing(lower, upper)
        for row in single:
            span = slice(matrix.indptr[row], matrix.indptr[row + 1])
            cells, by = matrix.indices[span], matrix.data[span]
            at = np.flatnonzero(lower[cells] < upper[cells])
            if not at.size:
                continue  # solved a moment ago by another equation, which the next round checks
            cell = int(cells[at[0]])
            value = -sums[row] / by[at[0]]
            value = float(np.round(value)) if system.whole[cell] and abs(value - np.round(value)) < SLACK else value
            if value < lower[cell] - scale[row] or value > upper[cell] + scale[row] or (
                    system.whole[cell] and value != np.round(value)):
                raise InvalidInput(
                    f"{system.rows[row]}: {system.names[cell]} would have to be {value:g}, which it can't be.",
                    rule="published.inconsistent", value=system.rows[row],
                    next_step="Correct the published cells or totals; if values were rounded, say how (\"rounding\").")
            lower[cell] = upper[cell] = min(max(value, lower[cell]), upper[cell])


def _components(matrix: sparse.csr_array) -> tuple[Indices, dict[int, Indices]]:
    """The component of each column, and the rows of each component."""
    rows, columns = matrix.shape
    graph = sparse.block_array([[None, matrix], [matrix.T, None]]) if rows and columns else None
    if graph is None:
        return np.arange(columns), {}
    _, labels = sparse.csgraph.connected_components(graph, directed=False)
    filled = np.diff(matrix.indptr) > 0
    order = np.argsort(labels[:rows], kind="stable")
    order = order[filled[order]]
    found = labels[:rows][order]
    ends = [*np.flatnonzero(np.diff(found, prepend=-1)), len(found)]
    return labels[rows:].astype(np.int64), {
        int(found[start]): np.sort(order[start:stop]).astype(np.int64) for start, stop in pairwise(ends)}
