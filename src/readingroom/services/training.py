"""Training of checkers on made-up outputs, apart from everything real.

Nothing here is a request: no queue, no notice, no figure of the desk and no key knows of it, and nothing can leave.
Cases are made from a set's number; only what a person answered is kept, with its date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from readingroom.core.requests import Decision
from readingroom.core.roles import Permission
from readingroom.core.training import EDITION, Case, Score, cases_of, score
from readingroom.core.training.sessions import TrainingSession, answers_of_others, next_number
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services.attempts import attempt
from readingroom.services.room import ReadingRoom


@dataclass(frozen=True)
class Taken:
    """A session with its cases (none of an earlier edition: they can't be made any more) and, answered, its score."""

    session: TrainingSession
    cases: tuple[Case, ...]
    score: Score | None


def begin(room: ReadingRoom, person: str) -> int:
    """Open the next set that this person has not taken, or the one they have open; its id."""
    with attempt(room, person, "training.begin", f"person:{person}") as tx:
        _check_may(tx, person)
        own = tx.training.of_person(person)
        waiting = next((one for one in own if one.answered_at is None and one.edition == EDITION), None)
        if waiting is not None:
            return int(waiting.id)
        number = next_number(own, EDITION)
        made: int = tx.training.begin(person, EDITION, number, room.now())
        tx.events.record(person, "training.begun", f"training:{made}", edition=EDITION, set=number)
        return made


def look(room: ReadingRoom, person: str, id: int) -> Taken:
    """One's own session; NotFound for anyone else's. What was planted is for after the answer: pages must not tell."""
    with room.store.reading() as tx:
        return _taken(tx, _own(tx, person, id))


def mine(room: ReadingRoom, person: str) -> tuple[Taken, ...]:
    """One's own sessions, newest first."""
    with room.store.reading() as tx:
        _check_may(tx, person)
        return tuple(_taken(tx, one) for one in tx.training.of_person(person))


def answer(room: ReadingRoom, person: str, id: int, decisions: Sequence[Decision]) -> Taken:
    """Answer a set, once and whole."""
    with attempt(room, person, "training.answer", f"training:{id}") as tx:
        _check_may(tx, person)
        session = _own(tx, person, id)
        if session.answered_at is not None or session.edition != EDITION:
            raise InvalidTransition("This set was answered, or is of an earlier edition.", rule="training.once",
                                    value=id, next_step="Begin the next set.")
        cases = cases_of(session.number)
        if len(decisions) != len(cases) or Decision.UNDECIDED in decisions:
            raise InvalidInput("Not every output is decided.", rule="training.complete", value=len(decisions),
                               next_step="Approve each output, or ask for a change.")
        tx.training.answer(id, tuple(decisions), room.now())
        taken = _taken(tx, tx.training.get(id))
        assert taken.score is not None
        tx.events.record(person, "training.answered", f"training:{id}", edition=EDITION, set=session.number,
                         cases=taken.score.cases, right=taken.score.right)
        return taken


def scores(room: ReadingRoom, viewer: str) -> tuple[Taken, ...]:
    """Everyone's answered sessions, newest first, for those who answer for the desk."""
    with room.store.reading() as tx:
        if not tx.people.get(viewer).may(Permission.READ_AUDIT):
            raise PermissionDenied("Only custodians and administrators see everyone's training.",
                                   rule="role.read-audit", value=viewer, next_step="Your own is under Training.")
        return tuple(_taken(tx, one) for one in tx.training.answered())


def _taken(tx: Any, session: TrainingSession) -> Taken:
    if session.edition != EDITION:
        return Taken(session, (), None)
    cases = cases_of(session.number)
    if session.answered_at is None:
        return Taken(session, cases, None)
    others = answers_of_others(tx.training.answered(), session.edition, session.number, session.person)
    return Taken(session, cases, score([case.answer for case in cases], session.decisions, others))


def _own(tx: Any, person: str, id: int) -> TrainingSession:
    session: TrainingSession = tx.training.get(id)
    if session.person != person:
        raise NotFound(f"There is no training session {id}.", rule="training.exists", value=id,
                       next_step="Your own are under Training.")
    return session


def _check_may(tx: Any, person: str) -> None:
    if not tx.people.get(person).may(Permission.REVIEW_OUTPUTS):
        raise PermissionDenied("Training is for output checkers.", rule="role.review-outputs", value=person,
                               next_step="Ask an administrator whether your roles are right.")
