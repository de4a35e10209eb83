"""(n,k) dominance rule: no few people may make up most of a cell."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.magnitude import MAGNITUDES, contributions, exact, unusable_finding
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024)"


def check_dominance(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A cell of a sum or mean fails when its n largest contributions exceed k percent of its total.

    Formula: unsafe when x1 + ... + xn > (k/100) X for any pair (n, k) of the policy; x sorted, one per
    person,
    absolute values; strict, so exactly k percent is safe.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024).

    Example: (2, 90): contributions 60, 35, 5 give 95 of 100, over 90: fails. 60, 30, 10 give 90: passes.
    """
    if evidence.statistic not in MAGNITUDES:
        return []
    if parameters.dominance is None:
        return [missing_parameter("dominance")]
    findings = []
    for n, k in sorted(parameters.dominance):
        usable, unusable = contributions(evidence, n)
        if unusable:
            findings.append(unusable_finding("dominance", unusable, SOURCE))
        dominated = [found for found in usable if sum(found.top[:n]) * 100 > exact(k) * found.total]
        if dominated:
            described = listing(
                [
                    f"{found.cell.name}: {float(100 * sum(found.top[:n]) / found.total):.1f}%"
                    for found in dominated
                ]
            )
            findings.append(
                Finding(
                    "dominance",
                    Verdict.FAIL,
                    f"In {plural(len(dominated), 'cell')} the {plural(n, 'largest contribution')} "
                    f"exceed{'s' if n == 1 else ''} {k:g}% of the total ({described}).",
                    "Merge these cells with others or suppress them.",
                    tuple(found.cell.place for found in dominated),
                    {"n": n, "k_percent": k},
                    SOURCE,
                )
            )
    return findings
