"""Packages that projects may install, and requests for more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from readingroom.core.packages import Ecosystem, Package, PackageRequest, PackageRequestStatus
from readingroom.db.tables import PackageRequestRow, PackageRow
from readingroom.errors import NotFound


class Packages:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, package: Package) -> None:
        """Allow it. The same file again changes nothing."""
        if self._session.get(PackageRow, (package.project, package.sha256)) is None:
            self._session.add(PackageRow(
                project=package.project, sha256=package.sha256, ecosystem=package.ecosystem.value, name=package.name,
                version=package.version, filename=package.filename, size_bytes=package.size_bytes, index=package.index,
                added_by=package.added_by, added_at=package.added_at))
            self._session.flush()

    def remove(self, project: str, sha256: str) -> None:
        self._session.execute(delete(PackageRow).where(PackageRow.project == project, PackageRow.sha256 == sha256))

    def of_project(self, project: str) -> tuple[Package, ...]:
        """By name, then as they were added."""
        rows = self._session.scalars(select(PackageRow).where(PackageRow.project == project)
                                     .order_by(PackageRow.name, PackageRow.added_at, PackageRow.filename))
        return tuple(_package(row) for row in rows)

    def ask(self, request: PackageRequest) -> PackageRequest:
        row = PackageRequestRow(project=request.project, username=request.username, ecosystem=request.ecosystem.value,
                                name=request.name, reason=request.reason, status=request.status.value,
                                asked_at=request.asked_at, decision="")
        self._session.add(row)
        self._session.flush()
        return _request(row)

    def request(self, request_id: int) -> PackageRequest:
        row = self._session.get(PackageRequestRow, request_id)
        if row is None:
            raise NotFound(f"There is no request {request_id} for a package.", rule="packages.request",
                           value=request_id, next_step="See the list of requests.")
        return _request(row)

    def requests(self, project: str = "") -> tuple[PackageRequest, ...]:
        """Newest first; of all projects if `project` is empty."""
        query = select(PackageRequestRow).order_by(PackageRequestRow.id.desc())
        if project:
            query = query.where(PackageRequestRow.project == project)
        return tuple(_request(row) for row in self._session.scalars(query))

    def decide(self, request_id: int, status: PackageRequestStatus, by: str, at: datetime, decision: str) -> None:
        row = self._session.get_one(PackageRequestRow, request_id)
        row.status, row.decided_by, row.decided_at, row.decision = status.value, by, at, decision


def _package(row: PackageRow) -> Package:
    return Package(row.project, Ecosystem(row.ecosystem), row.name, row.version, row.filename, row.sha256,
                   row.size_bytes, row.index, row.added_by, row.added_at)


def _request(row: PackageRequestRow) -> PackageRequest:
    return PackageRequest(row.id, row.project, row.username, Ecosystem(row.ecosystem), row.name, row.reason,
                          PackageRequestStatus(row.status), row.asked_at, row.decided_by, row.decided_at, row.decision)
