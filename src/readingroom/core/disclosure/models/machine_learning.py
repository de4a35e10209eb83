"""Clusters and fitted predictors as described for the checks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from readingroom.core.disclosure.models.described import Count, Described, Flag, Levels, Number, Text, Whole, key


def _named(value: object) -> object:
    """Sizes alone are enough: [40, 25] are clusters 1 and 2."""
    if isinstance(value, list | tuple) and all(isinstance(one, int) and not isinstance(one, bool) for one in value):
        return [{"level": str(number), "units": units} for number, units in enumerate(value, start=1)]
    return value


class Clustering(Described):
    """Groups that were found in the data."""

    type: Text = Field(description="Which method.")
    n: Count | None = key("Observations.", "observations", "nobs", "n_obs", "sample_size")
    units: Count | None = key("Distinct units (people).", "people", "persons", "n_units", "distinct_units")
    clusters: Annotated[Levels, BeforeValidator(_named)] | None = key(
        "Every cluster with its units; sizes alone will do.", "sizes", "cluster_sizes", "groups")
    includes: tuple[Text, ...] | None = key("What is published: sizes, centroids, ...", "contains", "published",
                                            "outputs")


class Leaf(Described):
    """A leaf of a tree."""

    units: Count = Field(description="Distinct training units in it.",
                         json_schema_extra={"synonyms": ["people", "n", "samples", "n_samples"]})
    largest_class: Count | None = key("Those of its most frequent class.", "majority", "max_class")


def _leaves(value: object) -> object:
    if isinstance(value, list | tuple):
        return [{"units": one} if isinstance(one, int) and not isinstance(one, bool) else one for one in value]
    return value


class Trees(Described):
    """A tree, or an ensemble of them. Every leaf is a cell."""

    type: Text = Field(description="Tree, forest or boosting.")
    n: Count | None = key("Training observations.", "observations", "nobs", "n_obs", "sample_size")
    units: Count | None = key("Distinct training units (people).", "people", "persons", "n_units", "distinct_units")
    leaves: Annotated[tuple[Leaf, ...], Field(max_length=200_000), BeforeValidator(_leaves)] | None = key(
        "Every leaf with its units; numbers alone will do.")
    leaf_units_min: Count | None = key("Fewest units in any leaf of any tree.", "min_leaf_units", "min_leaf",
                                       "smallest_leaf", "min_samples_leaf")
    pure_leaves: Count | None = key("Leaves whose units all have one class or value.", "n_pure_leaves")
    leaf_count: Count | None = key("Leaves, over all trees.", "n_leaves")
    depth: Count | None = key("Levels of the deepest tree.", "max_depth", "tree_depth")
    trees: Count | None = key("How many trees.", "n_trees", "n_estimators")


class Classifier(Described):
    """A predictor of classes, published by its parameters: logistic, neural, naive Bayes."""

    type: Text = Field(description="Which predictor.")
    n: Count | None = key("Training observations.", "observations", "nobs", "n_obs", "sample_size")
    units: Count | None = key("Distinct training units (people).", "people", "persons", "n_units", "distinct_units")
    parameters: Count | None = key("Trained parameters.", "n_parameters", "params", "n_params")
    residual_df: Whole | None = key("n - parameters.", "df_resid", "residual_dof", "dof")
    smallest_group: Count | None = key("Fewest training units that get the same prediction for all classes.",
                                       "smallest_equivalence_class", "k_anonymity", "min_equivalence_class")
    probability_min: Number | None = key("Smallest probability predicted for any class of any training unit.",
                                         "min_probability", "lowest_probability")
    probability_max: Number | None = key("Largest such probability.", "max_probability", "highest_probability")


class InstanceBased(Described):
    """A predictor that keeps training rows and compares with them."""

    type: Text = Field(description="Which predictor.")
    n: Count | None = key("Training observations.", "observations", "nobs", "n_obs", "sample_size")
    units: Count | None = key("Distinct training units (people).", "people", "persons", "n_units", "distinct_units")
    kept: Count | None = key("Training rows that it keeps, such as support vectors.", "support_vectors",
                             "n_support_vectors")
    private: Flag | None = key("Whether it was trained with differential privacy.", "differentially_private")
