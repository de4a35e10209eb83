"""Levels: enough people behind every level of a factor and every combination with a coefficient of its own."""

from __future__ import annotations

from collections.abc import Iterator

from readingroom.core.disclosure.models.described import Level
from readingroom.core.disclosure.models.regression import Regression
from readingroom.core.disclosure.models.rules.wording import people, place, unsaid
from readingroom.core.disclosure.rules.threshold import is_low, limit_words, unset
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "Bundesbank RDSC, Rules for visiting researchers, as in sdcLog 0.5 (dummy variables and interactions)"


def check_levels(model: Regression, parameters: Policy) -> list[Finding]:
    """A regression fails when a level of a factor, or a combination of levels, rests on too few people.

    Formula: every level and every combination of an interaction needs n >= t (or > t) distinct units, the reference
    level too, since its mean is in the intercept. Units that a variable's levels leave out are a level as well:
    units - sum(levels), where nobody repeats.

    Source: Bundesbank RDSC, Rules for visiting researchers, as in sdcLog 0.5 (dummy variables and interactions).

    Example: t = 10: a dummy variable for one person has that person's residual value as its coefficient: fails.
    """
    if missing := unset(parameters):
        findings = [missing_parameter(*missing)]
        if parameters.threshold is None:
            return findings
    else:
        findings = []
    findings += _unknown(model)
    factors = list(_factors(model))
    low = [(name, level) for name, levels in factors for level in levels if is_low(level.units, parameters)]
    if low:
        findings.append(Finding(
            "model.levels", Verdict.FAIL,
            f"{plural(len(low), 'level rests', 'levels rest')} on too few people "
            f"({listing([people(level, name) for name, level in low])}); each needs {limit_words(parameters)}.",
            "Merge levels, leave out the interaction, or leave out these people.",
            tuple(place(level, name) for name, level in low),
            {"threshold": parameters.threshold, "threshold_inclusive": parameters.threshold_inclusive}, SOURCE))
    for name, levels in factors:
        findings += _left_out(name, levels, model, parameters)
    return findings


def _factors(model: Regression) -> Iterator[tuple[str, tuple[Level, ...]]]:
    for term in model.categorical:
        if term.levels:
            yield term.name, term.levels
    for interaction in model.interactions or ():
        if interaction.levels:
            yield interaction.name, interaction.levels


def _unknown(model: Regression) -> list[Finding]:
    if model.terms is None:
        return [unsaid("which variables are in the model, and how many people have each level", "terms",
                       source=SOURCE)]
    findings = []
    unclear = [term.name for term in model.terms if term.kind is None and term.levels is None]
    bare = [term.name for term in model.categorical if not term.levels]
    if unclear:
        findings.append(unsaid(f"whether {listing(unclear)} has levels", "terms[].kind", "terms[].levels",
                               source=SOURCE))
    if bare:
        findings.append(unsaid(f"how many people have each level of {listing(bare)}", "terms[].levels", source=SOURCE))
    if model.interactions is None:
        findings.append(unsaid("whether variables interact", "interactions ([] for none)", source=SOURCE))
    categorical = {term.name for term in model.categorical}
    crossed = [one.name for one in model.interactions or () if not one.levels and categorical & set(one.terms)]
    if crossed:
        findings.append(unsaid(f"how many people have each combination of {listing(crossed)}",
                               "interactions[].levels", source=SOURCE))
    return findings


def _left_out(name: str, levels: tuple[Level, ...], model: Regression, parameters: Policy) -> list[Finding]:
    """People whom no level of this factor holds: a level of their own, listed or not."""
    if model.units is None:
        return []
    rest = model.units - sum(level.units for level in levels)
    if rest <= 0:
        return []
    low = is_low(rest, parameters)
    return [Finding(
        "model.levels", Verdict.FAIL if low else Verdict.REVIEW,
        f"{plural(rest, 'person is', 'people are')} in none of the levels given of {name}, so they are a level of "
        f"their own{f'; each needs {limit_words(parameters)}' if low else ''}.",
        "Give every level, the reference level and its people included.", (Cell(column=(name,)),),
        {"threshold": parameters.threshold}, SOURCE)]
