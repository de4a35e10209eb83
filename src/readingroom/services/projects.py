"""What a person sees of their projects."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from readingroom.core.access import AccessDecision
from readingroom.core.people import Person
from readingroom.core.policy import Policy, Tier
from readingroom.core.projects import DISPLAY_IMAGE, Grant, Project, allowed_images
from readingroom.core.roles import Permission
from readingroom.core.workspaces import Opening
from readingroom.errors import NotFound, PermissionDenied
from readingroom.services import access
from readingroom.services.budgets import BudgetLine, budget_lines
from readingroom.services.members import lead_is_away
from readingroom.services.room import ReadingRoom

PAGE = 20


@dataclass(frozen=True)
class ProjectCard:
    """A project as its member (or a custodian, checker, administrator) sees it.

    `access` is for the person it was made for; `last_opening` is theirs too: its close reason says why a
    workspace was closed. `urgent`: a version of it waits in the urgent lane. `lead_away`: its lead can't act for it.
    Of other departments' data a custodian sees nothing here: `grants` and what follows from them are those of their
    own.
    """

    project: Project
    members: tuple[Person, ...]
    access: AccessDecision
    grants: tuple[Grant, ...]
    policy: Policy
    budgets: tuple[BudgetLine, ...]
    last_opening: Opening | None
    urgent: bool
    lead_away: bool


def mine(room: ReadingRoom, username: str, page: int = 1) -> tuple[ProjectCard, ...]:
    """A page of the projects of which the person is a member: those that can be opened first, then by title.

    Live projects come on the first pages, so what keeps one of them shut moves it within its page only.
    """
    with room.store.reading() as tx:
        cards = _cards(room, tx, username, tx.projects.of_member(username, PAGE, (page - 1) * PAGE))
    return tuple(sorted(cards, key=lambda card: not card.access.allowed))


def count(room: ReadingRoom, username: str) -> int:
    """Of how many projects the person is a member."""
    with room.store.reading() as tx:
        return int(tx.projects.count_of_member(username))


def titles(room: ReadingRoom, username: str) -> tuple[Project, ...]:
    """All of them, without what each stands on."""
    with room.store.reading() as tx:
        found: tuple[Project, ...] = tx.projects.of_member(username)
        return found


def get(room: ReadingRoom, viewer: str, slug: str) -> ProjectCard:
    """One project: all of it for its members and administrators, and for a custodian the part that is theirs.

    NotFound, as if it did not exist, for people who have nothing to do with it.
    """
    with room.store.reading() as tx:
        project = tx.projects.get(slug)
        if viewer in project.members or tx.people.get(viewer).may(Permission.MANAGE_PEOPLE):
            return _card(room, tx, viewer, project)
        theirs = room.policies.datasets_of(viewer) & {grant.dataset for grant in tx.grants.of_project(slug)}
        if not theirs:
            raise _absent(slug)
        (card,) = _cards(room, tx, viewer, [project], only=theirs)
        return card


def joined(room: ReadingRoom, username: str, slug: str) -> ProjectCard:
    """One project for a member of it, who can work there. NotFound for everyone else, whatever they may see of it."""
    with room.store.reading() as tx:
        project = tx.projects.get(slug)
        if username not in project.members:
            raise _absent(slug)
        return _card(room, tx, username, project)


def _absent(slug: str) -> NotFound:
    return NotFound(f"There is no project {slug!r}.", rule="project.exists", value=slug,
                    next_step="Check the address, or start from your home page.")


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
    (card,) = _cards(room, tx, username, [project])
    return card


def _cards(room: ReadingRoom, tx: Any, username: str, projects: Sequence[Project],
           only: Collection[str] | None = None) -> tuple[ProjectCard, ...]:
    """A card for each, with as many questions to the records for many as for one; of `only` these datasets if said."""
    slugs = [project.slug for project in projects]
    grants = {slug: tuple(grant for grant in found if only is None or grant.dataset in only)
              for slug, found in tx.grants.of_projects(slugs).items()}
    held = [(project, grants[project.slug]) for project in projects]
    decisions = access.decide_each(room, tx, username, held)
    lines = iter(budget_lines(room, tx, [(project, grant) for project, theirs in held for grant in theirs]))
    people = tx.people.among({name for project in projects for name in (project.lead, *project.members)})
    openings, urgent = tx.workspaces.last_of(username, slugs), tx.applications.urgent_now(slugs)
    return tuple(
        ProjectCard(
            project=project,
            members=tuple(sorted((people[name] for name in project.members), key=lambda one: one.display_name)),
            access=decision,
            grants=theirs,
            policy=room.policies.for_project(project, theirs),
            budgets=tuple(islice(lines, len(theirs))),
            last_opening=openings.get(project.slug),
            urgent=project.slug in urgent,
            lead_away=lead_is_away(people, project),
        )
        for (project, theirs), decision in zip(held, decisions, strict=True))
