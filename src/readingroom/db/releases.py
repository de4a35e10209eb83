"""Downloads of releases, and recalls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.releases import Download, Listed, Recall, Recheck
from readingroom.db.plain import plain
from readingroom.db.tables import DownloadRow, FileRow, RecallRow, ReleaseRow, RequestRow


class Releases:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add_download(self, request: int, download: Download) -> None:
        self._session.add(DownloadRow(request=request, person=download.person, at=download.at, sha256=download.sha256))

    def downloads(self, request: int) -> tuple[Download, ...]:
        rows = self._session.scalars(
            select(DownloadRow).where(DownloadRow.request == request).order_by(DownloadRow.id))
        return tuple(Download(row.person, row.at, row.sha256) for row in rows)

    def recall(self, request: int) -> Recall | None:
        row = self._session.get(RecallRow, request)
        return None if row is None else _recall(row)

    def recalled(self, numbers: Collection[int]) -> frozenset[int]:
        """Those of these requests whose release was recalled."""
        return frozenset(plain(self._session, _RECALLED, {"numbers": sorted(numbers)}).scalars() if numbers else ())

    def add_recall(self, recall: Recall) -> None:
        self._session.add(RecallRow(request=recall.request, recalled_by=recall.by, recalled_at=recall.at,
                                    reason=recall.reason, incident=recall.incident, rechecks=None))
        self._session.flush()

    def to_recheck(self) -> tuple[int, ...]:
        """Recalls whose later releases have not been checked again yet."""
        return tuple(row.request for row in self._session.scalars(select(RecallRow).order_by(RecallRow.request))
                     if row.rechecks is None)

    def set_rechecks(self, request: int, rechecks: Sequence[Recheck]) -> None:
        self._session.get_one(RecallRow, request).rechecks = [
            {"request": one.request, "file": one.file, "sha256": one.sha256, "was": int(one.was), "now": int(one.now),
             "rules": list(one.rules), "same_bytes": one.same_bytes} for one in rechecks]

    def made_since(self, at: datetime) -> tuple[int, ...]:
        """The numbers of requests whose release was made then or later, oldest first."""
        return tuple(self._session.scalars(
            select(ReleaseRow.request).where(ReleaseRow.made_at >= at).order_by(ReleaseRow.made_at)))

    def newest(self, limit: int, projects: Collection[str] | None = None, skip: int = 0) -> tuple[Listed, ...]:
        """The last releases, of these projects if any are named, newest first: `limit` after the first `skip`."""
        files = select(func.count()).where(FileRow.request == RequestRow.number, FileRow.round == RequestRow.round)
        given = select(func.count()).where(DownloadRow.request == RequestRow.number)
        query = (select(RequestRow.number, RequestRow.title, RequestRow.project, RequestRow.author, ReleaseRow.made_at,
                        files.scalar_subquery(), given.scalar_subquery(), RecallRow.request.is_not(None))
                 .join(ReleaseRow, ReleaseRow.request == RequestRow.number)
                 .outerjoin(RecallRow, RecallRow.request == RequestRow.number)
                 .order_by(ReleaseRow.made_at.desc(), RequestRow.number.desc()).offset(skip).limit(limit))
        if projects is not None:
            query = query.where(RequestRow.project.in_(sorted(projects)))
        return tuple(Listed(*row) for row in self._session.execute(query))


    def count(self, projects: Collection[str] | None = None) -> int:
        """How many `newest` would find in all."""
        query = select(func.count()).select_from(ReleaseRow)
        if projects is not None:
            query = query.join(RequestRow, RequestRow.number == ReleaseRow.request).where(
                RequestRow.project.in_(sorted(projects)))
        return self._session.scalar(query) or 0


_RECALLED = select(RecallRow.request).where(RecallRow.request.in_(bindparam("numbers", expanding=True)))


def _recall(row: RecallRow) -> Recall:
    found = None if row.rechecks is None else tuple(
        Recheck(one["request"], one["file"], one["sha256"], Verdict(one["was"]), Verdict(one["now"]),
                tuple(one["rules"]), one["same_bytes"]) for one in row.rechecks)
    return Recall(row.request, row.recalled_by, row.recalled_at, row.reason, row.incident, found)
