"""Described: every coefficient must come from a variable that the description lists."""

from __future__ import annotations

from math import prod

from readingroom.core.disclosure.models.regression import Interaction, Regression
from readingroom.core.disclosure.models.rules.degrees_of_freedom import implied_parameters
from readingroom.core.disclosure.rules.wording import plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "Bundesbank RDSC, Rules for visiting researchers, as in sdcLog 0.5 (dummy variables and interactions)"


def check_described(model: Regression, parameters: Policy) -> list[Finding]:
    """A person must look where the model has more, or fewer, coefficients than its variables account for.

    Formula: intercept + one per continuous term + (levels - 1) per factor <= parameters <= the same + what the
    interactions can add + ancillary numbers.

    Source: Bundesbank RDSC, Rules for visiting researchers, as in sdcLog 0.5: every dummy variable is looked at, so
    none may go unsaid.

    Example: 50 parameters, and only age is described: 48 of them may be dummy variables of one person each: REVIEW.
    """
    if model.parameters is None or model.terms is None:
        return []
    if any(term.kind is None and term.levels is None for term in model.terms):
        return []  # the rule for levels has said so
    least = implied_parameters(model)
    most = least + sum(_added(one, model) for one in model.interactions or ()) + (model.ancillary or 0)
    most += model.type in {"negative-binomial", "mixed"}
    # without an intercept, or where the effects that were swept out hold it, there is one less
    if least - 1 <= model.parameters <= most:
        return []
    more = model.parameters > most
    return [Finding(
        "model.described", Verdict.REVIEW,
        f"The model has {plural(model.parameters, 'parameter')}, but its terms account for "
        f"{f'at most {most:,}' if more else f'at least {least - 1:,}'}.",
        "List every variable with all of its levels, every interaction, and `parameters` of splines and polynomials."
        if more else "Count the parameters of the fitted model, and leave out the levels that it dropped.",
        parameters={"parameters": model.parameters, "accounted_for": most if more else least - 1}, source=SOURCE)]


def _added(interaction: Interaction, model: Regression) -> int:
    """Most coefficients that an interaction can add: one per combination, for each continuous factor's own count."""
    continuous = prod(max(1, term.parameters or 1) for term in model.terms or ()
                      if term.name in interaction.terms and not term.is_categorical)
    return max(1, sum(level.units > 0 for level in interaction.levels or ())) * continuous
