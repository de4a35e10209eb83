"""Protection levels: how wide the interval around a sensitive cell must be that a reader can infer."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from readingroom.core.disclosure.rules.dominance import dominance_protection, dominates
from readingroom.core.disclosure.rules.magnitude import Contributions, exact
from readingroom.core.disclosure.rules.p_percent import is_close, p_percent_protection
from readingroom.core.disclosure.rules.prior_posterior import is_sharpened, prior_posterior_protection
from readingroom.core.policy import Policy


@dataclass(frozen=True)
class Protection:
    """`upper` and `lower` distances from the cell's value; both 0 for a cell that needs none."""

    upper: Fraction
    lower: Fraction


def protection_level(contributions: Contributions, parameters: Policy) -> Protection:
    """The widest that any magnitude rule of the policy asks for this cell; 0 of rules that it satisfies.

    Formula, upper: (n,k): (100/k)(x1 + ... + xn) - X; p%: (p/100) x1 - (X - x1 - x2), less x3 to x(c+1) with a
    coalition; (p,q): (p/q) x1 - (X - x1 - x2). The lower level is the same, but no more than the total, since
    absolute contributions cannot sum to less than nothing. A cell that fails an inclusive rule by a tie needs no
    width, but must still not be published.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, table of upper protection levels in
    ch. 4.3 (2024).

    Example: 60, 35, 5 with (2, 90) and p = 10: max(105.56 - 100, 6 - 5) = 5.56.
    """
    wanted = [Fraction()]
    for n, k in parameters.dominance or ():
        if dominates(contributions, n, exact(k), inclusive=parameters.dominance_inclusive is True):
            wanted.append(dominance_protection(contributions, n, exact(k)))
    coalition = parameters.p_percent_coalition or 1
    if parameters.p_percent is not None and is_close(contributions, exact(parameters.p_percent), coalition):
        wanted.append(p_percent_protection(contributions, exact(parameters.p_percent), coalition))
    for p, q in parameters.p_q or ():
        if is_sharpened(contributions, exact(p), exact(q)):
            wanted.append(prior_posterior_protection(contributions, exact(p), exact(q)))
    upper = max(wanted)
    return Protection(upper, min(upper, contributions.total))
