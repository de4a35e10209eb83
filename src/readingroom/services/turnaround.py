"""How the desk does, from what really happened: for the people who run it, and as a likely time for authors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readingroom.core.access import Reason
from readingroom.core.audit import Event
from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.requests import AirlockRequest
from readingroom.core.roles import Permission
from readingroom.core.turnaround import OUTCOMES, Figures, Round, figures, rounds
from readingroom.errors import PermissionDenied
from readingroom.services import holdups
from readingroom.services.checking import LOAD_DAYS
from readingroom.services.room import ReadingRoom

LAST = 100
WAITING = (RequestStatus.SUBMITTED, RequestStatus.CHECKING, RequestStatus.IN_REVIEW)
DECIDED = (RequestStatus.APPROVED, RequestStatus.RELEASED, RequestStatus.DELIVERED, RequestStatus.RETURNED,
           RequestStatus.REJECTED)


@dataclass(frozen=True)
class Desk:
    """`figures` of each direction by itself: what comes in is other work than what leaves, under its own policy.

    `waiting` are the numbers, times of submission and directions of what is in the queue, oldest first.

    `held_up` are the requests that do not go on, with the reason.
    `answers` are how many reviews each checker gave lately to requests that are settled: nothing is told of the others.
    """

    figures: Mapping[Direction, Figures]
    waiting: tuple[tuple[int, datetime, Direction], ...]
    own: Mapping[Direction, Figures]
    answers: tuple[tuple[str, int], ...]
    held_up: tuple[tuple[AirlockRequest, Reason], ...]


def look(room: ReadingRoom, viewer: str) -> Desk:
    """Of the last hundred requests of each direction that people decided on. `own` are a checker's own minutes and
    agreement; empty for others."""
    with room.store.reading() as tx:
        person = tx.people.get(viewer)
        if not (person.may(Permission.REVIEW_OUTPUTS) or person.may(Permission.READ_AUDIT)):
            raise PermissionDenied("Only checkers, custodians and administrators see how the desk does.",
                                   rule="role.review-outputs", value=viewer,
                                   next_step="Your own requests say how long they are likely to take.")
        found = {direction: _rounds(tx, direction) for direction in Direction}
        waiting = tx.requests.submitted(*WAITING)
        held_up = holdups.everything(tx)
        checkers = tx.people.who_may(Permission.REVIEW_OUTPUTS)
        given = tx.requests.answered_since(room.now() - timedelta(days=LOAD_DAYS), [one.username for one in checkers])
        answers = [(one.display_name, given.get(one.username, 0)) for one in checkers]
    own = {direction: figures([one for one in rounds if viewer in one.answers], viewer)
           for direction, rounds in found.items() if person.may(Permission.REVIEW_OUTPUTS)}
    return Desk({direction: figures(rounds) for direction, rounds in found.items()},
                tuple(sorted(waiting, key=lambda one: one[1])), own,
                tuple(sorted(answers, key=lambda one: (-one[1], one[0]))), held_up)


def likely(tx: Any, direction: Direction) -> tuple[int, float | None, float | None]:
    """Of how many rounds of this direction decided lately: the hours within which half and nine in ten were."""
    found = figures(_rounds(tx, direction, "request.submitted", *OUTCOMES))
    return found.decided, found.median_hours, found.slow_hours


def _rounds(tx: Any, direction: Direction, *actions: str) -> list[Round]:
    """Private answers that nobody had to approve say nothing of the desk and are left out."""
    numbers = tx.requests.newest_numbers(LAST, direction, *DECIDED)
    by_subject: dict[str, list[Event]] = defaultdict(list)
    for event in tx.events.of_subjects([f"request:{number}" for number in numbers], actions):
        by_subject[event.subject].append(event)
    return [one for events in by_subject.values() for one in rounds(events)]
