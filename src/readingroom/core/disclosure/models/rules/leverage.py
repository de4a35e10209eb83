"""Leverage: no unit may decide its own fitted value."""

from __future__ import annotations

from readingroom.core.disclosure.models.regression import Regression
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "Huber, Robust Statistics, ch. 7.2 (1981): leverage above 0.5 is to be avoided"
DECIDES, STRONG = 0.9, 0.5


def check_leverage(model: Regression, parameters: Policy) -> list[Finding]:
    """A regression fails when one unit (nearly) decides a coefficient.

    Formula: with hat matrix H = X (X'X)^-1 X' (weighted by the fit in a generalised linear model), a unit's leverage
    is the largest eigenvalue of its block of H, h_ii for a unit of one row: the share of its own outcome in its own
    fitted value. At 1 a coefficient is that unit's outcome given the rest. Unsafe when max h >= 0.9; above 0.5 a
    person judges.

    Source: Huber, Robust Statistics, ch. 7.2 (1981): leverage above 0.5 is to be avoided.

    Example: a dummy variable for one person, or one extreme age among equal ones, has h = 1: fails.
    """
    largest = model.leverage_max
    if largest is None:
        return [unsaid("how much one unit decides", "leverage_max", source=SOURCE)]
    if largest <= STRONG:
        return []
    return [Finding(
        "model.leverage", Verdict.FAIL if largest >= DECIDES else Verdict.REVIEW,
        f"One person makes up {largest:.0%} of its own fitted value, so a coefficient "
        f"{'is' if largest >= DECIDES else 'is largely'} decided by it.",
        "Leave out or cap extreme values, or merge rare levels.",
        parameters={"leverage_max": largest, "fails_at": DECIDES, "review_above": STRONG}, source=SOURCE)]
