"""Applications: the draft, section by section, and the versions that were submitted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import Session

from readingroom.core.applications import AfterReview, Comment, Outcome, Saved, Version, from_json
from readingroom.db.tables import (
    AfterReviewRow,
    ApplicationCommentRow,
    MembershipRow,
    ProjectRow,
    RemovalRow,
    SectionRow,
    VersionRow,
)
from readingroom.errors import NotFound


class Applications:
    def __init__(self, session: Session) -> None:
        self._session = session

    # the draft

    def draft(self, project: str) -> dict[str, Saved]:
        rows = self._session.scalars(select(SectionRow).where(SectionRow.project == project))
        return {row.section: Saved(row.typed, row.revision, row.saved_by, row.saved_at) for row in rows}

    def save(self, project: str, section: str, saved: Saved) -> None:
        row = self._session.get(SectionRow, (project, section)) or SectionRow(project=project, section=section)
        row.typed, row.revision, row.saved_by, row.saved_at = saved.typed, saved.revision, saved.by, saved.at
        self._session.add(row)
        self._session.flush()

    def forget_draft(self, project: str) -> None:
        self._session.execute(delete(SectionRow).where(SectionRow.project == project))

    # versions

    def add(self, version: Version) -> None:
        self._session.add(VersionRow(
            project=version.project, number=version.number, application=version.application.as_json(),
            sha256=version.application.sha256, submitted_by=version.submitted_by, submitted_at=version.submitted_at,
            **_answers(version)))
        self._session.flush()

    def settle(self, version: Version) -> None:
        """Record what became of it; what was submitted cannot be changed."""
        row = self._session.get_one(VersionRow, (version.project, version.number))
        for name, value in _answers(version).items():
            setattr(row, name, value)
        self._session.flush()

    def version(self, project: str, number: int) -> Version:
        row = self._session.get(VersionRow, (project, number))
        if row is None:
            raise NotFound(f"There is no version {number} of this project.", rule="version.exists", value=number,
                           next_step="Start from the project's page.")
        return _version(row)

    def find(self, project: str, number: int) -> Version | None:
        row = self._session.get(VersionRow, (project, number))
        return None if row is None else _version(row)

    def waiting(self, project: str) -> Version | None:
        row = self._session.scalars(select(VersionRow).where(
            VersionRow.project == project, VersionRow.outcome == Outcome.WAITING.value)).first()
        return None if row is None else _version(row)

    def versions(self, project: str) -> tuple[Version, ...]:
        """All of them, newest first."""
        rows = self._session.scalars(
            select(VersionRow).where(VersionRow.project == project).order_by(VersionRow.number.desc()))
        return tuple(_version(row) for row in rows)

    def urgent(self, projects: Collection[str]) -> frozenset[tuple[str, int]]:
        """Which versions of these projects were submitted in the urgent lane."""
        rows = self._session.execute(select(VersionRow.project, VersionRow.number, VersionRow.application).where(
            VersionRow.project.in_(sorted(projects))))
        return frozenset((project, number) for project, number, said in rows if said.get("urgent"))

    def urgent_now(self, projects: Collection[str]) -> frozenset[str]:
        """Which of these projects have a version waiting in the urgent lane."""
        rows = self._session.execute(select(VersionRow.project, VersionRow.application).where(
            VersionRow.project.in_(sorted(projects)), VersionRow.outcome == Outcome.WAITING.value))
        return frozenset(project for project, said in rows if said.get("urgent"))

    def last_number(self, project: str) -> int:
        return self._session.scalar(select(func.max(VersionRow.number)).where(VersionRow.project == project)) or 0

    def last_accepted(self, project: str) -> Version | None:
        """The newest version that the programme's owner accepted."""
        row = self._session.scalars(select(VersionRow).where(
            VersionRow.project == project, VersionRow.accepted_by.is_not(None))
            .order_by(VersionRow.number.desc())).first()
        return None if row is None else _version(row)

    def unaccepted(self, programmes: Collection[str], besides: str, count: int, skip: int = 0) -> tuple[Version, ...]:
        """Versions of projects that never were live, waiting for the owner of one of these programmes, oldest first.

        Projects to which `besides` belongs are left out: nobody answers for their own.
        """
        rows = self._session.scalars(
            select(VersionRow).join(ProjectRow, ProjectRow.slug == VersionRow.project)
            .where(*_unaccepted(programmes, besides))
            .order_by(VersionRow.submitted_at, VersionRow.project).offset(skip).limit(count))
        return tuple(_version(row) for row in rows)

    def count_unaccepted(self, programmes: Collection[str], besides: str) -> int:
        return self._session.scalar(
            select(func.count()).select_from(VersionRow).join(ProjectRow, ProjectRow.slug == VersionRow.project)
            .where(*_unaccepted(programmes, besides))) or 0

    def silent_since(self, moment: datetime, count: int) -> tuple[Version, ...]:
        """Versions that wait, and of which nobody was asked or reminded after `moment`, oldest first."""
        rows = self._session.scalars(
            select(VersionRow).where(VersionRow.outcome == Outcome.WAITING.value,
                                     func.coalesce(VersionRow.reminded_at, VersionRow.submitted_at) <= moment)
            .order_by(VersionRow.submitted_at, VersionRow.project).limit(count))
        return tuple(_version(row) for row in rows)

    def set_reminded(self, version: Version, at: datetime) -> None:
        self._session.get_one(VersionRow, (version.project, version.number)).reminded_at = at

    # what was said of them

    def comment(self, comment: Comment) -> None:
        self._session.add(ApplicationCommentRow(
            project=comment.project, version=comment.version, section=comment.section, part=comment.part,
            author=comment.author, at=comment.at, text=comment.text))
        self._session.flush()

    def comments(self, project: str) -> tuple[Comment, ...]:
        rows = self._session.scalars(select(ApplicationCommentRow).where(ApplicationCommentRow.project == project)
                                     .order_by(ApplicationCommentRow.id))
        return tuple(Comment(row.project, row.version, row.section, row.part, row.author, row.at, row.text)
                     for row in rows)

    # members who left

    def remove_member(self, project: str, username: str, by: str, at: datetime, reason: str) -> None:
        self._session.add(RemovalRow(project=project, username=username, removed_by=by, at=at, reason=reason,
                                      after_version=self.last_number(project)))
        self._session.flush()

    def removed_since(self, project: str, version: int) -> frozenset[str]:
        """Those who were removed after this version was submitted, and not only by the clock."""
        return frozenset(self._session.scalars(select(RemovalRow.username).where(
            RemovalRow.project == project, RemovalRow.after_version >= version)))

    # looking back at urgent decisions

    def open_review(self, project: str, version: int, at: datetime, due_on: date) -> None:
        self._session.add(AfterReviewRow(project=project, version=version, opened_at=at, due_on=due_on,
                                         outcome="", words=""))
        self._session.flush()

    def review(self, project: str, version: int) -> AfterReview:
        row = self._session.get(AfterReviewRow, (project, version))
        if row is None:
            raise NotFound(f"There is no after-review of version {version}.", rule="after-review.exists", value=version,
                           next_step="Start from your home page.")
        return _review(row)

    def reviews(self, project: str) -> tuple[AfterReview, ...]:
        rows = self._session.scalars(select(AfterReviewRow).where(AfterReviewRow.project == project)
                                     .order_by(AfterReviewRow.version))
        return tuple(_review(row) for row in rows)

    def open_reviews(self, programmes: Collection[str], besides: str, count: int, skip: int = 0
                     ) -> tuple[AfterReview, ...]:
        """Those of these programmes that nobody has answered, the one due first first; none of `besides`'s projects."""
        rows = self._session.scalars(
            select(AfterReviewRow).join(ProjectRow, ProjectRow.slug == AfterReviewRow.project)
            .where(*_open_review(programmes, besides))
            .order_by(AfterReviewRow.due_on, AfterReviewRow.project).offset(skip).limit(count))
        return tuple(_review(row) for row in rows)

    def count_open_reviews(self, programmes: Collection[str], besides: str) -> int:
        return self._session.scalar(
            select(func.count()).select_from(AfterReviewRow)
            .join(ProjectRow, ProjectRow.slug == AfterReviewRow.project)
            .where(*_open_review(programmes, besides))) or 0

    def decide_review(self, review: AfterReview) -> None:
        row = self._session.get_one(AfterReviewRow, (review.project, review.version))
        row.outcome, row.words = review.outcome, review.words
        row.decided_by, row.decided_at = review.decided_by, review.decided_at


def _unaccepted(programmes: Collection[str], besides: str) -> tuple[ColumnElement[bool], ...]:
    return (VersionRow.outcome == Outcome.WAITING.value, VersionRow.accepted_by.is_(None),
            ProjectRow.programme.in_(sorted(programmes)), ProjectRow.status.in_(["owner-review", "agreement"]),
            _without(besides))


def _open_review(programmes: Collection[str], besides: str) -> tuple[ColumnElement[bool], ...]:
    return AfterReviewRow.decided_by.is_(None), ProjectRow.programme.in_(sorted(programmes)), _without(besides)


def _without(member: str) -> ColumnElement[bool]:
    """Projects to which this person does not belong."""
    return ~exists().where(MembershipRow.project == ProjectRow.slug, MembershipRow.username == member)


def _answers(version: Version) -> dict[str, Any]:
    return {"outcome": version.outcome.value, "settled_at": version.settled_at, "accepted_by": version.accepted_by,
            "accepted_at": version.accepted_at}


def _version(row: VersionRow) -> Version:
    return Version(row.project, row.number, from_json(row.application), row.submitted_by, row.submitted_at,
                   Outcome(row.outcome), row.settled_at, row.accepted_by, row.accepted_at)


def _review(row: AfterReviewRow) -> AfterReview:
    return AfterReview(row.project, row.version, row.opened_at, row.due_on, row.outcome, row.words, row.decided_by,
                       row.decided_at)
