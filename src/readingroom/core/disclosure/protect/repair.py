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

from readingroom.core.disclosure.protect.attack import FARTHEST, Attack, Move, Need, enough
from readingroom.core.disclosure.protect.intruder import never
from readingroom.core.disclosure.protect.solver import Programme
from readingroom.core.disclosure.protect.system import Bools, Floats, System

STILL = 1e-9  # a move by less than this leaves a cell alone
WIDE = 3000  # cells up to which a programme takes all of them


class Repair:
    """Extends patterns. `cost` per cell; cells with infinite cost can't be hidden."""

    def __init__(self, system: System, cost: Floats, out_of_time: Callable[[], bool] = never) -> None:
        self.system, self.cost, self.out_of_time = system, cost, out_of_time
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
                           cost=np.concatenate([price, price]), presolve=True,
                           stop=self.out_of_time).solve()
        if solved.outcome != "optimal" or solved.point is None:
            return None
        moved = solved.point[:len(cells)] + solved.point[len(cells):] > 1e-7
        found = np.zeros(self.system.size, dtype=bool)
        found[cells[moved]] = True
        return found


class Shortest:
    """Moves by exactly the level that disturb the other cells least, over the cells of an attack.

    Such a move is usually one closed path. A farthest move may shift cells that have nothing to do with it, and would
    have to be made anew whenever one of these is shown.
    """

    def __init__(self, attack: Attack) -> None:
        self.attack = attack
        self.count = len(attack.cells)
        both = sparse.csc_array(sparse.hstack([attack.matrix, -attack.matrix]))
        nothing = np.zeros(attack.matrix.shape[0])
        self.programme = Programme(both, np.zeros(2 * self.count), np.zeros(2 * self.count), nothing, nothing,
                                   cost=np.ones(2 * self.count))

    def moves(self, need: Need, pattern: Floats) -> list[Move]:
        """One move that meets the need, or none if no single move does."""
        for sign in (need.sign,) if need.sign else (1, -1):
            at, share, most = self.attack.place[need.cell], pattern[self.attack.cells], FARTHEST
            up = np.minimum(self.attack.up / need.level, most) * share
            down = np.minimum(self.attack.down / need.level, most) * share
            if (up if sign > 0 else down)[at] < 1:
                continue
            blocked = self.attack.place.get(need.insider) if need.insider is not None else None
            if blocked is not None:
                up[blocked] = down[blocked] = 0.0
            up[at], down[at] = (1.0, 0.0) if sign > 0 else (0.0, 1.0)
            lower = np.zeros(2 * self.count)
            lower[at if sign > 0 else self.count + at] = 1.0
            self.programme.set_all_bounds(lower, np.concatenate([up, down]))
            solved = self.programme.solve()
            if solved.outcome == "optimal" and solved.point is not None:
                return [Move(need.level, (solved.point[:self.count] - solved.point[self.count:]) * need.level,
                             np.zeros(0))]
        return []


class Witnesses:
    """Moves that show needs to be met, kept while the cells that they move stay hidden.

    A move made for outsiders that leaves an insider's cell alone serves before that insider too.
    """

    def __init__(self, attack: Attack, shortest: Shortest | None = None) -> None:
        self.attack = attack
        self.shortest = shortest or Shortest(attack)
        self.moves: dict[Need, list[Move]] = {}
        self.outside: dict[int, list[Move]] = {}

    def show(self, need: Need, pattern: Floats) -> bool:
        """Whether the need is met under `pattern`; the moves that show it are kept."""
        found = self._borrowed(need) or self.shortest.moves(need, pattern) or self.attack.moves(need, pattern)
        if not enough(need, found):
            return False
        self.keep(need, found)
        return True

    def keep(self, need: Need, moves: list[Move]) -> None:
        self.moves[need] = moves
        if need.insider is None:
            kept = self.outside.setdefault(need.cell, [])
            kept[:] = [move for other, shown in self.moves.items() if other.cell == need.cell and other.insider is None
                       for move in shown]

    def _borrowed(self, need: Need) -> list[Move]:
        at = self.attack.place.get(need.insider) if need.insider is not None else None
        if at is None:
            return []
        found = [move for move in self.outside.get(need.cell, ()) if abs(move.deviation[at]) <= STILL]
        best = max(found, key=lambda move: move.reach, default=None)
        return [best] if best is not None and enough(need, [best]) else []

    def using(self, at: int) -> list[Need]:
        """The needs whose moves touch that place of the attack's cells."""
        return [need for need, moves in self.moves.items() if any(abs(move.deviation[at]) > STILL for move in moves)]


def repair(
    work: Repair, needs: Sequence[Need], hidden: Bools, insiders: Callable[[Bools], Sequence[Need]],
) -> Bools | Need:
    """A pattern that contains `hidden` and meets all needs, or the need that can't be met.

    When time runs out, what was found so far: it may be too little, which the audit then leaves unproved.

    `insiders` gives the further needs that a pattern brings about: contributors of hidden single cells. Hiding more
    cells never breaks a need that is met, so each is looked at once.
    """
    level = max((need.level for need in needs), default=1.0)
    witnesses = Witnesses(Attack(work.system, level, among=hidden))
    met: set[Need] = set()
    waiting = sorted(needs, key=lambda one: (-one.level, one.cell, one.sign))
    while waiting:
        for need in waiting:
            if work.out_of_time():
                return hidden
            met.add(need)
            if witnesses.show(need, hidden.astype(float)):
                continue
            extended = work.extend(need, hidden)
            if extended is None or not (extended & ~hidden).any():
                return hidden if work.out_of_time() else need
            hidden = extended
            witnesses = Witnesses(Attack(work.system, level, among=hidden))
        waiting = [need for need in insiders(hidden) if need not in met]
    return hidden


def thin(
    work: Repair, needs: Sequence[Need], hidden: Bools, primary: Bools,
    insiders: Callable[[Bools], Sequence[Need]], out_of_time: Callable[[], bool] = never,
) -> Bools:
    """Shows hidden cells again, dearest first, as long as every need is still met (and there is time)."""
    everything = [*needs, *insiders(hidden)]
    attack = Attack(work.system, max((need.level for need in everything), default=1.0), among=hidden)
    pattern = hidden.astype(float)
    witnesses = Witnesses(attack)
    for need in everything:
        if out_of_time() or not witnesses.show(need, pattern):
            return hidden  # no time, or a solver's tolerance: leave it to the audit
    for cell in sorted(np.flatnonzero(hidden & ~primary), key=lambda one: (-work.cost[one], one)):
        if out_of_time():
            break
        pattern[cell] = 0.0
        touched = witnesses.using(attack.place[int(cell)])
        renewed = Witnesses(attack, witnesses.shortest)
        renewed.outside = {need.cell: [] for need in touched}
        if all(renewed.show(need, pattern) for need in sorted(touched, key=lambda one: one.insider is not None)):
            for need, moves in renewed.moves.items():
                witnesses.keep(need, moves)
        else:
            pattern[cell] = 1.0
    return pattern > 0.5
