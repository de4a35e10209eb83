"""What a person sees of their projects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from readingroom.core.access import AccessDecision
from readingroom.core.people import Person
from readingroom.core.policy import Policy, Tier
from readingroom.core.projects import DISPLAY_IMAGE, Grant, Project, allowed_images
from readingroom.core.roles import Permission
from readingroom.core.workspaces import Opening
from readingroom.errors import NotFound, PermissionDenied
from readingroom.services import access
from readingroom.services.budgets import BudgetLine, budget_line
from readingroom.services.room import ReadingRoom


@dataclass(frozen=True)
class ProjectCard:
    """A project as its member (or a custodian, checker, administrator) sees it.

    `access` is for the person it was made for; `last_opening` is theirs too: its close reason says why a
    workspace was closed.
    """

    project: Project
    members: tuple[Person, ...]
    access: AccessDecision
    grants: tuple[Grant, ...]
    policy: Policy
    budgets: tuple[BudgetLine, ...]
    last_opening: Opening | None


def mine(room: ReadingRoom, username: str) -> tuple[ProjectCard, ...]:
    """Cards of every project of which the person is a member: those that can be opened first, then by title."""
    with room.store.reading() as tx:
        cards = [_card(room, tx, username, project) for project in tx.projects.of_member(username)]
    return tuple(sorted(cards, key=lambda card: not card.access.allowed))


def get(room: ReadingRoom, viewer: str, slug: str) -> ProjectCard:
    """One project. NotFound, as if it did not exist, for people who have nothing to do with it."""
    with room.store.reading() as tx:
        project = tx.projects.get(slug)
        person = tx.people.get(viewer)
        custodians = {room.policies.dataset(grant.dataset).custodian for grant in tx.grants.of_project(slug)}
        if not (viewer in project.members or viewer in custodians or person.may(Permission.MANAGE_PEOPLE)):
            raise NotFound(f"There is no project {slug!r}.", rule="project.exists", value=slug,
                           next_step="Check the address, or start from your home page.")
        return _card(room, tx, viewer, project)


def images(room: ReadingRoom) -> frozenset[str]:
    """The images that projects have chosen, whether or not policy still allows it, and the display if one is strict."""
    with room.store.reading() as tx:
        found = tx.projects.all()
        tiers = {room.policies.for_project(project, tx.grants.of_project(project.slug)).tier for project in found}
    return frozenset({*(project.image for project in found), *([DISPLAY_IMAGE] if Tier.STRICT in tiers else [])})


def set_workspace(room: ReadingRoom, slug: str, *, image: str, tier: Tier, by: str) -> Project:
    """Choose what a project's workspaces run and how they are reached; an open one keeps its image until it closes.

    Raises PermissionDenied if the policy of one of its grants does not allow the image.
    """
    with room.store.transaction() as tx:
        chosen: Project = replace(tx.projects.get(slug), image=image, tier=tier)
        allowed = allowed_images(room.policies.for_project(chosen, tx.grants.of_project(slug)))
        if image not in allowed:
            raise PermissionDenied(f"Policy does not allow the image {image} in this project.", rule="workspace.image",
                                   value=image, next_step=f"It allows: {', '.join(sorted(allowed)) or 'none'}.")
        tx.projects.set_workspace(slug, image=image, tier=tier)
        tx.events.record(by, "project.workspace-chosen", f"project:{slug}", slug, image=image, tier=tier.value)
    return chosen


def _card(room: ReadingRoom, tx: Any, username: str, project: Project) -> ProjectCard:
    grants = tx.grants.of_project(project.slug)
    return ProjectCard(
        project=project,
        members=tuple(sorted(tx.people.among(project.members).values(), key=lambda person: person.display_name)),
        access=access.decide_in(room, tx, username, project),
        grants=grants,
        policy=room.policies.for_project(project, grants),
        budgets=tuple(budget_line(room, tx, project, grant) for grant in grants),
        last_opening=tx.workspaces.last(username, project.slug),
    )
