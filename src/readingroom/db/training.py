"""Who took which training set, and what they answered. Cases are made from the set's number, never kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from readingroom.core.requests import Decision
from readingroom.core.training.sessions import TrainingSession
from readingroom.db.tables import TrainingRow
from readingroom.errors import NotFound


class Training:
    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, person: str, edition: int, number: int, at: datetime) -> int:
        """A session without answers; its id."""
        row = TrainingRow(person=person, edition=edition, number=number, begun_at=at, answered_at=None, decisions=None)
        self._session.add(row)
        self._session.flush()
        return row.id

    def get(self, id: int) -> TrainingSession:
        return _session(self._row(id))

    def answer(self, id: int, decisions: tuple[Decision, ...], at: datetime) -> None:
        row = self._row(id)
        row.answered_at, row.decisions = at, [decision.value for decision in decisions]
        self._session.flush()

    def of_person(self, person: str) -> tuple[TrainingSession, ...]:
        """Newest first."""
        return self._where(TrainingRow.person == person)

    def answered(self) -> tuple[TrainingSession, ...]:
        """Everyone's that have answers, newest first."""
        return self._where(TrainingRow.answered_at.is_not(None))

    def _where(self, condition: object) -> tuple[TrainingSession, ...]:
        rows = self._session.scalars(select(TrainingRow).where(condition)  # type: ignore[arg-type]
                                     .order_by(TrainingRow.id.desc()))
        return tuple(map(_session, rows))

    def _row(self, id: int) -> TrainingRow:
        row = self._session.get(TrainingRow, id)
        if row is None:
            raise NotFound(f"There is no training session {id}.", rule="training.exists", value=id,
                           next_step="Your own are under Training.")
        return row


def _session(row: TrainingRow) -> TrainingSession:
    return TrainingSession(row.id, row.person, row.edition, row.number, row.begun_at, row.answered_at,
                           tuple(Decision(one) for one in row.decisions or ()))
