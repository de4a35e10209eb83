"""Who leaves a project, and ending it. Both take effect at once; joining is an amendment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from readingroom.core.applications import Outcome
from readingroom.core.lifecycle import (
    GRANT_ACTIONS,
    PROJECT_ACTIONS,
    GrantAction,
    ProjectAction,
    check_action,
)
from readingroom.core.people import Person
from readingroom.core.permissions import check_project_action
from readingroom.core.projects import Project
from readingroom.core.roles import Permission
from readingroom.errors import InvalidInput, InvalidTransition
from readingroom.services import agreement, freezing, notices, visibility
from readingroom.services.accounts import COMMAND_LINE
from readingroom.services.applications import end
from readingroom.services.attempts import attempt
from readingroom.services.room import ReadingRoom


def remove(room: ReadingRoom, by: str, slug: str, username: str, reason: str) -> Project:
    """Take a member out, or leave oneself. Their open workspace closes at the next sweep, and no version that was
    submitted before brings them back."""
    if not reason.strip():
        raise InvalidInput("No reason was given.", rule="member.reason", next_step="Write a sentence for the record.")
    with attempt(room, by, "project.remove-member", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, by, slug)
        if by != username or by not in project.members:
            check_project_action(person, project, ProjectAction.REMOVE_MEMBER, room.policies.owners(project.programme))
        check_action(PROJECT_ACTIONS, ProjectAction.REMOVE_MEMBER, project.status, "project")
        if username not in project.members:
            raise InvalidTransition(f"{username[:32]} is not a member of this project.", rule="project.member",
                                    value=username[:32], next_step="Look at the project again: it may have changed.")
        if username == project.lead:
            raise InvalidTransition("The lead cannot leave the project without one.", rule="project.lead",
                                    value=username, next_step="Name another lead by an amendment first.")
        left: Project = replace(project, members=project.members - {username})
        tx.projects.save(left)
        tx.applications.remove_member(slug, username, by, room.now(), reason.strip()[:2000])
        tx.events.record(by, "member.removed", f"project:{slug}", slug, member=username, reason=reason.strip()[:2000])
        notices.tell(tx, project.members, "member.removed", project=slug, person=username)
        freezing.settle_project(room, tx, slug)
    return left


def name_lead(room: ReadingRoom, by: str, slug: str, username: str, reason: str) -> Project:
    """Let another member lead a project whose lead can't act for it: suspended, barred, or no researcher any more.

    Only that changes: who may read what does not depend on who leads. A lead who can act names another by an
    amendment.
    """
    if not reason.strip():
        raise InvalidInput("No reason was given.", rule="member.reason", next_step="Write a sentence for the record.")
    with attempt(room, by, "project.name-lead", f"project:{slug}") as tx:
        if by == COMMAND_LINE:
            project = tx.projects.get(slug)
        else:
            person, project = visibility.own(room, tx, by, slug)
            check_project_action(person, project, ProjectAction.NAME_LEAD, room.policies.owners(project.programme))
        check_action(PROJECT_ACTIONS, ProjectAction.NAME_LEAD, project.status, "project")
        if not lead_is_away(tx.people.among({project.lead}), project):
            raise InvalidTransition(f"{project.lead} leads this project and can act for it.", rule="project.lead",
                                    value=project.lead, next_step="The lead names another by an amendment.")
        named = tx.people.find(username) if username in project.members else None
        if named is None or not named.may(Permission.APPLY):
            raise InvalidTransition(
                f"{username[:32]} is no member who could lead this project.", rule="project.lead", value=username[:32],
                next_step="Name a member who is a researcher and not shut out.")
        led: Project = replace(project, lead=username)
        tx.projects.save(led)
        tx.events.record(by, "project.lead-named", f"project:{slug}", slug, lead=username, before=project.lead,
                         reason=reason.strip()[:2000])
        told = led.members | notices.custodians(room, tx, slug) | agreement.owners_of(room, tx, led)
        notices.tell(tx, told, "project.lead-named", project=slug, person=username)
    return led


def lead_is_away(people: Mapping[str, Person], project: Project) -> bool:
    """Whether nobody can submit for the project at present."""
    lead = people.get(project.lead)
    return lead is None or not lead.may(Permission.APPLY)


def close(room: ReadingRoom, by: str, slug: str, reason: str) -> Project:
    """End the project: what waits is not asked for any more, workspaces close within a minute, grants are over.

    A project that was live is closing first, so that requests in review can be concluded.
    """
    if not reason.strip():
        raise InvalidInput("No reason was given.", rule="project.reason", next_step="Write a sentence for the record.")
    with attempt(room, by, "project.close", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, by, slug)
        check_project_action(person, project, ProjectAction.CLOSE, room.policies.owners(project.programme))
        (status,) = check_action(PROJECT_ACTIONS, ProjectAction.CLOSE, project.status, "project")
        end(room, tx, slug, tx.applications.waiting(slug), Outcome.CLOSED)
        for grant in tx.grants.ever_of_project(slug):
            if grant.status in agreement.OPEN:
                (over,) = check_action(GRANT_ACTIONS, GrantAction.EXPIRE, grant.status, "grant")
                tx.grants.save(replace(grant, status=over))
                tx.events.record(by, "grant.expired", f"grant:{grant.id}", slug, dataset=grant.dataset)
        tx.projects.set_status(slug, status)
        tx.events.record(by, f"project.{status.value}", f"project:{slug}", slug, reason=reason.strip()[:2000])
        concerned = project.members | notices.custodians(room, tx, slug)
        notices.tell(tx, concerned, "project.closing", project=slug)
        freezing.settle_project(room, tx, slug)
        now: Project = tx.projects.get(slug)
    return now


def finish(room: ReadingRoom, by: str, slug: str) -> Project:
    """Close for good what is closing."""
    with attempt(room, by, "project.finish", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, by, slug)
        check_project_action(person, project, ProjectAction.FINISH, room.policies.owners(project.programme))
        (status,) = check_action(PROJECT_ACTIONS, ProjectAction.FINISH, project.status, "project")
        tx.projects.set_status(slug, status)
        tx.events.record(by, "project.closed", f"project:{slug}", slug)
        freezing.settle_project(room, tx, slug)
        now: Project = tx.projects.get(slug)
    return now

