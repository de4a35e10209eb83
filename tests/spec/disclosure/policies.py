"""The policy of the worked examples."""

from __future__ import annotations

from readingroom.core.policy import Policy


def policy(**changes: object) -> Policy:
    """Counts above ten, (2, 90%) dominance, p = 10%, ten degrees of freedom; zeros are harmless."""
    return Policy(**{
        "threshold": 10, "threshold_inclusive": False, "zeros_disclosive": False, "dominance": frozenset({(2, 90.0)}),
        "p_percent": 10.0, "residual_degrees_of_freedom": 10} | changes)
