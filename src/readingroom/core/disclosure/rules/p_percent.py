"""p% rule: other contributors must not be able to estimate the largest closely."""

from __future__ import annotations

from fractions import Fraction

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.magnitude import (
    Contributions,
    clear_rest,
    exact,
    magnitudes,
    percent,
    sums_values,
)
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024)"


def is_close(found: Contributions, p: Fraction, coalition: int = 1) -> bool:
    """Whether `coalition` contributors together can estimate the largest to within p percent."""
    return 100 * found.rest(coalition) < p * found.first


def p_percent_protection(found: Contributions, p: Fraction, coalition: int = 1) -> Fraction:
    """How far the total must be uncertain upwards before the cell is safe: (p/100) x1 - (X - x1 - x2), 0 if safe.

    >>> p_percent_protection(Contributions.of([60, 35, 5]), Fraction(10))
    Fraction(1, 1)
    """
    return max(Fraction(), p * found.first / 100 - found.rest(coalition))


def check_p_percent(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A cell of a sum or mean fails when all but its largest contributions come to too little.

    Formula: unsafe when X - x1 - x2 < (p/100) x1; with a coalition of c contributors (`p_percent_coalition`), when
    X - x1 - ... - x(c+1) < (p/100) x1; x sorted, one per person, absolute values; strict. Weights as for dominance.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 and its footnote on coalitions
    (2024).

    Example: p = 10: contributions 60, 35, 5: the rest is 5, under 6: fails. 60, 34, 6: the rest is 6: passes. With a
    coalition of two the third is no blur: 60, 30, 8, 2 leave 2, under 6: fails.
    """
    if not sums_values(evidence):
        return []
    if parameters.p_percent is None:
        return [missing_parameter("p_percent")]
    coalition = parameters.p_percent_coalition or 1
    found = magnitudes("p-percent", evidence, coalition + 1, parameters, SOURCE,
                       clear_rest(parameters.p_percent / 100))
    findings = list(found.findings)
    p = exact(parameters.p_percent)
    close = [one for one in found.usable if is_close(one.contributions, p, coalition)]
    if close:
        rests = [f"{one.cell.name}: {percent(one.contributions.rest(coalition), one.contributions.first)}"
                 for one in close]
        places = tuple(dict.fromkeys(one.cell.place for one in close))
        who = "the second largest can" if coalition == 1 else f"the next {coalition} can together"
        findings.append(
            Finding(
                "p-percent",
                Verdict.FAIL,
                f"In {plural(len(places), 'cell')} all but the {coalition + 1} largest contributions come to less than "
                f"{parameters.p_percent:g}% of the largest ({listing(rests)}), so {who} estimate it.",
                "Merge these cells with others or suppress them.",
                places,
                {"p_percent": parameters.p_percent, "coalition": coalition},
                SOURCE,
            )
        )
    return findings
