"""The public register, made from the records when it is asked for: nobody writes it, and it can't be out of date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from readingroom.core.days import day_of
from readingroom.core.register import (
    ListedDataset,
    ListedProject,
    ListedRelease,
    Register,
    grant_standing,
    project_standing,
)
from readingroom.services.room import ReadingRoom

PAGE_SIZE = 20


@dataclass(frozen=True)
class RegisterPage:
    """Some of the register's projects, and how many there are in all."""

    projects: tuple[ListedProject, ...]
    total: int


def register(room: ReadingRoom) -> Register:
    """All of it."""
    with room.store.reading() as tx:
        return Register(as_of=room.today(), projects=_listed(room, tx, tx.register.projects()))


def page(room: ReadingRoom, number: int) -> RegisterPage:
    """The `number`-th page, from 1; empty beyond the last."""
    with room.store.reading() as tx:
        found = tx.register.projects(PAGE_SIZE, (number - 1) * PAGE_SIZE)
        return RegisterPage(_listed(room, tx, found), tx.register.count())


def _listed(room: ReadingRoom, tx: Any, found: Iterable[Any]) -> tuple[ListedProject, ...]:
    projects = tuple(found)
    slugs = [project.slug for project in projects]
    grants, releases = tx.register.grants(slugs), tx.register.releases(slugs)
    organisations = tx.register.organisations(slugs)
    return tuple(
        ListedProject(
            slug=project.slug, title=project.application.title, programme=project.programme,
            aim=project.application.aim, public_benefit=project.application.public_benefit,
            purpose=project.application.purpose, legal_gateway=project.application.legal_gateway,
            organisations=tuple(organisations.get(project.slug, ())),
            standing=project_standing(project.status, project.ends_on, room.today()), version=project.version,
            started_on=day_of(project.started_at), ends_on=project.ends_on,
            datasets=_datasets(room, project, grants.get(project.slug, ())),
            releases=tuple(
                ListedRelease(released_on=day_of(one.made_at), outputs=len(one.output_types),
                              output_types=tuple(sorted(set(one.output_types))), sha256=one.sha256,
                              recalled=one.recalled)
                for one in releases.get(project.slug, ())))
        for project in projects)


def _datasets(room: ReadingRoom, project: Any, grants: Iterable[tuple[str, Any, Any]]) -> tuple[ListedDataset, ...]:
    """What was granted, with the last word on each dataset. One that is registered no more goes by its name."""
    listed = {}
    for slug, status, until in grants:
        until = min(until, project.ends_on)
        standing = grant_standing(status, until, room.today(), project.status)
        if standing is not None:
            known = room.policies.datasets.get(slug)
            listed[slug] = ListedDataset(
                slug=slug, title=room.policies.title_of(slug), department=known[0].department if known else "",
                standing=standing, until=until)
    return tuple(sorted(listed.values(), key=lambda one: (one.title, one.slug)))
