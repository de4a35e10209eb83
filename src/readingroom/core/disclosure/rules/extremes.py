"""Minimum, maximum and range; and the means of the most extreme people that may stand in for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.dominance import dominates
from readingroom.core.disclosure.rules.magnitude import Contributions, exact
from readingroom.core.disclosure.rules.p_percent import is_close
from readingroom.core.disclosure.rules.prior_posterior import is_sharpened
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, plural, unchecked
from readingroom.core.disclosure.statistics import Family, canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = (
    "Bundesbank RDSC rules as in sdcLog 0.5, `sdc_min_max` (2022); OpenSAFELY output checking guide, minimum and "
    "maximum (2026)"
)
OF_ONE_PERSON = frozenset({"first", "last"})


@dataclass(frozen=True)
class SafeExtreme:
    """The mean over the `people` most extreme people of a cell."""

    mean: Fraction
    people: int


def safe_extremes(values: Sequence[float | Fraction], parameters: Policy) -> tuple[SafeExtreme, SafeExtreme] | None:
    """The means of the fewest smallest and of the fewest largest people that satisfy threshold, dominance and p%.

    `values` has one per person (holdings added up first). None where no such groups exist apart from each other, or
    the policy lacks a threshold. As sdcLog's `sdc_min_max` does.

    >>> few = Policy(threshold=2, threshold_inclusive=False, dominance=frozenset({(1, 65.0)}), p_percent=0)
    >>> low, high = safe_extremes([9, 1, 2, 8, 5], few)
    >>> low.mean, high.mean
    (Fraction(8, 3), Fraction(17, 2))
    """
    ordered = sorted(exact(value) for value in values)
    low, high = _first_safe(ordered, parameters), _first_safe(ordered[::-1], parameters)
    if low is None or high is None or low.people + high.people > len(ordered):
        return None
    return low, high


def _first_safe(ordered: list[Fraction], parameters: Policy) -> SafeExtreme | None:
    for people in range(1, len(ordered) + 1):
        taken = ordered[:people]
        if not is_low(people, parameters) and _is_safe(Contributions.of(taken), parameters):
            return SafeExtreme(sum(taken, Fraction()) / people, people)
    return None


def _is_safe(found: Contributions, parameters: Policy) -> bool:
    inclusive = parameters.dominance_inclusive is True
    return (
        parameters.dominance is not None
        and parameters.p_percent is not None
        and not any(dominates(found, n, exact(k), inclusive=inclusive) for n, k in parameters.dominance)
        and not is_close(found, exact(parameters.p_percent), parameters.p_percent_coalition or 1)
        and not any(is_sharpened(found, exact(p), exact(q)) for p, q in parameters.p_q or ())
    )


def check_extremes(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A minimum, maximum or range fails unless enough people share it; means of extremes fail when they overlap.

    Formula: unsafe when fewer people than the threshold have the extreme value (the smaller number for a range), or
    always with `extremes_forbidden`; first and last values always. Means of the smallest and largest (`bottom_mean`,
    `top_mean`) go on to threshold, dominance and p%, and are unsafe when anybody is in both groups.

    Source: Bundesbank RDSC rules as in sdcLog 0.5, `sdc_min_max` (2022); OpenSAFELY output checking guide, minimum and
    maximum (2026).

    Example: the longest sentence per court fails, however many people were sentenced there, unless at least ten had
    it; the mean of the ten longest passes if no two of them make up most of it.
    """
    filled = in_reading_order([cell for cell in evidence.published if cell.people])
    if evidence.family is Family.EXTREME:
        return _raw([cell for cell in filled if _is_ones_own(cell, evidence, parameters)], evidence, parameters)
    if evidence.family is not Family.SAFE_EXTREME:
        return []
    overlapping = [cell for cell in filled if cell.overlap_people]
    findings = []
    if overlapping:
        described = [f"{cell.name}: {plural(cell.overlap_people or 0, 'person', 'people')}" for cell in overlapping]
        findings.append(
            Finding(
                "extremes.overlap",
                Verdict.FAIL,
                f"In {plural(len(overlapping), 'cell')} the smallest and the largest are partly the same people "
                f"({listing(described)}), so one mean helps to work out the other.",
                "Show one of the two, or the mean of all.",
                tuple(cell.place for cell in overlapping),
                source=SOURCE,
            )
        )
    silent = [cell for cell in filled if cell.overlap_people is None]
    return findings + unchecked("extremes", silent, "whether the smallest and the largest share people", SOURCE)


def _is_ones_own(cell: CellEvidence, evidence: TableEvidence, parameters: Policy) -> bool:
    return (
        parameters.extremes_forbidden is True
        or canonical(evidence.statistic) in OF_ONE_PERSON
        or not cell.extreme_people
        or is_low(cell.extreme_people, parameters)
    )


def _raw(cells: list[CellEvidence], evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    if not cells:
        return []
    waived = not parameters.extremes_forbidden and canonical(evidence.statistic) not in OF_ONE_PERSON
    unless = f", unless {limit_words(parameters)} people share it" if waived and parameters.threshold else ""
    return [
        Finding(
            "extremes",
            Verdict.FAIL,
            f"A {evidence.statistic} is the value of one person, however many are in the cell{unless}: "
            f"{listing([cell.name for cell in cells])}.",
            "Give the mean of the most extreme people instead, of at least as many as the threshold.",
            tuple(cell.place for cell in cells),
            {"threshold": parameters.threshold, "extremes_forbidden": parameters.extremes_forbidden},
            SOURCE,
        )
    ]
