"""Private questions: the form for each statistic, and a question in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.privacy import accounting
from readingroom.core.projects import Grant
from readingroom.web.addresses import page
from readingroom.web.presenters import budgets

SPENDS = (100, 250, 500, 1_000, 2_000, 5_000, 10_000)
DEFAULT_SPEND = 1_000
MOST_CODES = 6
STATISTICS = {
    "people": ("Number of people", "who match; in each group, if you name groups"),
    "count": ("Number of rows", "at most a set number of each person"),
    "found": ("Categories nobody registered", "found privately: only those of many people are shown"),
    "sum": ("Sum", "of a number, clipped to a range"),
    "mean": ("Mean", "of a number, clipped to a range"),
    "variance": ("Variance", "of a number, clipped to a range"),
    "sd": ("Standard deviation", "of a number, clipped to a range"),
    "proportion": ("Share", "of rows that meet a condition"),
    "quantile": ("Median and quantiles", "of a number"),
    "top": ("Largest categories", "those with most people, in order"),
    "correlation": ("Correlation", "of each pair of numbers"),
    "regression": ("Linear regression", "of one number on others"),
    "synthetic": ("Synthetic table", "made-up rows that follow noisy counts"),
}
STATISTIC_WORDS = {
    "count": "Number of rows", "people": "Number of people", "sum": "Sum of {}", "mean": "Mean of {}",
    "variance": "Variance of {}", "sd": "Standard deviation of {}", "proportion": "Share of rows that meet a condition",
    "quantile": "Quantiles of {}", "median": "Median of {}", "top": "Largest categories of {}",
    "correlation": "Correlation of {}", "regression": "Regression of {}", "synthetic": "Synthetic table of {}",
}
OPERATORS = {"==": "is", "!=": "is not", "<": "is under", "<=": "is at most", ">": "is over", ">=": "is at least",
             "in": "is one of", "not_in": "is none of", "missing": "is missing", "present": "is not missing"}


@dataclass(frozen=True)
class Choice:
    """A table or a statistic to ask about, chosen by a link."""

    key: str
    text: str
    hint: str
    href: str
    current: bool


@dataclass(frozen=True)
class ColumnChoice:
    name: str
    label: str
    hint: str


@dataclass(frozen=True)
class Builder:
    """The form for one statistic of one granted table. `most_rows` is K, beyond which rows of a person are left out."""

    tables: tuple[Choice, ...]
    key: str
    statistics: tuple[Choice, ...]
    statistic: str
    title: str
    categories: tuple[ColumnChoice, ...]
    numbers: tuple[ColumnChoice, ...]
    finds: tuple[ColumnChoice, ...]
    columns: tuple[ColumnChoice, ...]
    spends: tuple[tuple[int, str, bool], ...]
    operators: tuple[tuple[str, str], ...]
    most_rows: int


def builder(slug: str, grants: tuple[Grant, ...], datasets: Mapping[str, Dataset], wanted: str,
            statistic: str) -> Builder | None:
    """The form for one granted table; None if nothing is granted."""
    found = [(dataset, table, grant) for grant in grants for dataset in (datasets[grant.dataset],)
             for table in dataset.tables if table.name in grant.columns]
    if not found:
        return None
    keys = [f"{dataset.slug}/{table.name}" for dataset, table, _ in found]
    key = wanted if wanted in keys else keys[0]
    _, table, grant = found[keys.index(key)]
    columns = [column for column in table.columns if column.name in grant.columns[table.name]
               and not column.identifier and column.name != table.privacy_unit]
    chosen = statistic if statistic in STATISTICS else "people"
    return Builder(
        tables=tuple(Choice(one, f"{dataset.title}: {table.label}", "",
                            page(f"/projects/{slug}/private", table=one, statistic=chosen), one == key)
                     for one, (dataset, table, _) in zip(keys, found, strict=True)),
        key=key,
        statistics=tuple(Choice(name, title, hint, page(f"/projects/{slug}/private", table=key, statistic=name),
                                name == chosen) for name, (title, hint) in STATISTICS.items()),
        statistic=chosen,
        title=STATISTICS[chosen][0],
        categories=_choices(column for column in columns if _grouped(column)),
        numbers=_choices(column for column in columns if column.type in ("integer", "number") and not column.codes),
        finds=_choices(column for column in columns if not _grouped(column) and column.type != "number"),
        columns=_choices(columns),
        spends=tuple((micro, f"{budgets.rho(micro)} (epsilon {accounting.epsilon(micro):.2g})", micro == DEFAULT_SPEND)
                     for micro in SPENDS),
        operators=tuple(OPERATORS.items()),
        most_rows=table.max_rows_per_person,
    )


def _grouped(column: Column) -> bool:
    return bool(column.codes) or column.type == "boolean"


def _choices(columns: Iterable[Column]) -> tuple[ColumnChoice, ...]:
    return tuple(ColumnChoice(column.name, column.label, _values(column)) for column in columns)


def _values(column: Column) -> str:
    if column.codes:
        more = len(column.codes) - MOST_CODES
        said = ", ".join(list(column.codes.values())[:MOST_CODES])
        return f"{said} and {more} more" if more > 0 else said
    if column.lower is not None and column.upper is not None:
        return f"{column.lower:g} to {column.upper:g}"
    return column.type


def question(query: Mapping[str, Any], dataset: Dataset) -> str:
    """`Mean of Age at offence in defendants, where Sex is Female`."""
    table = dataset.table(str(query.get("table"))) or Table(str(query.get("table")), "", (), "")

    def label(name: object) -> str:
        column = table.column(str(name["column"] if isinstance(name, dict) else name))
        return column.label if column else str(name)

    columns = [query[name] for name in ("column", "outcome") if query.get(name)] or _several(query.get("columns"))
    names = " and ".join(label(one) for one in columns)
    what = STATISTIC_WORDS.get(str(query.get("statistic")), "Question").format(names)
    if query.get("statistic") == "histogram":  # as typed; the canonical form is `people` by the column
        what = f"Number of people by {names}"
    if predictors := _several(query.get("predictors")):
        what = f"{what} on {' and '.join(label(one) for one in predictors)}"
    if of := query.get("of"):
        what = f"{what} ({_conditions(of, table)})"
    if groups := _several(query.get("by")):
        what = f"{what} by {' and '.join(label(one) for one in groups)}"
    where = _conditions(query.get("where"), table)
    return f"{what} in {table.name.replace('_', ' ')}" + (f", where {where}" if where else "")


def _several(given: Any) -> list[Any]:
    return [] if not given else given if isinstance(given, list) else [given]


def _conditions(given: Any, table: Table) -> str:
    if isinstance(given, str):
        return given
    return " and ".join(_condition(one, table) for one in _several(given))


def _condition(said: Mapping[str, Any], table: Table) -> str:
    for joint, word in (("all", " and "), ("any", " or ")):
        if joint in said:
            return f"({word.join(_condition(part, table) for part in said[joint]) or 'nothing'})"
    column = table.column(str(said.get("column")))
    name = column.label if column else str(said.get("column"))

    def value(raw: object) -> str:
        return column.codes.get(str(raw), str(raw)) if column else str(raw)

    if "is" in said:
        return f"{name} {OPERATORS.get(str(said['is']), '?')}"
    for field in ("in", "not_in"):
        if field in said:
            return f"{name} {OPERATORS[field]} {', '.join(value(raw) for raw in said[field])}"
    return f"{name} {OPERATORS.get(str(said.get('op')), '?')} {value(said.get('value'))}"
