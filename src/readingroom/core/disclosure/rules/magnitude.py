"""What the rules on magnitudes share: a cell's contributions as exact numbers, or why they cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.wording import missing_parameter, unchecked
from readingroom.core.disclosure.statistics import FRACTIONS, Family, canonical
from readingroom.core.disclosure.verdict import Finding
from readingroom.core.policy import Policy

MAGNITUDES = (Family.LINEAR, Family.SAFE_EXTREME)
"""Families built from a total, which the largest contributors of a cell know a part of."""

NOISE = 10**9
"""A total of floats may be off by one part in this many."""



def sums_values(evidence: TableEvidence) -> bool:
    """Whether the rules on magnitudes apply: to sums and means, and to shares and rates of a value."""
    return evidence.family in MAGNITUDES or (
        evidence.family is Family.SHARE and any(cell.total is not None for cell in evidence.cells))


LACKING = "the largest contributions, their total, their weights, or (with negative values) the absolute total"

MARGIN = 1 + 1 / NOISE
"""What floats are given as room for their error, to call something clear."""

Clear = Callable[[float, float, float], bool]
"""Whether floats suffice to call a cell safe: its total, its largest contribution, the sum of those that matter."""


@dataclass(frozen=True)
class Contributions:
    """What the largest contributors gave to a cell's total: absolute values, one per person, exact.

    `top` is sorted, largest first; `times` says how often each counts (its sampling weight; 1 without).
    `complete`: `top` are all contributions that there are.

    >>> found = Contributions.of([60, 35, 5])
    >>> found.largest(2), found.total
    (Fraction(95, 1), Fraction(100, 1))
    """

    top: tuple[Fraction, ...]
    total: Fraction
    times: tuple[Fraction, ...] = ()

    @classmethod
    def of(cls, values: Iterable[float | Fraction], weights: Iterable[float | Fraction] = ()) -> Contributions:
        """All contributions of a cell, signs and order no matter."""
        sizes = [abs(exact(value)) for value in values]
        times = [exact(weight) for weight in weights] or [Fraction(1)] * len(sizes)
        pairs = sorted(zip(sizes, times, strict=True), reverse=True)
        total = sum((size * often for size, often in pairs), Fraction())
        return cls(tuple(size for size, _ in pairs), total, tuple(often for _, often in pairs))

    def largest(self, n: int) -> Fraction:
        """The n largest together; a contribution that weighs 3 stands for three, so it can fill all places."""
        left, found = Fraction(n), Fraction()
        for size, often in zip(self.top, self.times or (Fraction(1),) * len(self.top), strict=True):
            taken = min(often, left)
            found += taken * size
            left -= taken
        return found

    def rest(self, coalition: int = 1) -> Fraction:
        """The total less the largest and the `coalition` next ones: what blurs their view of the largest."""
        return self.total - self.largest(coalition + 1)

    @property
    def first(self) -> Fraction:
        """The largest contribution; 0 of an empty cell."""
        return self.top[0] if self.top else Fraction()


@dataclass(frozen=True)
class Judged:
    """A cell and its contributions, counted in one of the ways that weights can be."""

    cell: CellEvidence
    contributions: Contributions


@dataclass(frozen=True)
class Magnitudes:
    """The published non-empty cells of a table that can be judged, and a finding on those that cannot."""

    usable: tuple[Judged, ...]
    findings: tuple[Finding, ...]


def exact(value: float | Fraction) -> Fraction:
    """The number as written in decimal, so that 33.3 means 333/10."""
    return value if isinstance(value, Fraction) else Fraction(str(value))


def magnitudes(
    rule: str, evidence: TableEvidence, needed: int, parameters: Policy, source: str, clear: Clear
) -> Magnitudes:
    """Each cell with its `needed` largest contributions, once for every way in which weights are to count.

    Absolute values are used, as ABS, sdcLog and GaussSuppression do, cell by cell. A cell with negative contributions
    must give `absolute_total`, since its total hides them. Cells that are `clear` in floats, by a margin wider than
    their error, are left out: exact arithmetic on thousands of safe cells is what takes time.
    """
    usable: list[Judged] = []
    unusable: list[CellEvidence] = []
    unsaid = False
    for cell in _with_denominators(evidence):
        if cell.people == 0 or _is_clear(cell, needed, clear):
            continue
        weighted = bool(cell.top_weights) or cell.weighted_total is not None
        unsaid |= weighted and not parameters.weights
        for way in sorted(parameters.weights or {"expand"}) if weighted else ("plain",):
            found = _contributions(cell, way, needed)
            if found is None:
                unusable.append(cell)
            else:
                usable.append(Judged(cell, found))
    findings = [missing_parameter("weights")] if unsaid else []
    findings += unchecked(rule, list(dict.fromkeys(unusable)), LACKING, source)
    return Magnitudes(tuple(sorted(usable, key=lambda one: (one.cell.row, one.cell.column))), tuple(findings))


def _with_denominators(evidence: TableEvidence) -> Iterator[CellEvidence]:
    """The cells; and of rates and ratios of sums the same with what is under the line, which is a sum as well.

    Of one that does not say what is there nothing can be told (promise P9).
    """
    divided = canonical(evidence.statistic) in FRACTIONS
    for cell in evidence.published:
        yield cell
        if divided or cell.denominator_total is not None:
            sizes = tuple(max(one, -one) for one in cell.denominator_top)
            people = cell.people if cell.denominator_people is None else cell.denominator_people
            yield replace(cell, people=people, top=sizes, total=cell.denominator_total,
                          absolute_total=None, negatives=0)


def _is_clear(cell: CellEvidence, needed: int, clear: Clear) -> bool:
    """Only for plain cells of positive contributions that say all that is needed."""
    top, total = cell.top, cell.total
    if total is None or len(top) < min(needed, cell.people) or not top or cell.top_weights or cell.negatives:
        return False
    if cell.absolute_total is not None or cell.weighted_total is not None or min(top) < 0:
        return False
    try:
        known = float(sum(top))
        return known <= total * MARGIN and clear(float(total), float(top[0]), float(sum(top[:needed])))
    except OverflowError:  # whole numbers beyond floats
        return False


def _contributions(cell: CellEvidence, way: str, needed: int) -> Contributions | None:
    """None where the evidence does not say enough, or contradicts itself."""
    signed_total, absolute_total = (
        (cell.total, cell.absolute_total) if way == "plain" else (cell.weighted_total, cell.weighted_absolute_total)
    )
    total = signed_total if absolute_total is None else absolute_total
    times = [exact(weight) for weight in cell.top_weights]
    if total is None or len(cell.top) < min(needed, cell.people) or (way == "expand" and len(times) != len(cell.top)):
        return None
    known = Contributions.of(cell.top, times)
    if way == "total" and not times:  # then nothing relates the contributions to the total
        return None if _is_negative(cell) and absolute_total is None else Contributions(known.top, exact(total))
    often = times or [Fraction(1)] * len(cell.top)
    signed = sum((exact(value) * count for value, count in zip(cell.top, often, strict=True)), Fraction())
    hidden = cell.negatives is None and signed_total is not None and _below(signed_total, signed)
    if (absolute_total is None and (hidden or _is_negative(cell))) or _below(total, known.total):
        return None
    everyone = len(cell.top) == cell.people and not _below(known.total, exact(total))
    whole = known.total if everyone else max(exact(total), known.total)  # theirs, without the noise of adding floats
    return Contributions(known.top, whole, known.times if way == "expand" else ())


def _is_negative(cell: CellEvidence) -> bool:
    return bool(cell.negatives) or any(value < 0 for value in cell.top)


def _below(total: float | Fraction, part: Fraction) -> bool:
    """Less by more than the noise of adding floats, so that negative contributions must be hidden in it."""
    return exact(total) < part - abs(part) / NOISE


def clear_rest(share: float) -> Clear:
    """Clear when all but the largest come to more than this share of the largest, by more than the error of floats."""
    return lambda total, first, part: total - part * MARGIN > share * first * MARGIN + total / NOISE


def percent(part: Fraction, whole: Fraction) -> str:
    """A share for people to read, of numbers of any size."""
    return f"{Decimal(round(1000 * part / whole)).scaleb(-1):f}%"
