"""p% rule: the second largest contributor must not be able to estimate the largest closely."""

from __future__ import annotations

from fractions import Fraction

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.magnitude import (
    MAGNITUDES,
    Contributions,
    contributions,
    exact,
    unusable_finding,
)
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024)"


def remainder(found: Contributions) -> Fraction:
    """The total less its two largest contributions: what blurs the second's view of the first."""
    return found.total - sum(found.top[:2])


def check_p_percent(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A cell of a sum or mean fails when all but its two largest contributions come to too little.

    Formula: unsafe when X - x1 - x2 < (p/100) x1; x sorted, one per person, absolute values; strict.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024).

    Example: p = 10: contributions 60, 35, 5: the rest is 5, under 6: fails. 60, 34, 6: the rest is 6: passes.
    """
    if evidence.statistic not in MAGNITUDES:
        return []
    if parameters.p_percent is None:
        return [missing_parameter("p_percent")]
    usable, unusable = contributions(evidence, 2)
    findings = [unusable_finding("p-percent", unusable, SOURCE)] if unusable else []
    p = exact(parameters.p_percent)
    close = [found for found in usable if 100 * remainder(found) < p * found.top[0]]
    if close:
        described = listing(
            [f"{found.cell.name}: {float(100 * remainder(found) / found.top[0]):.1f}%" for found in close]
        )
        findings.append(
            Finding(
                "p-percent",
                Verdict.FAIL,
                f"In {plural(len(close), 'cell')} all but the two largest contributions come to less than "
                f"{parameters.p_percent:g}% of the largest ({described}), so the second largest can "
                "estimate it.",
                "Merge these cells with others or suppress them.",
                tuple(found.cell.place for found in close),
                {"p_percent": parameters.p_percent},
                SOURCE,
            )
        )
    return findings
