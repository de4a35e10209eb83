"""Private answers: the question in words, its price, and the answer with its error drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readingroom.core.answers import PrivateAnswer
from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.lifecycle import AnswerStatus
from readingroom.core.projects import Grant
from readingroom.services.budgets import BudgetLine
from readingroom.services.private_prices import Price
from readingroom.services.private_releases import Lane
from readingroom.web.addresses import page
from readingroom.web.presenters import budgets, times
from readingroom.web.presenters.plots import BarChart, bar_chart
from readingroom.web.presenters.words import Tag

SPENDS = (250, 500, 1_000, 2_000, 5_000, 10_000)
DEFAULT_SPEND = 1_000
STATISTICS = {
    "people": "How many people match",
    "histogram": "How many people in each category",
    "mean": "The mean of a number",
}
STATISTIC_WORDS = {
    "count": "Number of rows", "people": "Number of people", "sum": "Sum of {}", "mean": "Mean of {}",
    "variance": "Variance of {}", "sd": "Standard deviation of {}", "proportion": "Share of rows that meet a condition",
    "quantile": "Quantiles of {}", "median": "Median of {}", "top": "Largest categories of {}",
    "correlation": "Correlation of {}", "regression": "Regression of {}", "synthetic": "Synthetic table of {}",
}
OPERATORS = {"==": "is", "!=": "is not", "<": "is under", "<=": "is at most", ">": "is over", ">=": "is at least"}
ANSWER_TAGS = {
    AnswerStatus.RESERVED: Tag("Being computed", "govuk-tag--blue"),
    AnswerStatus.COMPUTING: Tag("Being computed", "govuk-tag--blue"),
    AnswerStatus.ANSWERED: Tag("Answered", "govuk-tag--green"),
    AnswerStatus.FAILED: Tag("Failed", "govuk-tag--red"),
    AnswerStatus.REFUNDED: Tag("Refunded", "govuk-tag--grey"),
}


@dataclass(frozen=True)
class TableChoice:
    key: str
    text: str
    href: str
    current: bool


@dataclass(frozen=True)
class ColumnChoice:
    name: str
    label: str
    hint: str


@dataclass(frozen=True)
class Builder:
    tables: tuple[TableChoice, ...]
    key: str
    categories: tuple[ColumnChoice, ...]
    numbers: tuple[ColumnChoice, ...]
    columns: tuple[ColumnChoice, ...]
    spends: tuple[tuple[int, str, bool], ...]
    operators: tuple[tuple[str, str], ...]
    statistics: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AnswerRow:
    id: int
    href: str
    question: str
    tag: Tag
    cost: str
    asked: times.When | None
    asked_by: str


@dataclass(frozen=True)
class Quote:
    question: str
    cost: str
    epsilon: str
    remaining: str
    error: str
    smallest: str
    mechanism: str
    already_answered: bool
    refusal: str


@dataclass(frozen=True)
class Shown:
    """An answer as printed: one big number, or rows with a chart drawn from the same numbers."""

    id: int
    question: str
    tag: Tag
    cost: str
    asked: times.When | None
    value: str
    interval: str
    rows: tuple[tuple[str, str], ...]
    chart: BarChart | None
    error: str
    explanation: str
    message: str
    waiting: bool
    due: str


@dataclass(frozen=True)
class Leaving:
    """How an answer leaves: by a button that says what will happen, or by the request that was made."""

    button: str
    what: str
    href: str


def leaving(answer: PrivateAnswer, lane: Lane) -> Leaving | None:
    """None for an answer that has nothing to release."""
    if answer.status is not AnswerStatus.ANSWERED:
        return None
    if lane.request is not None:
        return Leaving("", f"It leaves by request {lane.request.number}.", page(f"/requests/{lane.request.number}"))
    if lane.approvals == 0:
        return Leaving("Release it now", "No person has to check it: the guarantee above is the check, and the "
                       "data’s custodian lets such answers leave at once.", "")
    return Leaving("Ask for its release", f"{lane.approvals} output checker{'s' * (lane.approvals > 1)} will look "
                   "first: the data’s policy asks for that.", "")


def builder(slug: str, grants: tuple[Grant, ...], datasets: Mapping[str, Dataset], wanted: str) -> Builder | None:
    """The form for one granted table; None if nothing is granted."""
    found = [
        (dataset, table, grant)
        for grant in grants
        for dataset in (datasets[grant.dataset],)
        for table in dataset.tables
        if table.name in grant.columns
    ]
    if not found:
        return None
    keys = [f"{dataset.slug}/{table.name}" for dataset, table, _ in found]
    key = wanted if wanted in keys else keys[0]
    _, table, grant = found[keys.index(key)]
    columns = tuple(
        column
        for column in table.columns
        if column.name in grant.columns[table.name] and not column.identifier and column.name != table.privacy_unit
    )
    return Builder(
        tables=tuple(
            TableChoice(
                one, f"{dataset.title}: {table.label}", page(f"/projects/{slug}/private", table=one), one == key
            )
            for one, (dataset, table, _) in zip(keys, found, strict=True)
        ),
        key=key,
        columns=_choices(columns),
        categories=_choices(
            column for column in columns if column.codes or column.type in ("boolean", "integer", "number")
        ),
        numbers=_choices(column for column in columns if column.lower is not None and not column.codes),
        spends=tuple((micro, budgets.rho(micro), micro == DEFAULT_SPEND) for micro in SPENDS),
        operators=tuple(OPERATORS.items()),
        statistics=tuple(STATISTICS.items()),
    )


def _choices(columns: Any) -> tuple[ColumnChoice, ...]:
    return tuple(ColumnChoice(column.name, column.label, _values(column)) for column in columns)


def _values(column: Column) -> str:
    if column.codes:
        return "codes " + ", ".join(f"{code} = {label}" for code, label in list(column.codes.items())[:6])
    return (
        f"{column.lower:g} to {column.upper:g}"
        if column.lower is not None and column.upper is not None
        else column.type
    )


def question(query: Mapping[str, Any], dataset: Dataset) -> str:
    """`Mean of Age at offence in defendants, where Sex is Female`."""
    table = dataset.table(str(query.get("table"))) or Table(str(query.get("table")), "", (), "")

    def label(name: object) -> str:
        column = table.column(str(name))
        return column.label if column else str(name)

    def value(name: object, raw: object) -> str:
        column = table.column(str(name))
        return column.codes.get(str(raw), str(raw)) if column else str(raw)

    def said(condition: Mapping[str, Any]) -> str:
        for joint, word in (("all", " and "), ("any", " or ")):
            if joint in condition:
                return f"({word.join(said(part) for part in condition[joint]) or 'nothing'})"
        name = condition.get("column")
        if "is" in condition:
            return f"{label(name)} is {condition['is']}"
        for field, words in (("in", "is one of"), ("not_in", "is none of")):
            if field in condition:
                return f"{label(name)} {words} {', '.join(value(name, raw) for raw in condition[field])}"
        return f"{label(name)} {OPERATORS.get(str(condition.get('op')), '?')} {value(name, condition.get('value'))}"

    columns = [query[name] for name in ("column", "outcome") if name in query] or list(query.get("columns") or ())
    names = " and ".join(label(one["column"] if isinstance(one, dict) else one) for one in columns)
    what = STATISTIC_WORDS.get(str(query.get("statistic")), "Question").format(names)
    if query.get("statistic") == "histogram":  # as typed; the canonical form is `people` by the column
        what = f"Number of people by {names}"
    if groups := query.get("by"):
        by = " and ".join(label(key["column"] if isinstance(key, dict) else key)
                          for key in (groups if isinstance(groups, list) else [groups]))
        what = f"{what} by {by}"
    conditions = query.get("where") or ()
    where = [conditions] if isinstance(conditions, str) else [said(condition) for condition in conditions]
    return f"{what} in {table.name.replace('_', ' ')}" + (f", where {' and '.join(where)}" if where else "")


def quote(price: Price, query: Mapping[str, Any], dataset: Dataset) -> Quote:
    accuracy = price.accuracy
    width = accuracy.get("half_width_95")
    return Quote(
        question=question(query, dataset),
        cost=budgets.rho(price.cost_micro_rho),
        epsilon=f"{price.cost_epsilon:.3g}",
        remaining=budgets.rho(price.remaining_micro_rho),
        error=f"± {width:,}" if width is not None else "",
        smallest=f"{accuracy['smallest_usable_group']:,}" if accuracy.get("smallest_usable_group") else "",
        mechanism=str(accuracy.get("mechanism", "")),
        already_answered=price.already_answered,
        refusal=price.refusal,
    )


def row(answer: PrivateAnswer, dataset: Dataset, now: datetime) -> AnswerRow:
    return AnswerRow(
        answer.id,
        page(f"/private-answers/{answer.id}"),
        question(answer.query, dataset),
        ANSWER_TAGS[answer.status],
        budgets.rho(answer.cost_micro_rho),
        times.when(answer.asked_at, now),
        answer.asked_by,
    )


def gauges(lines: tuple[BudgetLine, ...], datasets: Mapping[str, Dataset]) -> tuple[budgets.Gauge, ...]:
    return tuple(budgets.gauge(line, datasets[line.dataset].title) for line in lines)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _message(answer: PrivateAnswer, given: Mapping[str, Any]) -> str:
    if answer.status is AnswerStatus.REFUNDED:
        return "It could not be computed any more, so its cost was given back. It may be asked again."
    return str(given.get("message", "")) if answer.status is AnswerStatus.FAILED else ""


def shown(answer: PrivateAnswer, dataset: Dataset, now: datetime) -> Shown:
    given = answer.answer or {}
    answered = answer.status is AnswerStatus.ANSWERED
    rows = tuple((str(row["label"]), row["value"]) for row in given.get("rows") or ()) if answered else ()
    value, width, interval = given.get("value"), given.get("half_width_95"), given.get("interval_95")
    said = ""
    if interval:
        said = f"95% interval from the noise: {_number(interval[0])} to {_number(interval[1])}."
    elif width is not None:
        said = f"Each number is within ± {_number(width)} of the exact one in 95 of 100 such answers."
    return Shown(
        id=answer.id,
        question=question(answer.query, dataset),
        tag=ANSWER_TAGS[answer.status],
        cost=budgets.rho(answer.cost_micro_rho),
        asked=times.when(answer.asked_at, now),
        value=_number(value) if answered and value is not None else "",
        interval=said if value is not None else "",
        rows=tuple((label, _number(number)) for label, number in rows),
        chart=bar_chart(rows, width),
        error=f"{said} The lines show it." if rows and said else "",
        explanation=str(given.get("statement", "")),
        message=_message(answer, given),
        waiting=answer.waiting,
        due=times.clock(answer.deliver_at),
    )
