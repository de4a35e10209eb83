"""What lapses: the terms of which there is news, found by the database in one question for each kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, delete, func, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from readingroom.core.lapsing import ENDED, WARN_DAYS, Means, Term, Told, stage_of
from readingroom.core.lifecycle import GrantStatus
from readingroom.core.people import QualificationKind, Standing
from readingroom.db.grants import in_live_project
from readingroom.db.tables import GrantRow, LapseRow, PersonRow, ProjectRow, QualificationRow, SignatureRow


class Lapses:
    def __init__(self, session: Session) -> None:
        self._session = session

    def due(self, today: date, count: int) -> tuple[Term, ...]:
        """At most `count` terms of which something is to be told, or whose state has to follow the date."""
        found: list[Term] = []
        for query in (_grants(today), _projects(today), _people(today), _undertakings(today)):
            if len(found) < count:
                found += [_term(*row) for row in self._session.execute(query.limit(count - len(found)))]
        return tuple(found)

    def told(self, means: Means, key: str) -> Told | None:
        """What was told last of one term."""
        row = self._session.get(LapseRow, (means.value, key))
        return None if row is None else Told(row.ends_on, row.stage)

    def set_told(self, terms: Sequence[Term], today: date) -> None:
        """Remember that of these terms all was told that there is to tell today."""
        for means in {term.means for term in terms}:
            keys = [term.key for term in terms if term.means is means]
            self._session.execute(delete(LapseRow).where(LapseRow.means == means.value, LapseRow.key.in_(keys)))
        self._session.execute(insert(LapseRow), [
            {"means": term.means.value, "key": term.key, "ends_on": term.ends_on,
             "stage": stage_of(term.ends_on, today)} for term in terms])

    def forget_grant(self, grant: int) -> None:
        """Its renewal was told by whoever renewed it: warnings begin anew."""
        self._session.execute(delete(LapseRow).where(LapseRow.means == Means.GRANT.value, LapseRow.key == str(grant)))

    def set_grants(self, ids: Iterable[int], status: GrantStatus) -> None:
        """Change the status of many grants at once."""
        self._session.execute(update(GrantRow).where(GrantRow.id.in_(list(ids))).values(status=status.value))


def _grants(today: date) -> Select[Any]:
    """Of projects that are live. An active grant past its end is due whatever was told; an expired one only to undo.

    One that expired otherwise was never said to have ended here, so no clock brings it back.
    """
    key = cast(GrantRow.id, String)
    active = and_(GrantRow.status == GrantStatus.ACTIVE.value,
                  or_(GrantRow.expires_on < today, _has_news(GrantRow.expires_on, today)))
    other = aliased(GrantRow)
    replaced = select(other.id).where(other.project == GrantRow.project, other.dataset == GrantRow.dataset,
                                      other.status.in_([GrantStatus.ACTIVE.value, GrantStatus.SUSPENDED.value]))
    undone = and_(GrantRow.status == GrantStatus.EXPIRED.value, LapseRow.stage == ENDED, GrantRow.expires_on >= today,
                  ~replaced.exists())
    return (
        select(*_columns(Means.GRANT, key, GrantRow.expires_on), GrantRow.project, GrantRow.dataset, GrantRow.status)
        .join(ProjectRow, ProjectRow.slug == GrantRow.project).outerjoin(LapseRow, _told(Means.GRANT, key))
        .where(in_live_project(), or_(active, undone)).order_by(GrantRow.id))


def _projects(today: date) -> Select[Any]:
    return (
        select(*_columns(Means.PROJECT, ProjectRow.slug, ProjectRow.expires_on), ProjectRow.slug)
        .outerjoin(LapseRow, _told(Means.PROJECT, ProjectRow.slug))
        .where(in_live_project(), _has_news(ProjectRow.expires_on, today))
        .order_by(ProjectRow.slug))


def _people(today: date) -> Select[Any]:
    """The training and accreditation that hold: the last recorded of each kind."""
    last = select(func.max(QualificationRow.id)).group_by(QualificationRow.username, QualificationRow.kind)
    kinds = [QualificationKind.TRAINING.value, QualificationKind.ACCREDITATION.value]
    told = and_(LapseRow.means == QualificationRow.kind, LapseRow.key == QualificationRow.username)
    return (
        select(*_columns(QualificationRow.kind, QualificationRow.username, QualificationRow.held_until))
        .join(PersonRow, PersonRow.username == QualificationRow.username).outerjoin(LapseRow, told)
        .where(QualificationRow.id.in_(last), QualificationRow.kind.in_(kinds),
               QualificationRow.held_until.is_not(None), PersonRow.standing != Standing.BARRED.value,
               _has_news(QualificationRow.held_until, today))
        .order_by(QualificationRow.username, QualificationRow.kind))


def _undertakings(today: date) -> Select[Any]:
    """The undertakings that were signed last, where they end."""
    last = select(func.max(SignatureRow.id)).group_by(SignatureRow.username)
    return (
        select(*_columns(Means.UNDERTAKING, SignatureRow.username, SignatureRow.held_until))
        .join(PersonRow, PersonRow.username == SignatureRow.username)
        .outerjoin(LapseRow, _told(Means.UNDERTAKING, SignatureRow.username))
        .where(SignatureRow.id.in_(last), SignatureRow.held_until.is_not(None),
               PersonRow.standing != Standing.BARRED.value, _has_news(SignatureRow.held_until, today))
        .order_by(SignatureRow.username))


def _columns(means: Any, key: Any, ends_on: Any) -> tuple[Any, ...]:
    named = means if isinstance(means, InstrumentedAttribute) else cast(means.value, String)
    return named, key, ends_on, LapseRow.ends_on, LapseRow.stage


def _told(means: Means, key: Any) -> ColumnElement[bool]:
    return and_(LapseRow.means == means.value, LapseRow.key == key)


def _has_news(ends_on: Any, today: date) -> ColumnElement[bool]:
    """What core.lapsing.news_of says, as a condition; a test holds the two against each other."""
    steps = [(ends_on < today, ENDED), *((ends_on <= today + timedelta(days=days), days) for days in sorted(WARN_DAYS))]
    stage = case(*steps, else_=None)
    undone = and_(LapseRow.stage == ENDED, ends_on >= today)
    new = or_(LapseRow.key.is_(None), LapseRow.ends_on != ends_on, LapseRow.stage.is_(None), LapseRow.stage > stage)
    return or_(undone, and_(ends_on <= today + timedelta(days=max(WARN_DAYS)), new))


def _term(means: str, key: str, ends_on: date, told_for: date | None, stage: int | None, project: str = "",
          dataset: str = "", status: str = "") -> Term:
    told = None if told_for is None else Told(told_for, stage)
    return Term(Means(means), key, ends_on, told, project, dataset, status)
