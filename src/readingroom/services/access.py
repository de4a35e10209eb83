"""May this person have this workspace now: loads what core.access needs and asks it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from readingroom.core import access, shown
from readingroom.core.access import AccessDecision, Reason
from readingroom.core.lifecycle import LIVE, GrantStatus, ProjectStatus
from readingroom.core.people import Person
from readingroom.core.projects import Grant, Project
from readingroom.core.shown import Hour
from readingroom.services.room import ReadingRoom


def decide(room: ReadingRoom, username: str, project: str) -> AccessDecision:
    """The decision with every reason. NotFound if there is no such person or project."""
    with room.store.reading() as tx:
        return decide_in(room, tx, username, tx.projects.get(project))


def decide_in(room: ReadingRoom, tx: Any, username: str, project: Project) -> AccessDecision:
    """The same within a transaction of the caller's."""
    return _decide(room, tx, username, project, tx.grants.terms(project.slug))


def decide_each(room: ReadingRoom, tx: Any, username: str, held: Sequence[tuple[Project, Sequence[Grant]]]
                ) -> tuple[AccessDecision, ...]:
    """The same of many projects with the grants on which each stands, in as many questions for many as for one."""
    hours = tx.shown.since_of([project.slug for project, _ in held], room.now() - shown.WINDOW)
    person = tx.people.get(username)
    colleagues = _colleagues(tx, person, (project for project, _ in held))
    return tuple(_decided(room, person, project, grants, hours[project.slug], colleagues) for project, grants in held)


def means_gone(room: ReadingRoom, tx: Any, username: str, project: Project) -> tuple[Reason, ...]:
    """What is gone of the means under which this person could ask for outputs.

    While a project is closing, that it is and that its grants end with it stops nothing: what was asked for before is
    concluded. A grant that was taken back, or ended by itself, does stop it.
    """
    grants = tx.grants.terms(project.slug)
    if project.status is ProjectStatus.CLOSING:
        project = replace(project, status=ProjectStatus.ACTIVE)
        grants = tuple(replace(grant, status=GrantStatus.ACTIVE) if grant.status is GrantStatus.EXPIRED else grant
                       for grant in grants)
    return _decide(room, tx, username, project, grants).means_gone


def _decide(room: ReadingRoom, tx: Any, username: str, project: Project, held: Sequence[Grant]) -> AccessDecision:
    person = tx.people.get(username)
    return _decided(room, person, project, held, tx.shown.since(project.slug, room.now() - shown.WINDOW),
                    _colleagues(tx, person, (project,)))


def _colleagues(tx: Any, person: Person, projects: Iterable[Project]) -> Collection[Person]:
    """The members of these projects, for whoever may work beside them only."""
    if not access.needs_colleague(person):
        return ()
    found: dict[str, Person] = tx.people.among({name for project in projects for name in project.members})
    return found.values()


def _decided(room: ReadingRoom, person: Person, project: Project, held: Sequence[Grant], hours: Sequence[Hour],
             colleagues: Collection[Person]) -> AccessDecision:
    grants = [(grant, room.policies.for_grant(project, grant)) for grant in held]
    undertaking = room.policies.undertaking(person.organisation)
    decision = access.decide(person, project, grants, room.today(), undertaking, colleagues, room.policies.title_of)
    policy = room.policies.meeting(project, [policy for _, policy in grants])
    seen = shown.shown(hours, person.username, policy, room.now())
    return AccessDecision((*decision.reasons, *shown.reasons(seen)))


def is_live(room: ReadingRoom, grant: Grant, project: Project) -> bool:
    """Whether anything may be read under this grant today, whoever asks."""
    return (grant.status is GrantStatus.ACTIVE and project.status in LIVE
            and min(grant.expires_on, project.expires_on) >= room.today())
