"""What an effective policy must not leave open: parameters that a disclosure rule can't do without."""

from __future__ import annotations

from readingroom.core.policy.model import Policy

NEEDED = (
    "threshold",
    "threshold_inclusive",
    "zeros_disclosive",
    "dominance",
    "p_percent",
    "weights",
    "residual_degrees_of_freedom",
)
"""Where one of these is not set, outputs that its rule is about can never pass. Other fields have a reading for
"no opinion", which their description says."""


def unset_parameters(policy: Policy) -> tuple[str, ...]:
    """The fields of NEEDED that `policy` leaves open, in that order.

    >>> unset_parameters(Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=True, p_percent=10))
    ('dominance', 'weights', 'residual_degrees_of_freedom')
    """
    return tuple(name for name in NEEDED if getattr(policy, name) is None)
