"""Many cells shown to be safe at once, by consistent tables in which all of them are far from their true values.

Each programme moves every cell that is not yet shown safe, up or down at random, no further than it needs; what its
tables span, some reader must hold possible. For insiders random halves of the single contributors are held at their
values: what is wide enough for all of them together is wide enough for each. Cells left over get programmes of their
own. So a table that is safe costs some dozen programmes, however many cells it hides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from readingroom.core.disclosure.protect.intruder import Part, Range, Reader, never
from readingroom.core.disclosure.protect.protection import Exposure, Protection, before_insiders, judge
from readingroom.core.disclosure.protect.system import Bools, Floats

ROUNDS = 6  # pairs of programmes for outsiders, and twice as many for insiders
FAR = 1e3  # how many times the largest value cells may move that need no protection


class Spread:
    """`safe` cells with a range that is attained; `before` the pairs (single, cell) that are safe from that insider."""

    def __init__(self, reader: Reader, protected: Mapping[int, Protection], singles: Sequence[int],
                 out_of_time: Callable[[], bool] = never) -> None:
        self.safe: dict[int, Range] = {}
        self.before: set[tuple[int, int]] = set()
        self.reader, self.out_of_time = reader, out_of_time
        self.random = np.random.default_rng(0)
        groups: dict[int, list[int]] = {}
        for cell in protected:
            if not (reader.is_known(cell) or reader.is_free(cell) or np.isnan(reader.system.value[cell])):
                groups.setdefault(reader.label(cell), []).append(cell)
        for cells in groups.values():
            part = reader.part(cells[0])
            true = reader.system.value[part.cells]
            if np.isnan(true).any() or part.learn(true / part.scale) is None:
                continue
            inside = [single for single in singles if single in part.place]
            self._outsiders(part, true, {cell: protected[cell] for cell in cells})
            self._insiders(part, true, {cell: before_insiders(protected[cell]) for cell in cells}, inside,
                           {cell: protected[cell] for cell in cells})

    def _outsiders(self, part: Part, true: Floats, needed: Mapping[int, Protection]) -> None:
        pending, lows, highs = list(needed), true.copy(), true.copy()
        lower, upper = _boxes(part, true, needed)
        for _ in range(ROUNDS):
            if not pending or self.out_of_time():
                return
            for table in self._tables(part, pending, lower, upper):
                np.minimum(lows, table, out=lows)
                np.maximum(highs, table, out=highs)
            left = []
            for cell in pending:
                at = part.place[cell]
                if found := _safe(lows[at], highs[at], needed[cell], true[at]):
                    self.safe[cell] = found
                else:
                    left.append(cell)
            if len(left) == len(pending):
                return
            pending = left

    def _insiders(self, part: Part, true: Floats, wanted: Mapping[int, Protection], singles: list[int],
                  needed: Mapping[int, Protection]) -> None:
        lower, upper = _boxes(part, true, needed)
        places = np.array([part.place[single] for single in singles], dtype=np.int64)
        pending = {(single, cell) for single in singles for cell in wanted if single != cell}
        for number in range(2 * ROUNDS):
            if not pending or self.out_of_time():
                return
            held: Bools = np.ones(len(singles), dtype=bool) if not number else self.random.random(len(singles)) < 0.5
            low, high = lower.copy(), upper.copy()
            low[places[held]] = high[places[held]] = true[places[held]]
            inside = {single for single, is_held in zip(singles, held, strict=True) if is_held}
            asked = sorted({cell for single, cell in pending if single in inside and cell not in inside})
            tables = [true, *self._tables(part, asked, low, high)]
            lows, highs = np.min(tables, axis=0), np.max(tables, axis=0)
            safe = {cell for cell in asked if _safe(lows[part.place[cell]], highs[part.place[cell]], wanted[cell],
                                                    true[part.place[cell]])}
            shown = {(single, cell) for single, cell in pending if single in inside and cell in safe}
            self.before |= shown
            pending -= shown

    def _tables(self, part: Part, cells: Sequence[int], lower: Floats, upper: Floats) -> list[Floats]:
        """A consistent table in which `cells` are moved at random, and one in which they are moved the other way."""
        if not cells:
            return []
        places = [part.place[cell] for cell in cells]
        cost = np.zeros(len(part.cells))
        cost[places] = self.random.choice([-1.0, 1.0], len(places)) * self.random.uniform(0.5, 1.5, len(places))
        programme = part.programme
        programme.set_all_bounds(lower / part.scale, upper / part.scale)
        found = []
        for sign in (1, -1):
            programme.set_costs(sign * cost)
            solved = programme.solve()
            table = part.learn(solved.point) if solved.outcome == "optimal" else None
            found += [] if table is None else [table]
        programme.set_costs(np.zeros(len(part.cells)))
        programme.set_all_bounds(part.lower / part.scale, part.upper / part.scale)
        return found


def _safe(low: float, high: float, needed: Protection, true: float) -> Range | None:
    found = Range(float(low), float(high), float(low), float(high))
    return found if judge(found, needed, float(true))[0] is Exposure.PROTECTED else None


def _boxes(part: Part, true: Floats, needed: Mapping[int, Protection]) -> tuple[Floats, Floats]:
    """How far each cell is let move: protected ones as far as they need, so that many can; others a long way."""
    far = FAR * max(1.0, float(np.abs(true).max()))
    lower, upper = np.maximum(part.lower, true - far), np.minimum(part.upper, true + far)
    for cell, levels in needed.items():
        at = part.place[cell]
        least = 1.0 if part.whole else max(1e-3 * abs(true[at]), 1e-6 * part.scale)
        up = max(least, levels.upper, levels.sliding, *((levels.unsafe[1] + 1 - true[at],) if levels.unsafe else ()))
        lower[at] = max(lower[at], true[at] - max(least, levels.lower))
        upper[at] = min(upper[at], true[at] + up)
    return lower, upper
