"""When workspaces were last used, and when they will be closed if nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from readingroom.core.workspaces import Closing, Opening, closing
from readingroom.errors import ReadingRoomError
from readingroom.ports import Activity
from readingroom.services.room import ReadingRoom
from readingroom.services.workspaces import open_now

GRAIN = timedelta(seconds=30)


def note_use(room: ReadingRoom, activity: Activity) -> int:
    """Keep when each open workspace was last used; how many were, anew. While that can't be known, none is idle.

    One that was not looked at before counts as used now. Use is kept to the half minute: who types all day does not
    write each time.
    """
    try:
        used = activity.used()
    except ReadingRoomError:
        _note(room, [(opening, None) for opening in open_now(room) if opening.used_at is not None])
        raise
    now = room.now()
    fresh = [(opening, now) for opening in open_now(room)
             if opening.used_at is None
             or ((opening.username, opening.project) in used and now - opening.used_at > GRAIN)]
    _note(room, fresh)
    return len(fresh)


def _note(room: ReadingRoom, fresh: Sequence[tuple[Opening, datetime | None]]) -> None:
    if fresh:
        with room.store.transaction() as tx:
            for opening, at in fresh:
                tx.workspaces.set_used(opening.id, at)


def closing_of(room: ReadingRoom, username: str, project: str) -> Closing | None:
    """When this person's open workspace will be closed if nothing changes; None if it is not open."""
    with room.store.reading() as tx:
        opening = tx.workspaces.open_one(username, project)
        policy = room.policies.for_project(tx.projects.get(project), tx.grants.of_project(project))
    return opening and closing(opening, policy)
