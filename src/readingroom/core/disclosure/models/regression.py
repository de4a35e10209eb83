"""Regressions as described for the checks: linear, binary and count models, panels, survival."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from readingroom.core.disclosure.models.described import (
    MOST_TERMS,
    Combinations,
    Count,
    Described,
    Flag,
    Level,
    Levels,
    Number,
    Text,
    Whole,
    key,
)

KINDS = {"factor": "categorical", "dummy": "categorical", "nominal": "categorical", "numeric": "continuous",
         "number": "continuous", "numerical": "continuous"}
Kind = Annotated[Literal["categorical", "continuous"],
                 BeforeValidator(lambda value: KINDS.get(value, value) if isinstance(value, str) else value)]


class Term(Described):
    """One explanatory variable."""

    name: Text = Field(description="The variable.", json_schema_extra={"synonyms": ["term", "variable"]})
    kind: Kind | None = key("categorical or continuous; known without it where there are levels.", "type")
    levels: Levels | None = key("Every level of a categorical variable, the reference level included, with the units "
                                "in each: a list, or `{\"North\": 300}` for short.", "categories")
    reference: Text | None = key("The level without a coefficient.", "base", "reference_level", "baseline")
    parameters: Count | None = key("Coefficients of a continuous term: 1 unless it is a polynomial or spline.")

    @property
    def is_categorical(self) -> bool:
        return self.kind == "categorical" or (self.kind is None and self.levels is not None)


def _factors(value: object) -> object:
    """"region:sex" and "region*sex" name two variables."""
    return re.split(r"\s*[:*×]\s*", value) if isinstance(value, str) else value


def _terms(value: object) -> object:
    """A name alone is a variable of which nothing more is said; `{"age": {"kind": "continuous"}}` is short too."""
    if isinstance(value, Mapping):
        return [{"name": name, **said} if isinstance(said, Mapping) else {"name": name, "kind": said}
                for name, said in value.items()]
    return [{"name": one} if isinstance(one, str) else one for one in value] if isinstance(value, list) else value


def _interactions(value: object) -> object:
    if isinstance(value, Mapping):
        return [{"terms": name, "levels": said} for name, said in value.items()]
    return [{"terms": one} if isinstance(one, str) else one for one in value] if isinstance(value, list) else value


class Interaction(Described):
    """Several variables multiplied: every combination of levels has a coefficient of its own."""

    terms: Annotated[tuple[Text, ...], BeforeValidator(_factors)] = Field(
        min_length=2, max_length=20, description="The variables: a list, or \"region:sex\".",
        json_schema_extra={"synonyms": ["variables", "factors"]})
    levels: Combinations | None = key(
        "Every combination of the levels of its categorical variables with its units: a list, or `{\"North:F\": 40}` "
        "for short. Not needed where all variables are continuous.", "cells", "combinations", "categories")

    @property
    def name(self) -> str:
        return " × ".join(self.terms)


class Sample(Described):
    """Another model, published with this one or before, on nearly the same people."""

    name: Text = Field(description="What it is called.", default="another model")
    n: Count | None = key("Its observations.", "observations", "nobs", "n_obs")
    units: Count | None = key("Its distinct units.", "people", "persons", "n_units")


def _samples(value: object) -> object:
    """A number stands for a model of which only the observations are known."""
    if isinstance(value, list | tuple):
        return [{"n": one} if isinstance(one, int) and not isinstance(one, bool) else one for one in value]
    return value


class Regression(Described):
    """A fitted regression: what its coefficients rest on, and what of it is published."""

    type: Text = Field(description="Which regression.")
    n: Count | None = key("Observations used in the fit.", "observations", "nobs", "n_obs", "sample_size")
    units: Count | None = key("Distinct units (people) among them: as many as `n` where nobody repeats.", "people",
                              "persons", "n_units", "distinct_units", "individuals")
    parameters: Count | None = key("Estimated coefficients, the intercept included.", "n_parameters", "params",
                                   "n_params", "k")
    residual_df: Whole | None = key("Residual degrees of freedom.", "df_resid", "residual_dof", "dof", "df_residual",
                                    "residual_degrees_of_freedom")
    absorbed: Count | None = key("Effects swept out and not published, such as one per person in a panel; they use "
                                 "degrees of freedom too.", "absorbed_effects")
    ancillary: Count | None = key("Estimated numbers besides the coefficients: scale, shape, variances.")
    terms: Annotated[tuple[Term, ...], BeforeValidator(_terms), Field(max_length=MOST_TERMS)] | None = key(
        "Every explanatory variable.", "variables")
    interactions: Annotated[tuple[Interaction, ...], BeforeValidator(_interactions),
                            Field(max_length=MOST_TERMS)] | None = key(
        "Every interaction; an empty list where there is none.")
    saturated: Flag | None = key("Whether there are as many coefficients as combinations of levels, so that the model "
                                 "is a table in disguise.", "fully_interacted")
    cells: Combinations | None = key(
        "Of a saturated model: every combination of levels with its units, and `events` (binary outcome) or `top`, "
        "`total` and `constant` of the outcome.")
    leverage_max: Number | None = key("The largest leverage, 0 to 1, of one unit (all its rows together).",
                                      "max_leverage", "leverage", "largest_leverage", "hat_max")
    r_squared: Number | None = key("R-squared; of a binary or count model the pseudo-R-squared.", "r2", "rsquared",
                                   "pseudo_r_squared")
    separation: Flag | None = key("Whether the model predicts some unit's outcome with certainty (perfect or "
                                  "quasi-complete separation).", "perfect_separation", "separated",
                                  "perfect_prediction")
    events: Count | None = key("Units that have the outcome: binary and survival models.", "cases", "n_events")
    includes: tuple[Text, ...] | None = key(
        "What is published. Left out, it is coefficients with their errors and tests, and statistics of the fit.",
        "contains", "published", "outputs")
    joint_units_min: Count | None = key("Of a published covariance matrix: the fewest units, not none, that two dummy "
                                        "variables share.")
    compared_with: Annotated[tuple[Sample, ...], BeforeValidator(_samples), Field(max_length=1000)] | None = key(
        "Other models on nearly the same people, published before or beside it: `{\"name\", \"n\", \"units\"}` each.",
        "nested", "nested_models", "other_models", "samples")

    @property
    def categorical(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms or () if term.is_categorical)

    @property
    def crossed(self) -> tuple[Level, ...] | None:
        """All combinations of the categorical variables with their units, where they are known."""
        if self.cells is not None:
            return self.cells
        names = {term.name for term in self.categorical}
        if len(names) == 1:
            return self.categorical[0].levels
        return next((one.levels for one in self.interactions or () if set(one.terms) == names), None)
