"""The intruder audit: is every protected cell still uncertain enough, for outsiders and for insiders alike?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from readingroom.core.disclosure.protect.closing import Shift
from readingroom.core.disclosure.protect.intruder import Range, Reader, never
from readingroom.core.disclosure.protect.protection import Exposure, Protection, before_insiders, judge
from readingroom.core.disclosure.protect.spread import Spread
from readingroom.core.disclosure.protect.system import System, number
from readingroom.core.disclosure.protect.witness import Witnessed
from readingroom.core.disclosure.verdict import Verdict


@dataclass(frozen=True)
class Inference:
    """What a reader can infer of one cell. `insider` is the cell whose only contributor is reading, or None."""

    cell: int
    name: str
    range: Range
    exposure: Exposure
    reason: str = ""
    value: float | None = None
    insider: str | None = None

    @property
    def words(self) -> str:
        """For example "North, F: 3 to 5, exposed (every possible value is from 1 to 9)"."""
        low, high = number(self.range.lower), number(self.range.upper)
        span = low if self.range.is_point else f"{low} to {high}"
        who = f" to the only contributor of {self.insider}" if self.insider else ""
        return f"{self.name}: {span}, {self.exposure}{who}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True)
class Audit:
    """One inference for each protected cell, as an outsider sees it; `insiders` are the ones that insiders break."""

    inferences: tuple[Inference, ...]
    insiders: tuple[Inference, ...] = ()
    insiders_asked: int = 0

    @property
    def exposed(self) -> tuple[Inference, ...]:
        return tuple(one for one in (*self.inferences, *self.insiders) if one.exposure is Exposure.EXPOSED)

    @property
    def verdict(self) -> Verdict:
        """PASS only if every protected cell is shown to be safe; nothing protected is a PASS too."""
        return max((one.exposure.verdict for one in (*self.inferences, *self.insiders)), default=Verdict.PASS)


def audit(
    system: System, protected: Mapping[int, Protection], *, singles: Iterable[int] = (),
    out_of_time: Callable[[], bool] = never, briefly: bool = False, shifts: Mapping[int, Sequence[Shift]] | None = None,
) -> Audit:
    """What readers of `system` (see `System.hiding`) can infer of each protected cell.

    `singles` are cells with one contributor, who knows that cell and reads everything else; they must be left with
    what `before_insiders` says. Where a single's true value isn't given, they count as knowing some value, and only
    exact recovery is looked for.
    `briefly`: cells that some tables show to be safe are not asked for their full range, which is then wider than said.
    `shifts` are deviations that are known already, checked again here.
    Raises InvalidInput when nothing fits what is published, naming an equation.
    """
    reader = Reader(system, out_of_time=out_of_time)
    lone = tuple(single for single in singles if not (reader.is_known(single) or reader.is_free(single)))
    witnessed = Witnessed(reader, protected, lone, shifts or {}, search=briefly)
    left = {cell: needed for cell, needed in protected.items() if cell not in witnessed.safe
            or not all(witnessed.is_safe_before(single, cell) for single in lone if single != cell)}
    spread = Spread(reader, left, lone, out_of_time) if briefly and left else None
    safe = witnessed.safe | (spread.safe if spread else {})
    inferences = [_shown(reader, cell, safe[cell]) if cell in safe else _infer(reader, cell, needed)
                  for cell, needed in protected.items()]

    def shown(single: int, cell: int) -> bool:
        return witnessed.is_safe_before(single, cell) or (spread is not None and (single, cell) in spread.before)

    insiders, asked = _ask_insiders(reader, protected, {one.cell: one for one in inferences}, lone, shown)
    return Audit(tuple(inferences), tuple(insiders), asked)


def _infer(reader: Reader, cell: int, needed: Protection, insider: str | None = None, *,
           known: bool = True) -> Inference:
    system = reader.system
    value = None if np.isnan(system.value[cell]) or not known else float(system.value[cell])
    found = reader.range(cell)
    exposure, reason = judge(found, needed, value)
    return Inference(cell, system.names[cell], found, exposure, reason, value, insider)


def _shown(reader: Reader, cell: int, found: Range) -> Inference:
    return Inference(cell, reader.system.names[cell], found, Exposure.PROTECTED, "", float(reader.system.value[cell]))


def _ask_insiders(
    reader: Reader, protected: Mapping[int, Protection], outsiders: Mapping[int, Inference], singles: Iterable[int],
    shown: Callable[[int, int], bool],
) -> tuple[list[Inference], int]:
    """Inferences that are not safe from an insider; those whose safety a known table already shows are passed over."""
    found: list[Inference] = []
    asked = 0
    for single in singles:
        if all(shown(single, cell) for cell in protected if cell != single):
            asked += len(protected) - (single in protected)
            continue
        part = reader.part(single)
        place = part.place[single]
        true = reader.system.value[single]
        value, known = (float(true), True) if not np.isnan(true) else (_some_value(reader, single), False)
        with part.knowing(single, value):
            for cell, needed in protected.items():
                if cell == single or reader.is_known(cell) or cell not in part.place:
                    continue
                asked += 1
                if shown(single, cell):
                    continue
                if reader.out_of_time():
                    return [*found, _unasked(reader, cell, single)], asked
                wanted = before_insiders(needed) if known else Protection()
                if _shown_safe(part.points, part.place[cell], wanted, reader.system.value[cell] if known else np.nan):
                    continue
                inference = _infer(reader, cell, wanted, reader.system.names[single], known=known)
                if inference.exposure is Exposure.PROTECTED:
                    continue
                if not known:  # the value shown would be one that we made up
                    outside = outsiders[cell]
                    inference = replace(inference, range=outside.range, value=outside.value,
                                        reason="that contributor can work it out exactly")
                found.append(inference)
        assert part.lower[place] <= value <= part.upper[place]
    return found, asked


def _unasked(reader: Reader, cell: int, single: int) -> Inference:
    """No time was left for this insider, nor for those after them."""
    low, high = float(reader.system.lower[cell]), float(reader.system.upper[cell])
    return Inference(cell, reader.system.names[cell], Range(low, high, np.inf, -np.inf), Exposure.UNPROVED,
                     "the check was stopped before it was settled", None, reader.system.names[single])


def _some_value(reader: Reader, cell: int) -> float:
    """A possible value away from the ends, where the rest is least constrained."""
    found = reader.range(cell)
    low, high = found.lower, found.upper if np.isfinite(found.upper) else found.lower + 1000.0
    return float(np.floor((low + high) / 2)) if reader.system.whole[cell] else (low + high) / 2


def _shown_safe(points: list[np.ndarray], place: int, needed: Protection, value: float) -> bool:
    """Whether the consistent tables met so far already span a wide enough range."""
    if not points:
        return False
    low, high = min(table[place] for table in points), max(table[place] for table in points)
    true = None if np.isnan(value) else float(value)
    return judge(Range(float(low), float(high), float(low), float(high)), needed, true)[0] is Exposure.PROTECTED
