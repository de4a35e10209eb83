"""Samples: two models on nearly the same people differ by the few who were left out."""

from __future__ import annotations

from readingroom.core.disclosure.models.regression import Regression
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024), differencing"


def check_samples(model: Regression, parameters: Policy) -> list[Finding]:
    """A person must look where another published model has nearly, but not quite, the same people.

    Formula: with n of this and n' of the other model (distinct units where known): REVIEW when 0 < |n - n'| < t; FAIL
    when the model is saturated, since sums of two tables can be subtracted.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024), differencing.

    Example: t = 10: n = 500 with the variable income and 503 without: three people have no income: REVIEW.
    """
    if not model.compared_with:
        return []
    if parameters.threshold is None:
        return []  # the rule for levels has said so
    near, unclear = [], []
    for other in model.compared_with:
        if other.units is not None and model.units is not None:
            difference = abs(other.units - model.units)
        elif other.n is not None and model.n is not None:
            difference = abs(other.n - model.n)
        else:
            unclear.append(other.name)
            continue
        if difference and is_low(difference, parameters):
            near.append((other.name, difference))
    findings = [unsaid(f"how many people {listing(unclear)} rests on", "compared_with[].n", source=SOURCE)
                ] if unclear else []
    if near:
        said = listing([f"{name}: {plural(count, 'person', 'people')}" for name, count in near])
        findings.append(Finding(
            "model.samples", Verdict.FAIL if model.saturated else Verdict.REVIEW,
            f"Other models differ from this one by too few people ({said}), so that the difference may be theirs.",
            "Fit all models to the same people, those with no missing value in any.",
            parameters={"threshold": parameters.threshold}, source=SOURCE))
    return findings
