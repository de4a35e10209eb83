"""Cells shown to be safe by deviations of a few cells each: found without a solver, checked exactly.

Whoever knows one cell sees through the deviations that move it, and only through these. The work is a few steps for
each cell, so nothing need end it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from readingroom.core.disclosure.protect.attack import needs_of
from readingroom.core.disclosure.protect.closing import Closing, Shift, reaching
from readingroom.core.disclosure.protect.intruder import Range, Reader
from readingroom.core.disclosure.protect.protection import Exposure, Protection, before_insiders, judge


class Witnessed:
    """`safe` cells with a range that is attained. `given`: deviations that are known already; `search` for more."""

    def __init__(self, reader: Reader, protected: Mapping[int, Protection], singles: Sequence[int],
                 given: Mapping[int, Sequence[Shift]], *, search: bool) -> None:
        self.safe: dict[int, Range] = {}
        self._clear: set[int] = set()
        self._seen_through: dict[int, set[int]] = {}
        system = reader.system
        off = np.abs(system.equations @ np.nan_to_num(system.value))
        size = abs(system.equations) @ np.abs(np.nan_to_num(system.value))
        unknown = abs(system.equations) @ np.isnan(system.value).astype(float) > 0
        if not (search or given) or ((off > 1e-9 * np.maximum(1, size)) & ~unknown).any():
            return
        self._closing, self._free = Closing(system), system.lower < system.upper
        lone = frozenset(singles)
        for cell, needed in protected.items():
            if reader.is_known(cell) or np.isnan(system.value[cell]):
                continue
            shifts = [shift for shift in given.get(cell, ()) if self._closing.holds(shift)]
            value = float(system.value[cell])
            if search:
                self._search(reader, cell, needed, shifts)
            if (found := _safe(shifts, cell, needed, value)) is None:
                continue
            self.safe[cell] = found
            wanted = before_insiders(needed)
            if _safe(shifts, cell, wanted, value) is None:
                continue
            self._clear.add(cell)
            for single in {other for shift in shifts for other in shift.moves} & lone - {cell}:
                if search and _safe(shifts, cell, wanted, value, single) is None:
                    more = self._closing.close(cell, max(wanted.sliding, 1e-12), self._free, (single,), only_free=True)
                    shifts += [] if more is None else [more]
                if _safe(shifts, cell, wanted, value, single) is None:
                    self._seen_through.setdefault(cell, set()).add(single)

    def _search(self, reader: Reader, cell: int, needed: Protection, shifts: list[Shift]) -> None:
        for need in needs_of(reader.system, {cell: needed}):
            down, up = reaching(shifts, cell)
            for sign in (need.sign,) if need.sign else (1, -1):
                if (up if sign > 0 else -down) >= need.level:
                    break
                found = self._closing.close(cell, sign * need.level, self._free, only_free=True)
                if found is not None:
                    shifts.append(found)
                    break

    def is_safe_before(self, single: int, cell: int) -> bool:
        """Whether the cell is shown to be safe from the only contributor of `single`."""
        return cell in self._clear and single not in self._seen_through.get(cell, ())


def _safe(shifts: Sequence[Shift], cell: int, needed: Protection, value: float, avoid: int | None = None) -> (
        Range | None):
    down, up = reaching(shifts, cell, avoid)
    found = Range(value + min(down, 0.0), value + max(up, 0.0), value + min(down, 0.0), value + max(up, 0.0))
    return found if judge(found, needed, value)[0] is Exposure.PROTECTED else None
