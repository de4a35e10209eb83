"""Tests of hypotheses as described for the checks: groups compared, a table tested, variables correlated."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from readingroom.core.disclosure.models.described import (
    Count,
    Described,
    Label,
    Number,
    Text,
    Whole,
    key,
    listed,
)


class Group(Described):
    """One of the groups compared."""

    level: Label = Field(default="all", description="What the group is called.",
                         json_schema_extra={"synonyms": ["name", "group", "label"]})
    units: Count | None = key("Distinct units in it.", "people", "persons", "n_units", "distinct_units")
    n: Count | None = key("Observations in it.", "observations", "nobs", "records")
    mean: Number | None = key("The mean, where published.")
    sd: Number | None = key("The standard deviation.", "std", "standard_deviation")


Groups = Annotated[tuple[Group, ...], BeforeValidator(listed), Field(max_length=5_000)]


class GroupComparison(Described):
    """A t-test, an analysis of variance, or a test by ranks: each group is a cell with a mean."""

    type: Text = Field(description="Which test.")
    n: Count | None = key("Observations.", "observations", "nobs", "n_obs", "sample_size")
    units: Count | None = key("Distinct units (people) among them.", "people", "persons", "n_units", "distinct_units")
    residual_df: Number | None = key("Degrees of freedom of the test (of the residuals, for an analysis of variance); "
                                     "Welch's need not be whole.", "df", "dof", "degrees_of_freedom", "df_resid")
    groups: Groups | None = key("The groups with their units; a test of one sample, or of pairs, has one.", "samples")
    statistic: Number | None = key("The test statistic.", "t", "f", "u", "w")
    p_value: Number | None = key("The p-value.", "p", "pvalue")


class Crossed(Described):
    """The counts that are tested."""

    rows: tuple[Label, ...] = Field(min_length=1, max_length=500, description="Labels of the rows.")
    columns: tuple[Label, ...] = Field(min_length=1, max_length=500, description="Labels of the columns.")
    counts: tuple[tuple[Count, ...], ...] = Field(
        min_length=1, description="Distinct units in each cell, row by row.",
        json_schema_extra={"synonyms": ["units", "people", "cells", "observed"]})


def _unlabelled(value: object) -> object:
    """Counts alone will do: `[[40, 35], [50, 25]]`."""
    if isinstance(value, list) and value and all(isinstance(row, list) for row in value):
        return {"rows": [f"row {at}" for at in range(1, len(value) + 1)],
                "columns": [f"column {at}" for at in range(1, max(map(len, value)) + 1)], "counts": value}
    return value


class IndependenceTest(Described):
    """A chi-square or Fisher test: safe when its table is."""

    type: Text = Field(description="Which test.")
    n: Count | None = key("Observations.", "observations", "nobs", "n_obs", "sample_size")
    units: Count | None = key("Distinct units (people) among them.", "people", "persons", "n_units", "distinct_units")
    residual_df: Whole | None = key("Degrees of freedom: (rows - 1) (columns - 1).", "df", "dof", "degrees_of_freedom")
    table: Annotated[Crossed, BeforeValidator(_unlabelled)] | None = key(
        "The table that is tested; rows of counts alone will do.", "counts", "observed", "contingency_table",
        "crosstab")
    statistic: Number | None = key("The test statistic.", "chi2", "chi_square")
    p_value: Number | None = key("The p-value.", "p", "pvalue")


class Pair(Described):
    """One coefficient of correlation."""

    variables: tuple[Text, ...] = Field(default=("x", "y"), min_length=2, max_length=2, description="The two.")
    correlation: Number | None = key("The coefficient, -1 to 1.", "r", "rho", "coefficient", "value", "tau")
    n: Count | None = key("Observations with both values.", "observations", "nobs")
    units: Count | None = key("Distinct units (people) among them.", "people", "persons", "n_units", "distinct_units")


class Correlation(Described):
    """Coefficients of correlation: one, or a matrix of them as pairs."""

    type: Text = Field(description="Which coefficient.")
    n: Count | None = key("Observations with both values.", "observations", "nobs", "n_obs", "sample_size")
    units: Count | None = key("Distinct units (people) among them.", "people", "persons", "n_units", "distinct_units")
    residual_df: Whole | None = key("Degrees of freedom: n - 2.", "df", "dof", "degrees_of_freedom")
    correlation: Number | None = key("The coefficient, -1 to 1.", "r", "rho", "coefficient", "value", "tau")
    pairs: Annotated[tuple[Pair, ...], Field(max_length=20_000)] | None = key(
        "Several coefficients, each with its own people.", "correlations")
    p_value: Number | None = key("The p-value.", "p", "pvalue")

    @property
    def all_pairs(self) -> tuple[Pair, ...]:
        """Every coefficient; what a pair does not say is taken from the whole."""
        if self.pairs is None:
            return (Pair(correlation=self.correlation, n=self.n, units=self.units),)
        return tuple(pair.model_copy(update={
            "n": self.n if pair.n is None else pair.n,
            "units": self.units if pair.units is None else pair.units}) for pair in self.pairs)
