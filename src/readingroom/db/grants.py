"""Grants, and the extracts made under them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, select
from sqlalchemy.orm import Session

from readingroom.core.lifecycle import LIVE, GrantStatus, ProjectStatus
from readingroom.core.policy import Policy
from readingroom.core.projects import NO_RULES, Extract, Grant, standing
from readingroom.db.tables import ExtractRow, GrantRow, ProjectRow
from readingroom.errors import NotFound

_STATUSES = {status.value: status for status in GrantStatus}
_TERMS = (
    select(GrantRow.id, GrantRow.dataset, GrantRow.status, GrantRow.expires_on, GrantRow.budget_micro_rho,
           GrantRow.decided_by, GrantRow.decided_at, GrantRow.decision_reason, GrantRow.rules, GrantRow.version,
           ProjectRow.status.label("project_status"))
    .join(ProjectRow, ProjectRow.slug == GrantRow.project).where(GrantRow.project == bindparam("slug"))
    .order_by(GrantRow.id))
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
        """The same of each of these projects, in two questions."""
        statuses = self._session.execute(
            select(ProjectRow.slug, ProjectRow.status).where(ProjectRow.slug.in_(sorted(slugs)))).all()
        ever: dict[str, list[Grant]] = {slug: [] for slug, _ in statuses}
        for grant in self._where(GrantRow.project.in_(sorted(ever))):
            ever[grant.project].append(grant)
        return {slug: standing(ProjectStatus(status), tuple(ever[slug])) for slug, status in statuses}

    def terms(self, slug: str) -> tuple[Grant, ...]:
        """The same as far as access depends on it: without columns and row filters, which are most of the reading."""
        rows = self._session.execute(_TERMS, {"slug": slug}).all()
        if not rows:
            return ()
        grants = tuple(
            Grant(key, slug, dataset, _STATUSES[status], {}, {}, expires_on, budget, "", "", decided_by, decided_at,
                  reason, Policy.model_validate(rules) if rules else NO_RULES, version)
            for key, dataset, status, expires_on, budget, decided_by, decided_at, reason, rules, version, _ in rows)
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

    def wanted(self, today: date) -> tuple[tuple[Grant, str, Extract | None], ...]:
        """Every live grant with its project's programme and its newest extract that still exists; in one question."""
        rows = self._session.execute(
            select(GrantRow, ProjectRow.programme, ExtractRow).join(ProjectRow, ProjectRow.slug == GrantRow.project)
            .outerjoin(ExtractRow, and_(ExtractRow.grant_id == GrantRow.id, ExtractRow.destroyed_at.is_(None)))
            .where(live(today)).order_by(GrantRow.id, ExtractRow.made_at))
        newest = {row[0].id: row for row in rows}  # the last of each grant's, which is the newest, stays
        return tuple((_grant(grant), programme, extract and _extract(extract))
                     for grant, programme, extract in newest.values())

    def existing(self, today: date) -> tuple[tuple[Extract, Grant, bool], ...]:
        """Every extract that still exists, oldest first, with its grant and whether that is live; in one question."""
        rows = self._session.execute(
            select(ExtractRow, GrantRow, live(today)).join(GrantRow, GrantRow.id == ExtractRow.grant_id)
            .join(ProjectRow, ProjectRow.slug == GrantRow.project)
            .where(ExtractRow.destroyed_at.is_(None)).order_by(ExtractRow.made_at))
        return tuple((_extract(extract), _grant(grant), bool(is_live)) for extract, grant, is_live in rows)

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


def _grant(row: GrantRow) -> Grant:
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
