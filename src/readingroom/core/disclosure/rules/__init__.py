"""The rules, each `(evidence, parameters) -> list[Finding]` in a file of its own."""

from __future__ import annotations

from collections.abc import Callable

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.comparison import check_comparison
from readingroom.core.disclosure.rules.constant import check_constant
from readingroom.core.disclosure.rules.degrees_of_freedom import check_degrees_of_freedom
from readingroom.core.disclosure.rules.differencing import check_differencing, check_together
from readingroom.core.disclosure.rules.dominance import check_dominance
from readingroom.core.disclosure.rules.extremes import check_extremes
from readingroom.core.disclosure.rules.group import check_group
from readingroom.core.disclosure.rules.indicator import check_indicator, check_indicator_sums
from readingroom.core.disclosure.rules.missing import check_missing
from readingroom.core.disclosure.rules.mode import check_mode
from readingroom.core.disclosure.rules.nonzero import check_nonzero
from readingroom.core.disclosure.rules.p_percent import check_p_percent
from readingroom.core.disclosure.rules.position import check_position
from readingroom.core.disclosure.rules.prior_posterior import check_prior_posterior
from readingroom.core.disclosure.rules.rounding import check_rounding
from readingroom.core.disclosure.rules.shares import check_shares
from readingroom.core.disclosure.rules.shown import check_shown
from readingroom.core.disclosure.rules.spread import check_spread
from readingroom.core.disclosure.rules.statistic import check_statistic
from readingroom.core.disclosure.rules.subset import check_subset, check_subsets
from readingroom.core.disclosure.rules.threshold import check_threshold
from readingroom.core.disclosure.rules.unit import check_unit
from readingroom.core.disclosure.verdict import Finding
from readingroom.core.policy import Policy

Rule = Callable[[TableEvidence, Policy], list[Finding]]

CELL_RULES: tuple[Rule, ...] = (
    check_statistic,
    check_unit,
    check_threshold,
    check_rounding,
    check_shown,
    check_missing,
    check_nonzero,
    check_indicator,
    check_dominance,
    check_p_percent,
    check_prior_posterior,
    check_group,
    check_constant,
    check_extremes,
    check_position,
    check_mode,
    check_spread,
    check_shares,
    check_comparison,
    check_degrees_of_freedom,
)
"""Those that judge each table by itself."""

RULES: tuple[Rule, ...] = (*CELL_RULES, check_subset, check_differencing)
"""All; the tables of one output are looked at together, by `check_subsets` and `check_together`."""

__all__ = ["CELL_RULES", "RULES", "Rule", "check_indicator_sums", "check_subsets", "check_together"]
