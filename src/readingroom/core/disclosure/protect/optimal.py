"""The cheapest pattern, proved: a 0-1 programme that learns from the attacks that its answers fail.

Minimise cost @ y over 0-1 patterns y, with the inequalities that failed attacks give (`attack.py`) and, for each cell
and equation, y_j <= sum of the other y in the equation (a cell hidden alone in an equation protects nothing). First the
linear relaxation is tightened; then cells whose reduced cost exceeds the gap to the best pattern known are ruled out;
then 0-1 programmes over what is left alternate with attacks until one answer withstands all of them.

Source: Fischetti and Salazar, Management Science 47 (2001), sections 3 to 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from readingroom.core.disclosure.protect.attack import Attack, Need
from readingroom.core.disclosure.protect.intruder import never
from readingroom.core.disclosure.protect.repair import Repair, Witnesses, repair, thin
from readingroom.core.disclosure.protect.solver import Programme
from readingroom.core.disclosure.protect.system import Bools, Floats, System

ROOT_ROUNDS = 60
PROMISING = 250  # cells of the first 0-1 programmes
EXPLORING_ROUNDS = 6
CLOSE = 1e-6  # costs closer than this, relative to the cost, count as equal


@dataclass(frozen=True, eq=False)
class Best:
    """A pattern that meets every need, its secondary cost, and a proved lower bound on any pattern's."""

    hidden: Bools
    cost: float
    bound: float


class Search:
    """One search; `start` is a pattern that meets every need."""

    def __init__(
        self, system: System, cost: Floats, primary: Bools, needs: Sequence[Need],
        insiders: Callable[[Bools], Sequence[Need]], start: Bools, *, out_of_time: Callable[[], bool] = never,
    ) -> None:
        self.system, self.cost, self.primary, self.needs, self.insiders = system, cost, primary, needs, insiders
        self.out_of_time = out_of_time
        self.work = Repair(system, cost)
        self.attack = Attack(system, max((need.level for need in needs), default=1.0))
        self.free = self.work.usable & ~primary
        self.inequalities: list[tuple[Floats, float]] = []
        self.best, self.best_cost = start, self.price(start)
        self.bound = 0.0
        self.known_insiders: dict[Need, None] = {}

    def price(self, hidden: Bools) -> float:
        return float(self.cost[hidden & ~self.primary].sum())

    def run(self) -> Best:
        columns = np.flatnonzero(self.free)
        if not columns.size or self.best_cost <= 0:
            return Best(self.best, self.best_cost, self.best_cost)
        master = self._master(columns, integral=False)
        fraction, reduced = self._tighten(master, columns)
        self._improve(fraction)
        self._explore(columns[np.argsort(reduced, kind="stable")[:PROMISING]])
        self._settle(columns, self.bound + reduced)
        return Best(self.best, self.best_cost, min(self.bound, self.best_cost))

    def _master(self, columns: np.ndarray, *, integral: bool) -> Programme:
        made = (self._row(columns, coefficients, level) for coefficients, level in self.inequalities)
        rows = [row for row in made if row is not None]
        matrix = sparse.csc_array(sparse.vstack([row for row, _ in rows])) if rows else sparse.csc_array(
            (0, len(columns)))
        least = np.array([level for _, level in rows], dtype=float)
        return Programme(matrix, np.zeros(len(columns)), np.ones(len(columns)), least, np.full(len(rows), np.inf),
                         cost=self.cost[columns], integral=[True] * len(columns) if integral else None,
                         presolve=integral, stop=self.out_of_time)

    def _row(self, columns: np.ndarray, coefficients: Floats, level: float) -> tuple[sparse.csr_array, float] | None:
        """An inequality over the free cells, primary ones being hidden for certain; None if it asks nothing more."""
        left = level - float(coefficients[self.primary].sum())
        if left < 0 or (left == 0 and level > 0):
            return None
        mine = np.minimum(coefficients[columns], left) / left if left > 0 else coefficients[columns]
        return sparse.csr_array(mine.reshape(1, -1)), 1.0 if left > 0 else 0.0

    def _tighten(self, master: Programme, columns: np.ndarray) -> tuple[Floats, Floats]:
        """Adds inequalities that the relaxation breaks until it breaks none; its point and reduced costs."""
        fraction, reduced, seen = np.zeros(self.system.size), np.zeros(len(columns)), 0
        for _ in range(ROOT_ROUNDS):
            solved = master.solve()
            if solved.point is None or self.out_of_time():
                break
            if solved.bound > self.bound:
                self.bound, reduced = solved.bound, np.maximum(master.reduced_costs(), 0.0)
            fraction = self.primary.astype(float)
            fraction[columns] = np.clip(solved.point, 0.0, 1.0)
            found = self._alone(fraction, columns) + self._failed(fraction, capped=True)
            if not found or self.bound >= self.best_cost * (1 - CLOSE):
                break
            self.inequalities += found
            for coefficients, level in self.inequalities[seen:]:
                self._add(master, columns, coefficients, level)
            seen = len(self.inequalities)
        return fraction, reduced

    def _add(self, master: Programme, columns: np.ndarray, coefficients: Floats, level: float) -> None:
        made = self._row(columns, coefficients, level)
        if made is not None:
            master.add_row(made[0].indices, made[0].data, made[1])

    def _failed(self, pattern: Floats, *, capped: bool) -> list[tuple[Floats, float]]:
        """Inequalities that this pattern breaks, one for each need it doesn't meet."""
        found = []
        met = None if capped else Witnesses(Attack(self.system, self.attack.scale, among=pattern > 0.5))
        for need in (*self.needs, *self.known_insiders):
            if self.out_of_time():
                break
            if met is not None and met.show(need, pattern):
                continue
            short = self.attack.shortfall(need, pattern, capped=capped)
            if short is not None and float(short[0] @ pattern) < short[1] * (1 - 1e-4):
                found.append(short)
        return found

    def _alone(self, fraction: Floats, columns: np.ndarray) -> list[tuple[Floats, float]]:
        """y_j <= sum of the others in an equation, where broken."""
        found = []
        sums = abs(self.work.by_row).astype(bool).astype(float) @ fraction
        for cell in columns[fraction[columns] > 0.05]:
            for row in self.work.rows_of(int(cell)):
                if 2 * fraction[cell] > sums[row] + 0.02:
                    coefficients = np.zeros(self.system.size)
                    line = self.work.by_row.indices[self.work.by_row.indptr[row]:self.work.by_row.indptr[row + 1]]
                    coefficients[line] = 1.0
                    coefficients[cell] = -1.0
                    found.append((coefficients, 0.0))
        return found

    def _improve(self, fraction: Floats) -> None:
        """Patterns repaired with cells that the relaxation likes made cheap."""
        for strength in (0.9, 0.5):
            liked = Repair(self.system, np.where(np.isfinite(self.cost), self.cost * (1 - strength * fraction), np.inf))
            self._try(self.primary, liked)
        self._try(self.primary | (fraction > 0.5), self.work)

    def _try(self, hidden: Bools, work: Repair) -> None:
        """Takes over a repaired and thinned pattern if it is cheaper."""
        full = repair(work, self.needs, hidden & (self.work.usable | self.primary), self.insiders)
        if isinstance(full, Need):
            return
        thinned = thin(self.work, self.needs, full, self.primary, self.insiders, self.out_of_time)
        self.known_insiders.update(dict.fromkeys(self.insiders(thinned)))
        if self.price(thinned) < self.best_cost * (1 - CLOSE):
            self.best, self.best_cost = thinned, self.price(thinned)

    def _explore(self, columns: np.ndarray) -> None:
        """Better patterns from 0-1 programmes over a few promising cells; they prove nothing of the others."""
        for _ in range(EXPLORING_ROUNDS):
            if self.out_of_time() or self.bound >= self.best_cost * (1 - CLOSE):
                return
            solved = self._master(columns, integral=True).solve()
            if solved.point is None or self._withstands(columns, solved.point):
                return

    def _settle(self, columns: np.ndarray, least_with: Floats) -> None:
        """0-1 programmes until an answer withstands every attack, or costs as much as the best pattern.

        `least_with`: what any pattern with that cell costs at least; cells beyond the best pattern are ruled out.
        """
        while self.bound < self.best_cost * (1 - CLOSE) and not self.out_of_time():
            columns, least_with = (one[least_with <= self.best_cost * (1 + CLOSE)] for one in (columns, least_with))
            solved = self._master(columns, integral=True).solve()
            if solved.outcome == "infeasible":  # nothing is cheaper than the best among cells not ruled out
                self.bound = self.best_cost
                return
            if solved.point is None:
                return
            self.bound = max(self.bound, min(solved.bound, self.best_cost))
            if self.bound < self.best_cost * (1 - CLOSE) and self._withstands(columns, solved.point):
                return

    def _withstands(self, columns: np.ndarray, point: Floats) -> bool:
        """Whether a programme's answer meets every need; if so it is taken over, if not it is learned from."""
        pattern = self.primary.astype(float)
        pattern[columns] = np.round(point)
        self.known_insiders.update(dict.fromkeys(self.insiders(pattern > 0.5)))
        failed = self._failed(pattern, capped=False)
        if self.out_of_time():
            return False
        if not failed:
            if self.price(pattern > 0.5) < self.best_cost:
                self.best, self.best_cost = pattern > 0.5, self.price(pattern > 0.5)
            return True
        self.inequalities += failed
        self._try(pattern > 0.5, self.work)
        return False
