"""A safe pattern for large tables without solvers: a small deviation for each need, and the cells that they move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from readingroom.core.disclosure.protect.attack import Attack, Need
from readingroom.core.disclosure.protect.closing import Closing, Shift, reaching
from readingroom.core.disclosure.protect.intruder import never
from readingroom.core.disclosure.protect.repair import Shortest
from readingroom.core.disclosure.protect.system import Bools, Floats, System


@dataclass
class Construction:
    """`hidden` cells, the deviations that show each sensitive cell to be protected, and needs for which none was found.

    A need of an insider is met by deviations that leave their cell alone.
    """

    hidden: Bools
    shifts: dict[int, list[Shift]] = field(default_factory=lambda: defaultdict(list))
    unmet: list[Need] = field(default_factory=list)


class Builder:
    """Builds a pattern need by need; cells that are hidden already cost nothing more."""

    def __init__(self, system: System, price: Floats, primary: Bools, singles: Iterable[int]) -> None:
        self.system, self.closing = system, Closing(system, price)
        self.price, self.primary, self.lone = price, primary, frozenset(singles)
        self.made = Construction(primary.copy())
        self.solver: _Solver | None = None

    def run(self, needs: Sequence[Need], out_of_time: Callable[[], bool] = never,
            give_up: Callable[[], bool] = never) -> Construction:
        """The pattern; once `out_of_time` it is made no cheaper, once `give_up` what is left stays unmet."""
        waiting = sorted(needs, key=lambda one: (-one.level, one.cell, one.sign))
        widths: dict[int, float] = {}
        for need in waiting:
            if need.sign >= 0 or need.cell not in widths:
                widths[need.cell] = need.level
        for need in waiting:
            if give_up() or not self._meet(need, self.made.shifts[need.cell], self.made.hidden):
                self.made.unmet.append(need)
        for cell, width in widths.items():
            for need in self._before_insiders(cell, width):
                if give_up() or not self._meet(need, self.made.shifts[cell], self.made.hidden):
                    self.made.unmet.append(need)
        if not self.made.unmet:
            among = np.where(self.made.hidden, self.price, np.inf)
            self.closing = Closing(self.system, among)  # from here on only hidden cells move
            self._thin(waiting, widths, out_of_time)
            self.solver = _Solver(self.system, max(widths.values(), default=1.0), self.made.hidden)
            self._thin(waiting, widths, out_of_time)
        return self.made

    def _before_insiders(self, cell: int, width: float) -> list[Need]:
        """Only contributors of cells that the cell's own deviations move can see through them."""
        touched = {other for shift in self.made.shifts[cell] for other in shift.moves} & self.lone - {cell}
        return [Need(cell, 0, width, single) for single in sorted(touched)]

    def _meet(self, need: Need, shifts: list[Shift], hidden: Bools, *, only_hidden: bool = False) -> bool:
        """Whether deviations meet the need; one more is added to `shifts`, and its cells to `hidden`, if it must be."""
        down, up = reaching(shifts, need.cell, need.insider)
        if (up if need.sign > 0 else -down if need.sign < 0 else up - down) >= need.level:
            return True
        avoid = () if need.insider is None else (need.insider,)
        for sign in (need.sign,) if need.sign else (1, -1):
            for shift in shifts:
                by = shift.moves.get(need.cell, 0.0)
                turned = shift.reversed_by(need.level / abs(by)) if by * sign < 0 else None
                if turned and not any(map(turned.touches, avoid)) and self.closing.fits(turned):
                    shifts.append(turned)
                    return True
            found = self.closing.close(need.cell, sign * need.level, hidden, avoid, only_free=only_hidden)
            if found is None and self.solver is not None:
                found = self.solver.shift(Need(need.cell, sign, need.level, need.insider), hidden)
            if found is not None:
                shifts.append(found)
                hidden[list(found.moves)] = True
                return True
        return False

    def _thin(self, needs: Sequence[Need], widths: dict[int, float], out_of_time: Callable[[], bool]) -> None:
        """Shows hidden cells again, dearest first, where the others serve every need that they served."""
        by_cell: dict[int, list[Need]] = defaultdict(list)
        for need in needs:
            by_cell[need.cell].append(need)
        users: dict[int, set[int]] = defaultdict(set)
        for cell, shifts in self.made.shifts.items():
            for shift in shifts:
                for other in shift.moves:
                    users[other].add(cell)
        secondary = np.flatnonzero(self.made.hidden & ~self.primary)
        for gone in sorted(map(int, secondary), key=lambda one: (-self.price[one], one)):
            if out_of_time():
                return
            renewed = self._without(gone, {cell: by_cell[cell] for cell in users[gone]}, widths)
            if renewed is None:
                self.made.hidden[gone] = True
                continue
            for cell, shifts in renewed.items():
                self.made.shifts[cell] = shifts
                for shift in shifts:
                    for other in shift.moves:
                        users[other].add(cell)

    def _without(self, gone: int, needs: dict[int, list[Need]], widths: dict[int, float]) -> (
            dict[int, list[Shift]] | None):
        """The deviations of these cells anew, none of which moves `gone`; None where that is not enough."""
        hidden = self.made.hidden
        hidden[gone] = False
        renewed: dict[int, list[Shift]] = {}
        for cell, wanted in needs.items():
            shifts = [shift for shift in self.made.shifts[cell] if not shift.touches(gone)]
            if not all(self._meet(need, shifts, hidden, only_hidden=True) for need in wanted):
                return None
            touched = {other for shift in shifts for other in shift.moves} & self.lone - {cell}
            if not all(self._meet(Need(cell, 0, widths[cell], single), shifts, hidden, only_hidden=True)
                       for single in sorted(touched)):
                return None
            renewed[cell] = shifts
        return renewed


class _Solver:
    """Deviations that move hidden cells only, by a programme, where closing equations one by one came to no end."""

    def __init__(self, system: System, level: float, hidden: Bools) -> None:
        self.attack = Attack(system, level, among=hidden)
        self.shortest = Shortest(self.attack)

    def shift(self, need: Need, hidden: Bools) -> Shift | None:
        for move in self.shortest.moves(need, hidden.astype(float)):
            by = np.round(move.deviation) if self.attack.whole else move.deviation
            if not np.any(self.attack.matrix @ by):
                return Shift({int(self.attack.cells[at]): float(by[at]) for at in np.flatnonzero(by)})
        return None
