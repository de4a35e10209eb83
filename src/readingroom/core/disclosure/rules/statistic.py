"""Which statistics the other rules cover, and which show single people."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = (
    "Bundesbank RDSC rules as in sdcLog 0.5 (minimum and maximum); OpenSAFELY output checking guide (2026)"
)
COVERED = frozenset({"count", "sum", "mean"})
EXTREMES = frozenset({"min", "max", "minimum", "maximum", "range", "first", "last"})


def check_statistic(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A statistic that is one person's value fails; one without rules of its own needs a person.

    Formula: min, max, range, first and last fail; count, sum and mean go on to the other rules; any other is
    REVIEW.

    Source: Bundesbank RDSC rules as in sdcLog (minimum and maximum); OpenSAFELY output checking guide (2026).

    Example: the longest sentence per court fails, however many people were sentenced there.
    """
    if evidence.statistic in COVERED:
        return []
    if evidence.statistic in EXTREMES:
        return [
            Finding(
                "statistic.extreme",
                Verdict.FAIL,
                f"A {evidence.statistic} is the value of one person, however many are in the cell.",
                "Give the mean of the most extreme people instead, of at least as many as the threshold.",
                source=SOURCE,
            )
        ]
    return [
        Finding(
            "statistic.unchecked",
            Verdict.REVIEW,
            f"There are no automatic rules for “{evidence.statistic}” beyond the number of people, "
            "so a person "
            "must judge it.",
            "Say in the context how it is computed; counts, sums and means are checked automatically.",
            source=SOURCE,
        )
    ]
