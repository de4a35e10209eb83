"""Metering: what the door let through towards people, on the records by the hour and on the log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from readingroom.core.policy import Policy
from readingroom.core.projects import Project
from readingroom.core.shown import WINDOW, Hour, Reading, Shown, grown, hour_of, shown
from readingroom.errors import NotFound
from readingroom.ports import Meter
from readingroom.services.room import ReadingRoom

SYSTEM = "system"


def read_meter(room: ReadingRoom, meter: Meter) -> int:
    """Add what was shown since the last reading; log the hours that are over, and whoever passed the alert.

    A counter and the bytes taken from it are saved together, so a crash counts nothing twice; a door that began anew
    is told by its boot. Returns the bytes added. Unavailable if the door does not answer: next time has it all.
    """
    readings = meter.read()
    with room.store.reading() as tx:  # most of the time nothing moved, and nobody need wait for a lock
        moved = any(grown(tx.shown.last_reading(one.username, one.project), one) for one in readings)
        if not moved and not tx.shown.unlogged_before(hour_of(room.now())):
            return 0
    added = 0
    with room.store.transaction() as tx:
        for reading in readings:
            added += _add(room, tx, reading)
        for hour in tx.shown.unlogged_before(hour_of(room.now())):
            _log(tx, hour)
    return added


def of(room: ReadingRoom, username: str, project: Project) -> Shown:
    """The last 24 hours of one person in one project."""
    with room.store.reading() as tx:
        return of_members(room, tx, project, (username,))[username]


def of_members(room: ReadingRoom, tx: Any, project: Project, usernames: Iterable[str]) -> dict[str, Shown]:
    """The same for several people, within a transaction of the caller's."""
    policy: Policy = room.policies.for_project(project, tx.grants.of_project(project.slug))
    hours = tx.shown.since(project.slug, room.now() - WINDOW)
    return {username: shown(hours, username, policy, room.now()) for username in usernames}


def _add(room: ReadingRoom, tx: Any, reading: Reading) -> int:
    more = grown(tx.shown.last_reading(reading.username, reading.project), reading)
    if more == 0:
        return 0
    try:
        project = tx.projects.get(reading.project)
        tx.people.get(reading.username)
    except NotFound:  # the path of a request named nobody of ours
        return 0
    tx.shown.add(reading, hour_of(room.now()), more)
    _alert(room, tx, reading.username, project)
    return more


def _alert(room: ReadingRoom, tx: Any, username: str, project: Project) -> None:
    """Once in 24 hours, on the log, where the custodian sees it."""
    found = of_members(room, tx, project, (username,))[username]
    last = tx.shown.alerted_at(username, project.slug)
    if not found.over_alert or (last is not None and room.now() - last < WINDOW):
        return
    tx.shown.mark_alerted(username, project.slug, room.now())
    tx.events.record(SYSTEM, "workspace.shown-alert", f"workspace:{username}/{project.slug}", project.slug,
                     bytes=found.used, alert=found.alert, limit=found.limit)


def _log(tx: Any, hour: Hour) -> None:
    tx.shown.mark_logged(hour)
    tx.events.record(SYSTEM, "workspace.shown", f"workspace:{hour.username}/{hour.project}", hour.project,
                     hour=hour.hour.isoformat(), bytes=hour.bytes)
