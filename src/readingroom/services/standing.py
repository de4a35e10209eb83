"""How workspaces stand, from the records."""

from __future__ import annotations

from readingroom.core.standing import Standing, standing
from readingroom.services import shown
from readingroom.services.room import ReadingRoom


def of(room: ReadingRoom, username: str, slug: str) -> Standing:
    """One person's workspace in one project, open or not."""
    with room.store.reading() as tx:
        project = tx.projects.get(slug)
        grants = tx.grants.of_project(slug)
        policy = room.policies.for_project(project, grants)
        seen = shown.of_members(room, tx, project, (username,))[username]
        return standing(project, grants, policy, tx.workspaces.last(username, slug), seen)
