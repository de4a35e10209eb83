"""Privacy accounts and the private answers paid from them.

What a debit needs is read and written by plain statements rather than mapped objects: they are what every other
writer waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, null, select, update
from sqlalchemy.orm import Session

from readingroom.core.answers import PrivateAnswer
from readingroom.core.lifecycle import ANSWER_TRANSITIONS, AnswerStatus, check_transition
from readingroom.core.privacy.ledger import Cost
from readingroom.db.tables import AccountRow, AnswerRow
from readingroom.errors import NotFound

ACCOUNTS, ANSWERS = AccountRow.__table__, AnswerRow.__table__
SPENT = select(func.coalesce(func.sum(ACCOUNTS.c.spent_micro_rho), 0),
               func.coalesce(func.sum(ACCOUNTS.c.spent_femto_delta), 0)).where(
    ACCOUNTS.c.dataset.in_(bindparam("datasets", expanding=True)), ACCOUNTS.c.project == bindparam("of"))
PAY = update(ACCOUNTS).where(ACCOUNTS.c.dataset == bindparam("on"), ACCOUNTS.c.project == bindparam("of")).values(
    spent_micro_rho=ACCOUNTS.c.spent_micro_rho + bindparam("micro_rho"),
    spent_femto_delta=ACCOUNTS.c.spent_femto_delta + bindparam("femto_delta"))
OPEN, RESERVE = insert(ACCOUNTS), insert(ANSWERS)
BARE = select(*(column for column in ANSWERS.c if column.name != "answer"), null().label("answer")).order_by(
    ANSWERS.c.id)
"""Answers without their figures: lists show what was asked and paid, and a synthetic table is long."""
PAID_BEFORE = select(ANSWERS.c.id).where(
    ANSWERS.c.key == bindparam("asked"), ANSWERS.c.status != AnswerStatus.REFUNDED.value)


class Accounts:
    def __init__(self, session: Session) -> None:
        self._session = session

    def spent(self, datasets: Iterable[str], project: str = "") -> Cost:
        """What one project has spent on these datasets together; all projects if `project` is empty."""
        spent = self._session.execute(SPENT, {"datasets": sorted(datasets), "of": project}).one()
        return Cost(int(spent[0]), int(spent[1]))

    def spent_each(self, datasets: Iterable[str], projects: Iterable[str]) -> Callable[[Iterable[str], str], Cost]:
        """What `spent` answers of these datasets and projects, and of all projects, from one reading."""
        rows = self._session.execute(
            select(ACCOUNTS.c.dataset, ACCOUNTS.c.project, ACCOUNTS.c.spent_micro_rho, ACCOUNTS.c.spent_femto_delta)
            .where(ACCOUNTS.c.dataset.in_(sorted(datasets)), ACCOUNTS.c.project.in_(["", *sorted(projects)])))
        known = {(dataset, project): Cost(int(rho), int(delta)) for dataset, project, rho, delta in rows}

        def spent(some: Iterable[str], project: str = "") -> Cost:
            found = [known.get((dataset, project), Cost(0, 0)) for dataset in some]
            return Cost(sum(one.micro_rho for one in found), sum(one.femto_delta for one in found))

        return spent

    def debit(self, dataset: str, project: str, cost: Cost) -> None:
        """Add a cost to the project's account and to the dataset's. The caller has checked all caps."""
        for name in (project, ""):
            paid = self._session.execute(PAY, {"on": dataset, "of": name, "micro_rho": cost.micro_rho,
                                               "femto_delta": cost.femto_delta})
            if not paid.rowcount:  # type: ignore[attr-defined]  # an UPDATE says how many rows it found
                self._session.execute(OPEN, {"dataset": dataset, "project": name, "spent_micro_rho": cost.micro_rho,
                                             "spent_femto_delta": cost.femto_delta})

    def refund(self, answer_id: int, at: datetime) -> None:
        """Give back what a reserved answer cost. InvalidTransition once its computation has begun."""
        row = self._session.get_one(AnswerRow, answer_id)
        self._move(row, AnswerStatus.REFUNDED)
        row.answered_at = at
        self.debit(row.dataset, row.project, Cost(-row.cost_micro_rho, -row.cost_femto_delta))

    def reserve(self, *, key: str, project: str, dataset: str, version: str, query: dict[str, Any], asked_by: str,
                asked_at: datetime, deliver_at: datetime, cost: Cost) -> PrivateAnswer:
        made = self._session.execute(RESERVE, {
            "key": key, "project": project, "dataset": dataset, "version": version, "query": query,
            "asked_by": asked_by, "asked_at": asked_at, "deliver_at": deliver_at, "cost_micro_rho": cost.micro_rho,
            "cost_femto_delta": cost.femto_delta, "status": AnswerStatus.RESERVED.value})
        (number,) = made.inserted_primary_key  # type: ignore[attr-defined]
        return PrivateAnswer(number, project, dataset, version, query, asked_by, asked_at, deliver_at, cost,
                             AnswerStatus.RESERVED, None, None)

    def begin(self, answer_id: int) -> None:
        """From here on it is being computed, and its cost stays spent whatever happens."""
        self._move(self._session.get_one(AnswerRow, answer_id), AnswerStatus.COMPUTING)

    def settle(self, answer_id: int, status: AnswerStatus, answer: dict[str, Any] | None, at: datetime) -> None:
        row = self._session.get_one(AnswerRow, answer_id)
        self._move(row, status)
        row.answer, row.answered_at = answer, at

    def find_by_key(self, key: str) -> PrivateAnswer | None:
        """The answer that this question got; one that was refunded is as if never asked."""
        number = self._session.execute(PAID_BEFORE, {"asked": key}).scalar()
        return None if number is None else self.get(number)

    def get(self, answer_id: int) -> PrivateAnswer:
        row = self._session.get(AnswerRow, answer_id)
        if row is None:
            raise NotFound(f"There is no private answer {answer_id}.", rule="answer.exists", value=answer_id,
                           next_step="Check the number.")
        return _answer(row)

    def unanswered(self, project: str = "") -> tuple[PrivateAnswer, ...]:
        """Paid for and not settled: to be computed, or found half computed after a crash. Of one project, if named."""
        waiting = BARE.where(ANSWERS.c.status.in_([AnswerStatus.RESERVED.value, AnswerStatus.COMPUTING.value]))
        return self._bare(waiting.where(ANSWERS.c.project == project) if project else waiting)

    def of_project(self, project: str, most: int | None = None, before: int | None = None
                   ) -> tuple[PrivateAnswer, ...]:
        """Its newest `most` answers (all if not said) with a number under `before`, newest first, without figures."""
        return self._newest(BARE.where(ANSWERS.c.project == project), most, before)

    def of_dataset(self, dataset: str, most: int | None = None, before: int | None = None
                   ) -> tuple[PrivateAnswer, ...]:
        """The same of a dataset."""
        return self._newest(BARE.where(ANSWERS.c.dataset == dataset), most, before)

    def asked(self, dataset: str) -> dict[str, int]:
        """How many questions each project asked of a dataset."""
        counted = select(ANSWERS.c.project, func.count().label("number")).where(ANSWERS.c.dataset == dataset)
        return {row.project: row.number for row in self._session.execute(counted.group_by(ANSWERS.c.project))}

    def _newest(self, chosen: Any, most: int | None, before: int | None) -> tuple[PrivateAnswer, ...]:
        earlier = chosen if before is None else chosen.where(ANSWERS.c.id < before)
        return self._bare(earlier.order_by(None).order_by(ANSWERS.c.id.desc()).limit(most))

    def _bare(self, chosen: Any) -> tuple[PrivateAnswer, ...]:
        return tuple(_answer(row) for row in self._session.execute(chosen))

    def _move(self, row: AnswerRow, status: AnswerStatus) -> None:
        check_transition(ANSWER_TRANSITIONS, AnswerStatus(row.status), status, "private answer")
        row.status = status.value


def _answer(row: AnswerRow | Row[Any]) -> PrivateAnswer:
    return PrivateAnswer(row.id, row.project, row.dataset, row.version, row.query, row.asked_by, row.asked_at,
                         row.deliver_at, Cost(row.cost_micro_rho, row.cost_femto_delta), AnswerStatus(row.status),
                         row.answer, row.answered_at)
