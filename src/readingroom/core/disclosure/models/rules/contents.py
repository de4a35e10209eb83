"""Contents: estimates may leave; what is one number per person may not."""

from __future__ import annotations

from readingroom.core.disclosure.models.regression import Regression
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 6 (2024); sdcLog 0.5"
ESTIMATES = frozenset({
    "coefficients", "coefficient", "estimates", "parameters", "odds ratios", "hazard ratios", "incidence rate ratios",
    "exponentiated coefficients", "marginal effects", "standard errors", "standard error", "errors", "z values",
    "t values", "t statistics", "z statistics", "p values", "confidence intervals", "r squared", "adjusted r squared",
    "pseudo r squared", "n", "nobs", "observations", "degrees of freedom", "residual df", "f statistic", "chi2",
    "wald test", "log likelihood", "aic", "bic", "deviance", "concordance", "auc", "rmse", "summary", "fit statistics",
    "tests", "variance components",
})
PER_PERSON = frozenset({
    "residuals", "residual", "residual plot", "fitted values", "fitted", "predictions", "predicted values",
    "predicted probabilities", "random effects", "unit effects", "individual effects", "fixed effects", "blups",
    "leverage", "leverages", "hat values", "cooks distance", "influence", "dfbetas", "dffits", "martingale residuals",
    "deviance residuals", "pickle", "model object", "fitted model", "data", "design matrix", "model frame",
})
COVARIANCE = frozenset({"covariance", "covariance matrix", "covariances", "variance covariance matrix", "vcov",
                        "correlation matrix", "cov params"})


def _plain(part: str) -> str:
    return " ".join(part.casefold().replace("_", " ").replace("-", " ").replace("'", "").split())


def check_contents(model: Regression, parameters: Policy) -> list[Finding]:
    """A regression fails when what is published holds a number for each person.

    Formula: residuals, fitted values, predictions, random or fixed effects of units, leverages and model objects
    fail. A covariance matrix gives back X'X, and with it the people that any two dummy variables share: the fewest,
    `joint_units_min`, must reach the threshold. A part that is not known here is REVIEW.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 6 (2024); sdcLog 0.5.

    Example: a residual plot has a point for each person; with the coefficients it gives back their outcomes: fails.
    """
    parts = {part: _plain(part) for part in model.includes or ()}
    personal = [part for part, plain in parts.items() if plain in PER_PERSON]
    unknown = [part for part, plain in parts.items() if plain not in ESTIMATES | PER_PERSON | COVARIANCE]
    findings = []
    if personal:
        findings.append(Finding(
            "model.contents", Verdict.FAIL, f"It holds a number for each person: {listing(personal)}.",
            "Leave it out; publish coefficients, their errors, and statistics of the fit.",
            parameters={"parts": personal}, source=SOURCE))
    if unknown:
        findings.append(Finding(
            "model.contents", Verdict.REVIEW, f"There are no automatic rules for {listing(unknown)}.",
            "Leave it out, or say in the context what it is.", parameters={"parts": unknown}, source=SOURCE))
    if any(plain in COVARIANCE for plain in parts.values()) and len(model.categorical) + len(model.interactions or ()):
        findings += _covariance(model, parameters)
    return findings


def _covariance(model: Regression, parameters: Policy) -> list[Finding]:
    if model.joint_units_min is None:
        return [unsaid("how few people two levels share, which a covariance matrix gives back", "joint_units_min",
                       source=SOURCE)]
    if parameters.threshold is None or not is_low(model.joint_units_min, parameters):
        return []  # a missing threshold is named by the rule for levels
    return [Finding(
        "model.contents", Verdict.FAIL,
        f"The covariance matrix gives back that {plural(model.joint_units_min, 'person has', 'people have')} some two "
        f"levels; each needs {limit_words(parameters)}.", "Publish standard errors without covariances.",
        parameters={"threshold": parameters.threshold}, source=SOURCE)]
