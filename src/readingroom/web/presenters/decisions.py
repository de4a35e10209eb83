"""The custodian's decision: what a yes opens, against today, and every rule with the layer that set it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.access import Reason
from readingroom.core.datasets import Dataset
from readingroom.core.policy import Policy, Tier
from readingroom.core.policy.model import Explanation
from readingroom.core.projects import Grant
from readingroom.core.simulation import Counted
from readingroom.services.simulation import Asked
from readingroom.web.addresses import page
from readingroom.web.presenters import applications, times
from readingroom.web.presenters.budgets import rho
from readingroom.web.presenters.projects import GrantedDataset, granted
from readingroom.web.presenters.words import GRANT_TAGS, Tag

NAMES = {name: name.replace("_", " ").replace("micro rho", "(millionths of rho)") for name in Policy.model_fields}
RULE_FIELDS = (
    ("threshold", "Fewest people under a cell"),
    ("rounding_base", "Counts rounded to"),
    ("checkers_required", "Output checkers who must approve"),
    ("verified_checkers", "Output checkers of what the platform computed itself"),
    ("private_answer_checkers", "Checkers of private answers"),
    ("max_table_rows", "Longest table, in rows"),
    ("idle_minutes", "Minutes until an unused workspace closes"),
)
"""The rules that the form lets a custodian tighten; their policy file can hold any other."""


@dataclass(frozen=True)
class Rule:
    """One value in force: who set it and what the others said."""

    name: str
    meaning: str
    value: str
    set_by: str
    said: tuple[tuple[str, str], ...]


def rules_in_force(explained: Iterable[Explanation]) -> tuple[Rule, ...]:
    """The explanation of an effective policy, as `readingroom policy explain` gives it, in words."""
    return tuple(
        Rule(NAMES[one.field], Policy.model_fields[one.field].description or "", in_words(one.effective),
             ", ".join(one.set_by),
             tuple((layer, in_words(value)) for layer, value in one.said.items() if layer not in one.set_by))
        for one in explained)


def in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Tier):
        return value.value
    if isinstance(value, frozenset | set):
        return "; ".join(sorted(in_words(one) for one in value)) or "none"
    if isinstance(value, tuple):
        return " and ".join(in_words(one) for one in value)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Reader:
    name: str
    organisation: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Rows:
    table: str
    words: str


@dataclass(frozen=True)
class Condition:
    """A field of the form by which a custodian tightens one rule; `now` is what holds already."""

    name: str
    label: str
    now: str
    value: str


@dataclass(frozen=True)
class Decision:
    """All of the page. `typed` are the conditions as they were typed; `live` is the grant that is replaced by a yes."""

    id: int
    title: str
    dataset: str
    project: str
    tag: Tag
    urgent: str
    version: int
    is_amendment: bool
    summary: applications.Summary | None
    previous: tuple[applications.ChangeRow, ...]
    readers: tuple[Reader, ...]
    opens: GrantedDataset
    rows: tuple[Rows, ...]
    sensitive: int
    place: str
    until: str
    budget: str
    changes: tuple[applications.ChangeRow, ...]
    live: str
    rules: tuple[Rule, ...]
    others: tuple[tuple[str, Tag], ...]
    columns: tuple[tuple[str, str], ...]
    tables: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...]
    problem: str
    typed: Mapping[str, str]
    without: frozenset[str]
    asked_until: str
    asked_budget: int


def decision(asked: Asked, datasets: Mapping[str, Dataset], today: date, now: datetime, typed: Mapping[str, str],
             without: frozenset[str]) -> Decision:
    grant, simulated = asked.grant, asked.simulated
    dataset = datasets[grant.dataset]
    names = {reader.person.username: reader.person.display_name for reader in simulated.readers}
    opens = granted(simulated.grant, dataset, today)
    policy = simulated.policy
    return Decision(
        id=grant.id, title=f"{dataset.title} for {simulated.project.title}", dataset=dataset.title,
        project=simulated.project.title, tag=GRANT_TAGS[grant.status],
        urgent=asked.application.urgent if asked.application else "", version=grant.version,
        is_amendment=asked.project.version > 0,
        summary=applications.summary(asked.application, datasets, names, only=grant.dataset)
        if asked.application else None,
        previous=applications.change_rows(asked.previous, names),
        readers=tuple(Reader(one.person.display_name, one.person.organisation, one.access.reasons)
                      for one in simulated.readers),
        opens=opens, rows=tuple(Rows(table, _rows(*counts)) for table, counts in asked.rows.items()),
        sensitive=sum(column.sensitive for table in opens.tables for column in table.columns),
        place=applications.TIERS[(policy.tier or simulated.project.tier).value],
        until=times.until(simulated.grant.expires_on, today),
        budget=rho(simulated.grant.budget_micro_rho) if simulated.grant.budget_micro_rho else "no private answers",
        changes=applications.change_rows(simulated.changes, names),
        live=page(f"/grants/{simulated.before.id}") if simulated.before else "",
        rules=rules_in_force(simulated.explained),
        others=tuple((datasets[name].title if name in datasets else name, GRANT_TAGS[status])
                     for name, status in asked.others),
        columns=_columns(grant, dataset),
        tables=tuple((table, grant.row_filter.get(table, "")) for table in grant.columns),
        conditions=tuple(Condition(name, label, in_words(held) if (held := getattr(policy, name)) is not None else
                                   "not said", typed.get(f"rule-{name}", "")) for name, label in RULE_FIELDS),
        problem=f"{asked.problem.message} {asked.problem.next_step}" if asked.problem else "", typed=typed,
        without=without, asked_until=times.day(grant.expires_on), asked_budget=grant.budget_micro_rho)


def _columns(grant: Grant, dataset: Dataset) -> tuple[tuple[str, str], ...]:
    found = []
    for name, columns in grant.columns.items():
        table = dataset.table(name)
        for column in columns:
            known = table.column(column) if table else None
            found.append((f"{name}.{column}", known.label if known else "not registered any more"))
    return tuple(found)


def _rows(opened: Counted | None, every: Counted | None) -> str:
    if opened is None or not opened.version:
        return "being counted; look again in a moment"
    if opened.rows is None:
        return "could not be counted: the filter does not fit the data"
    if every is None or every.rows is None or not opened.condition:
        return times.plural(opened.rows, "row")
    return f"{opened.rows:,} of {times.plural(every.rows, 'row')}"

