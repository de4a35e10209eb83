"""Private answers as pages show them: every form the grammar can give, with its error drawn and said in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readingroom.core.answers import DRY_RUN, PrivateAnswer
from readingroom.core.datasets import Dataset, Table
from readingroom.core.lifecycle import AnswerStatus
from readingroom.core.privacy import free
from readingroom.services.budgets import BudgetLine
from readingroom.services.private_releases import Lane
from readingroom.web.addresses import page
from readingroom.web.presenters import budgets, times
from readingroom.web.presenters.plots import BarChart, Drawn, bar_chart
from readingroom.web.presenters.private_questions import question
from readingroom.web.presenters.words import Tag

PREVIEW = 10
PAGE = 50  # answers in a list
COUNTS = ("people", "count", "histogram")
VALUE_HEADS = {"people": "People, with noise", "histogram": "People, with noise", "count": "Rows, with noise",
               "top": "Place", "regression": "Coefficient", "quantile": "Value", "proportion": "Share",
               "sum": "Sum, with noise"}
POINTS = ("quantile", "regression", "correlation", "mean", "variance", "sd", "proportion")
SET_BY = {"custodian": "the data’s custodian", "researcher": "whoever asked"}
ANSWER_TAGS = {
    AnswerStatus.RESERVED: Tag("Being computed", "govuk-tag--blue"),
    AnswerStatus.COMPUTING: Tag("Being computed", "govuk-tag--blue"),
    AnswerStatus.ANSWERED: Tag("Answered", "govuk-tag--green"),
    AnswerStatus.FAILED: Tag("Failed", "govuk-tag--red"),
    AnswerStatus.REFUNDED: Tag("Refunded", "govuk-tag--grey"),
}
DRY_RUN_TAG = Tag("Dry run, synthetic", "govuk-tag--yellow")
MARGINS = "margins"
Process = Callable[[Sequence[int]], Sequence[float]]
BASES = (5, 10, 100)


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
class Grid:
    """A table as printed; the first `names` columns say what a row is about."""

    caption: str
    heads: tuple[str, ...]
    names: int
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Change:
    """A way to look at the numbers that costs nothing; `current` is the one shown."""

    text: str
    href: str
    current: bool


@dataclass(frozen=True)
class Shown:
    """An answer as printed: one big number, or rows with a chart drawn from the same numbers."""

    id: int
    question: str
    tag: Tag
    cost: str
    dry_run: str
    asked: times.When | None
    value: str
    interval: str
    grid: Grid | None
    chart: BarChart | None
    error: str
    facts: tuple[tuple[str, str], ...]
    guarantee: str
    explanation: str
    left_out: str
    citation: str
    changes: tuple[Change, ...]
    changed: str
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
    if answer.status is not AnswerStatus.ANSWERED or answer.dry_run:
        return None
    if lane.request is not None:
        return Leaving("", f"It leaves by request {lane.request.number}.", page(f"/requests/{lane.request.number}"))
    if lane.approvals == 0:
        return Leaving("Release it now", "No person has to check it: the guarantee above is the check, and the "
                       "data’s custodian lets such answers leave at once.", "")
    return Leaving("Ask for its release", f"{lane.approvals} output checker{'s' * (lane.approvals > 1)} will look "
                   "first: the data’s policy asks for that.", "")


def older(answers: Sequence[PrivateAnswer]) -> int | None:
    """Of answers asked for one more than a page holds: the number under which the next page begins."""
    return answers[PAGE - 1].id if len(answers) > PAGE else None


def row(answer: PrivateAnswer, dataset: Dataset, now: datetime) -> AnswerRow:
    return AnswerRow(answer.id, page(f"/private-answers/{answer.id}"), question(answer.query, dataset), _tag(answer),
                     _paid(answer), times.when(answer.asked_at, now), answer.asked_by)


def _paid(answer: PrivateAnswer) -> str:
    return "nothing" if answer.dry_run else budgets.rho(answer.cost_micro_rho)


def _tag(answer: PrivateAnswer) -> Tag:
    return DRY_RUN_TAG if answer.dry_run and answer.status is AnswerStatus.ANSWERED else ANSWER_TAGS[answer.status]


def gauges(lines: tuple[BudgetLine, ...], datasets: Mapping[str, Dataset]) -> tuple[budgets.Gauge, ...]:
    return tuple(budgets.gauge(line, datasets[line.dataset].title, with_epsilon=True) for line in lines)


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1000 else f"{value:,.4g}"


def shown(answer: PrivateAnswer, dataset: Dataset, now: datetime, change: str = "",
          margins: Sequence[PrivateAnswer] = ()) -> Shown:
    """`change` is a way of looking at counts that costs nothing: `positive`, a base to round to, or `margins`."""
    answered = answer.status is AnswerStatus.ANSWERED
    given = (answer.answer or {}) if answered else {}
    statistic = str(given.get("statistic") or answer.query.get("statistic"))
    changes = _changes(answer, statistic, change, margins) if given else ()
    process, changed = _process(change, given, margins) if changes else (None, "")
    rows, value = given.get("rows") or (), given.get("value")
    if process is not None:
        rows = _processed(rows, process)
        value = None if value is None else process([value])[0]
    said = _error(given)
    return Shown(
        id=answer.id,
        question=question(answer.query, dataset),
        tag=_tag(answer),
        cost=_paid(answer),
        dry_run=DRY_RUN if answer.dry_run else "",
        asked=times.when(answer.asked_at, now),
        value=number(value) if value is not None else "",
        interval=said if value is not None else "",
        grid=_grid(given, rows, statistic, dataset.table(str(answer.query.get("table")))),
        chart=_chart(rows, statistic),
        error=said if rows else "",
        facts=_facts(given),
        guarantee=str(given.get("guarantee", "")),
        explanation=str(given.get("statement", "")),
        left_out=str(given.get("leaves_out", "")),
        citation=str(given.get("citation", "")),
        changes=changes,
        changed=changed,
        message=_message(answer),
        waiting=answer.waiting,
        due=times.clock(answer.deliver_at),
    )


def _message(answer: PrivateAnswer) -> str:
    if answer.status is AnswerStatus.REFUNDED:
        return "It could not be computed any more, so its cost was given back. It may be asked again."
    return str((answer.answer or {}).get("message", "")) if answer.status is AnswerStatus.FAILED else ""


def _error(given: Mapping[str, Any]) -> str:
    if interval := given.get("interval_95"):
        return f"95% interval from the noise: {number(interval[0])} to {number(interval[1])}."
    if (rank := given.get("rank_half_width_95")) is not None:
        return (f"No half-width of a value can be given. In 95 of 100 such answers it is at most {number(rank)} rows "
                "further from the wanted rank than the best candidate.")
    if (width := given.get("half_width_95")) is None:
        return ""
    widths = {one.get("half_width_95", width) for one in given.get("rows") or ()}
    return (f"Each number is within ± {number(width)} of the exact one in 95 of 100 such answers." if len(widths) < 2
            else f"Each number has its own 95% interval from the noise; the widest is ± {number(width)}.")


def _interval(one: Mapping[str, Any]) -> tuple[float | None, float | None]:
    low, high, width = one.get("low"), one.get("high"), one.get("half_width_95")
    if low is None and high is None and width is not None:
        return one["value"] - width, one["value"] + width
    return low, high


def _grid(given: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], statistic: str,
          table: Table | None) -> Grid | None:
    if (made_up := given.get("synthetic")) is not None:
        lines = list(zip(*(values[:PREVIEW] for values in made_up.values()), strict=True))
        total = len(next(iter(made_up.values()), ()))
        return Grid(f"The first {len(lines)} of {total:,} made-up rows", tuple(_label(table, name) for name in made_up),
                    0, tuple(tuple(_cell(table, name, one) for name, one in zip(made_up, line, strict=True))
                             for line in lines))
    if not rows:
        return None
    first = rows[0]
    by = list(first.get("by") or {})
    names = [_label(table, name) for name in by] or ["Category" if statistic in COUNTS else "Of"]
    extra = ["Quantile"] if by and "quantile" in first else []
    intervals = [] if all(_interval(one) == (None, None) for one in rows) else ["From", "To"]
    counted = ["Rows, with noise"] if "number" in first else []
    heads = (*names, *extra, VALUE_HEADS.get(statistic, statistic.capitalize()), *intervals, *counted)
    return Grid("The numbers", heads, len(names) + len(extra), tuple(
        (*_names(one, table), *([f"{one['quantile']:g}"] if extra else []), number(one["value"]),
         *([number(end) for end in _interval(one)] if intervals else []),
         *([f"{one['number']:,.0f}"] if counted else [])) for one in rows))


def _names(one: Mapping[str, Any], table: Table | None) -> list[str]:
    by = one.get("by") or {}
    return [_cell(table, name, value) for name, value in by.items()] if by else [str(one["label"])]


def _label(table: Table | None, name: str) -> str:
    column = table.column(name) if table else None
    return column.label if column else name


def _cell(table: Table | None, name: str, value: object) -> str:
    column = table.column(name) if table else None
    code = str(value).lower() if isinstance(value, bool) else str(value)
    return column.codes.get(code, code) if column else code


def _chart(rows: Sequence[Mapping[str, Any]], statistic: str) -> BarChart | None:
    if statistic == "top":
        return None
    return bar_chart([Drawn(f"{one['label']} ({one['quantile']:g})" if one.get("by") and "quantile" in one
                            else str(one["label"]), one["value"], *_interval(one)) for one in rows],
                     number, from_zero=statistic not in POINTS)


def _facts(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """How it was made: what a reader needs to judge the numbers."""
    if "mechanism" not in given:
        return ()
    versions = given.get("versions") or {}
    set_by = given.get("set_by") or {}

    def who(bound: str) -> str:
        """`, set by …`, or nothing where nobody had to."""
        return f", set by {SET_BY[set_by[bound]]}" if set_by.get(bound) in SET_BY else ""

    delta = f", delta {given['delta']:.2g}" if given.get("delta") else ""
    found = [("Noise", f"{given['mechanism']}, scale {given['scale']:.6g}"),
             ("Privacy loss", "none: nobody in these data exists" if given.get("dry_run") else
              f"epsilon {given['epsilon']:g}{delta} ({budgets.rho(given['rho_micro'])})"),
             ("Protects", str(given.get("unit", ""))),
             ("Rows of a person", f"at most {given['K']}{who('rows_per_person')}" if isinstance(given.get("K"), int)
              else "all count once")]
    for name, (low, high) in (given.get("bounds") or {}).items():
        found.append((f"Range of {name}", f"{low:g} to {high:g}{who(f'{name} range')}"))
    for key in given.get("keys") or ():
        said = str(key.get("set_by", ""))
        found.append((f"Categories of {key['column']}", f"set by {SET_BY[said]}" if said in SET_BY else said))
    if candidates := (given.get("query") or {}).get("candidates"):
        found.append(("Chosen among", f"{len(candidates)} values{who('candidates')}"))
    if set_by.get("row_ceiling"):
        found.append(("Ceiling on rows", "registered" + who("row_ceiling") if who("row_ceiling")
                      else "none is registered, so delta is the usual one"))
    if given.get("threshold"):
        found.append(("Hidden", f"categories of {given['threshold']} people or fewer, counted with noise"))
    found.append(("Made with", f"Reading Room {versions.get('readingroom', '')}, OpenDP {versions.get('opendp', '')}"))
    return tuple(found)


# --- free post-processing: a view of the same noisy numbers ---

def _changes(answer: PrivateAnswer, statistic: str, wanted: str, margins: Sequence[PrivateAnswer]
             ) -> tuple[Change, ...]:
    if statistic not in COUNTS:
        return ()
    ways = {"": "As given", "positive": "Without negative numbers", **{
        str(base): f"Rounded to {base}" for base in BASES}} | ({MARGINS: "Adding up to its margins"} if margins else {})
    return tuple(Change(text, page(f"/private-answers/{answer.id}", show=way) if way
                        else page(f"/private-answers/{answer.id}"), way == (wanted if wanted in ways else ""))
                 for way, text in ways.items())


def _process(wanted: str, given: Mapping[str, Any], margins: Sequence[PrivateAnswer]) -> tuple[Process | None, str]:
    """What to do to the numbers, and the label that says so."""
    if wanted == MARGINS and margins:
        numbers = " and ".join(str(margin.id) for margin in margins)
        return lambda _: _consistent(given, margins), (
            f"Afterwards {free.CONSISTENT}, which answers {numbers} give. This costs no privacy.")
    if wanted == "positive":
        return free.non_negative, f"Afterwards {free.NON_NEGATIVE}. This costs no privacy."
    if wanted in map(str, BASES):
        return lambda numbers: free.rounded(numbers, int(wanted)), (
            f"Afterwards {free.ROUNDED.format(wanted)}. This costs no privacy.")
    return None, ""


def _consistent(given: Mapping[str, Any], margins: Sequence[PrivateAnswer]) -> tuple[float, ...]:
    """The cells of a table of two columns, in its own order, moved as little as adds up to the margins."""
    down, across = given["rows"][0]["by"]
    value = {(row["by"][down], row["by"][across]): row["value"] for row in given["rows"]}
    rows, columns = ({row["key"]: row["value"] for row in (margin.answer or {})["rows"]} for margin in margins)
    cells, *_ = free.consistent([[value[one, other] for other in columns] for one in rows], list(rows.values()),
                                list(columns.values()))
    moved = {(one, other): cell for one, line in zip(rows, cells, strict=True)
             for other, cell in zip(columns, line, strict=True)}
    return tuple(round(moved[place], 1) for place in value)


def _processed(rows: Sequence[Mapping[str, Any]], process: Process) -> list[Mapping[str, Any]]:
    """With other values; the intervals stay those of the noise around what was given."""
    values = process([one["value"] for one in rows])
    return [{**one, "value": value, **dict(zip(("low", "high"), _interval(one), strict=True))}
            for one, value in zip(rows, values, strict=True)]
