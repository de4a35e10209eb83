"""Every statistic that may be asked privately, as plain calls. Each shows its price, pays, waits and gives an answer.

All take `where` (conditions of `on()`, dictionaries or SQL), a spend (`rho`, `epsilon` or `pure_epsilon`) and
`rows_per_person`, which narrows how many rows of each person are used. `by` groups by columns with registered
categories, or by `bands`, `only` or `undeclared` ones of `on()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from readingroom.sdk._dp.answers import Answer
from readingroom.sdk._dp.asking import ask
from readingroom.sdk._dp.questions import question

STATISTICS = ("count", "people", "records", "histogram", "contingency", "sum", "mean", "variance", "sd", "proportion",
              "quantile", "median", "top_k", "correlation", "regression", "synthetic")


class Common(TypedDict, total=False):
    """What every call takes."""

    where: Any
    rho: float | None
    epsilon: float | None
    pure_epsilon: float | None
    rows_per_person: int | None


def count(dataset: str, table: str, *, by: Any = None, **common: Unpack[Common]) -> Answer:
    """People with at least one matching row; with `by`, in each group."""
    return ask(question("count", dataset, table, by=by, **common))


def people(dataset: str, table: str, *, by: Any = None, **common: Unpack[Common]) -> Answer:
    """The same as `count`: distinct people."""
    return count(dataset, table, by=by, **common)


def records(dataset: str, table: str, *, by: Any = None, **common: Unpack[Common]) -> Answer:
    """Rows, at most K of each person; with `by`, in each group."""
    return ask(question("records", dataset, table, by=by, **common))


def histogram(dataset: str, table: str, column: Any, *, categories: Sequence[Any] | None = None,
              edges: Sequence[Any] | None = None, undeclared: bool | None = None, missing: bool | None = None,
              threshold_delta: float | None = None, **common: Unpack[Common]) -> Answer:
    """People per category (label or code) of a column with codes, or per interval between `edges`.

    `undeclared=True` has categories found that nobody registered: only those of many people are shown, and it costs
    some delta besides.
    """
    return ask(question("histogram", dataset, table, column, categories=categories, edges=edges, undeclared=undeclared,
                        missing=missing, threshold_delta=threshold_delta, **common))


def contingency(dataset: str, table: str, columns: Sequence[Any], **common: Unpack[Common]) -> Answer:
    """People in each cell of a table of several columns; `.wide` sets two of them against each other."""
    return ask(question("contingency", dataset, table, by=list(columns), **common))


def sum(dataset: str, table: str, column: Any, *, lower: float | None = None, upper: float | None = None,
        by: Any = None, **common: Unpack[Common]) -> Answer:
    """The sum of a column, clipped to its registered range or to a narrower one."""
    return ask(question("sum", dataset, table, column, lower=lower, upper=upper, by=by, **common))


def mean(dataset: str, table: str, column: Any, *, lower: float | None = None, upper: float | None = None,
         by: Any = None, **common: Unpack[Common]) -> Answer:
    """The mean of a column, clipped to its registered range or to a narrower one."""
    return ask(question("mean", dataset, table, column, lower=lower, upper=upper, by=by, **common))


def variance(dataset: str, table: str, column: Any, *, lower: float | None = None, upper: float | None = None,
             by: Any = None, **common: Unpack[Common]) -> Answer:
    """The variance of a column, clipped as for a mean."""
    return ask(question("variance", dataset, table, column, lower=lower, upper=upper, by=by, **common))


def sd(dataset: str, table: str, column: Any, *, lower: float | None = None, upper: float | None = None,
       by: Any = None, **common: Unpack[Common]) -> Answer:
    """The standard deviation of a column, clipped as for a mean."""
    return ask(question("sd", dataset, table, column, lower=lower, upper=upper, by=by, **common))


def proportion(dataset: str, table: str, of: Any, *, by: Any = None, **common: Unpack[Common]) -> Answer:
    """The share of rows (of those that `where` leaves) that meet the condition `of`."""
    return ask(question("proportion", dataset, table, of=of, by=by, **common))


def quantile(dataset: str, table: str, column: Any, q: float | Sequence[float] = (0.25, 0.5, 0.75), *,
             candidates: Sequence[float] | Mapping[str, float] | None = None, by: Any = None,
             **common: Unpack[Common]) -> Answer:
    """Quantiles, chosen among declared `candidates`: a list, or {"lower", "upper", "step"}; else a registered grid."""
    return ask(question("quantile", dataset, table, column, quantiles=q, candidates=candidates, by=by, **common))


def median(dataset: str, table: str, column: Any, *, candidates: Sequence[float] | Mapping[str, float] | None = None,
           by: Any = None, **common: Unpack[Common]) -> Answer:
    """The median, chosen among declared candidates."""
    return ask(question("median", dataset, table, column, candidates=candidates, by=by, **common))


def top_k(dataset: str, table: str, column: Any, k: int = 5, *, categories: Sequence[Any] | None = None,
          edges: Sequence[Any] | None = None, **common: Unpack[Common]) -> Answer:
    """The `k` categories with most people, in order; their numbers are not told."""
    return ask(question("top_k", dataset, table, column, k=k, categories=categories, edges=edges, **common))


def correlation(dataset: str, table: str, columns: Sequence[Any], *,
                bounds: Mapping[str, Sequence[float]] | None = None, **common: Unpack[Common]) -> Answer:
    """Pearson's correlation of each pair of columns, from clipped sums of products."""
    return ask(question("correlation", dataset, table, columns=list(columns), bounds=bounds, **common))


def regression(dataset: str, table: str, outcome: str, predictors: str | Sequence[str], *,
               bounds: Mapping[str, Sequence[float]] | None = None, **common: Unpack[Common]) -> Answer:
    """Least squares of the outcome on the predictors, from clipped sums of products."""
    return ask(question("regression", dataset, table, outcome=outcome, predictors=predictors, bounds=bounds, **common))


def synthetic(dataset: str, table: str, columns: Sequence[Any], rows: int, *,
              marginals: Sequence[Sequence[str]] | None = None, **common: Unpack[Common]) -> Answer:
    """A table of made-up rows that follows noisy tables of two columns each. It leaves only after a person looked."""
    return ask(question("synthetic", dataset, table, columns=list(columns), rows=rows, marginals=marginals, **common))
