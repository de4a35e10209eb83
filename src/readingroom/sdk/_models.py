"""Regressions through statsmodels, with the evidence that their release needs."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk import _design
from readingroom.sdk._columns import as_pandas
from readingroom.sdk._data import KEYS
from readingroom.sdk._design import Design
from readingroom.sdk._estimates import Estimates, decimals_for, p_value, rounded

if TYPE_CHECKING:
    pass

COLUMNS = ("estimate", "std. error", "low 95%", "high 95%", "p")
CERTAIN = 1e-6
BINARY = ("logistic", "probit")
TITLES = {
    "linear": "Linear regression",
    "logistic": "Logistic regression",
    "probit": "Probit regression",
    "poisson": "Poisson regression",
}


def ols(formula: object, data: object, *, unit: object = None) -> Estimates:
    """A linear regression: `rr.ols("pay ~ age + region", frame)`, or `rr.ols(y, X, unit=frame["person_id"])`.

    `unit` says whose row each is; frames of `load()` know it. Where people have several rows, standard errors are
    clustered by person. Rows with a missing value are left out, and the note says how many.
    """
    return _fit("linear", formula, data, unit)


def logit(formula: object, data: object, *, unit: object = None) -> Estimates:
    """A logistic regression of an outcome of 0 and 1; otherwise as `ols`."""
    return _fit("logistic", formula, data, unit)


def probit(formula: object, data: object, *, unit: object = None) -> Estimates:
    """A probit regression of an outcome of 0 and 1; otherwise as `ols`."""
    return _fit("probit", formula, data, unit)


def poisson(formula: object, data: object, *, unit: object = None) -> Estimates:
    """A Poisson regression of a count; otherwise as `ols`."""
    return _fit("poisson", formula, data, unit)


def _fit(type_name: str, formula: object, data: Any, unit: Any) -> Estimates:
    design, unit_name = _designed(formula, data, unit)
    _design.check_design(design)
    _check_outcome(type_name, design)
    result = _fitted(type_name, design)
    values = design.columns.to_numpy()
    weights = None if type_name == "linear" else _weights(type_name, result, values)
    description = describe(type_name, design, result, _design.largest_leverage(values, design.units, weights))
    attributes = getattr(data, "attrs", {})
    source = {key: str(attributes[key]) for key in KEYS[:3] if attributes.get(key)}
    title = f"{TITLES[type_name]} of {design.outcome_name}"
    return Estimates(
        title,
        ("term",),
        COLUMNS,
        tuple(_rows(design, result, description)),
        description,
        _note(design, unit_name),
        source,
        result,
    )


def _designed(formula: object, data: Any, unit: Any) -> tuple[Design, str]:
    if isinstance(formula, str):
        data = as_pandas(data)
        name = unit or data.attrs.get("privacy_unit")
        if not isinstance(name, str) or name not in data.columns:
            raise InvalidInput(
                "Nothing says which column holds the people.",
                rule="model.unit",
                value=name,
                next_step="Load the data with rr.load(), or give unit='person_id'.",
            )
        return _design.from_formula(formula, data, name), name
    if unit is None or isinstance(unit, str):
        raise InvalidInput(
            "Arrays do not say whose row each is.",
            rule="model.unit",
            value=unit,
            next_step="Give unit=frame['person_id'], one value for each row.",
        )
    return _design.from_arrays(formula, data, unit), str(getattr(unit, "name", None) or "unit")


def _check_outcome(type_name: str, design: Design) -> None:
    import numpy

    values = design.outcome
    if type_name in BINARY and not numpy.isin(values, (0, 1)).all():
        raise InvalidInput(
            "The outcome has values other than 0 and 1.",
            rule="model.outcome",
            value=design.outcome_name,
            next_step="Make it 0 and 1 first, such as (frame.plea == 'guilty').astype(int).",
        )
    if type_name == "poisson" and ((values < 0).any() or (values != numpy.floor(values)).any()):
        raise InvalidInput(
            "The outcome is no count: it has values below zero or in between.",
            rule="model.outcome",
            value=design.outcome_name,
            next_step="Use a count, or rr.ols().",
        )


def _fitted(type_name: str, design: Design) -> Any:
    import statsmodels.api as statsmodels
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    kind = {
        "linear": statsmodels.OLS,
        "logistic": statsmodels.Logit,
        "probit": statsmodels.Probit,
        "poisson": statsmodels.Poisson,
    }[type_name]
    model = kind(design.outcome, design.columns)
    clustered: dict[str, Any] = {}
    if design.unit_count < len(design.units):
        clustered = {"cov_type": "cluster", "cov_kwds": {"groups": design.units}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they warn of is in the description, and so in the findings
            return model.fit(**clustered) if type_name == "linear" else model.fit(disp=0, maxiter=100, **clustered)
    except (PerfectSeparationError, ArithmeticError, ValueError) as error:
        raise InvalidInput(
            f"The model cannot be fitted: {str(error)[:100]}.",
            rule="model.fit",
            value=type_name,
            next_step="Look for a variable that gives the outcome, or for levels of few people.",
        ) from None
    except Exception as error:
        if type(error).__name__ != "LinAlgError":
            raise
        raise InvalidInput(
            "The model cannot be fitted: its equations have no single solution.",
            rule="model.fit",
            value=type_name,
            next_step="Look for a variable that gives the outcome, or for levels of few people.",
        ) from None


def _weights(type_name: str, result: Any, values: Any) -> Any:
    """How much each row counts at the estimate: the information of one observation."""
    import numpy

    linear = numpy.clip(values @ numpy.asarray(result.params), -500, 500)
    if type_name == "poisson":
        return numpy.exp(numpy.clip(linear, -500, 300))
    chance = numpy.clip(result.model.cdf(linear), 1e-300, 1)
    if type_name == "logistic":
        return chance * numpy.clip(1 - chance, 1e-300, 1)
    density = result.model.pdf(linear)
    return numpy.clip(density**2 / numpy.clip(chance * (1 - chance), 1e-300, 1), 1e-300, None)


def describe(type_name: str, design: Design, result: Any, leverage: float) -> dict[str, Any]:
    """The description of a fit, as `readingroom check model` reads it."""
    import numpy

    binary = type_name in BINARY
    n, parameters = design.columns.shape
    known = {factor.name: factor for factor in design.factors}
    description: dict[str, Any] = {
        "type": type_name,
        "n": n,
        "units": design.unit_count,
        "parameters": parameters,
        "residual_df": n - parameters,
        "terms": [
            {
                "name": factor.name,
                "kind": "categorical",
                "levels": _design.people_by_level(design, [factor.name], binary),
            }
            if factor.is_categorical
            else {"name": factor.name, "kind": "continuous", "parameters": factor.parameters}
            for factor in design.factors
        ],
        "interactions": [],
        "leverage_max": leverage,
        "includes": ["coefficients", "standard errors", "confidence intervals", "p values", "n", "r squared"],
    }
    for names in design.interactions:
        crossed = [name for name in names if known[name].is_categorical]
        interaction: dict[str, Any] = {"terms": list(names)}
        if crossed:
            interaction["levels"] = _design.people_by_level(design, crossed, binary)
        description["interactions"].append(interaction)
    table = _design.cells(design, binary)
    description["saturated"] = table is not None
    if table is not None:
        description["cells"] = table
    if type_name == "linear":
        spread = float(((design.outcome - design.outcome.mean()) ** 2).sum())
        description["r_squared"] = max(0.0, min(1.0, 1 - float(result.ssr) / spread))
        return description
    if binary:
        with numpy.errstate(over="ignore"):  # of separated outcomes the linear part has no bound
            chance = numpy.asarray(result.predict())
        description["separation"] = bool((numpy.minimum(chance, 1 - chance) < CERTAIN).any())
        description["events"] = len(numpy.unique(design.units[design.outcome == 1]))
    likeness = float(result.prsquared)
    if numpy.isfinite(likeness):
        description["r_squared"] = max(0.0, min(1.0, likeness))
    return description


def _rows(design: Design, result: Any, description: dict[str, Any]) -> Any:
    import numpy

    bounds = numpy.asarray(result.conf_int())
    for at, name in enumerate(design.columns.columns):
        error = float(numpy.asarray(result.bse)[at])
        digits = decimals_for(error)
        numbers = {
            "estimate": numpy.asarray(result.params)[at],
            "std. error": error,
            "low 95%": bounds[at][0],
            "high 95%": bounds[at][1],
        }
        shown = {key: rounded(value, digits) for key, value in numbers.items() if numpy.isfinite(value)}
        chance = float(numpy.asarray(result.pvalues)[at])
        yield (_plain(str(name)),), shown | ({"p": p_value(chance)} if numpy.isfinite(chance) else {})
    yield ("Observations",), {"estimate": str(description["n"])}
    if description["units"] != description["n"]:
        yield ("People",), {"estimate": str(description["units"])}
    if "r_squared" in description:
        name = "R-squared" if description["type"] == "linear" else "Pseudo-R-squared"
        yield (name,), {"estimate": f"{description['r_squared']:.3f}"}


def _plain(name: str) -> str:
    """A patsy name as people say it: `C(region)[T.South]:age` is `C(region): South × age`."""
    said = name.replace("]:", "] × ").replace("[T.", "[").replace("[", ": ").replace("]", "").replace(":: ", ": ")
    return "Intercept" if said.casefold() in ("intercept", "const") else said


def _note(design: Design, unit_name: str) -> str:
    said = [f"{len(design.units):,} rows of {design.unit_count:,} people (distinct {unit_name})."]
    if design.unit_count < len(design.units):
        said.append("Standard errors are clustered by person.")
    if design.left_out:
        said.append(f"{design.left_out:,} rows with missing values are not in it.")
    return " ".join(said)
