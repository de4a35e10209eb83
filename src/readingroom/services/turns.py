"""The queue for the machine's memory: asking, waiting, being started when there is room, giving up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from readingroom.core import turns
from readingroom.core.access import Reason
from readingroom.core.turns import Turn
from readingroom.errors import AccessDenied, NotFound, Unavailable
from readingroom.ports import Hub
from readingroom.services.room import ReadingRoom

SYSTEM = "system"
GIB = 1024**3
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Queued:
    """Where one person's workspace stands: `place` 0 means it may start, 1 is the next to be started."""

    place: int
    waiting: int


def ask(room: ReadingRoom, username: str, project: str, memory_bytes: int | None, beside_bytes: int = 0) -> Queued:
    """Take a turn, or look at the one that was taken; asking again moves nobody. What stands beside it counts as well.

    AccessDenied when the machine could not hold it even if nothing else ran.
    """
    settings = room.settings
    wanted = min(memory_bytes or settings.workspace_memory_bytes, settings.workspace_memory_bytes) + beside_bytes
    if wanted > settings.capacity_bytes:
        raise AccessDenied(
            "This machine cannot hold a workspace of this size.", rule="workspaces.memory", value=wanted,
            reasons=(Reason("workspaces.memory", f"It may use {wanted / GIB:.1f} GiB; all workspaces together have "
                            f"{settings.capacity_bytes / GIB:.1f} GiB.", "Ask the administrator for a smaller "
                            "workspace_memory_bytes, or a larger machine."),),
            next_step="Ask the administrator.")
    with room.store.transaction() as tx:
        found = _settled(room, tx)
        mine = _find(found, username, project)
        if mine is None:
            mine = tx.turns.add(username, project, wanted, room.now(), None)
            found = tx.turns.all()
            admitted = {turn.id for turn in turns.next_admitted(found, settings.capacity_bytes)}
            if mine.id in admitted:
                tx.turns.admit(mine, room.now())
            else:
                tx.events.record(username, "workspace.queued", f"workspace:{username}/{project}", project,
                                 place=turns.place(found, mine))
        return _queued(tx.turns.all(), username, project)


def check_turn(room: ReadingRoom, username: str, project: str, memory_bytes: int | None,
               beside_bytes: int = 0) -> None:
    """What the spawner asks before it starts anything. Unavailable, naming the place, while it has to wait."""
    queued = ask(room, username, project, memory_bytes, beside_bytes)
    if queued.place:
        raise Unavailable(
            f"The machine is full: this workspace is number {queued.place} in the queue.", rule="workspaces.queue",
            value=queued.place, next_step="It starts by itself when there is room.")


def place(room: ReadingRoom, username: str, project: str) -> Queued | None:
    """Where it stands; None if it was not asked for."""
    with room.store.reading() as tx:
        found = tx.turns.all()
    return _queued(found, username, project) if _find(found, username, project) else None


def leave(room: ReadingRoom, username: str, project: str) -> None:
    """Give the turn back, waiting or not; none is fine. An open workspace keeps its place until it is closed."""
    with room.store.transaction() as tx:
        if tx.workspaces.open_one(username, project) is None:
            tx.turns.remove(username, project)


def gave_up(room: ReadingRoom, username: str, project: str) -> None:
    """An admitted workspace did not start: its place is free again. One that waits goes on waiting."""
    with room.store.transaction() as tx:
        mine = _find(tx.turns.all(), username, project)
        if mine is not None and not mine.waiting and tx.workspaces.open_one(username, project) is None:
            tx.turns.remove(username, project)


def start_waiting(room: ReadingRoom, hub: Hub) -> int:
    """Start whoever is first in the queue and fits now; returns how many. Whoever may not any more loses the turn."""
    with room.store.transaction() as tx:
        admitted = turns.next_admitted(_settled(room, tx), room.settings.capacity_bytes)
        for turn in admitted:
            tx.turns.admit(turn, room.now())
            tx.events.record(SYSTEM, "workspace.admitted", f"workspace:{turn.username}/{turn.project}", turn.project)
    for turn in admitted:
        try:
            hub.start_workspace(turn.username, turn.project)
        except (AccessDenied, NotFound) as refused:
            log.info("%s/%s left the queue: %s", turn.username, turn.project, refused)
            leave(room, turn.username, turn.project)
    return len(admitted)


def _settled(room: ReadingRoom, tx: Any) -> tuple[Turn, ...]:
    """All turns, without those that were admitted and did not open."""
    found: tuple[Turn, ...] = tx.turns.all()
    open_now = {(opening.username, opening.project) for opening in tx.workspaces.open_now()}
    gone = turns.lapsed(found, open_now, room.now())
    for turn in gone:
        tx.turns.remove(turn.username, turn.project)
    return tuple(turn for turn in found if turn not in gone)


def _find(found: tuple[Turn, ...], username: str, project: str) -> Turn | None:
    return next((turn for turn in found if (turn.username, turn.project) == (username, project)), None)


def _queued(found: tuple[Turn, ...], username: str, project: str) -> Queued:
    mine = _find(found, username, project)
    assert mine is not None
    return Queued(turns.place(found, mine), sum(turn.waiting for turn in found))
