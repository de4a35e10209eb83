"""Residual degrees of freedom: a model must leave enough of the data unexplained."""

from __future__ import annotations

from readingroom.core.disclosure.models.regression import Regression
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.wording import missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = (
    "Data without Boundaries, Guidelines for output checking, section on regressions (2015), as in ACRO 1.0.2 (2026)"
)


def implied_parameters(model: Regression) -> int:
    """Coefficients that the terms need: the intercept, one per continuous term, one per level but the first."""
    continuous = sum(1 if term.parameters is None else term.parameters
                     for term in model.terms or () if not term.is_categorical)
    dummies = sum(max(0, sum(level.units > 0 for level in term.levels or ()) - 1) for term in model.categorical)
    return 1 + continuous + dummies


def check_degrees_of_freedom(model: Regression, parameters: Policy) -> list[Finding]:
    """A regression fails when it leaves too few residual degrees of freedom, counted in people.

    Formula: unsafe when min(residual_df, n - parameters - absorbed, m - parameters) < d0, where m is the number of
    distinct units (n of units with the event in a survival model), since rows of one person add no one to hide among.
    Effects that are swept out are not published, so they take from rows and not from people.

    Source: Data without Boundaries, Guidelines for output checking, section on regressions (2015), as in ACRO 1.0.2
    (2026), `safe_dof_threshold`; distinct units as in the Bundesbank's sdcLog 0.5.

    Example: d0 = 10: 300 rows of 25 people and 16 parameters leave 9 people: fails; 15 parameters leave 10: passes.
    """
    needed = parameters.residual_degrees_of_freedom
    if needed is None:
        return [missing_parameter("residual_degrees_of_freedom")]
    survival = model.type == "survival-regression"
    observed = model.events if survival else model.n
    if model.parameters is None or observed is None or model.units is None:
        missing = [name for name, value in (("n", model.n), ("units", model.units), ("parameters", model.parameters),
                                            *([("events", model.events)] if survival else [])) if value is None]
        findings = [unsaid("how many people and parameters the model has", *missing, source=SOURCE)]
    else:
        findings = []
    count = None if model.parameters is None else max(model.parameters, implied_parameters(model) - survival)
    swept = model.absorbed or 0
    left = [] if model.residual_df is None else [(model.residual_df, "as given")]
    if count is not None:
        left += [(total - used, f"{total:,} {what} less {plural(used, 'parameter')}")
                 for total, used, what in ((observed, count + swept, "events" if survival else "observations"),
                                           (model.units, count, "people"))
                 if total is not None]
    if not left or min(left)[0] >= needed:
        return findings
    fewest, how = min(left)
    return [*findings, Finding(
        "model.degrees-of-freedom", Verdict.FAIL,
        f"The model leaves {fewest:,} residual degrees of freedom ({how}); at least {needed} are needed.",
        "Use fewer parameters (merge levels, drop interactions) or more people.",
        parameters={"residual_degrees_of_freedom": needed}, source=SOURCE)]
