"""Zeros hide nobody: a sum or mean must rest on enough people who have anything else."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, plural
from readingroom.core.disclosure.statistics import canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = ("ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024), contributors to a cell; "
          "UK LLC output policy, percentages by their underlying counts (January 2026)")


def check_nonzero(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A sum or mean fails when it is made by too few people, the others having zero.

    Formula: with m people whose contribution is not zero: unsafe when 0 < m < t (or <= t, as the threshold rule). A
    contribution is what a person's records come to. It follows from the largest contributions too, once one is zero.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024), contributors to a cell;
    UK LLC output policy, percentages by their underlying counts (January 2026).

    Example: t = 10: 200 people, of whom 3 were fined: the sum of fines is that of 3 people: fails.
    """
    if canonical(evidence.statistic) not in ("sum", "mean") or parameters.threshold is None:
        return []
    low = in_reading_order([cell for cell in evidence.published
                            if (people := _nonzero(cell)) and is_low(people, parameters)])
    few = [(cell, people) for cell in low if (people := _nonzero(cell))]
    if not few:
        return []
    described = listing([f"{cell.name}: {people:,} of {cell.people:,} people" for cell, people in few])
    return [Finding(
        "nonzero", Verdict.FAIL,
        f"{plural(len(few), f'{evidence.statistic} is', f'{evidence.statistic}s are')} made by too few people, the "
        f"others having zero ({described}); each needs {limit_words(parameters)} with something else.",
        "Merge these cells with others or suppress them.", tuple(cell.place for cell, _ in few),
        {"threshold": parameters.threshold}, SOURCE)]


def _nonzero(cell: CellEvidence) -> int | None:
    """How many people have something else than zero; None where that is not known."""
    if cell.nonzero_people is not None:
        return cell.nonzero_people
    listed = sum(one != 0 for one in cell.top)
    return listed if listed < len(cell.top) else None
