"""Private queries as data: a small grammar, checked against the public catalogue and nothing else.

A `Query` is made by `parse_query` only, so every part of it is something the catalogue allows: columns that exist
and do not name people, categories and ranges that the custodian registered, that narrow those, or that the
researcher declared where nothing is registered. There is no expression, no plan and no name that reaches the data
unchecked. Two requests that mean the same have the same canonical bytes, so that asking again returns the stored
answer.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import rfc8785

from readingroom.core.datasets import Dataset, Table
from readingroom.core.privacy.accounting import femto_delta_of
from readingroom.core.privacy.filters import EVERY, Filter, as_list, comparisons
from readingroom.core.privacy.keys import MAX_CELLS, Key, cells, parse_key, parse_keys
from readingroom.core.privacy.ranges import Ranged, parse_candidates, parse_range, parse_ranges
from readingroom.core.privacy.spends import MAX_RHO_MICRO, Spend, parse_delta, parse_spend, table_femto_delta
from readingroom.core.privacy.values import (
    NUMERIC,
    Scalar,
    find_column,
    given_number,
    is_object,
    items,
    listed,
    refuse,
    whole,
)

COUNT, PEOPLE, SUM, MEAN, VARIANCE, SD = "count", "people", "sum", "mean", "variance", "sd"
PROPORTION, QUANTILE, TOP = "proportion", "quantile", "top"
CORRELATION, REGRESSION, SYNTHETIC = "correlation", "regression", "synthetic"

COMMON = frozenset({"dataset", "table", "statistic", "where", "rows_per_person", "rho_micro", "rho", "epsilon",
                    "delta"})
RANGE = frozenset({"column", "lower", "upper"})
GROUPED = frozenset({"by"})
QUANTILE_FIELDS = GROUPED | {"column", "candidates", "quantiles"}
FIELDS: dict[str, frozenset[str]] = {
    COUNT: GROUPED,
    PEOPLE: GROUPED | {"threshold_delta"},
    "histogram": frozenset({"column", "categories", "edges", "undeclared", "missing", "threshold_delta"}),
    SUM: GROUPED | RANGE,
    MEAN: GROUPED | RANGE,
    VARIANCE: GROUPED | RANGE,
    SD: GROUPED | RANGE,
    PROPORTION: GROUPED | {"of"},
    QUANTILE: QUANTILE_FIELDS,
    "median": GROUPED | {"column", "candidates"},
    TOP: frozenset({"column", "categories", "edges", "k"}),
    CORRELATION: frozenset({"columns", "bounds"}),
    REGRESSION: frozenset({"outcome", "predictors", "bounds"}),
    SYNTHETIC: frozenset({"columns", "marginals", "rows"}),
}
STATISTICS = tuple(FIELDS)
"""`histogram` is `people` by one column and `median` a `quantile`: the same queries under familiar names."""

MAX_ROWS_PER_PERSON = 10_000
MAX_QUANTILES = 9
MAX_COLUMNS = 9
MAX_SYNTHETIC_CELLS = 2**18
MAX_SYNTHETIC_ROWS = 1_000_000
ALL_ROWS = 0  # in place of a number of rows per person: people are counted, so there is nothing to cap
ALPHA_UNIT = 2**16


@dataclass(frozen=True)
class Query:
    """A question that may be asked. Parts that its statistic has no use for are empty."""

    dataset: str
    table: str
    statistic: str
    where: Filter
    spend: Spend
    rows_per_person: int
    by: tuple[Key, ...] = ()
    ranged: tuple[Ranged, ...] = ()
    of: Filter = EVERY
    quantiles: tuple[float, ...] = ()
    candidates: tuple[int | float, ...] = ()
    k: int = 0
    marginals: tuple[tuple[str, ...], ...] = ()
    rows: int = 0

    @property
    def rho_micro(self) -> int:
        return self.spend.rho_micro

    @property
    def undeclared(self) -> bool:
        return any(key.undeclared for key in self.by)

    @property
    def needs_human(self) -> bool:
        """Synthetic tables leave only after somebody looked at them."""
        return self.statistic == SYNTHETIC

    @property
    def cells(self) -> tuple[tuple[Scalar, ...], ...]:
        """The groups of the answer, each with a value per key, in order."""
        return cells(self.by)

    def as_dict(self) -> dict[str, object]:
        """The canonical form as JSON: parsed again, it is the same query."""
        said: dict[str, object] = {"dataset": self.dataset, "table": self.table, "statistic": self.statistic,
                                   "where": as_list(self.where)} | self.spend.as_dict()
        if self.rows_per_person != ALL_ROWS:
            said["rows_per_person"] = self.rows_per_person
        return said | _WRITTEN[self.statistic](self) | (
            {"by": [key.as_dict() for key in self.by]} if self.by and "by" in FIELDS[self.statistic] else {})


_WRITTEN: dict[str, Callable[[Query], dict[str, object]]] = {
    COUNT: lambda query: {},
    PEOPLE: lambda query: {},
    SUM: lambda query: query.ranged[0].as_dict(),
    MEAN: lambda query: query.ranged[0].as_dict(),
    VARIANCE: lambda query: query.ranged[0].as_dict(),
    SD: lambda query: query.ranged[0].as_dict(),
    PROPORTION: lambda query: {"of": as_list(query.of)},
    QUANTILE: lambda query: {"column": query.ranged[0].column, "candidates": list(query.candidates),
                             "quantiles": list(query.quantiles)},
    TOP: lambda query: {name: value for name, value in query.by[0].as_dict().items() if name != "missing"} | {
        "k": query.k},
    CORRELATION: lambda query: {"columns": [one.column for one in query.ranged], "bounds": _bounds_of(query)},
    REGRESSION: lambda query: {"outcome": query.ranged[0].column, "bounds": _bounds_of(query),
                               "predictors": [one.column for one in query.ranged[1:]]},
    SYNTHETIC: lambda query: {"columns": [key.as_dict() for key in query.by], "rows": query.rows,
                              "marginals": [list(names) for names in query.marginals]},
}


def _bounds_of(query: Query) -> dict[str, object]:
    return {one.column: [one.lower, one.upper] for one in query.ranged}


def parse_query(raw: object, dataset: Dataset, *, max_rho_micro: int = MAX_RHO_MICRO) -> Query:
    """Check a request against the catalogue. Raises InvalidInput; the data are never touched."""
    if not is_object(raw):
        refuse("A private query is a JSON object.", "query-object", type(raw).__name__, "Send an object.")
    statistic = raw.get("statistic")
    if not isinstance(statistic, str) or statistic not in FIELDS:
        refuse("That statistic is not offered.", "query-statistic", statistic, f"Use one of {listed(STATISTICS)}.")
    unknown = sorted(set(raw) - COMMON - FIELDS[statistic])
    if unknown:
        refuse(f"A {statistic} has no such field.", "query-fields", listed(unknown),
               f"Fields of a {statistic}: {listed(sorted(COMMON | FIELDS[statistic]))}.")
    if raw.get("dataset") != dataset.slug:
        refuse("The query names another dataset.", "query-dataset", raw.get("dataset"), f"Write {dataset.slug!r}.")
    name = raw.get("table")
    table = dataset.table(name) if isinstance(name, str) else None
    if table is None:
        names = listed(table.name for table in dataset.tables)
        refuse("The dataset has no such table.", "query-table", name, f"Use one of {names}.")
    base = Query(dataset.slug, table.name, statistic, _parse_filter(raw.get("where"), table),
                 parse_spend(raw, max_rho_micro), _parse_rows_per_person(raw.get("rows_per_person"), table))
    query = _PARSERS[statistic](base, raw, table)
    if query.undeclared:
        return _with_threshold(query, raw, table)
    if raw.get("threshold_delta") is not None:
        refuse("Only undeclared categories need a threshold.", "query-delta", raw["threshold_delta"],
               "Leave `threshold_delta` out.")
    return query


def canonical(query: Query) -> bytes:
    """The same bytes for every way of writing the same query (RFC 8785)."""
    return rfc8785.dumps(query.as_dict())  # type: ignore[arg-type]


def columns_read(query: Query) -> frozenset[tuple[str, str]]:
    """(table, column) that a grant must cover. Empty for a plain count: check `query.table` too.

    The person's key is read to count people; it is not listed, since no answer shows it.
    """
    names = {leaf.column for leaf in (*comparisons(query.where), *comparisons(query.of))}
    names |= {key.column for key in query.by} | {one.column for one in query.ranged}
    return frozenset((query.table, name) for name in names)


# --- the parts ---

def _with_threshold(query: Query, raw: Mapping[str, object], table: Table) -> Query:
    if len(query.by) > 1:
        refuse("Only a single column can have undeclared categories.", "query-keys",
               listed(key.column for key in query.by), "Declare the categories of all, or ask by one column.")
    if query.statistic != PEOPLE:
        refuse(f"A {query.statistic} needs declared categories.", "query-keys", query.by[0].column,
               "Find them privately with `people` first, then declare those found.")
    given = raw.get("threshold_delta")
    units = femto_delta_of(parse_delta(given)) if given is not None else max(1, table_femto_delta(table) // 10)
    return replace(query, spend=replace(query.spend, femto_delta=units))


def _parse_rows_per_person(raw: object, table: Table) -> int:
    most = max(1, int(table.max_rows_per_person))
    if raw is None:
        return most
    return whole(raw, "rows_per_person", "query-rows-per-person", 1, most,
                 ", the registered bound: it can be narrowed, not widened")


# --- the statistics ---

def _parse_count(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    return replace(base, by=parse_keys(raw.get("by"), table))


def _parse_people(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    by = parse_keys(raw.get("by"), table)
    return replace(base, by=by, rows_per_person=base.rows_per_person if by else ALL_ROWS)


def _parse_histogram(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    key = {name: raw[name] for name in ("column", "categories", "edges", "undeclared", "missing")
           if raw.get(name) is not None}
    find_column(raw.get("column"), table)
    return replace(base, statistic=PEOPLE, by=(parse_key(key, table),))


def _parse_ranged(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    one = parse_range(raw.get("column"), raw.get("lower"), raw.get("upper"), table)
    return replace(base, by=parse_keys(raw.get("by"), table), ranged=(one,))


def _parse_proportion(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    if raw.get("of") is None:
        refuse("A proportion is of the rows that meet a condition.", "query-of", None,
               'Write "of": "age >= 18", or a list of conditions as in `where`.')
    return replace(base, by=parse_keys(raw.get("by"), table), of=_parse_filter(raw["of"], table))


def _parse_filter(given: object, table: Table) -> Filter:
    from readingroom.core.privacy.filter_parsing import parse_filter  # with what reads SQL, 8 MiB

    return parse_filter(given, table)


def _parse_quantile(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    column = find_column(raw.get("column"), table)
    if column.type not in NUMERIC or column.codes:
        refuse("A quantile needs a numeric column without codes.", "query-column", column.name, "Use a histogram.")
    candidates = parse_candidates(raw.get("candidates"), column)
    wanted = raw.get("quantiles", 0.5)
    given = items(wanted if isinstance(wanted, list | tuple) else [wanted], "quantiles", "query-quantiles",
                  MAX_QUANTILES)
    found = [given_number(one) for one in given]
    if any(one is None or not 0 < one < 1 or not 0 < round(one * ALPHA_UNIT) < ALPHA_UNIT for one in found):
        refuse("Quantiles lie strictly between 0 and 1.", "query-quantiles", listed(given), "Write [0.25, 0.5, 0.75].")
    return replace(base, statistic=QUANTILE, by=parse_keys(raw.get("by"), table), candidates=candidates,
                   ranged=(Ranged(column.name, candidates[0], candidates[-1]),),
                   quantiles=tuple(sorted({float(one) for one in found if one is not None})))


def _parse_top(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    key = parse_key({name: raw[name] for name in ("column", "categories", "edges") if raw.get(name) is not None}
                    | {"missing": False}, table)
    return replace(base, by=(key,), rows_per_person=ALL_ROWS,
                   k=whole(raw.get("k"), "k", "query-k", 1, max(1, len(key.values) - 1),
                           ": fewer than there are categories"))


def _parse_correlation(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    names = items(raw.get("columns"), "columns", "query-columns", MAX_COLUMNS)
    return replace(base, ranged=tuple(sorted(parse_ranges(names, raw, table), key=lambda one: one.column)))


def _parse_regression(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    predictors = raw.get("predictors")
    names = items([predictors] if isinstance(predictors, str) else predictors, "predictors", "query-columns",
                  MAX_COLUMNS - 1)
    outcome, *others = parse_ranges([raw.get("outcome"), *names], raw, table)
    return replace(base, ranged=(outcome, *sorted(others, key=lambda one: one.column)))


def _parse_synthetic(base: Query, raw: Mapping[str, object], table: Table) -> Query:
    keys = parse_keys(items(raw.get("columns"), "columns", "query-columns", MAX_COLUMNS - 3), table)
    if len(keys) < 2 or any(key.undeclared for key in keys):
        refuse("A synthetic table has two columns or more, all with declared categories.", "query-columns",
               listed(key.column for key in keys), "Give `categories` or `edges` for each.")
    if (size := math.prod(len(key.values) for key in keys)) > MAX_SYNTHETIC_CELLS:
        refuse("The synthetic table would have too many possible rows.", "query-cells", size,
               f"At most {MAX_SYNTHETIC_CELLS}: name fewer columns or categories.")
    marginals = _parse_marginals(raw.get("marginals"), keys)
    rows = whole(raw.get("rows"), "rows", "query-rows", 1, MAX_SYNTHETIC_ROWS,
                 ": how many rows to draw, chosen beforehand")
    return replace(base, by=keys, marginals=marginals, rows=rows)


def _parse_marginals(raw: object, keys: tuple[Key, ...]) -> tuple[tuple[str, ...], ...]:
    """The tables to measure, fixed beforehand: those given, or every pair of columns."""
    known = {key.column: len(key.values) for key in keys}
    if raw is None:
        found = list(itertools.combinations(sorted(known), 2))
    else:
        given = items(raw, "marginals", "query-marginals", 30)
        if not all(isinstance(names, list | tuple) and 1 <= len(names) <= 3 and len(set(map(str, names))) == len(names)
                   and all(isinstance(name, str) and name in known for name in names) for names in given):
            refuse("A marginal is a list of one to three of the columns.", "query-marginals", listed(given),
                   'Write [["age", "sex"], ["sex", "region"]].')
        found = sorted({tuple(sorted(names)) for names in given})  # type: ignore[call-overload]
    if (size := sum(math.prod(known[name] for name in names) for names in found)) > MAX_CELLS:
        refuse("The marginals have too many groups.", "query-cells", size, f"At most {MAX_CELLS}: choose fewer.")
    if missing := sorted(set(known) - {name for names in found for name in names}):
        refuse("A column is in no marginal.", "query-marginals", listed(missing), "Add one with it, or leave it out.")
    return tuple(found)


_Parser = Callable[[Query, Mapping[str, object], Table], Query]
_PARSERS: dict[str, _Parser] = {
    COUNT: _parse_count, PEOPLE: _parse_people, "histogram": _parse_histogram, SUM: _parse_ranged,
    MEAN: _parse_ranged, VARIANCE: _parse_ranged, SD: _parse_ranged, PROPORTION: _parse_proportion,
    QUANTILE: _parse_quantile, "median": _parse_quantile, TOP: _parse_top, CORRELATION: _parse_correlation,
    REGRESSION: _parse_regression, SYNTHETIC: _parse_synthetic,
}
