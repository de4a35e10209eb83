"""A mean of zeros and ones is a share: it must rest on enough people with either."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.group import gives_away
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, plural
from readingroom.core.disclosure.statistics import canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = ("UK LLC output policy, percentages by their underlying counts (January 2026); OpenSAFELY output checking "
          "guide, rates and percentages (2026)")


def check_indicator(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A mean, standard deviation or variance of a value that is one of two fails as the share that it is.

    Formula: with a people who have the smaller value, b who have the larger one, and n in all: unsafe when a or b is
    above 0 and below the threshold, or by the group rule when a or b is at least n - k, or above `group_percent` of n.

    Source: UK LLC output policy, percentages by their underlying counts (January 2026); OpenSAFELY output checking
    guide, rates and percentages (2026).

    Example: t = 10: the mean of 0 and 1 over 200 people is 0.985: 3 people have 0: fails.
    """
    if canonical(evidence.statistic) not in ("mean", "sd", "variance") or parameters.threshold is None:
        return []
    low = in_reading_order([cell for cell in evidence.published if _few(cell, parameters)])
    found = [(cell, _few(cell, parameters)) for cell in low]
    if not found:
        return []
    return [Finding(
        "indicator", Verdict.FAIL,
        f"{plural(len(found), f'{evidence.statistic} tells', f'{evidence.statistic}s tell')} how many people have "
        f"which of two values, and these are too few, or nearly all: "
        f"{listing([f'{cell.name}: {words}' for cell, words in found])}; each needs {limit_words(parameters)} people.",
        "Merge these cells with others or suppress them.", tuple(cell.place for cell, _ in found),
        {"threshold": parameters.threshold, "coalition": parameters.group_coalition,
         "group_percent": parameters.group_percent}, SOURCE)]


def _few(cell: CellEvidence, parameters: Policy) -> str:
    total = cell.people
    parts = {"the smaller value": cell.lower_people, "the larger value": cell.upper_people}
    return ", ".join(
        f"{people:,} of {total:,} have {which}" for which, people in parts.items()
        if people and people < total and (is_low(people, parameters) or gives_away(people, total, parameters)))
