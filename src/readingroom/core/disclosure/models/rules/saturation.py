"""Saturation: a model with a coefficient for every combination of levels is a table in disguise."""

from __future__ import annotations

from math import prod

from readingroom.core.disclosure.models.described import Level
from readingroom.core.disclosure.models.regression import Regression
from readingroom.core.disclosure.models.rules.table import rules_for_tables
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "Ritchie, Disclosure detection in research environments in practice, UNECE work session (2007)"
BINARY = frozenset({"logistic", "probit"})


def looks_saturated(model: Regression) -> bool:
    """Whether all variables are categorical and there is a coefficient for every combination that occurs."""
    terms = model.terms or ()
    if not terms:
        return model.terms is not None and (model.parameters or 1) == 1  # the mean of everyone
    if any(not term.is_categorical or not term.levels for term in terms):
        return False
    crossed = model.crossed
    combinations = (sum(level.units > 0 for level in crossed) if crossed
                    else prod(len(term.levels or ()) for term in terms))
    if model.parameters is not None:
        return model.parameters >= combinations
    return crossed is not None


def check_saturation(model: Regression, parameters: Policy) -> list[Finding]:
    """A saturated model is judged as the table that its coefficients are.

    Formula: saturated when all variables are categorical and parameters >= combinations of levels that occur. The
    fitted values are then the means (linear), proportions (binary) or rates of the combinations, so that the rules
    for tables hold for each: threshold, and dominance for a linear outcome, or the counts with and without the
    outcome for a binary one.

    Source: Ritchie, Disclosure detection in research environments in practice, UNECE work session (2007): regressions
    are safe except when fully saturated.

    Example: pay on region (2) x sex (2) with 4 parameters gives back 4 mean pays; one of 4 people: fails.
    """
    if model.saturated is None and model.terms is None:
        return [unsaid("whether the model is saturated", "saturated", source=SOURCE)]
    looks = looks_saturated(model)
    if not looks and not model.saturated:
        return [] if model.saturated is False else [unsaid("whether the model is saturated", "saturated",
                                                           source=SOURCE)]
    findings = []
    if looks and model.saturated is False:
        findings.append(Finding(
            "model.saturation", Verdict.REVIEW,
            f"The model is said not to be saturated, but it has {model.parameters or 'a'} coefficients for as many "
            "combinations of levels: it is judged as the table that it is.",
            "Say saturated: true, and give the cells.", source=SOURCE))
    cells = model.crossed
    if not cells:
        return [*findings, unsaid("what lies under each cell of the table that a saturated model is", "cells",
                                  source=SOURCE)]
    return findings + _as_a_table(model, cells, parameters)


def _as_a_table(model: Regression, cells: tuple[Level, ...], parameters: Policy) -> list[Finding]:
    if model.type not in BINARY:
        means: list[dict[str, object]] = [
            {"row": list(cell.level), "column": ["mean"], "people": cell.units,
             "records": max(cell.units, cell.n or 0), "top": list(cell.top or ()), "total": cell.total,
             "absolute_total": cell.absolute_total, "constant": cell.constant, "nonzero_people": cell.nonzero_units,
             "lower_people": cell.lower_units, "upper_people": cell.upper_units}
            for cell in cells]
        return rules_for_tables("mean", means, parameters)
    if any(cell.events is None for cell in cells):
        counted: list[dict[str, object]] = [
            {"row": list(cell.level), "column": ["people"], "people": cell.units, "records": cell.units}
            for cell in cells]
        return [*rules_for_tables("count", counted, parameters),
                unsaid("how many people of each cell have the outcome", "cells[].events", source=SOURCE)]
    split: list[dict[str, object]] = [
        {"row": list(cell.level), "column": [column], "people": max(0, people), "records": max(0, people)}
        for cell in cells
        for column, people in (("with the outcome", cell.events or 0),
                               ("without it", cell.units - (cell.events or 0)))]
    return rules_for_tables("count", split, parameters)

