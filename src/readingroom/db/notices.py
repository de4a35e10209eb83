"""Notices, the addresses that people gave for them, and the outbox of e-mails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from readingroom.core.notices import Notice
from readingroom.db.plain import plain
from readingroom.db.tables import MailAddressRow, MailRow, NoticeRow, PersonRow
from readingroom.ports import Clock


@dataclass(frozen=True)
class Outgoing:
    """An e-mail that waits: its notice, where to, and how often it was tried."""

    notice: Notice
    address: str
    tries: int


class Notices:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def add(self, told: Sequence[tuple[Sequence[str], str, Mapping[str, str]]]) -> None:
        """Tell people things: names, kind and facts of each. Whoever gave an address also gets an e-mail.

        Names of nobody are left out. The number of questions does not grow with what is told.
        """
        named = {name for people, _, _ in told for name in people}
        addressed = self._session.execute(
            select(PersonRow.username, MailAddressRow.address)
            .outerjoin(MailAddressRow, MailAddressRow.username == PersonRow.username)
            .where(PersonRow.username.in_(sorted(named))))
        known: dict[str, str | None] = {name: address for name, address in addressed}  # noqa: C416  of rows, not pairs
        at = self._clock.now()
        rows: list[dict[str, Any]] = [
            {"username": name, "kind": kind, "facts": dict(facts), "project": facts.get("project", ""), "at": at}
            for people, kind, facts in told for name in people if name in known]
        plain = [row for row in rows if not known[row["username"]]]
        mailed = [row for row in rows if known[row["username"]]]
        if plain:
            self._session.execute(insert(NoticeRow.__table__), plain)
        if mailed:
            ids = self._session.scalars(insert(NoticeRow).returning(NoticeRow.id), mailed)
            self._session.execute(insert(MailRow), [
                {"notice": notice, "due_at": at, "tries": 0, "problem": ""} for notice in ids])

    def of_person(self, username: str, count: int, before: int | None = None, project: str | None = None
                  ) -> tuple[Notice, ...]:
        """The newest `count` first; those before notice `before` if given; those about one project if given."""
        query = select(NoticeRow).where(NoticeRow.username == username).order_by(NoticeRow.id.desc()).limit(count)
        if before is not None:
            query = query.where(NoticeRow.id < before)
        if project is not None:
            query = query.where(NoticeRow.project == project)
        return tuple(_notice(row) for row in self._session.scalars(query))

    def unread(self, username: str, project: str | None = None) -> int:
        query = _UNREAD if project is None else _UNREAD.where(NoticeRow.project == project)
        return plain(self._session, query, {"username": username}).scalar_one()  # type: ignore[no-any-return]

    def mark_read(self, username: str, *, up_to: int, only: bool = False, project: str | None = None) -> int:
        """Mark this person's notices as read: all up to `up_to`, or `only` that one. Returns how many were unread."""
        place = NoticeRow.id == up_to if only else NoticeRow.id <= up_to
        change = update(NoticeRow).where(NoticeRow.username == username, NoticeRow.read_at.is_(None), place)
        if project is not None:
            change = change.where(NoticeRow.project == project)
        found: int = self._session.execute(change.values(read_at=self._clock.now())).rowcount  # type: ignore[attr-defined]
        return found

    def address(self, username: str) -> str:
        """Where this person gets e-mail; empty if nowhere."""
        row = self._session.get(MailAddressRow, username)
        return "" if row is None else row.address

    def set_address(self, username: str, address: str) -> None:
        row = self._session.get(MailAddressRow, username)
        if row is not None and not address:
            self._session.delete(row)
        elif row is not None:
            row.address = address
        elif address:
            self._session.add(MailAddressRow(username=username, address=address))
        self._session.flush()

    def due(self, now: datetime, count: int) -> tuple[Outgoing, ...]:
        """E-mails to try now, the oldest first. One whose person took their address back has an empty one."""
        rows = self._session.execute(
            select(MailRow, NoticeRow, MailAddressRow.address).join(NoticeRow, NoticeRow.id == MailRow.notice)
            .outerjoin(MailAddressRow, MailAddressRow.username == NoticeRow.username)
            .where(MailRow.due_at <= now).order_by(MailRow.due_at, MailRow.notice).limit(count))
        return tuple(Outgoing(_notice(notice), address or "", mail.tries) for mail, notice, address in rows)

    def postpone(self, notice: int, due_at: datetime, tries: int, problem: str) -> None:
        row = self._session.get_one(MailRow, notice)
        row.due_at, row.tries, row.problem = due_at, tries, problem[:500]

    def settle(self, notice: int, problem: str = "") -> None:
        """It was sent, or (with a problem) will never be. Called again it changes nothing but the words."""
        row = self._session.get_one(MailRow, notice)
        row.due_at, row.sent_at, row.problem = None, None if problem else self._clock.now(), problem[:500]

    def outbox(self) -> tuple[int, int]:
        """How many e-mails wait, and how many were given up."""
        waiting = select(func.count()).select_from(MailRow).where(MailRow.due_at.is_not(None))
        failed = select(func.count()).select_from(MailRow).where(MailRow.due_at.is_(None), MailRow.sent_at.is_(None))
        return self._session.scalars(waiting).one(), self._session.scalars(failed).one()


_UNREAD = select(func.count()).select_from(NoticeRow.__table__).where(
    NoticeRow.username == bindparam("username"), NoticeRow.read_at.is_(None))


def _notice(row: NoticeRow) -> Notice:
    return Notice(row.id, row.username, row.kind, dict(row.facts), row.at, row.read_at)
