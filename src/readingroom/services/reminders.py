"""Reminding those who have not answered an application: weekly, and daily in the urgent lane."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from readingroom.core.applications import Version
from readingroom.core.lifecycle import DECIDING, GrantStatus
from readingroom.services import agreement, notices
from readingroom.services.agreement import SYSTEM
from readingroom.services.room import ReadingRoom

USUAL, URGENT = timedelta(days=7), timedelta(days=1)
AT_ONCE = 100


def sweep(room: ReadingRoom) -> int:
    """Remind of every version whose answers are overdue; returns how many. Repeating it reminds nobody twice."""
    with room.store.reading() as tx:
        overdue = _overdue(room, tx)
    for slug in [version.project for version in overdue]:
        with room.store.transaction() as tx:
            version = tx.applications.waiting(slug)
            if version is not None and version in _overdue(room, tx):
                _remind(room, tx, version)
    return len(overdue)


def _overdue(room: ReadingRoom, tx: Any) -> list[Version]:
    now = room.now()
    urgent, usual = (tx.applications.silent_since(now - wait, AT_ONCE) for wait in (URGENT, USUAL))
    usual_keys = {(one.project, one.number) for one in usual}
    return [one for one in urgent if one.application.urgent or (one.project, one.number) in usual_keys]


def _remind(room: ReadingRoom, tx: Any, version: Version) -> None:
    """Tell the owners, and each custodian who is asked, as long as they have not answered."""
    project = tx.projects.get(version.project)
    if version.accepted_by is None and not project.version:
        notices.tell(tx, agreement.owners_of(room, tx, project), "project.to-review", project=project.slug)
    waiting = [grant for grant in tx.grants.ever_of_project(project.slug) if grant.status is GrantStatus.PROPOSED]
    for grant in waiting if project.status in DECIDING else ():
        notices.tell(tx, [room.policies.dataset(grant.dataset).custodian], "grant.to-decide", project=project.slug,
                     dataset=grant.dataset, grant=grant.id)
    tx.applications.set_reminded(version, room.now())
    tx.events.record(SYSTEM, "project.reminded", f"project:{project.slug}", project.slug, version=version.number,
                     waiting=[grant.dataset for grant in waiting])
