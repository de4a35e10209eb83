"""Private queries as data: a small grammar, checked against the public catalogue and nothing else.

A `Query` can only be made by `parse_query`, so every part of it is something the catalogue allows: columns
that exist and are not the person's key, categories and ranges that the custodian registered or that
narrow them. There is no expression, no plan and no name that reaches the data unchecked. Two requests that
mean the same have the same canonical bytes, so that asking again returns the stored answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NoReturn, TypeGuard

import rfc8785

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.errors import InvalidInput

Scalar = int | float | str | bool

STATISTICS = ("count", "histogram", "mean")
OPERATORS = ("==", "!=", "<", "<=", ">", ">=")
MAX_CONDITIONS = 8
MAX_VALUES = 100
MAX_CATEGORIES = 200
MAX_TEXT = 200
MAX_EXACT = 2**53 - 1  # largest integer that JSON readers agree on
MAX_RHO_MICRO = 1_350_000  # a whole dataset's lifetime; the ledger's caps are tighter
MISSING = "missing"

_FIELDS = {
    "count": frozenset({"dataset", "table", "statistic", "where", "rho_micro"}),
    "histogram": frozenset(
        {"dataset", "table", "statistic", "column", "categories", "edges", "where", "rho_micro"}
    ),
    "mean": frozenset({"dataset", "table", "statistic", "column", "lower", "upper", "where", "rho_micro"}),
}


@dataclass(frozen=True)
class Condition:
    """One comparison with constants: one of OPERATORS with one value, or `in` with several, sorted.

    A row whose column is missing matches no condition, not even `!=`.
    """

    column: str
    operator: str
    values: tuple[Scalar, ...]

    def as_dict(self) -> dict[str, object]:
        if self.operator == "in":
            return {"column": self.column, "in": list(self.values)}
        return {"column": self.column, "op": self.operator, "value": self.values[0]}


_Common = tuple[str, str, tuple[Condition, ...], int]  # the fields of a Query, in order


@dataclass(frozen=True)
class Query:
    """One of the subclasses. All of `where` must hold; it is sorted. `rho_micro` is the spend."""

    dataset: str
    table: str
    where: tuple[Condition, ...]
    rho_micro: int

    statistic = ""

    def as_dict(self) -> dict[str, object]:
        return {
            "dataset": self.dataset,
            "table": self.table,
            "statistic": self.statistic,
            "where": [condition.as_dict() for condition in self.where],
            "rho_micro": self.rho_micro,
        }


@dataclass(frozen=True)
class Count(Query):
    """People with at least one matching row."""

    statistic = "count"


@dataclass(frozen=True)
class Histogram(Query):
    """People per category. Either `categories` (in catalogue order) or `edges` (rising), never both."""

    column: str
    categories: tuple[Scalar, ...] = ()
    edges: tuple[int, ...] = ()

    statistic = "histogram"

    @property
    def keys(self) -> tuple[Scalar, ...]:
        """The key of every answer row, in order; the last is the missing values."""
        if self.edges:
            pairs = pairwise(self.edges)
            return (*(f"{low} to under {high}" for low, high in pairs), MISSING)
        return (*self.categories, MISSING)

    def as_dict(self) -> dict[str, object]:
        choice: dict[str, object] = (
            {"edges": list(self.edges)} if self.edges else {"categories": list(self.categories)}
        )
        return super().as_dict() | {"column": self.column} | choice


@dataclass(frozen=True)
class Mean(Query):
    """Mean of a column clipped to [lower, upper]; missing values are left out."""

    column: str
    lower: float
    upper: float

    statistic = "mean"

    def as_dict(self) -> dict[str, object]:
        return super().as_dict() | {"column": self.column, "lower": self.lower, "upper": self.upper}


def parse_query(raw: object, dataset: Dataset) -> Query:
    """Check a request against the catalogue. Raises InvalidInput; the data are never touched."""
    if not isinstance(raw, Mapping) or not all(isinstance(key, str) for key in raw):
        _refuse("A private query is a JSON object.", "query-object", type(raw).__name__, "Send an object.")
    statistic = raw.get("statistic")
    if not isinstance(statistic, str) or statistic not in STATISTICS:
        _refuse(
            "That statistic is not offered.",
            "query-statistic",
            statistic,
            f"Use one of {_listed(STATISTICS)}.",
        )
    unknown = sorted(set(raw) - _FIELDS[statistic])
    if unknown:
        _refuse(
            f"A {statistic} has no such field.",
            "query-fields",
            _listed(unknown),
            f"Fields of a {statistic}: {_listed(sorted(_FIELDS[statistic]))}.",
        )
    if raw.get("dataset") != dataset.slug:
        _refuse(
            "The query names another dataset.",
            "query-dataset",
            raw.get("dataset"),
            f"Write {dataset.slug!r}.",
        )
    name = raw.get("table")
    table = dataset.table(name) if isinstance(name, str) else None
    if table is None:
        names = _listed(table.name for table in dataset.tables)
        _refuse("The dataset has no such table.", "query-table", name, f"Use one of {names}.")
    rho_micro = raw.get("rho_micro")
    if not _is_int(rho_micro) or not 1 <= rho_micro <= MAX_RHO_MICRO:
        _refuse(
            "rho_micro says how much budget to spend, in millionths of rho.",
            "query-rho",
            rho_micro,
            f"Give a whole number from 1 to {MAX_RHO_MICRO}; 1000 is a usual start.",
        )
    common: _Common = (dataset.slug, table.name, _parse_where(raw.get("where"), table), rho_micro)
    if statistic == "count":
        return Count(*common)
    column = _column(raw.get("column"), table)
    if statistic == "histogram":
        return _parse_histogram(raw, common, column)
    return _parse_mean(raw, common, column)


def canonical(query: Query) -> bytes:
    """The same bytes for every way of writing the same query (RFC 8785)."""
    return rfc8785.dumps(query.as_dict())  # type: ignore[arg-type]


def columns_read(query: Query) -> frozenset[tuple[str, str]]:
    """(table, column) that a grant must cover. Empty for a plain count: check `query.table` too.

    The person's key is read to count people; it is not listed, since no answer shows it.
    """
    names = {condition.column for condition in query.where}
    if isinstance(query, Histogram | Mean):
        names.add(query.column)
    return frozenset((query.table, name) for name in names)


def _parse_histogram(raw: Mapping[str, object], common: _Common, column: Column) -> Histogram:
    categories, edges = raw.get("categories"), raw.get("edges")
    if categories is not None and edges is not None:
        _refuse("A histogram has categories or edges, not both.", "query-keys", column.name, "Leave one out.")
    if edges is not None:
        return Histogram(*common, column.name, edges=_parse_edges(edges, column))
    allowed = _catalogue_values(column)
    if not allowed:
        _refuse(
            "The catalogue declares no categories for this column, and they are never taken from the data.",
            "query-categories",
            column.name,
            "Give `edges`, a rising list of whole numbers, or choose a column with codes."
            if column.type in ("integer", "number")
            else "Choose a column with codes.",
        )
    if categories is None:
        chosen = allowed
    else:
        if not isinstance(categories, list | tuple) or not categories:
            _refuse(
                "Categories are a list.",
                "query-categories",
                categories,
                "Give at least one, or leave it out.",
            )
        if len(categories) > MAX_CATEGORIES:
            _refuse(
                "Too many categories.", "query-categories", len(categories), f"Give at most {MAX_CATEGORIES}."
            )
        wanted = [_value(value, column) for value in categories]
        if len(set(wanted)) != len(wanted):
            _refuse("A category is listed twice.", "query-categories", column.name, "List each once.")
        chosen = tuple(value for value in allowed if value in set(wanted))
    if len(chosen) > MAX_CATEGORIES:
        _refuse(
            "Too many categories.", "query-categories", len(chosen), f"Name at most {MAX_CATEGORIES} of them."
        )
    return Histogram(*common, column.name, categories=chosen)


def _parse_edges(edges: object, column: Column) -> tuple[int, ...]:
    if column.type not in ("integer", "number") or column.codes:
        _refuse(
            "Edges are for numbers without codes.", "query-edges", column.name, "Use `categories` instead."
        )
    if (
        not isinstance(edges, list | tuple)
        or not 2 <= len(edges) <= MAX_CATEGORIES + 1
        or not all(_is_int(edge) and abs(edge) <= MAX_EXACT for edge in edges)
    ):
        _refuse(
            "Edges are a list of whole numbers.", "query-edges", edges, f"Give 2 to {MAX_CATEGORIES + 1}."
        )
    if any(low >= high for low, high in pairwise(edges)):
        _refuse("Edges must rise.", "query-edges", edges, "Sort them and remove repeats.")
    return tuple(edges)


def _parse_mean(raw: Mapping[str, object], common: _Common, column: Column) -> Mean:
    if column.type not in ("integer", "number") or column.codes:
        _refuse(
            "A mean needs a numeric column without codes.", "query-column", column.name, "Use a histogram."
        )
    if column.lower is None or column.upper is None:
        _refuse(
            "No range is registered for this column, and a range is never taken from the data.",
            "query-range",
            column.name,
            "Ask the custodian to register a lower and an upper bound.",
        )
    lower = _bound(raw.get("lower"), column.lower)
    upper = _bound(raw.get("upper"), column.upper)
    if not column.lower <= lower < upper <= column.upper:
        _refuse(
            "The range must rise and lie inside the registered one.",
            "query-range",
            f"{lower} to {upper}",
            f"Stay within {column.lower} to {column.upper}.",
        )
    if not math.isfinite(upper - lower) or (upper - lower) / 2**17 == 0.0 or abs(lower) + abs(upper) > 2**53:
        _refuse(
            "The range cannot be computed with.",
            "query-range",
            f"{lower} to {upper}",
            "Use ordinary numbers.",
        )
    return Mean(*common, column.name, lower, upper)


def _parse_where(raw: object, table: Table) -> tuple[Condition, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple) or len(raw) > MAX_CONDITIONS:
        _refuse(
            "`where` is a list of conditions.",
            "query-where",
            type(raw).__name__,
            f"At most {MAX_CONDITIONS}.",
        )
    conditions = {_parse_condition(item, table) for item in raw}
    return tuple(sorted(conditions, key=lambda one: rfc8785.dumps(one.as_dict())))  # type: ignore[arg-type]


def _parse_condition(raw: object, table: Table) -> Condition:
    if not isinstance(raw, Mapping) or set(raw) not in ({"column", "op", "value"}, {"column", "in"}):
        _refuse(
            "That is not a condition.",
            "query-where",
            raw,
            'Write {"column": ..., "op": ..., "value": ...} or {"column": ..., "in": [...]}.',
        )
    column = _column(raw["column"], table)
    if "in" in raw:
        members = raw["in"]
        if not isinstance(members, list | tuple) or not 1 <= len(members) <= MAX_VALUES:
            _refuse("`in` is a list of values.", "query-where", members, f"Give 1 to {MAX_VALUES} values.")
        values = tuple(sorted({_value(member, column) for member in members}))
        return Condition(column.name, "==" if len(values) == 1 else "in", values)
    operator = raw["op"]
    if not isinstance(operator, str) or operator not in OPERATORS:
        _refuse(
            "That comparison is not offered.", "query-where", operator, f"Use one of {_listed(OPERATORS)}."
        )
    if operator not in ("==", "!=") and (column.type not in ("integer", "number", "date") or column.codes):
        _refuse("This column has no order.", "query-where", f"{column.name} {operator}", "Use ==, != or in.")
    return Condition(column.name, operator, (_value(raw["value"], column),))


def _column(name: object, table: Table) -> Column:
    column = table.column(name) if isinstance(name, str) else None
    if column is None:
        names = _listed(column.name for column in table.columns if not column.identifier)
        _refuse("The table has no such column.", "query-column", name, f"Columns: {names}.")
    if column.identifier or column.name == table.privacy_unit:
        _refuse("The key of a person is not a variable.", "query-column", column.name, "Use another column.")
    return column


def _catalogue_values(column: Column) -> tuple[Scalar, ...]:
    if not column.codes:
        return (False, True) if column.type == "boolean" else ()
    return tuple(_typed(code, column) for code in column.codes)


def _value(raw: object, column: Column) -> Scalar:
    value = _typed(raw, column)
    if column.codes and value not in _catalogue_values(column):
        _refuse("The catalogue has no such code.", "query-value", value, f"Codes: {_listed(column.codes)}.")
    return value


def _typed(raw: object, column: Column) -> Scalar:
    """The value in the column's own type. Codes are registered as text, so text that reads as it is taken."""
    kind = column.type
    if kind == "text" and isinstance(raw, str) and len(raw) <= MAX_TEXT and raw.isprintable():
        return raw
    if kind == "boolean":
        if isinstance(raw, bool):
            return raw
        if raw in ("true", "false"):
            return raw == "true"
    if kind == "date" and isinstance(raw, str) and len(raw) == 10:
        try:
            return date.fromisoformat(raw).isoformat()
        except ValueError:
            pass  # refused below
    if kind in ("integer", "number") and isinstance(raw, int | float | str) and not isinstance(raw, bool):
        number = _number(raw)
        if number is not None and (kind == "number" or number.is_integer()):
            return int(number) if number.is_integer() else number
    return _refuse(
        "The value does not fit the column.", "query-value", raw, f"{column.name} holds {kind} values."
    )


def _number(raw: object) -> float | None:
    if isinstance(raw, str) and len(raw) > 40:
        return None
    try:
        number = float(raw)  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= MAX_EXACT else None


def _bound(raw: object, registered: float) -> float:
    if raw is None:
        return float(registered)
    number = None if isinstance(raw, bool | str) or not isinstance(raw, int | float) else _number(raw)
    if number is None:
        _refuse("A bound is a finite number.", "query-range", raw, "Leave it out to use the registered one.")
    return number


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _listed(names: object) -> str:
    return ", ".join(str(name) for name in names)[:500]  # type: ignore[attr-defined]


def _refuse(message: str, rule: str, value: object, next_step: str) -> NoReturn:
    shown = str(value) if isinstance(value, str | int | float) and not _huge(value) else type(value).__name__
    shown = shown[:MAX_TEXT].encode("utf-8", "replace").decode()  # lone surrogates would break the reply
    raise InvalidInput(message, rule=rule, value=shown, next_step=next_step)


def _huge(value: object) -> bool:
    return isinstance(value, int) and value.bit_length() > 256
