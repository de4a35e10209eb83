"""Telling people: in the transaction of the act that they are told of, on a page, and by e-mail where they wish it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readingroom.core.mail import Message, check_address, message
from readingroom.core.notices import Notice, Words, distinct, facts_of, next_try, words_of
from readingroom.core.people import Standing
from readingroom.core.roles import Permission
from readingroom.errors import InvalidInput, Unavailable
from readingroom.ports import Mail
from readingroom.services.room import ReadingRoom

PAGE_SIZE = 25
BATCH = 20


@dataclass(frozen=True)
class Told:
    """A notice and its words."""

    notice: Notice
    words: Words


@dataclass(frozen=True)
class Page:
    """Some of a person's notices, newest first. `older` is where the next page starts; None: there is none."""

    told: tuple[Told, ...]
    unread: int
    older: int | None


@dataclass(frozen=True)
class Telling:
    """Whom to tell what."""

    people: tuple[str, ...]
    kind: str
    facts: Mapping[str, str]

    @classmethod
    def of(cls, people: Iterable[str], kind: str, **facts: object) -> Telling:
        """Everyone of `people` once. ValueError unless `facts` are exactly the kind's, each an identifier."""
        return cls(distinct(people), kind, facts_of(kind, facts))


def tell(tx: Any, people: Iterable[str], kind: str, **facts: object) -> None:
    """Tell everyone of `people`, once, within the caller's transaction: what was undone was never told.

    `kind` is one of core.notices.KINDS and `facts` are exactly its own, which are identifiers: no titles, no reasons.
    Who is named twice is told once; a name without a person is left out. Nothing is sent from here.
    """
    tell_all(tx, [Telling.of(people, kind, **facts)])


def tell_all(tx: Any, told: Sequence[Telling]) -> None:
    """The same for many things, in as many questions to the database as for one."""
    tx.notices.add([(one.people, one.kind, one.facts) for one in told])


def custodians(room: ReadingRoom, tx: Any, project: str) -> frozenset[str]:
    """The custodians of the datasets that a project asked for or holds."""
    return frozenset(custodian_of(room, grant.dataset) for grant in tx.grants.of_project(project))


def custodian_of(room: ReadingRoom, dataset: str) -> str:
    """Who looks after a dataset; nobody ("") if it is not registered any more, which must not silence the rest."""
    found = room.policies.datasets.get(dataset)
    return found[0].custodian if found else ""


def holding(tx: Any, permission: Permission) -> frozenset[str]:
    """Everyone who may do this now."""
    return frozenset(person.username for person in tx.people.who_may(permission))


def page(room: ReadingRoom, username: str, *, before: int | None = None, project: str | None = None) -> Page:
    """A page of this person's notices; with `project`, of those about it."""
    with room.store.reading() as tx:
        found = tx.notices.of_person(username, PAGE_SIZE + 1, before, project)
        unread = tx.notices.unread(username, project)
    shown = found[:PAGE_SIZE]
    older = shown[-1].id if len(found) > PAGE_SIZE else None
    return Page(tuple(Told(notice, words_of(notice.kind, notice.facts)) for notice in shown), unread, older)


def mark_read(room: ReadingRoom, username: str, notice: int, *, only: bool = False, project: str | None = None) -> int:
    """Mark the person's notices up to this one as read (`only` this one if asked); how many were unread.

    Someone else's, or one that does not exist, changes nothing.
    """
    with room.store.transaction() as tx:
        count: int = tx.notices.mark_read(username, up_to=notice, only=only, project=project)
        return count


def address(room: ReadingRoom, username: str) -> str:
    """Where this person's notices are sent besides the portal; empty if nowhere."""
    with room.store.reading() as tx:
        found: str = tx.notices.address(username)
        return found


def set_address(room: ReadingRoom, username: str, given: str, *, by: str) -> None:
    """Send this person's notices there from now on; empty for nowhere. The log says that it changed, not to what."""
    wanted = check_address(given) if given.strip() else ""
    with room.store.transaction() as tx:
        tx.people.get(username)
        if tx.notices.address(username) != wanted:
            tx.notices.set_address(username, wanted)
            tx.events.record(by, "person.mail-changed", f"person:{username}", by_mail=bool(wanted))


def send_due(room: ReadingRoom, mail: Mail) -> int:
    """Send what waits in the outbox; returns how many were sent. For one worker at a time.

    At least once: killed between the server's yes and the record of it, the same message (with the same id) goes
    again. What the server refuses for good, or for three days, is given up and counted on the health page.
    """
    sent = 0
    with room.store.reading() as tx:
        due = tx.notices.due(room.now(), BATCH)
    for outgoing in due:
        problem = ""
        try:
            if not outgoing.address:
                problem = "the person took their address back"
            else:
                mail.send(_message(room, outgoing.notice, outgoing.address))
                sent += 1
        except InvalidInput as refused:
            problem = refused.message
        except Unavailable as busy:
            _postpone(room, outgoing.notice, outgoing.tries + 1, busy.message)
            break  # the server may be gone: whoever is next is tried at the next pass, not after as many time-outs
        with room.store.transaction() as tx:
            tx.notices.settle(outgoing.notice.id, problem)
    return sent


def _postpone(room: ReadingRoom, notice: Notice, tries: int, problem: str) -> None:
    again = next_try(tries, room.now(), notice.at)
    with room.store.transaction() as tx:
        if again is None:
            tx.notices.settle(notice.id, problem)
        else:
            tx.notices.postpone(notice.id, again, tries, problem)


def _message(room: ReadingRoom, notice: Notice, to: str) -> Message:
    settings = room.settings
    return message(notice, to=to, sender=settings.mail_from, portal=f"{settings.public_url}/services/portal",
                   host=settings.public_host, instance=settings.instance)


def tell_of_standing(room: ReadingRoom, tx: Any, username: str, standing: Standing) -> None:
    """Tell the person, and the custodians whose data they could read, of a suspension, a bar or their end."""
    projects = tx.projects.of_member(username)
    concerned = {username}.union(*(custodians(room, tx, project.slug) for project in projects))
    tell(tx, concerned, f"person.{standing.value}", person=username)
