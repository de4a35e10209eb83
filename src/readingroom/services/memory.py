"""Release memory: each output is compared with everything released from the same datasets, across projects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from readingroom.core.inspection.preview import preview
from readingroom.core.inspection.recognise import IMAGES, recognise
from readingroom.core.lifecycle import Direction, GrantStatus
from readingroom.core.projects import Grant
from readingroom.core.requests import OutputFile
from readingroom.core.resemblance import Resemblance, Shown, resembles, shown
from readingroom.errors import ReadingRoomError
from readingroom.services.checking import Desk
from readingroom.services.room import ReadingRoom

MOST_FOUND = 10


def compare(room: ReadingRoom, number: int) -> None:
    """Find, for each output of a request's round, the released ones like it. Safe to repeat.

    A file that can't be read is not compared, and the checker's page says so.
    """
    remember(room)
    with room.store.reading() as tx:
        request = tx.requests.get(number)
        if request.direction is Direction.IN:
            return
        data = datasets(tx, request.project)
        released = [one for one in tx.memory.of_datasets(data) if one[0] != number]
        project = tx.projects.get(request.project)
        policy = room.policies.for_project(project, tx.grants.of_project(project.slug))
    read = {file.id: _read(room, file) for file in request.crossing}
    found = {file_id: _like(what[0], released, policy.threshold or 0) for file_id, what in read.items() if what}
    with room.store.transaction() as tx:
        for file_id, ones in found.items():
            tx.memory.set_resemblances(file_id, ones)


def remember(room: ReadingRoom) -> None:
    """Keep what was released since the last time, to compare later outputs with. Safe to repeat."""
    with room.store.reading() as tx:
        waiting = [tx.requests.get(number) for number in tx.memory.forgotten()]
    for request in waiting:
        read = {file.id: _read(room, file) for file in request.crossing}
        with room.store.transaction() as tx:
            for file_id, what in read.items():
                if what:
                    tx.memory.remember(request.number, file_id, datasets(tx, request.project) or ("",), what[0])


def of_request(room: ReadingRoom, checker: str, number: int) -> dict[int, tuple[Resemblance, ...]]:
    """What each file of the present round resembles, for those compared. Only for who may check it: it tells of other
    projects' outputs."""
    with room.store.reading() as tx:
        request = tx.requests.get(number)
        Desk(room, tx, tx.people.get(checker)).check(request)
        found: dict[int, tuple[Resemblance, ...]] = tx.memory.resemblances([file.id for file in request.files])
        return found


def datasets(tx: Any, project: str) -> tuple[str, ...]:
    """The datasets that a project has or had data of."""
    return once_live(tx.grants.of_project(project))


def once_live(grants: Iterable[Grant]) -> tuple[str, ...]:
    """The datasets of those of these grants that were ever given."""
    never_live = (GrantStatus.PROPOSED, GrantStatus.REFUSED)
    return tuple(sorted({grant.dataset for grant in grants if grant.status not in never_live}))


def _read(room: ReadingRoom, file: OutputFile) -> tuple[Shown | None] | None:
    """What a file shows, in a tuple; None if its bytes can't be read now."""
    try:
        content = room.blobs.get(file.sha256)
        if recognise(file.name, content) in IMAGES:  # no numbers that can be read, and dear to decode
            return (None,)
        return (shown(preview(file.name, content), file.evidence),)
    except ReadingRoomError:
        return None


def _like(new: Shown | None, released: list[tuple[int, int, str, Shown]], threshold: int) -> tuple[Resemblance, ...]:
    """The most telling first: cells that differ by few people, then by how much is shared; at most ten."""
    if new is None:
        return ()
    found = []
    for request, file_id, name, old in released:
        alike = resembles(new, old, threshold)
        if alike is not None:
            found.append(Resemblance(request, name, file_id, old.statistic, *alike))
    return tuple(sorted(found, key=lambda one: (-one.few, -one.shared, -one.numbers, -one.request))[:MOST_FOUND])
