"""Zeros hide nobody: a sum or mean must rest on enough people who have anything else."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.magnitude import NOISE, exact
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, plural, unchecked
from readingroom.core.disclosure.statistics import canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = ("ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024), contributors to a cell; "
          "UK LLC output policy, percentages by their underlying counts (January 2026)")


def check_nonzero(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A sum or mean fails when it is made by too few people, the others, as many or more, having zero.

    Formula: with m of n people whose contribution is not zero: unsafe when 0 < m < t (or <= t, as the threshold rule)
    and m <= n/2; where fewer people have zero than have not, zero is a value like any other. A contribution is what a
    person's records come to. Where m is not said it is at least (X - x1 - ... - xk) / xk more than the k largest that
    are, and exactly known once one of these is zero; REVIEW where that does not settle it.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024), contributors to a cell;
    UK LLC output policy, percentages by their underlying counts (January 2026).

    Example: t = 10: 200 people, of whom 3 were fined: the sum of fines is that of 3 people: fails.
    """
    if canonical(evidence.statistic) not in ("sum", "mean") or parameters.threshold is None:
        return []
    low = [cell for cell in evidence.published if cell.people and is_low(max(_nonzero(cell)[0], 1), parameters)]
    found = [(cell, *_nonzero(cell)) for cell in in_reading_order(low)]
    few = [(cell, most) for cell, _, most in found if most and is_low(most, parameters) and 2 * most <= cell.people]
    silent = [cell for cell, least, most in found if least < most and 2 * least <= cell.people
              and not (is_low(most, parameters) and 2 * most <= cell.people)]
    unknown = unchecked("nonzero", silent, "how many people have something else than zero", SOURCE)
    if not few:
        return unknown
    described = listing([f"{cell.name}: {people:,} of {cell.people:,} people" for cell, people in few])
    return [Finding(
        "nonzero", Verdict.FAIL,
        f"{plural(len(few), f'{evidence.statistic} is', f'{evidence.statistic}s are')} made by too few people, the "
        f"others having zero ({described}); each needs {limit_words(parameters)} with something else.",
        "Merge these cells with others or suppress them.", tuple(cell.place for cell, _ in few),
        {"threshold": parameters.threshold}, SOURCE), *unknown]


def _nonzero(cell: CellEvidence) -> tuple[int, int]:
    """The least and the most people who can have something else than zero."""
    if cell.nonzero_people is not None:
        return cell.nonzero_people, cell.nonzero_people
    listed = sum(one != 0 for one in cell.top)
    if listed < len(cell.top) or listed == cell.people:
        return listed, listed
    total = cell.total if cell.absolute_total is None else cell.absolute_total
    if not cell.top or total is None:
        return listed, cell.people
    smallest, rest = abs(exact(cell.top[-1])), abs(exact(total)) - sum(abs(exact(one)) for one in cell.top)
    if rest == 0 and (cell.negatives == 0 or cell.absolute_total is not None):
        return listed, listed
    return min(cell.people, listed + max(0, ceil(rest / smallest * (1 - Fraction(1, NOISE))))), cell.people
