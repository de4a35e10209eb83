"""Residual degrees of freedom: a model must leave enough of the data unexplained."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.wording import missing_parameter
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = (
    "Data without Boundaries, Guidelines for output checking, section on regressions (2015), as in ACRO "
    "1.0.2 (2026)"
)


def check_degrees_of_freedom(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """An output with residual degrees of freedom fails when they are too few; without, the rule has nothing
    to say.

    Formula: unsafe when observations - parameters < d0.

    Source: Data without Boundaries, Guidelines for output checking, section on regressions (2015), as in ACRO
    1.0.2
    (2026), `safe_dof_threshold`.

    Example: d0 = 10: 30 observations and 21 parameters leave 9: fails; 20 parameters leave 10: passes.
    """
    left = evidence.residual_degrees_of_freedom
    if left is None:
        return []
    needed = parameters.residual_degrees_of_freedom
    if needed is None:
        return [missing_parameter("residual_degrees_of_freedom")]
    if left >= needed:
        return []
    return [
        Finding(
            "degrees-of-freedom",
            Verdict.FAIL,
            f"The model leaves {left} residual degrees of freedom; at least {needed} are needed.",
            "Use fewer parameters (merge levels, drop interactions) or more people.",
            parameters={"residual_degrees_of_freedom": needed},
            source=SOURCE,
        )
    ]
