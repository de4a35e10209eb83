"""Links with which somebody sets their own password: made once, mailed where mail is on, good once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readingroom.core.days import day_of
from readingroom.core.mail import invitation
from readingroom.core.people import Person, Standing
from readingroom.errors import InvalidInput, PermissionDenied, Unavailable
from readingroom.ports import Mail
from readingroom.services import accounts
from readingroom.services.room import ReadingRoom

INVITATION_DAYS = 7


@dataclass(frozen=True)
class Invitation:
    """What is handed to the person: shown or mailed once, and worth nothing after `expires_at` or its first use."""

    username: str
    token: str
    expires_at: datetime


def make(room: ReadingRoom, tx: Any, username: str, by: str) -> Invitation:
    """A new link, within a transaction of the caller's; the person's one before is worth nothing any more."""
    made = Invitation(username, secrets.token_urlsafe(32), room.now() + timedelta(days=INVITATION_DAYS))
    tx.people.set_invitation(_digest(made.token), username, by=by, expires_at=made.expires_at)
    return made


def address_of(room: ReadingRoom, made: Invitation) -> str:
    """The address that the link leads to."""
    return f"{room.settings.public_url}/services/portal/invitation/{made.token}"


def deliver(room: ReadingRoom, mail: Mail | None, made: Invitation) -> str:
    """Mail the link to its person; returns to which address, or nothing where it has to be handed over.

    It is sent from here, not from the outbox: the records hold no more than a hash of it. An address that somebody
    else gave themselves for notices is not used: it goes where the record says. What the server does not take at
    once is handed over as without mail.
    """
    with room.store.reading() as tx:
        to: str = tx.people.get(made.username).email
    if mail is None or not to:
        return ""
    settings = room.settings
    try:
        mail.send(invitation(
            username=made.username, link=address_of(room, made), until=day_of(made.expires_at), to=to,
            sender=settings.mail_from, id=f"<invitation-{_digest(made.token)[:16]}@{settings.public_host}>",
            at=room.now()))
    except (InvalidInput, Unavailable):
        return ""
    with room.store.transaction() as tx:
        tx.events.record("system", "person.invitation-mailed", f"person:{made.username}")
    return to


def take(room: ReadingRoom, token: str, password: str) -> str:
    """Set one's own password with the link; returns the username. PermissionDenied if the link is good no more."""
    digest = _digest(token)
    invited(room, token)
    hashed = accounts.hash_password(password)
    with room.store.transaction() as tx:
        username = tx.people.invited(digest, room.now())
        if username is None or not _may_be_let_in(tx, username):
            raise _stale_link()
        tx.people.use_invitation(digest, room.now())
        accounts.set_password(tx, username, hashed)
        tx.events.record(username, "person.password-set", f"person:{username}")
        return str(username)


def invited(room: ReadingRoom, token: str) -> Person:
    """Whose link it is. PermissionDenied, saying nothing about anybody, if it is good no more."""
    with room.store.reading() as tx:
        username = tx.people.invited(_digest(token), room.now())
        if username is None or not _may_be_let_in(tx, username):
            raise _stale_link()
        found: Person = tx.people.get(username)
        return found


def _may_be_let_in(tx: Any, username: str) -> bool:
    return tx.people.get(username).standing is Standing.ACTIVE


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _stale_link() -> PermissionDenied:
    return PermissionDenied("This link was used, has expired, or was replaced by a newer one.",
                            rule="person.invitation", next_step="Ask whoever invited you for a new one.")
