"""Grants, and the extracts made under them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, bindparam, cast, exists, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from readingroom.core.lifecycle import LIVE, GrantStatus, ProjectStatus
from readingroom.core.policy import Policy
from readingroom.core.projects import NO_RULES, Extract, Grant, standing
from readingroom.db.plain import plain
from readingroom.db.tables import ExtractRow, GrantRow, ProjectRow
from readingroom.errors import NotFound

_STATUSES = {status.value: status for status in GrantStatus}
_GRANTS, _PROJECTS = GrantRow.__table__, ProjectRow.__table__
_TERMS = (
    select(_GRANTS.c.id, _GRANTS.c.dataset, _GRANTS.c.status, _GRANTS.c.expires_on, _GRANTS.c.budget_micro_rho,
           _GRANTS.c.decided_by, _GRANTS.c.decision_reason, cast(_GRANTS.c.rules, String), _GRANTS.c.version,
           _PROJECTS.c.status.label("project_status"))
    .join(_PROJECTS, _PROJECTS.c.slug == _GRANTS.c.project).where(_GRANTS.c.project == bindparam("slug"))
    .order_by(_GRANTS.c.id))
_OF_PROJECTS = (
    select(_GRANTS, _PROJECTS.c.status.label("project_status")).join(_PROJECTS, _PROJECTS.c.slug == _GRANTS.c.project)
    .where(_GRANTS.c.project.in_(bindparam("slugs", expanding=True))).order_by(_GRANTS.c.id))
HELD = [status.value for status in (GrantStatus.ACTIVE, GrantStatus.SUSPENDED, GrantStatus.EXPIRED)]


class Grants:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, grant: Grant) -> Grant:
        """Store a new grant; its id is given by the database and returned."""
        row = GrantRow(project=grant.project, dataset=grant.dataset, **_columns(grant))
        self._session.add(row)
        self._session.flush()
        return replace(grant, id=row.id)

    def save(self, grant: Grant) -> None:
        row = self._session.get_one(GrantRow, grant.id)
        for name, value in _columns(grant).items():
            setattr(row, name, value)

    def get(self, grant_id: int) -> Grant:
        row = self._session.get(GrantRow, grant_id)
        if row is None:
            raise NotFound(f"There is no grant {grant_id}.", rule="grant.exists", value=grant_id,
                           next_step="Check the address, or start from your home page.")
        return _grant(row)

    def of_project(self, slug: str) -> tuple[Grant, ...]:
        """Those on which the project stands (core.projects.standing): all of these must be live for it to open."""
        return self.of_projects([slug]).get(slug, ())

    def of_projects(self, slugs: Collection[str]) -> dict[str, tuple[Grant, ...]]:
        """The same of each of these projects, in one question."""
        ever: dict[str, list[Grant]] = {slug: [] for slug in slugs}
        statuses = {}
        for row in plain(self._session, _OF_PROJECTS, {"slugs": sorted(ever)}) if ever else ():
            statuses[row.project] = ProjectStatus(row.project_status)
            ever[row.project].append(_grant(row))
        return {slug: standing(statuses[slug], tuple(found)) if found else () for slug, found in ever.items()}

    def terms(self, slug: str) -> tuple[Grant, ...]:
        """The same as far as access depends on it: without columns and row filters, which are most of the reading."""
        rows = plain(self._session, _TERMS, {"slug": slug}).all()
        if not rows:
            return ()
        grants = tuple(
            Grant(key, slug, dataset, _STATUSES[status], {}, {}, expires_on, budget, "", "", decided_by, None, reason,
                  NO_RULES if rules == "{}" else Policy.model_validate_json(rules), version)
            for key, dataset, status, expires_on, budget, decided_by, reason, rules, version, _ in rows)
        return standing(ProjectStatus(rows[0].project_status), grants)

    def ever_of_project(self, slug: str) -> tuple[Grant, ...]:
        """Every grant that was ever asked for, what waits and what was replaced included."""
        return self._where(GrantRow.project == slug)

    def of_datasets(self, datasets: Collection[str], *statuses: GrantStatus, skip: int = 0,
                    count: int | None = None) -> tuple[Grant, ...]:
        """Grants of these datasets in one of `statuses`, oldest first: `count` of them after the first `skip`."""
        query = select(GrantRow).where(*_among(datasets, statuses)).order_by(GrantRow.id).offset(skip).limit(count)
        return tuple(_grant(row) for row in self._session.scalars(query))

    def count(self, datasets: Collection[str], *statuses: GrantStatus) -> int:
        return self._session.scalar(select(func.count()).select_from(GrantRow).where(*_among(datasets, statuses))) or 0

    def projects_with(self, datasets: Collection[str]) -> frozenset[str]:
        """The projects that ever asked for one of these datasets."""
        return frozenset(self._session.scalars(
            select(GrantRow.project).where(GrantRow.dataset.in_(sorted(datasets))).distinct()))

    def datasets_of(self, slugs: Collection[str]) -> tuple[tuple[str, str], ...]:
        """Each project of `slugs` with each dataset that was granted to it and not taken back."""
        rows = self._session.execute(select(GrantRow.project, GrantRow.dataset).where(
            GrantRow.project.in_(sorted(slugs)), GrantRow.status.in_(HELD)).distinct())
        return tuple((project, dataset) for project, dataset in rows)

    def all(self) -> tuple[Grant, ...]:
        return self._where()

    def _where(self, *conditions: object) -> tuple[Grant, ...]:
        rows = self._session.scalars(select(GrantRow).where(*conditions).order_by(GrantRow.id))  # type: ignore[arg-type]
        return tuple(_grant(row) for row in rows)


def _among(datasets: Collection[str], statuses: Collection[GrantStatus]) -> tuple[ColumnElement[bool], ...]:
    return (GrantRow.dataset.in_(sorted(datasets)), GrantRow.status.in_([status.value for status in statuses]))


def in_live_project() -> ColumnElement[bool]:
    return ProjectRow.status.in_([status.value for status in LIVE])


def live(today: date) -> ColumnElement[bool]:
    """What services.access.is_live says, as a condition on grants joined with their projects."""
    return and_(GrantRow.status == GrantStatus.ACTIVE.value, in_live_project(), GrantRow.expires_on >= today,
                ProjectRow.expires_on >= today)


class Extracts:
    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, extract: Extract) -> None:
        """Record an extract that was made, or made again after it had been destroyed."""
        self._session.merge(ExtractRow(id=extract.id, grant_id=extract.grant_id, version=extract.version,
                                       made_at=extract.made_at, destroyed_at=None))

    def wanted(self, today: date, projects: Collection[str] | None = None
               ) -> tuple[tuple[Grant, str, Extract | None], ...]:
        """Every live grant with its project's programme and its newest extract that still exists, in one question.

        Of these projects only, if any are named.
        """
        among = () if projects is None else (GrantRow.project.in_(sorted(projects)),)
        rows = self._session.execute(
            select(GrantRow, ProjectRow.programme, ExtractRow).join(ProjectRow, ProjectRow.slug == GrantRow.project)
            .outerjoin(ExtractRow, and_(ExtractRow.grant_id == GrantRow.id, ExtractRow.destroyed_at.is_(None)))
            .where(live(today), *among).order_by(GrantRow.id, ExtractRow.made_at))
        newest = {row[0].id: row for row in rows}  # the last of each grant's, which is the newest, stays
        return tuple((_grant(grant), programme, extract and _extract(extract))
                     for grant, programme, extract in newest.values())

    def datasets(self, today: date) -> tuple[str, ...]:
        """The datasets of which any grant is live."""
        return tuple(self._session.scalars(
            select(GrantRow.dataset).join(ProjectRow, ProjectRow.slug == GrantRow.project).where(live(today))
            .distinct().order_by(GrantRow.dataset)))

    def versions(self, project: str, dataset: str) -> frozenset[str]:
        """The versions of a dataset that a project ever had an extract of."""
        return frozenset(self._session.scalars(
            select(ExtractRow.version).join(GrantRow, GrantRow.id == ExtractRow.grant_id)
            .where(GrantRow.project == project, GrantRow.dataset == dataset).distinct()))

    def ids(self) -> frozenset[str]:
        """The names of every extract that still exists."""
        return frozenset(self._session.scalars(select(ExtractRow.id).where(ExtractRow.destroyed_at.is_(None))))

    def dead(self, today: date) -> tuple[tuple[Extract, Grant], ...]:
        """Every extract that still exists, though its grant is not live; oldest first."""
        return self._existing(not_(live(today)))

    def replaced(self) -> tuple[tuple[Extract, Grant], ...]:
        """Every extract that still exists beside a newer one of its grant; oldest first."""
        newer = aliased(ExtractRow)
        later = or_(newer.made_at > ExtractRow.made_at,
                    and_(newer.made_at == ExtractRow.made_at, newer.id > ExtractRow.id))
        beside = (newer.grant_id == ExtractRow.grant_id, newer.destroyed_at.is_(None))
        return self._existing(exists().where(*beside, later))

    def _existing(self, condition: ColumnElement[bool]) -> tuple[tuple[Extract, Grant], ...]:
        rows = self._session.execute(
            select(ExtractRow, GrantRow).join(GrantRow, GrantRow.id == ExtractRow.grant_id)
            .join(ProjectRow, ProjectRow.slug == GrantRow.project)
            .where(ExtractRow.destroyed_at.is_(None), condition).order_by(ExtractRow.made_at, ExtractRow.id))
        return tuple((_extract(extract), _grant(grant)) for extract, grant in rows)

    def find(self, extract_id: str) -> Extract | None:
        row = self._session.get(ExtractRow, extract_id)
        return None if row is None else _extract(row)

    def live_of_grant(self, grant_id: int) -> Extract | None:
        return self.live_of_grants([grant_id]).get(grant_id)

    def live_of_grants(self, ids: Collection[int]) -> dict[int, Extract]:
        """The newest extract that exists of each of these grants that has one."""
        rows = self._session.scalars(
            select(ExtractRow).where(ExtractRow.grant_id.in_(sorted(ids)), ExtractRow.destroyed_at.is_(None))
            .order_by(ExtractRow.made_at))
        return {row.grant_id: _extract(row) for row in rows}  # the last of each grant's, which is the newest, stays

    def newest_of_grant(self, grant_id: int) -> Extract | None:
        """The extract made last, whether or not it still exists."""
        row = self._session.scalars(
            select(ExtractRow).where(ExtractRow.grant_id == grant_id).order_by(ExtractRow.made_at.desc())).first()
        return None if row is None else _extract(row)

    def mark_destroyed(self, extract_id: str, at: datetime) -> None:
        self._session.get_one(ExtractRow, extract_id).destroyed_at = at


def _columns(grant: Grant) -> dict[str, object]:
    return {
        "status": grant.status.value,
        "columns": {table: list(columns) for table, columns in grant.columns.items()},
        "row_filter": dict(grant.row_filter),
        "expires_on": grant.expires_on,
        "budget_micro_rho": grant.budget_micro_rho,
        "conditions": grant.conditions,
        "policy_hash": grant.policy_hash,
        "decided_by": grant.decided_by,
        "decided_at": grant.decided_at,
        "decision_reason": grant.decision_reason,
        "rules": grant.rules.model_dump(mode="json", exclude_none=True),
        "version": grant.version,
    }


def _grant(row: Any) -> Grant:
    return Grant(
        id=row.id, project=row.project, dataset=row.dataset, status=GrantStatus(row.status),
        columns={table: tuple(columns) for table, columns in row.columns.items()}, row_filter=dict(row.row_filter),
        expires_on=row.expires_on, budget_micro_rho=row.budget_micro_rho, conditions=row.conditions,
        policy_hash=row.policy_hash, decided_by=row.decided_by, decided_at=row.decided_at,
        decision_reason=row.decision_reason, rules=Policy.model_validate(row.rules) if row.rules else NO_RULES,
        version=row.version,
    )


def _extract(row: ExtractRow) -> Extract:
    return Extract(row.id, row.grant_id, row.version, row.made_at, row.destroyed_at)
