"""Small deviations found by closing equations one after the other, without a solver.

A cell that moves breaks its equations; the cheapest cell that mends most of them and breaks fewest moves next, until
all hold. In a table of two dimensions this closes a cycle of four cells, in one of n dimensions a cube of 2^n; totals,
hierarchies and links are equations like others. Every cell moves by the same amount, so that sums stay exact. What is
found is a proof, what is not found says nothing.

Source: the hypercube method of Repsilber, in the Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.4
(2024), on any equations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from readingroom.core.disclosure.protect.system import Bools, Floats, System

MOST_CELLS = 48  # of one deviation
MOST_EQUATIONS = 24  # that one cell may be in
TRIES = 3  # with another first cell each


@dataclass(frozen=True, eq=False)
class Shift:
    """A deviation: by how much each of a few cells moves. All equations still hold."""

    moves: Mapping[int, float]

    def touches(self, cell: int) -> bool:
        return cell in self.moves

    def reversed_by(self, share: float) -> Shift:
        return Shift({cell: -by * share for cell, by in self.moves.items()})


class Closing:
    """Deviations within a system's bounds. `price` is what moving a cell costs; infinite: it can't move."""

    def __init__(self, system: System, price: Floats | None = None) -> None:
        self.price = np.zeros(system.size) if price is None else price
        self.up, self.down = system.upper - system.value, system.value - system.lower
        self.whole = system.whole
        self.usable = (system.lower < system.upper) & ~np.isnan(system.value) & np.isfinite(self.price)
        by_row = sparse.csr_array(system.equations)
        can = self.usable[by_row.indices]  # only cells that can move are ever looked at
        row = np.repeat(np.arange(by_row.shape[0]), np.diff(by_row.indptr))[can]
        self.starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=by_row.shape[0]))])
        self.cells, self.by = by_row.indices[can], by_row.data[can]
        by_cell = sparse.csc_array(system.equations)
        counts = np.diff(by_cell.indptr)
        self.possible = int(counts.max(initial=0)) <= MOST_EQUATIONS
        width = int(counts.max(initial=0)) if self.possible else 0
        self.none = by_row.shape[0]  # the number that stands for no equation
        self.rows = np.full((system.size, width), self.none, dtype=np.int64)
        self.signs = np.zeros((system.size, width))
        if width:
            cell = np.repeat(np.arange(system.size), counts)
            place = np.arange(len(cell)) - np.repeat(by_cell.indptr[:-1], counts)
            self.rows[cell, place], self.signs[cell, place] = by_cell.indices, by_cell.data
        self.off = np.zeros(self.none + 1)
        self.taken = np.zeros(system.size, dtype=bool)

    def fits(self, shift: Shift) -> bool:
        """Whether the deviation stays within the bounds, and counts whole."""
        return all(self.usable[cell] and by <= self.up[cell] and -by <= self.down[cell]
                   and not (self.whole[cell] and by != round(by)) for cell, by in shift.moves.items())

    def holds(self, shift: Shift) -> bool:
        """Whether all equations still hold after the deviation, exactly, and it fits."""
        if not self.possible or not self.fits(shift):
            return False
        for cell, by in shift.moves.items():
            self._move(cell, by)
        broken = self._broken(shift.moves).size
        self.off[:] = 0.0
        return not broken

    def close(self, cell: int, by: float, free: Bools, avoid: Collection[int] = (), *,
              only_free: bool = False) -> Shift | None:
        """A deviation in which `cell` moves by `by`; cells in `free` cost nothing, those in `avoid` stay.

        `only_free`: no other cell moves. None where none was found.
        """
        by = float(np.sign(by) * np.ceil(abs(by) - 1e-9)) if self.whole[cell] else by
        if not self.possible or not self.usable[cell] or by > self.up[cell] or -by > self.down[cell]:
            return None
        refused = set(avoid)
        for _ in range(TRIES):
            moves = self._greedy(cell, by, free, refused, only_free)
            self.off[:], self.taken[:] = 0.0, False
            if isinstance(moves, dict):
                return Shift(moves)
            if moves is None:
                return None
            refused.add(moves)
        return None

    def _greedy(self, cell: int, by: float, free: Bools, refused: set[int], only_free: bool) -> dict[int, float] | (
            int | None):
        """The moves; or the first cell that was tried, where they came to no end; or None."""
        moves = {cell: by}
        self._move(cell, by)
        self.taken[[cell, *refused]] = True
        first: int | None = None
        while len(moves) < MOST_CELLS:
            broken = self._broken(moves)
            if not broken.size:
                return moves
            found = self._next(broken, free, only_free)
            if found is None:
                return first
            first = found[0] if first is None else first
            moves[found[0]] = found[1]
            self.taken[found[0]] = True
            self._move(*found)
        return first

    def _move(self, cell: int, by: float) -> None:
        self.off[self.rows[cell]] += self.signs[cell] * by
        self.off[self.none] = 0.0

    def _broken(self, moves: Mapping[int, float]) -> NDArray[np.int64]:
        touched = np.unique(self.rows[list(moves)])
        return np.asarray(touched[self.off[touched] != 0], dtype=np.int64)

    def _next(self, broken: NDArray[np.int64], free: Bools, only_free: bool) -> tuple[int, float] | None:
        """The cell that mends most and breaks fewest equations, the cheapest of these, and its move."""
        lengths = self.starts[broken + 1] - self.starts[broken]
        at = np.concatenate([np.arange(self.starts[row], self.starts[row + 1]) for row in broken])
        cells = self.cells[at]
        moved = -np.repeat(self.off[broken], lengths) / self.by[at]
        possible = self.usable[cells] & ~self.taken[cells] & (moved <= self.up[cells]) & (-moved <= self.down[cells])
        if only_free:
            possible &= free[cells]
        cells, moved = cells[possible], moved[possible]
        if not cells.size:
            return None
        before = self.off[self.rows[cells]]
        after = before + self.signs[cells] * moved[:, None]
        after[self.rows[cells] == self.none] = 0.0
        score = ((before != 0) & (after == 0)).sum(axis=1) - ((before == 0) & (after != 0)).sum(axis=1)
        best = np.flatnonzero(score == score.max())
        price = np.where(free[cells[best]], 0.0, self.price[cells[best]])
        choice = best[np.lexsort((cells[best], price))[0]]
        return int(cells[choice]), float(moved[choice])


def reaching(shifts: Iterable[Shift], cell: int, avoid: int | None = None) -> tuple[float, float]:
    """How far down and up a cell moves in those deviations that leave `avoid` alone."""
    by = [shift.moves.get(cell, 0.0) for shift in shifts if avoid is None or not shift.touches(avoid)]
    return min(by, default=0.0), max(by, default=0.0)
