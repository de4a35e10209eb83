"""Who may know of a project at all. To everyone else it does not exist: the same answer, whatever they ask of it."""

from __future__ import annotations

from typing import Any

from readingroom.core.lifecycle import ProjectStatus
from readingroom.core.people import Person
from readingroom.core.permissions import Part, parts_in_project
from readingroom.core.projects import Project
from readingroom.errors import NotFound
from readingroom.services.room import ReadingRoom


def not_found(slug: str) -> NotFound:
    return NotFound(f"There is no project {slug!r}.", rule="project.exists", value=slug,
                    next_step="Check the address, or start from your home page.")


def seen(room: ReadingRoom, tx: Any, viewer: str, slug: str) -> Project:
    """The project, for its people, its programme's owner once it was submitted, and administrators."""
    project: Project | None = tx.projects.find(slug)
    person: Person | None = tx.people.find(viewer)
    if project is None or person is None:
        raise not_found(slug)
    parts = parts_in_project(person, project, room.policies.owners(project.programme))
    if project.status is ProjectStatus.DRAFT:
        parts -= {Part.OWNER}
    if not parts and viewer not in project.members:
        raise not_found(slug)
    return project


def written(room: ReadingRoom, tx: Any, viewer: str, slug: str) -> tuple[Person, Project]:
    """The same for what is still being written: for those who write it, and nobody else, whatever their role."""
    person, project = own(room, tx, viewer, slug)
    if viewer not in project.members and viewer != project.lead:
        raise not_found(slug)
    return person, project


def own(room: ReadingRoom, tx: Any, viewer: str, slug: str) -> tuple[Person, Project]:
    """The person and their project; what they may do with it is the guard's question."""
    project = seen(room, tx, viewer, slug)
    return tx.people.get(viewer), project
