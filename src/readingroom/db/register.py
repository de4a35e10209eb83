"""What the public register is made of: the projects that were ever agreed, in as many questions for many as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from readingroom.core.applications import Application, Outcome, from_json
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.db.tables import (
    FileRow,
    GrantRow,
    MembershipRow,
    PersonRow,
    ProjectRow,
    RecallRow,
    ReleaseRow,
    RequestRow,
    VersionRow,
)


@dataclass(frozen=True)
class AgreedProject:
    """A project with the application that is in force."""

    slug: str
    programme: str
    status: ProjectStatus
    ends_on: date
    version: int
    started_at: datetime
    application: Application


@dataclass(frozen=True)
class ReleasedFiles:
    """One release: its package, and the types of the files that left."""

    made_at: datetime
    sha256: str
    output_types: tuple[str, ...]
    recalled: bool


class RegisterRecords:
    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self) -> int:
        return self._session.scalar(select(func.count()).select_from(_agreed().subquery())) or 0

    def projects(self, count: int | None = None, skip: int = 0) -> tuple[AgreedProject, ...]:
        """By title, which is that of the version in force."""
        rows = self._session.execute(_agreed().order_by(ProjectRow.title, ProjectRow.slug).offset(skip).limit(count))
        return tuple(AgreedProject(project.slug, project.programme, ProjectStatus(project.status), project.expires_on,
                                   project.version, started, from_json(said))
                     for project, said, started in rows)

    def grants(self, slugs: Collection[str]) -> dict[str, list[tuple[str, GrantStatus, date]]]:
        """Of each project the datasets, states and last days of grants that came into force with a version of it."""
        found = defaultdict(list)
        for project, dataset, status, until in self._session.execute(
                select(GrantRow.project, GrantRow.dataset, GrantRow.status, GrantRow.expires_on)
                .join(ProjectRow, ProjectRow.slug == GrantRow.project)
                .where(GrantRow.project.in_(sorted(slugs)), GrantRow.version <= ProjectRow.version)
                .order_by(GrantRow.id)):
            found[project].append((dataset, GrantStatus(status), until))
        return found

    def organisations(self, slugs: Collection[str]) -> dict[str, list[str]]:
        found = defaultdict(list)
        for project, organisation in self._session.execute(
                select(MembershipRow.project, PersonRow.organisation)
                .join(PersonRow, PersonRow.username == MembershipRow.username)
                .where(MembershipRow.project.in_(sorted(slugs))).distinct().order_by(PersonRow.organisation)):
            found[project].append(organisation)
        return found

    def releases(self, slugs: Collection[str]) -> dict[str, list[ReleasedFiles]]:
        """Of each project its releases, newest first, with the files of the round that left."""
        made: dict[int, tuple[str, datetime, str, bool]] = {}
        types: dict[int, list[str]] = defaultdict(list)
        for request, project, at, sha256, recall, output_type in self._session.execute(
                select(RequestRow.number, RequestRow.project, ReleaseRow.made_at, ReleaseRow.sha256,
                       RecallRow.request, FileRow.output_type)
                .join(ReleaseRow, ReleaseRow.request == RequestRow.number)
                .join(FileRow, and_(FileRow.request == RequestRow.number, FileRow.round == RequestRow.round))
                .outerjoin(RecallRow, RecallRow.request == RequestRow.number)
                .where(RequestRow.project.in_(sorted(slugs)))
                .order_by(ReleaseRow.made_at.desc(), RequestRow.number.desc(), FileRow.id)):
            made[request] = (project, at, sha256, recall is not None)
            types[request].append(output_type)
        found = defaultdict(list)
        for request, (project, at, sha256, recalled) in made.items():
            found[project].append(ReleasedFiles(at, sha256, tuple(types[request]), recalled))
        return found


def _agreed() -> Select[Any]:
    """Each project that has a version in force, with that version, and when its first one was agreed."""
    started = (select(VersionRow.project, func.min(VersionRow.settled_at).label("at"))
               .where(VersionRow.outcome == Outcome.AGREED.value).group_by(VersionRow.project).subquery())
    return (select(ProjectRow, VersionRow.application, started.c.at)
            .join(VersionRow, and_(VersionRow.project == ProjectRow.slug, VersionRow.number == ProjectRow.version,
                                   VersionRow.outcome == Outcome.AGREED.value))
            .join(started, started.c.project == ProjectRow.slug))
