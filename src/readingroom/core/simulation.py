"""What a yes would open, before it is given: who, which columns of which rows, where, until when, by which rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from readingroom.core.access import AccessDecision, decide
from readingroom.core.application_changes import Change, diff
from readingroom.core.applications import in_force
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.people import Person
from readingroom.core.policy.library import Policies
from readingroom.core.policy.model import Explanation, Policy, explain
from readingroom.core.projects import Grant, Project


@dataclass(frozen=True)
class Counted:
    """Rows of a table that meet a condition; `rows` is None until the worker counted them, or if it could not."""

    dataset: str
    table: str
    condition: str
    version: str = ""
    rows: int | None = None


@dataclass(frozen=True)
class Reader:
    """A person who would be let in, or what would still keep them out."""

    person: Person
    access: AccessDecision


@dataclass(frozen=True)
class Simulation:
    """`grant` and `project` as they would be; `before` is the grant that is live today."""

    grant: Grant
    before: Grant | None
    project: Project
    policy: Policy
    readers: tuple[Reader, ...]
    changes: tuple[Change, ...]
    explained: tuple[Explanation, ...]


def simulate(policies: Policies, today_project: Project, project: Project, grant: Grant, before: Grant | None,
             people: tuple[Person, ...], today: date) -> Simulation:
    """The world after this yes and every other one that is needed.

    Access is asked of the same function as in earnest, with this grant live and the project active: what it still
    refuses is about the person.
    """
    granted = replace(grant, status=GrantStatus.ACTIVE)
    active = replace(project, status=ProjectStatus.ACTIVE)
    policy = policies.for_grant(active, granted)
    readers = tuple(
        Reader(person, decide(person, active, [(granted, policy)], today, policies.undertaking(person.organisation),
                              people))
        for person in sorted(people, key=lambda one: one.display_name))
    return Simulation(
        grant=granted, before=before, project=active, policy=policy, readers=readers,
        changes=_changes(today_project, active, granted, before),
        explained=explain(policies.layers_of_grant(active, granted)))


def _changes(today_project: Project, project: Project, grant: Grant, before: Grant | None) -> tuple[Change, ...]:
    """Against today: only this dataset's own part and what is the project's; without a live grant, all of it is new."""
    after = in_force(project, (grant,), None)
    now = in_force(today_project, (before,), None) if before is not None else replace(
        after, members=(), datasets=())
    return diff(now, after)
