"""Patterns by repair: for each need that a pattern doesn't meet, the cheapest further cells that make it meet it.

One programme per need moves the sensitive cell by its level at the least total of cost times movement, hidden cells
being free; the cells that move are hidden. Then cells that no need misses are shown again, dearest first.

Source: the idea of Kelly, Golden and Assad, Cell suppression: disclosure protection for sensitive tabular data,
Networks 22 (1992), as a linear programme so that it holds for any equations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import sparse

from readingroom.core.disclosure.protect.attack import Attack, Move, Need
from readingroom.core.disclosure.protect.solver import Programme
from readingroom.core.disclosure.protect.system import Bools, Floats, System

WIDE = 3000  # cells up to which a programme takes all of them


class Repair:
    """Extends patterns. `cost` per cell; cells with infinite cost can't be hidden."""

    def __init__(self, system: System, cost: Floats) -> None:
        self.system, self.cost = system, cost
        self.usable = (system.lower < system.upper) & np.isfinite(cost)
        self.by_row = system.equations
        self.by_cell = sparse.csc_array(system.equations)

    def extend(self, need: Need, hidden: Bools) -> Bools | None:
        """`hidden` and what else must go for this need; None if hiding everything that may go is not enough."""
        signs = (need.sign,) if need.sign else (1, -1)
        for among in self._widening(need, hidden):
            options = [found for sign in signs if (found := self._cheapest(need, sign, hidden, among)) is not None]
            if options:
                return hidden | min(options, key=lambda cells: float(self.cost[cells & ~hidden].sum()))
        return None

    def _widening(self, need: Need, hidden: Bools) -> list[Bools]:
        """Ever larger sets of cells to choose from: near ones first where there are many."""
        if self.usable.sum() <= WIDE:
            return [self.usable]
        return [*(self._near(need.cell, hidden, most) for most in (12, 60)), self.usable]

    def _near(self, cell: int, hidden: Bools, most: int) -> Bools:
        """Cells all of whose equations are met by hidden cells or by the cheapest cells in line with `cell`."""
        touched = np.zeros(self.by_row.shape[0], dtype=bool)
        starts = [cell, *np.flatnonzero(hidden)]
        for row in self.rows_of(cell):
            line = self.by_row.indices[self.by_row.indptr[row]:self.by_row.indptr[row + 1]]
            line = line[self.usable[line]]
            starts += list(line[np.argsort(self.cost[line], kind="stable")[:most]])
        for start in starts:
            touched[self.rows_of(start)] = True
        inside = abs(self.by_cell).T @ (~touched).astype(float) == 0
        return np.asarray(inside & self.usable, dtype=bool) | (hidden & self.usable)

    def rows_of(self, cell: int) -> Sequence[int]:
        return list(self.by_cell.indices[self.by_cell.indptr[cell]:self.by_cell.indptr[cell + 1]])

    def _cheapest(self, need: Need, sign: int, hidden: Bools, among: Bools) -> Bools | None:
        cells = np.flatnonzero(among | (np.arange(self.system.size) == need.cell))
        at = int(np.searchsorted(cells, need.cell))
        up = (self.system.upper - self.system.value)[cells] / need.level
        down = (self.system.value - self.system.lower)[cells] / need.level
        if need.insider is not None:
            blocked = cells == need.insider
            up, down = np.where(blocked, 0.0, up), np.where(blocked, 0.0, down)
        if (up if sign > 0 else down)[at] < 1 - 1e-9:
            return None
        price = np.where(hidden[cells], 1e-6, 1e-6 + self.cost[cells])
        price[at] = 0.0
        matrix = sparse.csc_array(self.by_cell[:, cells])
        rows = np.unique(matrix.indices)
        matrix = sparse.csc_array(matrix.tocsr()[rows, :])
        both = sparse.csc_array(sparse.hstack([matrix, -matrix]))
        lower, upper = np.zeros(2 * len(cells)), np.concatenate([up, down])
        lower[at], upper[at] = (1.0, 1.0) if sign > 0 else (0.0, 0.0)
        lower[len(cells) + at], upper[len(cells) + at] = (0.0, 0.0) if sign > 0 else (1.0, 1.0)
        solved = Programme(both, lower, upper, np.zeros(len(rows)), np.zeros(len(rows)),
                           cost=np.concatenate([price, price]), presolve=True).solve()
        if solved.outcome != "optimal" or solved.point is None:
            return None
        moved = solved.point[:len(cells)] + solved.point[len(cells):] > 1e-7
        found = np.zeros(self.system.size, dtype=bool)
        found[cells[moved]] = True
        return found


def repair(
    work: Repair, needs: Sequence[Need], hidden: Bools, insiders: Callable[[Bools], Sequence[Need]],
) -> Bools | Need:
    """A pattern that contains `hidden` and meets all needs, or the need that can't be met.

    `insiders` gives the further needs that a pattern brings about: contributors of hidden single cells.
    """
    level = max((need.level for need in needs), default=1.0)
    done = False
    while not done:
        done = True
        for need in [*sorted(needs, key=lambda one: (-one.level, one.cell, one.sign)), *insiders(hidden)]:
            attack = Attack(work.system, level, among=hidden)
            if attack.shortfall(need, hidden.astype(float)) is None:
                continue
            extended = work.extend(need, hidden)
            if extended is None or not (extended & ~hidden).any():
                return need
            hidden, done = extended, False
    return hidden


def thin(
    work: Repair, needs: Sequence[Need], hidden: Bools, primary: Bools,
    insiders: Callable[[Bools], Sequence[Need]],
) -> Bools:
    """Shows hidden cells again, dearest first, as long as every need is still met."""
    everything = [*needs, *insiders(hidden)]
    level = max((need.level for need in everything), default=1.0)
    attack = Attack(work.system, level, among=hidden)
    pattern = hidden.astype(float)
    witnesses = [_moves(attack, need, pattern) for need in everything]
    secondary = np.flatnonzero(hidden & ~primary)
    for cell in sorted(secondary, key=lambda one: (-work.cost[one], one)):
        pattern[cell] = 0.0
        renewed = {}
        for number, need in enumerate(everything):
            if any(abs(move.deviation[cell]) > 1e-9 for move in witnesses[number]):
                moves = _moves(attack, need, pattern)
                if sum(move.reach for move in moves) < need.level * (1 - 1e-6):
                    break
                renewed[number] = moves
        else:
            for number, moves in renewed.items():
                witnesses[number] = moves
            continue
        pattern[cell] = 1.0
    return pattern > 0.5


def _moves(attack: Attack, need: Need, pattern: Floats) -> list[Move]:
    return [attack.move(need, sign, pattern) for sign in ((need.sign,) if need.sign else (1, -1))]
