"""Predicted probabilities: a model must not be certain of small groups."""

from __future__ import annotations

from readingroom.core.disclosure.models.machine_learning import Classifier
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "SACRO-ML 2.0.1 (2026), structural attack"
CERTAIN = 1e-6


def check_probabilities(found: Classifier, parameters: Policy) -> list[Finding]:
    """A classifier fails by its structure: degrees of freedom, the smallest group predicted alike, certainty.

    Formula: units - parameters >= d0; the fewest people with equal predictions >= t (or > t); the smallest predicted
    probability p of any class: unsafe when p ~ 0 (certainty), or when 0 < p x units < t (a group that small). Trained
    on people, it is REVIEW at best, since it can remember some of them whatever its structure.

    Source: SACRO-ML 2.0.1 (2026), structural attack.

    Example: t = 10: 1,000 people and a smallest probability of 0.004: 4 people: fails.
    """
    needed, threshold = parameters.residual_degrees_of_freedom, parameters.threshold
    missing = [name for name, value in (("residual_degrees_of_freedom", needed), ("threshold", threshold))
               if value is None]
    findings = [missing_parameter(*missing)] if missing else []
    left = [value for value in (
        found.residual_df, None if found.units is None or found.parameters is None else found.units - found.parameters)
        if value is not None]
    if not left:
        findings.append(unsaid("how many people and parameters it has", "units", "parameters", source=SOURCE))
    elif needed is not None and min(left) < needed:
        findings.append(_fail(f"It leaves {min(left):,} residual degrees of freedom; at least {needed} are needed."))
    if found.smallest_group is None:
        findings.append(unsaid("how many people get the same prediction", "smallest_group", source=SOURCE))
    elif threshold is not None and is_low(found.smallest_group, parameters):
        findings.append(_fail(f"{plural(found.smallest_group, 'person gets', 'people get')} a prediction of their own; "
                              f"each needs {limit_words(parameters)}."))
    if found.probability_min is None:
        findings.append(unsaid("how certain it is", "probability_min", source=SOURCE))
    elif found.probability_min <= CERTAIN or (found.probability_max or 0) >= 1 - CERTAIN:
        findings.append(_fail("It is certain of some people's class."))
    elif found.units is not None and threshold is not None and found.probability_min * found.units < threshold:
        findings.append(_fail(f"Its smallest probability, {found.probability_min:g}, stands for "
                              f"{found.probability_min * found.units:.1f} of {found.units:,} people."))
    return [*findings, Finding(
        "predictor.memory", Verdict.REVIEW, "A trained predictor can remember people whatever its structure; no "
        "membership attack was run here.", "Attach the report of an attack, such as SACRO-ML's.", source=SOURCE)]


def _fail(message: str) -> Finding:
    return Finding("predictor.structure", Verdict.FAIL, message, "Use fewer parameters, or stronger regularisation.",
                   source=SOURCE)
