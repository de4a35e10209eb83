"""Who may check a request, who is asked first, and what happens to one that nobody takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from readingroom.core.apart import check_apart, suggested
from readingroom.core.egress import Phase, current_reviews, phase
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.people import Person
from readingroom.core.permissions import check_can_review
from readingroom.core.policy import Policy
from readingroom.core.requests import EgressRequest
from readingroom.core.roles import Permission
from readingroom.errors import PermissionDenied
from readingroom.services import notices
from readingroom.services.moves import SYSTEM, move
from readingroom.services.room import ReadingRoom

LOAD_DAYS = 30


class Desk:
    """Whether one person may check requests: asks the records for what many requests share only once."""

    def __init__(self, room: ReadingRoom, tx: Any, person: Person) -> None:
        self._room, self._tx, self._person = room, tx, person
        self._projects = tx.projects.of_member(person.username)
        self._policies: dict[str, Policy] = {}

    def check(self, request: EgressRequest) -> None:
        """Raises PermissionDenied with the reason why not."""
        project = self._tx.projects.get(request.project)
        check_can_review(self._person, request, project)
        if project.slug not in self._policies:
            self._policies[project.slug] = self._room.policies.for_project(
                project, self._tx.grants.of_project(project.slug))
        shared = [one for one in self._projects if request.author in one.members]
        check_apart(self._person, self._tx.people.get(request.author), shared, self._policies[project.slug],
                    self._room.today())

    def may(self, request: EgressRequest) -> bool:
        try:
            self.check(request)
        except PermissionDenied:
            return False
        return True


def may_check(room: ReadingRoom, tx: Any, request: EgressRequest) -> frozenset[str]:
    """Everyone who may check this request now: nobody who is too near to its author hears of it."""
    return frozenset(person.username for person in tx.people.all()
                     if person.may(Permission.REVIEW_OUTPUTS) and Desk(room, tx, person).may(request))


def bring_to_checkers(room: ReadingRoom, tx: Any, request: EgressRequest, action: str, **detail: object) -> None:
    """Put a request in front of everyone who may check it, where its present state allows that."""
    move(tx, request, RequestStatus.IN_REVIEW, SYSTEM, action, **detail)
    if request.checkers_required:
        notices.tell(tx, may_check(room, tx, request), "request.to-check", request=request.number,
                     project=request.project)


def suggestions(room: ReadingRoom, tx: Any, waiting: tuple[EgressRequest, ...]) -> dict[int, frozenset[str]]:
    """For each request who is asked first. Only answers to requests that are settled count as work done, so that
    the suggestion tells nobody who has answered this one."""
    loads = tx.requests.answered_since(room.now() - timedelta(days=LOAD_DAYS))
    people = [person for person in tx.people.all() if person.may(Permission.REVIEW_OUTPUTS)]
    desks = {person.username: Desk(room, tx, person) for person in people}
    return {request.number: suggested(
        {name: loads.get(name, 0) for name, desk in desks.items() if desk.may(request)},
        request.checkers_required, request.number) for request in waiting}


def escalate(room: ReadingRoom) -> int:
    """Tell every checker and the administrators of requests that lack a review for longer than policy lets them wait.

    Once per round. Returns how many. It says that answers are missing, not whose.
    """
    with room.store.reading() as tx:
        late = [request.number for request in tx.requests.with_status(RequestStatus.IN_REVIEW)
                if _is_late(room, tx, request)]
    for number in late:
        with room.store.transaction() as tx:
            request = tx.requests.get(number)
            if not _is_late(room, tx, request):
                continue
            tx.events.record(SYSTEM, "request.escalated", f"request:{number}", request.project, round=request.round)
            told = may_check(room, tx, request) - {review.checker for review in current_reviews(request)}
            notices.tell(tx, told | notices.holding(tx, Permission.MANAGE_PEOPLE), "request.escalated", request=number,
                         project=request.project)
    return len(late)


def _is_late(room: ReadingRoom, tx: Any, request: EgressRequest) -> bool:
    if phase(request) is not Phase.INDEPENDENT or request.submitted_at is None:
        return False
    project = tx.projects.get(request.project)
    hours = room.policies.for_project(project, tx.grants.of_project(project.slug)).escalate_hours
    if hours is None or room.now() - request.submitted_at < timedelta(hours=hours):
        return False
    return not any(event.action == "request.escalated" and event.detail.get("round") == request.round
                   for event in tx.events.of_subject(f"request:{request.number}"))
