"""Differentially private answers: priced, paid before they are seen, free the second time."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from readingroom.core.answers import PrivateAnswer, delivery_time, labelled_dry_run
from readingroom.core.datasets import TWIN, Dataset, Table
from readingroom.core.grants import readable_columns
from readingroom.core.lifecycle import AnswerStatus
from readingroom.core.permissions import check_can_ask_privately
from readingroom.core.policy import Policy
from readingroom.core.privacy import ledger, pricing, queries
from readingroom.core.projects import Grant, Project
from readingroom.errors import (
    AccessDenied,
    BudgetExceeded,
    InvalidInput,
    NotFound,
    ReadingRoomError,
    Unavailable,
)
from readingroom.services import access
from readingroom.services.budgets import BudgetLine, accounts_of, budget_line
from readingroom.services.room import ReadingRoom
from readingroom.services.workshop import Workshop

SYSTEM = "system"
MAX_SYNTHETIC_ROWS = 100_000
MOST_DRY_RUNS = 5  # of a project that may wait at a time
TWIN_VERSION = "newest"


@dataclass(frozen=True)
class Prepared:
    """A question that this person may ask now, with its table and its price."""

    query: queries.Query
    dataset: Dataset
    table: Table
    project: Project
    grant: Grant
    policy: Policy
    version: str
    key: str
    price: pricing.Price

    @property
    def cost(self) -> ledger.Cost:
        return ledger.Cost(self.price.cost_micro_rho, self.price.cost_femto_delta)


def ask(room: ReadingRoom, username: str, project: str, query: object) -> tuple[PrivateAnswer, int]:
    """The answer (perhaps still being computed) and what was charged for it now: 0 if it was asked before.

    The debit is committed before anything is computed, so no crash can give an answer that was not paid for.
    Raises BudgetExceeded, with what would still fit, if the project's or the dataset's budget is too small. What
    certainly does not fit is refused by a look that takes no lock, so that refusals hold nobody up; whether it
    fits is decided under the lock.
    """
    with room.store.reading() as tx:
        prepared = prepare(room, tx, username, project, query)
        if tx.accounts.find_by_key(prepared.key) is None:
            _check_affordable(room, prepared, tx)
    with room.store.transaction() as tx:
        prepared = prepare(room, tx, username, project, query)
        known = tx.accounts.find_by_key(prepared.key)
        if known is not None:
            tx.events.record(username, "answer.repeated", f"answer:{known.id}", project, dataset=known.dataset)
            return known.as_seen_at(room.now()), 0
        _check_affordable(room, prepared, tx)
        tx.accounts.debit(prepared.dataset.slug, project, prepared.cost)
        answer: PrivateAnswer = tx.accounts.reserve(
            key=prepared.key, project=project, dataset=prepared.dataset.slug, version=prepared.version,
            query=json.loads(queries.canonical(prepared.query)), asked_by=username, asked_at=room.now(),
            deliver_at=delivery_time(room.now(), room.settings.answer_slot_seconds), cost=prepared.cost)
        tx.events.record(username, "answer.paid", f"answer:{answer.id}", project, dataset=answer.dataset,
                         version=answer.version, query=answer.query, cost_micro_rho=answer.cost_micro_rho)
        return answer, answer.cost_micro_rho


def dry_run(room: ReadingRoom, username: str, project: str, query: object) -> PrivateAnswer:
    """The same question of the dataset's synthetic twin: with the same noise, for nothing, and no answer.

    It waits for its slot as an answer does: one that came when it is ready would tell how long the one before took.
    NotFound if there is no twin; Unavailable if the project has many of them waiting.
    """
    with room.store.transaction() as tx:
        prepared = prepare(room, tx, username, project, query)
        twin = room.policies.dataset_or_twin(prepared.dataset.slug + TWIN)
        asked = replace(prepared.query, dataset=twin.slug)
        canonical = queries.canonical(asked)
        key = ledger.answer_key(twin.slug, TWIN_VERSION, canonical, project)
        known: PrivateAnswer | None = tx.accounts.find_by_key(key)
        if known is not None:
            return known.as_seen_at(room.now())
        if sum(one.dry_run for one in tx.accounts.unanswered(project)) >= MOST_DRY_RUNS:
            raise Unavailable("Other dry runs of the project are waiting.", rule="answer.dry-runs",
                              value=MOST_DRY_RUNS, next_step="Try this one when they are there: in half a minute.")
        now = room.now()
        answer: PrivateAnswer = tx.accounts.reserve(
            key=key, project=project, dataset=twin.slug, version=TWIN_VERSION, query=json.loads(canonical),
            asked_by=username, asked_at=now, deliver_at=delivery_time(now, room.settings.answer_slot_seconds),
            cost=ledger.NOTHING)
        tx.events.record(username, "answer.tried", f"answer:{answer.id}", project, dataset=prepared.dataset.slug,
                         query=answer.query)
        return answer


def get(room: ReadingRoom, username: str, answer_id: int) -> PrivateAnswer:
    """An answer of one of the person's own projects. NotFound for anyone else's."""
    with room.store.reading() as tx:
        answer: PrivateAnswer = tx.accounts.get(answer_id)
        if username not in tx.projects.get(answer.project).members:
            raise NotFound(f"There is no private answer {answer_id}.", rule="answer.exists", value=answer_id,
                           next_step="Check the number.")
        return answer.as_seen_at(room.now())


def margins(room: ReadingRoom, username: str, answer_id: int) -> tuple[PrivateAnswer, ...]:
    """The answers to the same question by each of its two columns alone, at the same spend; empty without both.

    A table of counts can be moved to add up to them, for nothing.
    """
    answer = get(room, username, answer_id)
    keys = answer.query.get("by") or ()
    if answer.status is not AnswerStatus.ANSWERED or len(keys) != 2:
        return ()
    dataset = room.policies.dataset_or_twin(answer.dataset)
    with room.store.reading() as tx:
        asked = [queries.canonical(queries.parse_query({**answer.query, "by": [key]}, dataset)) for key in keys]
        found = [tx.accounts.find_by_key(ledger.answer_key(answer.dataset, answer.version, one, answer.project))
                 for one in asked]
    seen = [one.as_seen_at(room.now()) for one in found if one is not None]
    return tuple(seen) if [one.status for one in seen] == [AnswerStatus.ANSWERED] * 2 else ()


def statement(
    room: ReadingRoom, username: str, project: str, before: int | None = None, most: int | None = None
) -> tuple[tuple[BudgetLine, ...], tuple[PrivateAnswer, ...]]:
    """The project's account: a line per dataset, and the newest `most` answers (under number `before`), no figures."""
    with room.store.reading() as tx:
        found = tx.projects.get(project)
        if username not in found.members:
            raise NotFound(f"There is no project {project!r}.", rule="project.exists", value=project,
                           next_step="Check the address, or start from your home page.")
        lines = tuple(budget_line(room, tx, found, grant) for grant in tx.grants.of_project(project))
        return lines, tuple(answer.as_seen_at(room.now()) for answer in tx.accounts.of_project(project, most, before))


def compute(workshop: Workshop, answer_id: int) -> PrivateAnswer:
    """Compute a paid answer and store it before anyone can see it. One already settled is left alone.

    What can no longer be computed (the grant has ended, the version is gone) is refunded, as long as computing has
    not begun. Found half computed after a crash, it is computed again: it is paid, and nobody has seen anything. A
    failure is recorded without its cause: the cause could tell of the data. What was paid then stays paid.
    """
    with workshop.store.transaction() as tx:
        answer: PrivateAnswer = tx.accounts.get(answer_id)
        if not answer.waiting:
            return answer
        if answer.status is AnswerStatus.RESERVED:
            if reason := _not_computable(workshop, tx, answer):
                return _refund(workshop, tx, answer, reason)
            tx.accounts.begin(answer_id)
    result, status = _computed(workshop, answer)
    with workshop.store.transaction() as tx:
        if tx.accounts.get(answer_id).waiting:
            tx.accounts.settle(answer_id, status, result, workshop.now())
            tx.events.record(SYSTEM, f"answer.{status.value}", f"answer:{answer_id}", answer.project,
                             dataset=answer.dataset)
        settled: PrivateAnswer = tx.accounts.get(answer_id)
        return settled


def _computed(workshop: Workshop, answer: PrivateAnswer) -> tuple[dict[str, Any], AnswerStatus]:
    try:
        dataset, table, query = _parsed(workshop, answer)
        result = workshop.answerer.answer(query, dataset, table, _version(workshop, answer))
        return (labelled_dry_run(result) if answer.dry_run else result), AnswerStatus.ANSWERED
    except ReadingRoomError as error:
        return {"message": error.message}, AnswerStatus.FAILED


def _not_computable(workshop: Workshop, tx: Any, answer: PrivateAnswer) -> str:
    """Why a paid question can't be answered any more; empty if it can."""
    project: Project = tx.projects.get(answer.project)
    decision = access.decide_in(workshop, tx, answer.asked_by, project)
    if not decision.allowed:
        return decision.reasons[0].rule
    if _version(workshop, answer) not in workshop.vault.versions(answer.dataset):
        return "answer.version"
    try:
        _parsed(workshop, answer)
    except (InvalidInput, NotFound) as error:
        return error.rule
    return ""


def _version(workshop: Workshop, answer: PrivateAnswer) -> str:
    """The version paid for; of a twin the newest, since it makes no difference. Empty if there is none."""
    return next(reversed(workshop.vault.versions(answer.dataset)), "") if answer.dry_run else answer.version


def _parsed(workshop: Workshop, answer: PrivateAnswer) -> tuple[Dataset, Table, queries.Query]:
    """The question as the catalogue has it now. InvalidInput or NotFound if it was registered differently since."""
    dataset = workshop.policies.dataset_or_twin(answer.dataset)
    query = queries.parse_query(answer.query, dataset)
    table = dataset.table(query.table)
    assert table is not None, "a parsed query names a registered table"
    return dataset, table, query


def _refund(workshop: Workshop, tx: Any, answer: PrivateAnswer, reason: str) -> PrivateAnswer:
    tx.accounts.refund(answer.id, workshop.now())
    tx.events.record(SYSTEM, "answer.refunded", f"answer:{answer.id}", answer.project, dataset=answer.dataset,
                     cost_micro_rho=answer.cost.micro_rho, reason=reason)
    refunded: PrivateAnswer = tx.accounts.get(answer.id)
    return refunded


def prepare(room: ReadingRoom, tx: Any, username: str, slug: str, raw: object) -> Prepared:
    """The question as this person may ask it now, checked and priced; without reading data. Raises what refuses it."""
    project = tx.projects.find(slug)
    if project is None or username not in project.members:
        raise NotFound(f"There is no project {slug!r}.", rule="project.exists", value=slug,
                       next_step="Check the address, or start from your home page.")
    check_can_ask_privately(tx.people.get(username), project)
    decision = access.decide_in(room, tx, username, project)
    if not decision.allowed:
        raise AccessDenied("Private answers cannot be asked for now.", reasons=decision.reasons, rule="answer.access",
                           value=slug, next_step=" ".join(f"{r.message} {r.next_step}" for r in decision.reasons))
    grants = {grant.dataset: grant for grant in tx.grants.of_project(slug)}
    name = raw.get("dataset") if isinstance(raw, dict) else None
    if not isinstance(name, str) or name not in grants:
        raise InvalidInput(f"The project has no grant of {name!r}.", rule="answer.dataset", value=name,
                           next_step=f"It may ask about: {', '.join(sorted(grants)) or 'nothing yet'}.")
    dataset, grant = room.policies.dataset(name), grants[name]
    query = queries.parse_query(raw, dataset)
    policy = room.policies.for_grant(project, grant)
    _check_granted(query, dataset, grant, policy)
    extract = tx.extracts.live_of_grant(grant.id)
    if extract is None:
        raise Unavailable(f"{name} is still being prepared.", rule="extract.ready", value=name,
                          next_step="Try again in a few seconds.")
    _check_size(query)
    key = ledger.answer_key(name, extract.version, queries.canonical(query), slug)
    table = dataset.table(query.table)
    assert table is not None, "a parsed query names a registered table"
    return Prepared(query, dataset, table, project, grant, policy, extract.version, key, pricing.price(query, table))


def _check_granted(query: queries.Query, dataset: Dataset, grant: Grant, policy: Policy) -> None:
    granted = readable_columns(grant, policy)
    if query.table not in granted:
        raise InvalidInput(f"The project has no grant of {query.table}.", rule="answer.table", value=query.table,
                           next_step=f"It may ask about: {', '.join(sorted(granted)) or 'no table'}.")
    for table, column in sorted(queries.columns_read(query)):
        if column not in granted[table]:
            raise InvalidInput(f"The project has no grant of {table}.{column}.", rule="answer.column",
                               value=f"{table}.{column}",
                               next_step="Ask about granted columns, or amend the project to ask for this one.")
    if grant.row_filter.get(query.table):
        raise InvalidInput(f"The grant of {query.table} covers only some rows; private answers need all of them.",
                           rule="answer.row-filter", value=grant.row_filter[query.table],
                           next_step="Ask the custodian for a grant without a row filter for private answers.")


def _check_size(query: queries.Query) -> None:
    """A synthetic table travels and is kept as a record, which it must fit."""
    if query.rows > MAX_SYNTHETIC_ROWS:
        raise InvalidInput("That is a larger synthetic table than can be given here.", rule="answer.rows",
                           value=query.rows, next_step=f"Ask for {MAX_SYNTHETIC_ROWS} rows or fewer; the noisy tables "
                                                       "that it follows are the same.")


def _check_affordable(room: ReadingRoom, prepared: Prepared, tx: Any) -> None:
    ledger.check_affordable(prepared.cost, accounts_of(room, tx, prepared.project, prepared.grant),
                            prepared.policy.max_query_micro_rho or 0)


def refusal(room: ReadingRoom, prepared: Prepared, tx: Any) -> str:
    """Why the budgets do not allow it; empty if they do."""
    try:
        _check_affordable(room, prepared, tx)
    except BudgetExceeded as error:
        return str(error)
    return ""
