"""Turns: which workspaces have the machine's memory, and which wait for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from readingroom.core.turns import Turn
from readingroom.db.tables import TurnRow


class Turns:
    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> tuple[Turn, ...]:
        """In the order in which they were asked for."""
        return tuple(_turn(row) for row in self._session.scalars(select(TurnRow).order_by(TurnRow.id)))

    def add(self, username: str, project: str, memory_bytes: int, at: datetime, admitted_at: datetime | None) -> Turn:
        row = TurnRow(username=username, project=project, memory_bytes=memory_bytes, asked_at=at,
                      admitted_at=admitted_at)
        self._session.add(row)
        self._session.flush()
        return _turn(row)

    def admit(self, turn: Turn, at: datetime) -> None:
        self._session.get_one(TurnRow, turn.id).admitted_at = at

    def remove(self, username: str, project: str) -> None:
        self._session.execute(delete(TurnRow).where(TurnRow.username == username, TurnRow.project == project))


def _turn(row: TurnRow) -> Turn:
    return Turn(row.id, row.username, row.project, row.memory_bytes, row.asked_at, row.admitted_at)
