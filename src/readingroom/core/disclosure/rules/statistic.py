"""Which statistics the other rules cover."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.statistics import FAMILIES
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "SACRO statbarn guide (Green and others, 2024): an analysis that is in no statbarn needs a person"


def check_statistic(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A statistic without rules of its own needs a person, and so does a table that shows nothing.

    Formula: REVIEW unless the statistic belongs to a family that has rules: frequencies, linear aggregations,
    position, endpoints and their safe substitutes, mode, shape, shares and rates, odds and risk ratios; and unless
    some cell shows a value, since the other rules look at nothing else.

    Source: SACRO statbarn guide (Green and others, 2024): an analysis that is in no statbarn needs a person.

    Example: a kurtosis, or an aggregation given as a function of the researcher's own, is REVIEW however many people
    are in the cell.
    """
    if evidence.family is not None:
        return _nothing_shown(evidence)
    return [
        Finding(
            "statistic.unchecked",
            Verdict.REVIEW,
            f"There are no automatic rules for “{evidence.statistic}” beyond the number of people, so a person must "
            "judge it.",
            f"Say in the context how it is computed; checked automatically are {', '.join(FAMILIES)}.",
            source=SOURCE,
        )
    ]


def _nothing_shown(evidence: TableEvidence) -> list[Finding]:
    if evidence.published:
        return []
    return [
        Finding(
            "statistic.blank",
            Verdict.REVIEW,
            f"No cell shows a {evidence.statistic}: all are hidden, have no values, or nothing here computes it. So no "
            "rule could look at one.",
            "Merge categories until some cells can be shown, or choose another statistic.",
            source=SOURCE,
        )
    ]
