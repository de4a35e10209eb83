"""Privacy accounts and the private answers paid from them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from readingroom.core.answers import RESERVED, PrivateAnswer
from readingroom.db.tables import AccountRow, AnswerRow
from readingroom.errors import NotFound


class Accounts:
    def __init__(self, session: Session) -> None:
        self._session = session

    def spent(self, dataset: str, project: str = "") -> int:
        """Micro-rho spent by one project on a dataset; by all of them together if `project` is empty."""
        row = self._session.get(AccountRow, (dataset, project))
        return 0 if row is None else row.spent_micro_rho

    def debit(self, dataset: str, project: str, cost_micro_rho: int) -> None:
        """Add a cost to the project's account and to the dataset's. The caller has checked both caps."""
        for name in (project, ""):
            row = self._session.get(AccountRow, (dataset, name))
            if row is None:
                row = AccountRow(dataset=dataset, project=name, spent_micro_rho=0)
                self._session.add(row)
            row.spent_micro_rho += cost_micro_rho
        self._session.flush()

    def reserve(self, *, key: str, project: str, dataset: str, version: str, query: dict[str, Any], asked_by: str,
                asked_at: datetime, cost_micro_rho: int) -> PrivateAnswer:
        row = AnswerRow(key=key, project=project, dataset=dataset, version=version, query=query, asked_by=asked_by,
                        asked_at=asked_at, cost_micro_rho=cost_micro_rho, status=RESERVED)
        self._session.add(row)
        self._session.flush()
        return _answer(row)

    def settle(self, answer_id: int, status: str, answer: dict[str, Any] | None, at: datetime) -> None:
        row = self._session.get_one(AnswerRow, answer_id)
        row.status, row.answer, row.answered_at = status, answer, at

    def find_by_key(self, key: str) -> PrivateAnswer | None:
        row = self._session.scalars(select(AnswerRow).where(AnswerRow.key == key)).first()
        return None if row is None else _answer(row)

    def get(self, answer_id: int) -> PrivateAnswer:
        row = self._session.get(AnswerRow, answer_id)
        if row is None:
            raise NotFound(f"There is no private answer {answer_id}.", rule="answer.exists", value=answer_id,
                           next_step="Check the number.")
        return _answer(row)

    def reserved(self) -> tuple[PrivateAnswer, ...]:
        return self._where(AnswerRow.status == RESERVED)

    def of_project(self, project: str) -> tuple[PrivateAnswer, ...]:
        return self._where(AnswerRow.project == project)

    def _where(self, *conditions: object) -> tuple[PrivateAnswer, ...]:
        rows = self._session.scalars(select(AnswerRow).where(*conditions).order_by(AnswerRow.id))  # type: ignore[arg-type]
        return tuple(_answer(row) for row in rows)


def _answer(row: AnswerRow) -> PrivateAnswer:
    return PrivateAnswer(row.id, row.project, row.dataset, row.version, row.query, row.asked_by, row.asked_at,
                         row.cost_micro_rho, row.status, row.answer, row.answered_at)
