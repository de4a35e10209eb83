"""Fit: a model that predicts with certainty gives away the outcome of everyone whose variables are known."""

from __future__ import annotations

from readingroom.core.disclosure.models.described import Level
from readingroom.core.disclosure.models.regression import Regression
from readingroom.core.disclosure.models.rules.wording import place, unsaid
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "Albert & Anderson, On the existence of maximum likelihood estimates in logistic regression, Biometrika (1984)"
EXACT, NEARLY = 1 - 1e-6, 0.999
BINARY = frozenset({"logistic", "probit"})
COUNTS = frozenset({"poisson", "negative-binomial"})


def check_fit(model: Regression, parameters: Policy) -> list[Finding]:
    """A regression fails when it predicts outcomes exactly, or rests on too few outcomes.

    Formula: linear: unsafe when R-squared = 1 (every residual is 0); a person judges from 0.999. Binary: unsafe when
    some combination of variables separates the outcomes, such as a level whose people all have it (0 or all events),
    or when fewer than t people have the outcome, or lack it. Counts: unsafe when fewer than t people have any, where
    that is said, or nobody of a level has.

    Source: Albert & Anderson, On the existence of maximum likelihood estimates in logistic regression, Biometrika
    (1984), for separation; the fit is group disclosure as in the ESSnet/CoE Handbook, ch. 5.9 (2024).

    Example: all 40 people of one court were convicted: the court's coefficient is infinite, separation: fails.
    """
    findings: list[Finding] = []
    if model.r_squared is not None and model.r_squared >= NEARLY:
        exact = model.r_squared >= EXACT
        findings.append(_finding(
            Verdict.FAIL if exact else Verdict.REVIEW,
            f"R-squared is {model.r_squared:.6g}: the outcome {'follows' if exact else 'nearly follows'} from the "
            "variables, so whoever knows these of a person knows it.", {"r_squared": model.r_squared}))
    if model.type == "linear" and model.r_squared is None:
        findings.append(unsaid("how closely the model fits", "r_squared", source=SOURCE))
    if model.type in BINARY and model.separation is None:
        findings.append(unsaid("whether the model separates the outcomes", "separation", source=SOURCE))
    if model.separation:
        findings.append(_finding(
            Verdict.FAIL, "The model predicts some people's outcome with certainty (separation).", {}))
    return findings + _outcomes(model, parameters)


def _outcomes(model: Regression, parameters: Policy) -> list[Finding]:
    if model.type not in BINARY | COUNTS:
        return []
    findings = []
    certain = [level for level in _levels(model) if level.events is not None and level.units
               and (level.events == 0 or (level.events == level.units and model.type in BINARY))]
    if certain:
        said = listing([f"{level.name}: {level.events:,} of {level.units:,}" for level in certain])
        findings.append(Finding(
            "model.fit", Verdict.FAIL,
            f"{plural(len(certain), 'level has', 'levels have')} the outcome for everyone or for no one ({said}), "
            "which tells it of each of them.", "Merge these levels with others.",
            tuple(place(level) for level in certain), source=SOURCE))
    if model.events is not None and model.units is not None and parameters.threshold is not None:
        rarer = min(model.events, model.units - model.events) if model.type in BINARY else model.events
        if rarer <= 0 or is_low(rarer, parameters):
            findings.append(_finding(
                Verdict.FAIL, f"Only {plural(max(rarer, 0), 'person has', 'people have')} "
                f"{'the rarer' if model.type in BINARY else 'any'} outcome; a model "
                f"of it needs {limit_words(parameters)}.", {"threshold": parameters.threshold}))
    return findings


def _levels(model: Regression) -> list[Level]:
    groups = [*(term.levels for term in model.categorical), *(one.levels for one in model.interactions or ()),
              model.cells]
    return [level for levels in groups for level in levels or ()]


def _finding(verdict: Verdict, message: str, parameters: dict[str, object]) -> Finding:
    return Finding("model.fit", verdict, message, "Leave out the variable that decides, or merge its levels.",
                   parameters=parameters, source=SOURCE)
