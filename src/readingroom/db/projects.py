"""Projects and their members."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from readingroom.core.lifecycle import LIVE, ProjectStatus
from readingroom.core.policy import Tier
from readingroom.core.projects import Project
from readingroom.db.plain import plain
from readingroom.db.tables import MembershipRow, ProjectRow
from readingroom.errors import NotFound


class Projects:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, project: Project) -> None:
        self._session.add(ProjectRow(
            slug=project.slug, title=project.title, programme=project.programme, aim=project.aim,
            public_benefit=project.public_benefit, purpose=project.purpose, legal_gateway=project.legal_gateway,
            status=project.status.value, expires_on=project.expires_on,
            image=project.image, tier=project.tier.value, lead=project.lead or None, version=project.version,
        ))
        self._session.flush()
        self._session.add_all(MembershipRow(project=project.slug, username=name) for name in project.members)
        self._session.flush()

    def find(self, slug: str) -> Project | None:
        row = plain(self._session, _ONE, {"slug": slug}).first()
        return None if row is None else _project(row)

    def get(self, slug: str) -> Project:
        project = self.find(slug)
        if project is None:
            raise NotFound(f"There is no project {slug!r}.", rule="project.exists", value=slug,
                           next_step="Check the address, or start from your home page.")
        return project

    def of_member(self, username: str, count: int | None = None, skip: int = 0) -> tuple[Project, ...]:
        """Live ones first, then by title: `count` of them after the first `skip`."""
        ended = _PROJECTS.c.status.not_in([status.value for status in LIVE])
        return self._read(_OF_MEMBERS.order_by(ended, _PROJECTS.c.title, _PROJECTS.c.slug).offset(skip).limit(count),
                          usernames=[username])

    def count_of_member(self, username: str) -> int:
        return self._session.scalar(
            select(func.count()).select_from(MembershipRow).where(MembershipRow.username == username)) or 0

    def of_members(self, usernames: Collection[str]) -> dict[str, tuple[Project, ...]]:
        """The projects of each of these people, in one question."""
        found: dict[str, list[Project]] = {name: [] for name in usernames}
        for row in plain(self._session, _OF_MEMBERS, {"usernames": sorted(found)}) if found else ():
            found[row.username].append(_project(row))
        return {name: tuple(projects) for name, projects in found.items()}

    def among(self, slugs: Collection[str]) -> dict[str, Project]:
        named = sorted(set(slugs))
        return {project.slug: project for project in self._read(_AMONG, slugs=named)} if named else {}

    def all(self) -> tuple[Project, ...]:
        return self._read(_WHOLE.order_by(_PROJECTS.c.slug))

    def _read(self, statement: Select[Any], **values: Any) -> tuple[Project, ...]:
        return tuple(_project(row) for row in plain(self._session, statement, values))

    def set_workspace(self, slug: str, *, image: str, tier: Tier) -> None:
        row = self._session.get_one(ProjectRow, slug)
        row.image, row.tier = image, tier.value

    def save(self, project: Project) -> None:
        """Everything of it but its programme, members included."""
        row = self._session.get_one(ProjectRow, project.slug)
        row.title, row.aim, row.public_benefit = project.title, project.aim, project.public_benefit
        row.purpose, row.legal_gateway, row.status = project.purpose, project.legal_gateway, project.status.value
        row.expires_on, row.image, row.tier = project.expires_on, project.image, project.tier.value
        row.lead, row.version = project.lead or None, project.version
        kept = {member.username for member in row.memberships}
        for member in list(row.memberships):
            if member.username not in project.members:
                row.memberships.remove(member)
                self._session.delete(member)
        row.memberships.extend(MembershipRow(project=project.slug, username=name)
                               for name in sorted(project.members - kept))
        self._session.flush()

    def set_status(self, slug: str, status: ProjectStatus) -> None:
        self._session.get_one(ProjectRow, slug).status = status.value


_PROJECTS, _MEMBERSHIPS = ProjectRow.__table__, MembershipRow.__table__
_NAMES = _MEMBERSHIPS.alias("of_project")
_WHOLE = select(_PROJECTS, select(func.aggregate_strings(_NAMES.c.username, ",")).where(
    _NAMES.c.project == _PROJECTS.c.slug).correlate(_PROJECTS).scalar_subquery().label("members"))
_ONE = _WHOLE.where(_PROJECTS.c.slug == bindparam("slug"))
_AMONG = _WHOLE.where(_PROJECTS.c.slug.in_(bindparam("slugs", expanding=True)))
_OF_MEMBERS = (_WHOLE.add_columns(_MEMBERSHIPS.c.username)
               .join(_MEMBERSHIPS, _MEMBERSHIPS.c.project == _PROJECTS.c.slug)
               .where(_MEMBERSHIPS.c.username.in_(bindparam("usernames", expanding=True))))


def _project(row: Any) -> Project:
    return Project(
        slug=row.slug, title=row.title, programme=row.programme, aim=row.aim, public_benefit=row.public_benefit,
        purpose=row.purpose, legal_gateway=row.legal_gateway, status=ProjectStatus(row.status),
        expires_on=row.expires_on, members=frozenset(filter(None, (row.members or "").split(","))),
        image=row.image, tier=Tier(row.tier), lead=row.lead or "", version=row.version,
    )
