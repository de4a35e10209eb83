"""(p,q) prior-posterior rule: publication must not sharpen what is known of the largest contribution too much."""

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
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024)"


def is_sharpened(found: Contributions, p: Fraction, q: Fraction) -> bool:
    """Whether who knew all contributions to within q percent now knows the largest to within p percent."""
    return q * found.rest() < p * found.first


def prior_posterior_protection(found: Contributions, p: Fraction, q: Fraction) -> Fraction:
    """How far the total must be uncertain upwards before the cell is safe: (p/q) x1 - (X - x1 - x2), 0 if safe.

    >>> prior_posterior_protection(Contributions.of([60, 35, 5]), Fraction(10), Fraction(50))
    Fraction(7, 1)
    """
    return max(Fraction(), p * found.first / q - found.rest())


def check_prior_posterior(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A cell of a sum or mean fails when publication makes the largest contribution known to within p percent.

    Formula: unsafe when X - x1 - x2 < (p/q) x1 for any pair (p, q) of the policy, where everybody knew each
    contribution to within q percent before; the same as the p% rule with p* = 100 p/q. A policy without pairs does not
    use this rule.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024).

    Example: (10, 50): contributions 60, 30, 10: the rest is 10, under 12: fails. 60, 28, 12: passes.
    """
    if not sums_values(evidence) or not parameters.p_q:
        return []
    clear = clear_rest(max(p / q for p, q in parameters.p_q))
    found = magnitudes("prior-posterior", evidence, 2, parameters, SOURCE, clear)
    findings = list(found.findings)
    for p, q in sorted(parameters.p_q):
        sharp = [one for one in found.usable if is_sharpened(one.contributions, exact(p), exact(q))]
        if sharp:
            rests = [f"{one.cell.name}: {percent(one.contributions.rest(), one.contributions.first)}" for one in sharp]
            places = tuple(dict.fromkeys(one.cell.place for one in sharp))
            findings.append(
                Finding(
                    "prior-posterior",
                    Verdict.FAIL,
                    f"In {plural(len(places), 'cell')} who knew each contribution to within {q:g}% can estimate the "
                    f"largest to within {p:g}%, since all but the two largest come to less than "
                    f"{100 * p / q:.3g}% of it ({listing(rests)}).",
                    "Merge these cells with others or suppress them.",
                    places,
                    {"p_percent": p, "q_percent": q},
                    SOURCE,
                )
            )
    return findings
