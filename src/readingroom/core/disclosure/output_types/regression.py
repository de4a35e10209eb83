"""Regressions."""

from readingroom.core.disclosure.models.regression import Regression
from readingroom.core.disclosure.models.rules.coherence import check_coherence
from readingroom.core.disclosure.models.rules.contents import check_contents
from readingroom.core.disclosure.models.rules.degrees_of_freedom import check_degrees_of_freedom
from readingroom.core.disclosure.models.rules.described import check_described
from readingroom.core.disclosure.models.rules.fit import check_fit
from readingroom.core.disclosure.models.rules.levels import check_levels
from readingroom.core.disclosure.models.rules.leverage import check_leverage
from readingroom.core.disclosure.models.rules.samples import check_samples
from readingroom.core.disclosure.models.rules.saturation import check_saturation
from readingroom.core.disclosure.output_types.model import OutputType

REGRESSION = OutputType(
    name="regression",
    title="Regressions",
    statbarn="Correlation coefficients",
    risks=("low degrees of freedom", "low counts behind a level", "a table in disguise", "one person decides",
           "exact prediction", "differencing"),
    evidence="Observations, distinct people, parameters; people behind every level and combination of levels; the "
             "largest leverage; R-squared, or whether outcomes are separated; what is published.",
    reading="Coefficients are safe where many people stand behind each. Look at dummy variables first: the rarest "
            "level, then interactions, then whether all variables are categorical, which makes it a table of means.",
    source="SACRO statbarns (T. Green and others, 2024); sdcLog 0.5 (Bundesbank RDSC); Ritchie (2007)",
    description=Regression,
    types={
        "linear": ("ols", "linear-regression", "wls", "gls", "lm", "gaussian", "regression"),
        "logistic": ("logit", "logistic-regression", "binomial"),
        "probit": ("probit-regression",),
        "poisson": ("poisson-regression",),
        "negative-binomial": ("negbin", "nb", "negative-binomial-regression"),
        "panel": ("fixed-effects", "random-effects", "within", "between", "panel-regression", "fe", "re", "panel-ols"),
        "mixed": ("mixed-effects", "multilevel", "hierarchical", "mixedlm", "mixed-model"),
        "survival-regression": ("cox", "cox-ph", "coxph", "cox-regression", "proportional-hazards", "phreg", "aft",
                                "weibull", "survival", "parametric-survival"),
    },
    rules=(check_coherence, check_described, check_degrees_of_freedom, check_levels, check_saturation, check_leverage,
           check_fit, check_contents, check_samples),
    example={
        "type": "linear", "n": 1240, "units": 1240, "parameters": 5, "residual_df": 1235,
        "terms": [
            {"name": "age", "kind": "continuous"},
            {"name": "region", "kind": "categorical", "reference": "North",
             "levels": {"North": 510, "South": 430, "West": 300}},
            {"name": "sex", "kind": "categorical", "levels": {"F": 610, "M": 630}},
        ],
        "interactions": [], "saturated": False, "leverage_max": 0.021, "r_squared": 0.31,
        "includes": ["coefficients", "standard errors", "p values", "n", "r squared"],
        "compared_with": [{"name": "without age", "n": 1240}],
    },
    example_differs={
        "logistic": {"r_squared": None, "separation": False}, "probit": {"r_squared": None, "separation": False},
        "survival-regression": {"r_squared": None, "events": 410},
    },
)
