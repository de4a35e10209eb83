"""Rounding: counts must be rounded where the policy asks for it."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.statistics import Family
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "OpenSAFELY documentation, redact and round before release (2026); NHS England SDE output rules (2025)"
ROUNDED = frozenset({Family.FREQUENCY, Family.SHARE})


def check_rounding(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """Counts, shares and rates fail when they are not rounded as coarsely as the policy asks.

    Formula: unsafe when the base of `rounding` is below `rounding_base`. Rounding never makes a low count safe: the
    other rules look at the counts before rounding.

    Source: OpenSAFELY documentation, redact and round before release (2026); NHS England SDE output rules (2025).

    Example: `rounding_base` 5: exact counts fail; rounded to the nearest 5, or to the middle of six (midpoint 6), pass.
    """
    base = parameters.rounding_base
    if base is None or evidence.family not in ROUNDED or evidence.rounding >= base:
        return []
    if all(cell.people == 0 for cell in evidence.published):
        return []
    how = "not rounded" if evidence.rounding == 1 else f"rounded to {evidence.rounding}"
    return [
        Finding(
            "rounding",
            Verdict.FAIL,
            f"The counts are {how}; they must be rounded to a multiple of {base} or more.",
            f"Round them to {base} after suppressing low ones; shares and rates are computed from rounded counts.",
            parameters={"rounding_base": base},
            source=SOURCE,
        )
    ]
