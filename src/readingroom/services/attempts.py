"""A change that somebody tries: done whole with its event, or refused, which changes nothing and is logged too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from readingroom.errors import InvalidTransition, NotFound, PermissionDenied
from readingroom.services.room import ReadingRoom

LONGEST_SUBJECT = 80


@contextmanager
def attempt(room: ReadingRoom, actor: str, action: str, subject: str) -> Iterator[Any]:
    """The transaction of one change; what the rules refuse in it is logged."""
    with refusals_logged(room, actor, action, subject), room.store.transaction() as tx:
        yield tx


@contextmanager
def refusals_logged(room: ReadingRoom, actor: str, action: str, subject: str) -> Iterator[None]:
    """What the rules refuse in here goes on the log as `attempt.refused`, with the rule.

    Slips of the pen (InvalidInput) are not logged: they are shown beside the form.
    """
    try:
        yield
    except (PermissionDenied, InvalidTransition, NotFound) as refusal:
        with room.store.transaction() as tx:
            tx.events.record(actor, "attempt.refused", subject[:LONGEST_SUBJECT], attempted=action, rule=refusal.rule)
        raise
