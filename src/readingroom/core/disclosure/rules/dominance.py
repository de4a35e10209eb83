"""(n,k) dominance rule: no few people may make up most of a cell."""

from __future__ import annotations

from fractions import Fraction

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.magnitude import (
    MARGIN,
    Clear,
    Contributions,
    exact,
    magnitudes,
    percent,
    sums_values,
)
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024)"


def dominates(found: Contributions, n: int, k: Fraction, *, inclusive: bool) -> bool:
    """Whether the n largest come to more than (`inclusive`: at least) k percent of a total that is not zero."""
    part, limit = 100 * found.largest(n), k * found.total
    return found.total > 0 and (part >= limit if inclusive else part > limit)


def dominance_protection(found: Contributions, n: int, k: Fraction) -> Fraction:
    """How far the total must be uncertain upwards before the cell is safe: (100/k)(x1+...+xn) - X, 0 if safe.

    >>> dominance_protection(Contributions.of([60, 35, 5]), 2, Fraction(90))
    Fraction(50, 9)
    """
    return max(Fraction(), 100 * found.largest(n) / k - found.total) if k else found.total


def _clear_of(k: float) -> Clear:
    return lambda total, first, part: 100 * part * MARGIN < k * total


def check_dominance(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A cell of a sum or mean fails when its n largest contributions exceed k percent of its total.

    Formula: unsafe when x1 + ... + xn > (k/100) X for any pair (n, k) of the policy, or >= where `dominance_inclusive`;
    x sorted, one per person (holdings added up), absolute values. Weighted: by `weights` each contribution
    counts as often as it weighs, or unweighted contributions are set against the weighted total. All zeros are safe.
    Of a rate or ratio of sums, what is under the line is judged as well.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024); inclusive as in
    ACRO 1.0.2 (2026) and the Bundesbank's sdcLog.

    Example: (2, 90): contributions 60, 35, 5 give 95 of 100, over 90: fails. 60, 30, 10 give 90: passes, or fails
    if inclusive.
    """
    if not sums_values(evidence):
        return []
    if parameters.dominance is None:
        return [missing_parameter("dominance")]
    findings: list[Finding] = []
    for n, k in sorted(parameters.dominance):
        found = magnitudes("dominance", evidence, n, parameters, SOURCE, _clear_of(k))
        findings += [finding for finding in found.findings if finding not in findings]
        inclusive = parameters.dominance_inclusive is True
        unsafe = [one for one in found.usable if dominates(one.contributions, n, exact(k), inclusive=inclusive)]
        if not unsafe:
            continue
        shares = [f"{one.cell.name}: {percent(one.contributions.largest(n), one.contributions.total)}"
                  for one in unsafe]
        verb = ("come to at least" if inclusive else "exceed") if n > 1 else (
            "comes to at least" if inclusive else "exceeds")
        places = tuple(dict.fromkeys(one.cell.place for one in unsafe))
        findings.append(
            Finding(
                "dominance",
                Verdict.FAIL,
                f"In {plural(len(places), 'cell')} the {plural(n, 'largest contribution')} {verb} {k:g}% of the total "
                f"({listing(shares)}).",
                "Merge these cells with others or suppress them.",
                places,
                {"n": n, "k_percent": k, "inclusive": inclusive},
                SOURCE,
            )
        )
    return findings
