"""The audit log: append and read, nothing else."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.orm import Session, aliased

from readingroom.core.audit import Event, Happening, following
from readingroom.db.plain import plain
from readingroom.db.tables import EventRow
from readingroom.ports import Clock

EVENTS = EventRow.__table__
APPEND, HEAD = insert(EVENTS), select(EVENTS).order_by(EVENTS.c.seq.desc()).limit(1)


class Events:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._last: Event | None = None

    def record(self, actor: str, action: str, subject: str, project: str = "", **detail: object) -> Event:
        """Append one event in this transaction; `detail` must be plain JSON and hold no rows or cell values."""
        (event,) = self.record_all(actor, [Happening(action, subject, project, detail)])
        return event

    def record_all(self, actor: str, happenings: Iterable[Happening]) -> tuple[Event, ...]:
        """Append an event for each, in this order, in one statement: the sweep has thousands on some days."""
        at = self._clock.now().isoformat(timespec="microseconds")
        made: list[Event] = []
        for one in happenings:
            last = made[-1] if made else self._last or self.head()
            made.append(following(last, at=at, actor=actor, action=one.action, subject=one.subject,
                                  project=one.project, detail=one.detail))
        if made:
            self._session.flush()  # what the events tell of fails first
            self._session.execute(APPEND, [
                {"seq": event.seq, "at": event.at, "actor": actor, "action": event.action, "subject": event.subject,
                 "project": event.project, "detail": json.dumps(event.detail, sort_keys=True),
                 "previous": event.previous, "hash": event.hash} for event in made])
            self._last = made[-1]  # nobody else appends before this transaction ends
        return tuple(made)

    def head(self) -> Event | None:
        row = self._session.execute(HEAD).first()
        return None if row is None else _event(row)

    def projects_since(self, seq: int) -> frozenset[str]:
        """The projects of which anything is on the log after event number `seq`."""
        return frozenset(self._session.scalars(
            select(EVENTS.c.project).where(EVENTS.c.seq > seq, EVENTS.c.project != "").distinct()))

    def all(self, since: int = 1) -> Iterator[Event]:
        """Every event from number `since` on, in order, without holding them all in memory."""
        query = select(EVENTS).where(EVENTS.c.seq >= since).order_by(EVENTS.c.seq)
        return map(_event, self._session.connection().execution_options(yield_per=1000).execute(query))

    def of_subject(self, subject: str) -> tuple[Event, ...]:
        return self._read(select(EVENTS).where(EVENTS.c.subject == subject).order_by(EVENTS.c.seq))

    def of_subjects(self, subjects: Collection[str], actions: Collection[str] = ()) -> tuple[Event, ...]:
        """The events of several subjects, in order; only those of `actions` if any are named."""
        query = select(EVENTS).where(EVENTS.c.subject.in_(subjects)).order_by(EVENTS.c.seq)
        return self._read(query.where(EVENTS.c.action.in_(actions)) if actions else query)

    def latest_of_subject(self, subject: str, count: int) -> tuple[Event, ...]:
        """The newest `count` events of one subject, newest first."""
        return self._read(select(EVENTS).where(EVENTS.c.subject == subject).order_by(EVENTS.c.seq.desc()).limit(count))

    def withdrawn_since(self, project: str, since: datetime) -> tuple[str, ...]:
        """Grants (as subjects) that were withdrawn after a moment, and of which there had been an extract before it."""
        moment, made = since.isoformat(timespec="microseconds"), aliased(EventRow)
        used = select(made.seq).where(made.subject == EventRow.subject, made.action == "extract.made",
                                      made.at <= moment)
        return tuple(self._session.scalars(select(EventRow.subject).where(
            EventRow.project == project, EventRow.action == "grant.withdrawn", EventRow.at >= moment, used.exists())))

    def of_project(self, project: str) -> tuple[Event, ...]:
        return self._read(select(EVENTS).where(EVENTS.c.project == project).order_by(EVENTS.c.seq))

    def latest(self, count: int, before: int | None = None) -> tuple[Event, ...]:
        """The newest `count` events, newest first; those before sequence number `before` if given."""
        query = select(EVENTS).order_by(EVENTS.c.seq.desc()).limit(count)
        return self._read(query if before is None else query.where(EVENTS.c.seq < before))

    def _read(self, query: Select[Any]) -> tuple[Event, ...]:
        return tuple(map(_event, plain(self._session, query)))


def _event(row: Row[Any]) -> Event:
    return Event(row.seq, row.at, row.actor, row.action, row.subject, row.project, json.loads(row.detail),
                 row.previous, row.hash)
