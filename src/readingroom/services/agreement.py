"""Putting a version before its custodians, and what follows from their answers: by itself, when all have answered.

Everything here happens inside a transaction of the caller's, with the write lock held: two answers at once are one
after the other, and the second one sees the first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from readingroom.core.application_changes import touched
from readingroom.core.applications import Application, Outcome, Version, applied, in_force, proposal
from readingroom.core.lifecycle import (
    GRANT_ACTIONS,
    PROJECT_ACTIONS,
    GrantAction,
    GrantStatus,
    ProjectAction,
    ProjectStatus,
    check_action,
)
from readingroom.core.projects import PENDING, Grant, Project
from readingroom.core.roles import Permission
from readingroom.services import freezing, notices
from readingroom.services.room import ReadingRoom

SYSTEM = "system"
OPEN = frozenset({GrantStatus.ACTIVE, GrantStatus.SUSPENDED})
NOES = frozenset({GrantStatus.RETURNED, GrantStatus.REFUSED, GrantStatus.WITHDRAWN, GrantStatus.EXPIRED})
AFTER_REVIEW_DAYS = 30


def live_application(tx: Any, project: Project) -> Application:
    """What the project may do now: the version in force, with its live grants as their custodians conditioned them."""
    live = [grant for grant in tx.grants.ever_of_project(project.slug) if grant.status in OPEN]
    return in_force(project, live, tx.applications.find(project.slug, project.version))


def ask(room: ReadingRoom, tx: Any, project: Project, version: Version) -> tuple[str, ...]:
    """Put each custodian's part before them; returns the datasets that are asked for now.

    Whoever agreed already to the same is not asked again; those whom an amendment does not touch are not asked at all.
    """
    application, ever = version.application, tx.grants.ever_of_project(project.slug)
    live = {grant.dataset: grant for grant in ever if grant.status in OPEN}
    before = live_application(tx, project)
    wanted = touched(before, application) if live else frozenset(one.dataset for one in application.datasets)
    agreed = {grant.dataset for grant in ever if grant.status is GrantStatus.AGREED
              and grant.dataset in wanted and _same(tx, grant, application)}
    for grant in ever:
        if grant.status in PENDING and grant.dataset not in agreed:
            supersede(tx, grant)
    asked = []
    for part in application.datasets:
        if part.dataset in wanted - agreed:
            made = tx.grants.add(proposal(project, application, part, version.number, live.get(part.dataset)))
            tx.events.record(version.submitted_by, "grant.proposed", f"grant:{made.id}", project.slug,
                             dataset=part.dataset, version=version.number)
            have_counted(tx, made)
            notices.tell(tx, [room.policies.dataset(part.dataset).custodian], "grant.to-decide", project=project.slug,
                         dataset=part.dataset, grant=made.id)
            asked.append(part.dataset)
    return tuple(asked)


def have_counted(tx: Any, grant: Grant) -> None:
    """Have the worker count the rows that this grant opens, and all there are, for its custodian to see."""
    for table in grant.columns:
        for condition in {grant.row_filter.get(table, ""), ""}:
            tx.row_counts.ask(grant.dataset, table, condition)


def _same(tx: Any, grant: Grant, application: Application) -> bool:
    """Whether the custodian who agreed to this grant was asked for nothing less than is asked for now."""
    before = tx.applications.find(grant.project, grant.version)
    return before is not None and grant.dataset not in touched(before.application, application) \
        and before.application.ask(grant.dataset) == application.ask(grant.dataset)


def owners_of(room: ReadingRoom, tx: Any, project: Project) -> frozenset[str]:
    """Those who may answer for the project's programme now."""
    named = room.policies.owners(project.programme)
    able = notices.holding(tx, Permission.REVIEW_APPLICATIONS) - project.members
    return able & frozenset(named) if named else able


def settle(room: ReadingRoom, tx: Any, slug: str) -> None:
    """Draw the conclusion once the owner and every custodian asked have answered; until then nothing happens.

    All yes: the version comes into force. Any no: the project hears all of them at once, and what was live stays so.
    """
    project, version = tx.projects.get(slug), tx.applications.waiting(slug)
    if version is None:
        return
    first = project.status is ProjectStatus.AGREEMENT
    if first and version.accepted_by is None:
        return
    pending = [grant for grant in tx.grants.ever_of_project(slug)
               if grant.status is not GrantStatus.SUPERSEDED and _answers(grant, version)]
    if any(grant.status is GrantStatus.PROPOSED for grant in pending):
        return
    if any(grant.status in NOES for grant in pending):
        _stay(room, tx, project, version)
    else:
        _activate(room, tx, project, version, [grant for grant in pending if grant.status is GrantStatus.AGREED])


def _answers(grant: Grant, version: Version) -> bool:
    """Whether this grant is an answer to `version`: one asked by it, or an earlier yes to the same that counts."""
    asked_for = version.application.ask(grant.dataset) is not None
    return asked_for and (grant.version == version.number or grant.status is GrantStatus.AGREED)


def _stay(room: ReadingRoom, tx: Any, project: Project, version: Version) -> None:
    (status,) = check_action(PROJECT_ACTIONS, ProjectAction.SETTLE, project.status, "project")
    tx.projects.set_status(project.slug, status)
    tx.applications.settle(replace(version, outcome=Outcome.RETURNED, settled_at=room.now()))
    tx.events.record(SYSTEM, "project.returned", f"project:{project.slug}", project.slug, version=version.number)
    notices.tell(tx, project.members, "project.returned", project=project.slug)


def _activate(room: ReadingRoom, tx: Any, project: Project, version: Version, agreed: list[Grant]) -> None:
    (status,) = check_action(PROJECT_ACTIONS, ProjectAction.ACTIVATE, project.status, "project")
    put_in_force(room, tx, replace(project, status=status), version, agreed)
    if version.application.urgent:
        due_on = room.today() + timedelta(days=AFTER_REVIEW_DAYS)
        tx.applications.open_review(project.slug, version.number, room.now(), due_on)
        tx.events.record(SYSTEM, "after-review.opened", f"project:{project.slug}", project.slug,
                         version=version.number, due_on=due_on.isoformat())
        notices.tell(tx, owners_of(room, tx, project), "after-review.opened", project=project.slug, until=due_on)


def put_in_force(room: ReadingRoom, tx: Any, project: Project, version: Version, agreed: list[Grant]) -> None:
    """Make a version the one that counts: its grants live, those that it replaces or drops over."""
    application = version.application
    removed = tx.applications.removed_since(project.slug, version.number)
    renewed = {grant.dataset: grant.id for grant in agreed}
    for grant in tx.grants.ever_of_project(project.slug):
        if grant.status is GrantStatus.SUPERSEDED or renewed.get(grant.dataset) == grant.id:
            continue
        narrower = _narrowed(grant, version)
        if grant.status not in OPEN or grant.dataset in renewed or narrower is None:
            supersede(tx, grant)
        elif narrower != grant:
            supersede(tx, grant)
            made = tx.grants.add(narrower)
            tx.events.record(version.submitted_by, "grant.narrowed", f"grant:{made.id}", project.slug,
                             dataset=grant.dataset, version=version.number, replaces=grant.id)
    for grant in agreed:
        (live,) = check_action(GRANT_ACTIONS, GrantAction.ACTIVATE, grant.status, "grant")
        tx.grants.save(replace(grant, status=live))
        tx.events.record(SYSTEM, "grant.activated", f"grant:{grant.id}", project.slug, dataset=grant.dataset)
    after = applied(project, application, removed, version.number)
    if project.lead in after.members and not tx.people.get(after.lead).may(Permission.APPLY):
        after = replace(after, lead=project.lead)  # one was named since, because who is named in it can't act
    tx.projects.save(after)
    tx.applications.settle(replace(version, outcome=Outcome.AGREED, settled_at=room.now()))
    tx.applications.forget_draft(project.slug)
    tx.events.record(SYSTEM, "project.activated", f"project:{project.slug}", project.slug, version=version.number,
                     sha256=application.sha256)
    notices.tell(tx, application.members, "project.activated", project=project.slug)
    freezing.settle_project(room, tx, project.slug)


def _narrowed(grant: Grant, version: Version) -> Grant | None:
    """A live grant as far as the version still asks for it; None if it does not ask for the dataset at all."""
    ask_now = version.application.ask(grant.dataset)
    if ask_now is None:
        return None
    columns = {table: kept for table, columns in grant.columns.items()
               if (kept := tuple(column for column in columns if column in ask_now.columns.get(table, {})))}
    filters = {**grant.row_filter, **ask_now.row_filter}  # one that went away would have been asked for
    return replace(
        grant, columns=columns, row_filter={table: text for table, text in filters.items() if table in columns},
        expires_on=min(grant.expires_on, version.application.ends_on),
        budget_micro_rho=min(grant.budget_micro_rho, ask_now.budget_micro_rho))


def supersede(tx: Any, grant: Grant) -> None:
    (status,) = check_action(GRANT_ACTIONS, GrantAction.SUPERSEDE, grant.status, "grant")
    tx.grants.save(replace(grant, status=status))
    tx.events.record(SYSTEM, "grant.superseded", f"grant:{grant.id}", grant.project, dataset=grant.dataset)
