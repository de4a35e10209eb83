"""Openings of workspaces."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from readingroom.core.walls import Proof
from readingroom.core.workspaces import Opening
from readingroom.db.tables import WorkspaceRow


class Workspaces:
    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, username: str, project: str, at: datetime, demand: Mapping[str, Any] | None = None) -> Opening:
        row = WorkspaceRow(username=username, project=project, opened_at=at, demand=demand and dict(demand))
        self._session.add(row)
        self._session.flush()
        return _opening(row)

    def set_container(self, opening_id: int, container: str) -> None:
        self._session.get_one(WorkspaceRow, opening_id).container = container

    def set_proof(self, opening_id: int, proof: Proof) -> None:
        self._session.get_one(WorkspaceRow, opening_id).proof = proof.as_dict()

    def set_used(self, opening_id: int, at: datetime | None) -> None:
        self._session.get_one(WorkspaceRow, opening_id).used_at = at

    def get(self, opening_id: int) -> Opening:
        return _opening(self._session.get_one(WorkspaceRow, opening_id))

    def close(self, opening_id: int, at: datetime, reason: str) -> None:
        row = self._session.get_one(WorkspaceRow, opening_id)
        row.closed_at, row.close_reason = at, reason

    def open_one(self, username: str, project: str) -> Opening | None:
        row = self._session.scalars(select(WorkspaceRow).where(
            WorkspaceRow.username == username, WorkspaceRow.project == project,
            WorkspaceRow.closed_at.is_(None))).first()
        return None if row is None else _opening(row)

    def open_now(self) -> tuple[Opening, ...]:
        rows = self._session.scalars(
            select(WorkspaceRow).where(WorkspaceRow.closed_at.is_(None)).order_by(WorkspaceRow.id))
        return tuple(_opening(row) for row in rows)

    def of_project(self, project: str, since: datetime) -> tuple[Opening, ...]:
        """Everyone's openings in a project from a moment on, oldest first."""
        rows = self._session.scalars(select(WorkspaceRow).where(
            WorkspaceRow.project == project, WorkspaceRow.opened_at >= since).order_by(WorkspaceRow.id))
        return tuple(_opening(row) for row in rows)

    def last(self, username: str, project: str) -> Opening | None:
        return self.last_of(username, [project]).get(project)

    def last_of(self, username: str, projects: Collection[str]) -> dict[str, Opening]:
        """A person's last opening in each of these projects where there was one."""
        newest = (select(func.max(WorkspaceRow.id))
                  .where(WorkspaceRow.username == username, WorkspaceRow.project.in_(sorted(projects)))
                  .group_by(WorkspaceRow.project))
        rows = self._session.scalars(select(WorkspaceRow).where(WorkspaceRow.id.in_(newest)))
        return {row.project: _opening(row) for row in rows}


def _opening(row: WorkspaceRow) -> Opening:
    return Opening(row.id, row.username, row.project, row.container or "", row.opened_at, row.closed_at,
                   row.close_reason or "", row.demand, row.proof and Proof.from_dict(row.proof), row.used_at)
