"""Bytes shown, by person, project and hour, and the door's counters as they were last read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from readingroom.core.shown import Hour, Reading
from readingroom.db.plain import plain
from readingroom.db.tables import DoorCounterRow, ShownHourRow


class ShownBytes:
    def __init__(self, session: Session) -> None:
        self._session = session

    def last_reading(self, username: str, project: str) -> Reading | None:
        row = self._session.get(DoorCounterRow, (username, project))
        return None if row is None else Reading(row.username, row.project, row.boot, row.counter)

    def add(self, reading: Reading, hour: datetime, grown: int) -> None:
        """Remember the counter and what it grew by, together: neither is ever counted twice nor lost."""
        counter = self._session.get(DoorCounterRow, (reading.username, reading.project))
        if counter is None:
            counter = DoorCounterRow(username=reading.username, project=reading.project)
            self._session.add(counter)
        counter.boot, counter.counter = reading.boot, reading.counter
        row = self._session.get(ShownHourRow, (reading.username, reading.project, hour))
        if row is None:
            row = ShownHourRow(username=reading.username, project=reading.project, hour=hour, bytes=0, logged=False)
            self._session.add(row)
        row.bytes += grown
        self._session.flush()

    def since(self, project: str, moment: datetime) -> tuple[Hour, ...]:
        """Everyone's hours in a project that began at `moment` or later."""
        return self.since_of([project], moment)[project]

    def since_of(self, projects: Collection[str], moment: datetime) -> dict[str, tuple[Hour, ...]]:
        """The same of each of these projects, in one question."""
        rows = plain(self._session, _SINCE, {"since_projects": sorted(projects), "since_hour": moment})
        found: dict[str, list[Hour]] = {project: [] for project in projects}
        for row in rows:
            found[row.project].append(_hour(row))
        return {project: tuple(hours) for project, hours in found.items()}

    def unlogged_before(self, moment: datetime) -> tuple[Hour, ...]:
        rows = self._session.scalars(select(ShownHourRow).where(
            ShownHourRow.logged.is_(False), ShownHourRow.hour < moment).order_by(
                ShownHourRow.hour, ShownHourRow.username, ShownHourRow.project))
        return tuple(_hour(row) for row in rows)

    def mark_logged(self, hour: Hour) -> None:
        self._session.get_one(ShownHourRow, (hour.username, hour.project, hour.hour)).logged = True

    def alerted_at(self, username: str, project: str) -> datetime | None:
        row = self._session.get(DoorCounterRow, (username, project))
        return None if row is None else row.alerted_at

    def mark_alerted(self, username: str, project: str, at: datetime) -> None:
        self._session.get_one(DoorCounterRow, (username, project)).alerted_at = at


_HOURS = ShownHourRow.__table__
_SINCE = (select(_HOURS).where(_HOURS.c.project.in_(bindparam("since_projects", expanding=True)),
                               _HOURS.c.hour >= bindparam("since_hour")).order_by(_HOURS.c.hour))


def _hour(row: Any) -> Hour:
    return Hour(row.username, row.project, row.hour, row.bytes)
