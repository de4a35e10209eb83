"""Who may check a request, and who is asked first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from readingroom.core.apart import check_apart, suggested
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.people import Person
from readingroom.core.permissions import check_can_review
from readingroom.core.policy import Policy
from readingroom.core.projects import Grant, Project
from readingroom.core.requests import AirlockRequest
from readingroom.core.roles import Permission
from readingroom.errors import NotFound, PermissionDenied
from readingroom.services import notices
from readingroom.services.moves import SYSTEM, move
from readingroom.services.room import ReadingRoom

LOAD_DAYS = 30
NO_POLICY = "review.policy"


@dataclass(frozen=True)
class Records:
    """What is asked of requests and of people who might check them: read at once, however many they are.

    `policies` lacks projects of which policy is not known: one of their datasets is registered no more.
    `memberships` are those of people who may check at all, and `authors` are looked up for them only.
    """

    projects: Mapping[str, Project]
    policies: Mapping[str, Policy]
    authors: Mapping[str, Person]
    memberships: Mapping[str, Sequence[Project]]


def read(room: ReadingRoom, tx: Any, people: Iterable[Person], requests: Collection[AirlockRequest]) -> Records:
    projects = tx.projects.among({request.project for request in requests})
    grants = tx.grants.of_projects(projects)
    policies = {slug: policy for slug, project in projects.items()
                if (policy := _policy(room, project, grants[slug])) is not None}
    checkers = {person.username for person in people if person.may(Permission.REVIEW_OUTPUTS)}
    return Records(
        projects, policies, tx.people.among({request.author for request in requests} if checkers else ()),
        tx.projects.of_members(checkers))


def _policy(room: ReadingRoom, project: Project, grants: Sequence[Grant]) -> Policy | None:
    try:
        return room.policies.for_project(project, grants)
    except NotFound:
        return None


class Desk:
    """Whether one person may check requests, by `records` of them, or else as they are asked about."""

    def __init__(self, room: ReadingRoom, tx: Any, person: Person, records: Records | None = None) -> None:
        self._room, self._tx, self._person, self._records = room, tx, person, records

    def check(self, request: AirlockRequest) -> None:
        """Raises PermissionDenied with the reason why not."""
        known = self._records or read(self._room, self._tx, [self._person], [request])
        check_can_review(self._person, request, known.projects[request.project])
        if request.project not in known.policies:
            raise PermissionDenied("Nobody can tell what policy demands of it: one of its datasets is registered no "
                                   "more.", rule=NO_POLICY, value=request.project,
                                   next_step="An administrator should look at the policy files.")
        shared = [one for one in known.memberships[self._person.username] if request.author in one.members]
        check_apart(self._person, known.authors[request.author], shared, known.policies[request.project],
                    self._room.today())

    def may(self, request: AirlockRequest) -> bool:
        try:
            self.check(request)
        except PermissionDenied:
            return False
        return True


def may_check(room: ReadingRoom, tx: Any, request: AirlockRequest) -> frozenset[str]:
    """Everyone who may check this request now: nobody who is too near to its author hears of it."""
    people = tx.people.who_may(Permission.REVIEW_OUTPUTS)
    records = read(room, tx, people, [request])
    return frozenset(person.username for person in people if Desk(room, tx, person, records).may(request))


def bring_to_checkers(room: ReadingRoom, tx: Any, request: AirlockRequest, action: str, **detail: object) -> None:
    """Put a request in front of everyone who may check it, where its present state allows that."""
    move(tx, request, RequestStatus.IN_REVIEW, SYSTEM, action, **detail)
    if request.approvals_needed:
        notices.tell(tx, may_check(room, tx, request), "request.to-check", request=request.number,
                     project=request.project)


def suggestions(room: ReadingRoom, tx: Any, waiting: tuple[AirlockRequest, ...], checkers: Iterable[Person],
                records: Records) -> dict[int, frozenset[str]]:
    """For each request who of `checkers` is asked first, by `records` of them all. Only answers to requests that are
    settled count as work done, so that the suggestion tells nobody who has answered this one."""
    desks = {person.username: Desk(room, tx, person, records) for person in checkers}
    loads = tx.requests.answered_since(room.now() - timedelta(days=LOAD_DAYS), desks)
    return {request.number: suggested(
        {name: loads.get(name, 0) for name, desk in desks.items() if desk.may(request)},
        request.approvals_needed, request.number) for request in waiting}
