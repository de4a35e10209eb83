"""How far a sensitive cell can move when a pattern of cells is hidden, and what any pattern must satisfy if not enough.

In deviations d = x - a from the true table a: maximise d_i (or -d_i) subject to `equations @ d = 0` and
-(a_j - lower_j) y_j <= d_j <= (upper_j - a_j) y_j, where y_j is 1 for a hidden cell. By duality, reduced costs r_j give

    sum_j (r_j+ (upper_j - a_j) + r_j- (a_j - lower_j)) y_j >= level

for every pattern y that lets cell i move by `level`. For 0-1 patterns each coefficient may be cut down to `level`.

Source: Fischetti and Salazar, Management Science 47 (2001), sections 3 and 4 (capacity constraints).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from readingroom.core.disclosure.protect.protection import Protection
from readingroom.core.disclosure.protect.solver import Programme
from readingroom.core.disclosure.protect.system import Bools, Floats, System

TOLERANCE = 1e-6
FARTHEST = 1e5  # deviations are bounded by this many times the largest level: nearer is only more careful


@dataclass(frozen=True)
class Need:
    """Cell `cell` must be able to move by `level`, `sign` 1 up or -1 down; `sign` 0: by `level` in all.

    `insider`: even for someone who knows that cell.
    """

    cell: int
    sign: int
    level: float
    insider: int | None = None


@dataclass(frozen=True, eq=False)
class Move:
    """How far it goes (at most the level), the deviation that does it, and the dual's coefficients.

    Both have one number for each of the attack's `cells`.
    """

    reach: float
    deviation: Floats
    coefficients: Floats


def needs_of(system: System, protected: Mapping[int, Protection]) -> tuple[Need, ...]:
    """The levels to reach, per cell and direction. A cell without levels must still not follow exactly."""
    found: list[Need] = []
    largest = float(np.abs(system.value).max(initial=0.0))
    for cell, needed in protected.items():
        value = float(system.value[cell])
        up, down, width = needed.upper, needed.lower, needed.sliding
        if needed.unsafe is not None and needed.unsafe[0] <= value <= needed.unsafe[1]:
            up = max(up, needed.unsafe[1] + 1 - value)
        least = 1.0 if system.whole[cell] else 1e-4 * abs(value) or 1e-6 * largest
        width = max(width, least) if up + down < max(width, least) else 0.0
        found += [Need(cell, sign, level) for sign, level in ((1, up), (-1, down), (0, width)) if level > 0]
    return tuple(found)


def insiders_of(needs: Iterable[Need], singles: Iterable[int]) -> tuple[Need, ...]:
    """What each insider must be left with on every cell but their own: a range as wide as the upper level.

    Where the range lies is not asked: an insider knows that a total is at least what they gave.
    """
    widths: dict[int, float] = {}
    for need in needs:
        if need.sign >= 0 or need.cell not in widths:
            widths[need.cell] = need.level
    pairs = tuple(singles)
    return tuple(Need(cell, 0, width, single) for cell, width in widths.items() for single in pairs if single != cell)


class Attack:
    """One programme over all cells that can be hidden; patterns and cells change between questions."""

    def __init__(self, system: System, largest_level: float, *, among: Bools | None = None) -> None:
        usable = system.lower < system.upper
        self.cells = np.flatnonzero(usable if among is None else usable & among)
        self.place = {int(cell): at for at, cell in enumerate(self.cells)}
        self.size, self.whole = system.size, bool(system.whole.all())
        self.down = system.value[self.cells] - system.lower[self.cells]
        self.up = system.upper[self.cells] - system.value[self.cells]
        self.scale = max(largest_level, 1e-12)
        matrix = sparse.csc_array(system.equations[:, self.cells])
        rows = np.unique(matrix.indices)
        self.matrix = sparse.csc_array(matrix.tocsr()[rows, :])
        self.programme = Programme(self.matrix, np.zeros(len(self.cells)), np.zeros(len(self.cells)),
                                   np.zeros(len(rows)), np.zeros(len(rows)))

    def move(self, need: Need, sign: int, pattern: Floats, *, capped: bool = False) -> Move:
        """The farthest move under `pattern` (one number from 0 to 1 for each cell of the system).

        `capped` lets no other cell move farther than the level, which finds stronger inequalities for fractions.
        """
        at = self.place[need.cell]
        most = need.level if capped else FARTHEST * self.scale
        share = pattern[self.cells]
        lower = -np.minimum(self.down, most) * share / self.scale
        upper = np.minimum(self.up, most) * share / self.scale
        lower[at] = max(lower[at], -need.level / self.scale)
        upper[at] = min(upper[at], need.level / self.scale)
        blocked = self.place.get(need.insider) if need.insider is not None else None
        if blocked is not None:
            lower[blocked] = upper[blocked] = 0.0
        self.programme.set_all_bounds(lower, upper)
        self.programme.set_cost(at, -float(sign))
        solved = self.programme.solve()
        self.programme.set_cost(at, 0.0)
        if solved.outcome != "optimal" or solved.point is None:
            return Move(0.0, np.zeros(len(self.cells)), np.zeros(len(self.cells)))
        deviation = solved.point * self.scale
        reduced = -self.programme.reduced_costs()
        with np.errstate(invalid="ignore"):
            coefficients = np.where(reduced > TOLERANCE, reduced * self.up, 0.0) + np.where(
                reduced < -TOLERANCE, -reduced * self.down, 0.0)
        if blocked is not None:
            coefficients[blocked] = 0.0
        return Move(max(0.0, sign * float(deviation[at])), deviation, coefficients)

    def moves(self, need: Need, pattern: Floats, *, capped: bool = False) -> list[Move]:
        """The farthest moves that a need asks about: one way, or both."""
        return [self.move(need, sign, pattern, capped=capped) for sign in ((need.sign,) if need.sign else (1, -1))]

    def shortfall(self, need: Need, pattern: Floats, *, capped: bool = False) -> tuple[Floats, float] | None:
        """None if the pattern meets the need; else coefficients c such that every pattern has c @ y >= level."""
        moves = self.moves(need, pattern, capped=capped)
        if enough(need, moves):
            return None
        coefficients = np.zeros(self.size)
        coefficients[self.cells] = np.minimum(sum(move.coefficients for move in moves), need.level)
        return coefficients, need.level


def enough(need: Need, moves: Iterable[Move]) -> bool:
    """Whether these moves together go as far as the need asks."""
    return sum(move.reach for move in moves) >= need.level * (1 - TOLERANCE)
