"""The policy simulator: what a custodian's yes would open, under the conditions that they are thinking of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from readingroom.core import simulation
from readingroom.core.application_changes import Change, diff
from readingroom.core.applications import Application, Version, applied
from readingroom.core.decisions import Conditions, conditioned
from readingroom.core.grants import check_within_policy, readable_columns
from readingroom.core.lifecycle import GrantStatus
from readingroom.core.projects import Grant, Project
from readingroom.core.simulation import Counted, Simulation
from readingroom.errors import InvalidInput, ReadingRoomError
from readingroom.services import agreement
from readingroom.services.grants import own
from readingroom.services.room import ReadingRoom
from readingroom.services.workshop import Workshop

AT_ONCE = 20


@dataclass(frozen=True)
class Asked:
    """What lies before a custodian: the application, their own part of it, and what a yes would do.

    `others` are the other datasets asked for, with no more than how each stands. `previous` is what changed since the
    version that this custodian saw last. `problem` is why a yes is not possible as asked.
    """

    grant: Grant
    project: Project
    version: Version | None
    application: Application | None
    simulated: Simulation
    rows: Mapping[str, tuple[Counted | None, Counted | None]]
    others: tuple[tuple[str, GrantStatus], ...]
    previous: tuple[Change, ...]
    problem: InvalidInput | None


def preview(room: ReadingRoom, custodian: str, grant_id: int, conditions: Conditions | None = None) -> Asked:
    """Simulate a yes, as asked or under `conditions`, whose rows the worker is then asked to count.

    NotFound for anyone but the dataset's custodian; InvalidInput for conditions that open more.
    """
    with room.store.reading() if conditions is None else room.store.transaction() as tx:
        grant = own(room, tx, custodian, grant_id)
        project, dataset = tx.projects.get(grant.project), room.policies.dataset(grant.dataset)
        version = tx.applications.find(project.slug, grant.version)
        wished = grant
        if grant.status is GrantStatus.PROPOSED and conditions is not None:
            wished = conditioned(grant, dataset, conditions, room.today())
        live = next((one for one in tx.grants.ever_of_project(project.slug)
                     if one.dataset == grant.dataset and one.status in agreement.OPEN and one.id != grant.id), None)
        after = _after(tx, project, version) if grant.status in (GrantStatus.PROPOSED, GrantStatus.AGREED) else project
        people = tuple(tx.people.among(after.members).values())
        simulated = simulation.simulate(room.policies, project, after, wished, live, people, room.today())
        problem = _problem(room, after, wished)
        if conditions is not None and problem is None:
            agreement.have_counted(tx, wished)
        return Asked(
            grant=grant, project=project, version=version, application=version.application if version else None,
            simulated=simulated, rows=_rows(tx, simulated), others=_others(tx, grant),
            previous=_previous(tx, version, grant), problem=problem)


def _after(tx: Any, project: Project, version: Version | None) -> Project:
    if version is None:
        return project
    removed = tx.applications.removed_since(project.slug, version.number)
    return applied(project, version.application, removed, version.number)


def _problem(room: ReadingRoom, project: Project, grant: Grant) -> InvalidInput | None:
    try:
        check_within_policy(grant, room.policies.dataset(grant.dataset), room.policies.for_grant(project, grant),
                            room.today())
    except InvalidInput as problem:
        return problem
    return None


def _rows(tx: Any, simulated: Simulation) -> dict[str, tuple[Counted | None, Counted | None]]:
    """By table: the rows that would be opened, and all there are; None: not counted yet."""
    grant = simulated.grant
    wanted = [(table, grant.row_filter.get(table, "")) for table in readable_columns(grant, simulated.policy)]
    known = tx.row_counts.of(grant.dataset, [*wanted, *((table, "") for table, _ in wanted)])
    return {table: (known.get((table, condition)), known.get((table, ""))) for table, condition in wanted}


def _others(tx: Any, grant: Grant) -> tuple[tuple[str, GrantStatus], ...]:
    return tuple((one.dataset, one.status) for one in tx.grants.ever_of_project(grant.project)
                 if one.status is not GrantStatus.SUPERSEDED and one.dataset != grant.dataset)


def _previous(tx: Any, version: Version | None, grant: Grant) -> tuple[Change, ...]:
    """What changed since the version before, but for other custodians' data."""
    if version is None:
        return ()
    before = tx.applications.find(version.project, version.number - 1)
    if before is None:
        return ()
    return tuple(change for change in diff(before.application, version.application)
                 if change.dataset in ("", grant.dataset))


def count_rows(workshop: Workshop) -> int:
    """Count what was asked for, again for each new version of the data; returns how many were counted."""
    with workshop.store.reading() as tx:
        known = tx.row_counts.all()
    waiting = []
    for one in known:
        if one.dataset in workshop.policies.datasets:
            versions = workshop.vault.versions(one.dataset)
            if versions and one.version != versions[-1]:
                waiting.append(replace(one, version=versions[-1]))
    for one in waiting[:AT_ONCE]:
        try:
            rows: int | None = workshop.extracts.count(workshop.policies.dataset(one.dataset), one.version, one.table,
                                                       one.condition)
        except ReadingRoomError:  # a filter that the data do not bear: the custodian is told that it is not known
            rows = None
        with workshop.store.transaction() as tx:
            tx.row_counts.save(replace(one, rows=rows), workshop.now())
    return len(waiting[:AT_ONCE])
