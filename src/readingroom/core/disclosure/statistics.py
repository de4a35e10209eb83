"""The statistics that rules exist for, by family: those of a family share their risks, and so their rules.

The families are statbarns of the SACRO project (T. Green and others, 2024), split where rules differ. A name that
is not here has no rules: it is REVIEW at best.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache


class Family(Enum):
    """Statistics with the same risks."""

    FREQUENCY = "frequencies"
    LINEAR = "linear aggregations: built from a total, which a large contributor knows a part of"
    POSITION = "position: one or two people's values in the middle of the others"
    EXTREME = "endpoints: the value of the most extreme person"
    SAFE_EXTREME = "means of the most extreme people, in place of endpoints"
    MODE = "the most frequent value"
    SHAPE = "standard deviation and variance"
    SHARE = "shares and rates: a numerator over a denominator"
    COMPARISON = "odds and risk ratios: four counts behind one number"


FAMILIES: dict[str, Family] = {
    "count": Family.FREQUENCY,
    "sum": Family.LINEAR,
    "mean": Family.LINEAR,
    "median": Family.POSITION,
    "quantile": Family.POSITION,
    "min": Family.EXTREME,
    "max": Family.EXTREME,
    "range": Family.EXTREME,
    "first": Family.EXTREME,
    "last": Family.EXTREME,
    "bottom_mean": Family.SAFE_EXTREME,
    "top_mean": Family.SAFE_EXTREME,
    "mode": Family.MODE,
    "sd": Family.SHAPE,
    "variance": Family.SHAPE,
    "share": Family.SHARE,
    "rate": Family.SHARE,
    "ratio": Family.SHARE,
    "odds_ratio": Family.COMPARISON,
    "risk_ratio": Family.COMPARISON,
}

FRACTIONS = frozenset({"rate", "ratio"})
"""Of two sums, one over the other."""

SYNONYMS: dict[str, str] = {
    "counts": "count", "frequency": "count", "n": "count", "size": "count",
    "total": "sum",
    "average": "mean", "avg": "mean",
    "percentile": "quantile",
    "minimum": "min", "maximum": "max",
    "std": "sd", "stdev": "sd", "stddev": "sd", "standard deviation": "sd",
    "var": "variance",
    "proportion": "share", "percentage": "share", "percent": "share",
    "odds ratio": "odds_ratio", "risk ratio": "risk_ratio", "relative_risk": "risk_ratio",
}
"""Other names of the same thing. Each has one meaning."""


@lru_cache(256)
def canonical(statistic: str) -> str:
    """The name used here for `statistic`, or `statistic` itself where it is not known.

    >>> canonical("Std"), canonical("kurtosis")
    ('sd', 'kurtosis')
    """
    name = statistic.strip().casefold()
    name = SYNONYMS.get(name, name)
    return name if name in FAMILIES else statistic


def family(statistic: str) -> Family | None:
    """The family of `statistic`, by any of its names; None where there are no rules for it."""
    return FAMILIES.get(canonical(statistic))
