"""Requests, of both directions, with their files, reviews and releases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.exc import IntegrityError as ConstraintFailed
from sqlalchemy.orm import Session

from readingroom.core.disclosure.recomputing import Recomputation
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.lifecycle import THAWS_TO, Direction, RequestStatus
from readingroom.core.requests import AirlockRequest, Assurance, Delivery, OutputFile, Release, Review, SignOff
from readingroom.db.plain import plain
from readingroom.db.request_reading import REQUESTS, whole
from readingroom.db.tables import (
    DeliveryRow,
    FileRow,
    GroupRow,
    RecallRow,
    ReleaseRow,
    RequestRow,
    ReviewRow,
    SignOffRow,
    VoteRow,
)
from readingroom.errors import InvalidTransition, NotFound


class Requests:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, *, project: str, author: str, title: str, purpose: str, at: datetime,
            checkers_required: int, private_answer: int | None = None, direction: Direction = Direction.OUT) -> int:
        """A new draft; returns its number. InvalidTransition if the author has an active one that way there."""
        row = RequestRow(project=project, author=author, title=title, purpose=purpose, round=0, created_at=at,
                         status=RequestStatus.DRAFT.value, checkers_required=checkers_required,
                         private_answer=private_answer, direction=direction.value)
        self._session.add(row)
        try:
            self._session.flush()
        except ConstraintFailed as error:
            raise InvalidTransition(
                "You already have an active request " + ("to bring files into" if direction is Direction.IN else "in")
                + " this project.", rule="request.one-active", value=project,
                next_step="Wait for its decision, answer it if it was returned, or withdraw it first.") from error
        return row.number

    def add_round(self, number: int, files: Sequence[OutputFile], at: datetime, sent_as: str = "") -> None:
        """Start the next round with these files (their ids are given here), sent under this key if any."""
        row = self._row(number)
        row.round += 1
        row.verified_checkers = None
        row.sent_as = sent_as or None
        row.submitted_at = at
        groups = {group: GroupRow(request=number, round=row.round, name=group.name, context=group.context,
                                  controls=group.controls)
                  for group in dict.fromkeys(file.group for file in files) if group.name}
        row.files.extend(FileRow(
            request=number, round=row.round, name=file.name, sha256=file.sha256, size_bytes=file.size_bytes,
            output_type=file.output_type, assurance=file.assurance.value, context=file.context,
            controls=file.controls, evidence=file.evidence, verdict=None, findings=[], kind=file.kind.value,
            group=groups.get(file.group), source=file.origin and file.origin.source,
            licence=file.origin and file.origin.licence) for file in files)
        self._session.flush()

    def get(self, number: int) -> AirlockRequest:
        found = whole(self._session, plain(self._session, _ONE, {"number": number}))
        if not found:
            raise _unknown(number)
        return found[0]

    def sent_as(self, author: str, project: str, key: str) -> AirlockRequest | None:
        """The request whose present round its author sent under this key."""
        found = self._where(RequestRow.author == author, RequestRow.project == project, RequestRow.sent_as == key)
        return found[-1] if found else None

    def set_status(self, number: int, status: RequestStatus) -> None:
        """A request that is frozen keeps where it thaws to."""
        row = self._row(number)
        row.thaws_to = THAWS_TO[RequestStatus(row.status)].value if status is RequestStatus.FROZEN else None
        row.status = status.value

    def set_outcome_comment(self, number: int, comment: str) -> None:
        self._row(number).outcome_comment = comment

    def set_recomputed(self, file_id: int, told: Recomputation, evidence: dict[str, Any] | None) -> None:
        """What came of computing a file again; with the evidence that the platform found, if that is the file's."""
        row = self._session.get_one(FileRow, file_id)
        row.recomputed = told.as_dict()
        if evidence is not None:
            row.evidence, row.assurance = evidence, Assurance.VERIFIED.value

    def set_checked(self, file_id: int, output_type: str, verdict: Verdict, findings: Sequence[Finding]) -> None:
        row = self._session.get_one(FileRow, file_id)
        row.output_type, row.verdict = output_type, int(verdict)
        row.findings = [finding.as_dict() for finding in findings]

    def add_findings(self, file_id: int, findings: Sequence[Finding]) -> bool:
        """Add to what was found of a checked file what is not there yet, worst first; whether anything was new."""
        row = self._session.get_one(FileRow, file_id)
        new = [told for finding in findings if (told := finding.as_dict()) not in row.findings]
        if not new:
            return False
        row.findings = sorted([*row.findings, *new], key=lambda told: -Verdict[str(told["verdict"]).upper()])
        if row.verdict is not None:
            row.verdict = max(row.verdict, *(int(finding.verdict) for finding in findings))
        return True

    def save_review(self, number: int, review: Review) -> None:
        """Store a checker's review of a round, replacing their earlier one of the same round."""
        row = self._row(number)
        mine = next((r for r in row.reviews if (r.round, r.checker) == (review.round, review.checker)), None)
        if mine is None:
            mine = ReviewRow(request=number, round=review.round, checker=review.checker)
            row.reviews.append(mine)
        mine.submitted_at, mine.note, mine.void = review.submitted_at, review.note, ""
        mine.votes = [VoteRow(file_id=vote.file_id, decision=vote.decision.value, comment=vote.comment)
                      for vote in review.votes]
        self._session.flush()

    def void_review(self, number: int, round: int, checker: str, rule: str) -> None:
        """Let a checker's review of a round count no more, by this rule."""
        for row in self._row(number).reviews:
            if (row.round, row.checker) == (round, checker):
                row.void = rule
        self._session.flush()

    def set_sign_off_by(self, number: int, custodians: Iterable[str]) -> None:
        self._row(number).sign_off_by = sorted(custodians)

    def set_checkers_required(self, number: int, count: int) -> None:
        self._row(number).checkers_required = count

    def set_verified_checkers(self, number: int, count: int | None) -> None:
        """How many approvals are enough if every file is verified and passed; None: as many as of any other."""
        self._row(number).verified_checkers = count

    def save_sign_off(self, number: int, given: SignOff) -> None:
        """Store a custodian's sign-off of a round, replacing their earlier one of it, which counted no more."""
        row = self._row(number)
        key = (given.round, given.custodian)
        mine = next((one for one in row.sign_offs if (one.round, one.custodian) == key), None)
        if mine is None:
            mine = SignOffRow(request=number, round=given.round, custodian=given.custodian)
            row.sign_offs.append(mine)
        mine.signed_at, mine.comment, mine.void = given.at, given.comment, ""
        self._session.flush()

    def void_sign_off(self, number: int, round: int, custodian: str, rule: str) -> None:
        """Let a custodian's sign-off of a round count no more, by this rule."""
        for row in self._row(number).sign_offs:
            if (row.round, row.custodian) == (round, custodian):
                row.void = rule
        self._session.flush()

    def with_status(self, *statuses: RequestStatus, project: str = "", author: str = "") -> tuple[AirlockRequest, ...]:
        """Requests in one of these states; of one project or author if named."""
        conditions = [RequestRow.status.in_([status.value for status in statuses])]
        conditions += [RequestRow.project == project] if project else []
        conditions += [RequestRow.author == author] if author else []
        return self._where(*conditions)

    def counts(self) -> dict[RequestStatus, int]:
        """How many requests there are in each status; one without any is left out."""
        rows = self._session.execute(select(RequestRow.status, func.count()).group_by(RequestRow.status))
        return {RequestStatus(status): number for status, number in rows}

    def numbers(self, *statuses: RequestStatus) -> tuple[int, ...]:
        """The numbers of all requests with one of these statuses, as they were made."""
        return tuple(plain(self._session, _NUMBERS, {"statuses": [status.value for status in statuses]}).scalars())

    def rounds(self, *statuses: RequestStatus) -> tuple[tuple[int, int, Direction], ...]:
        """The numbers of all requests with one of these statuses, the round of each, and which way it goes."""
        rows = self._session.execute(select(RequestRow.number, RequestRow.round, RequestRow.direction).where(
            RequestRow.status.in_([status.value for status in statuses])).order_by(RequestRow.number))
        return tuple((number, round, Direction(direction)) for number, round, direction in rows)

    def submitted(self, *statuses: RequestStatus) -> tuple[tuple[int, datetime, Direction], ...]:
        """The numbers of all requests with one of these statuses, when each was submitted, and which way it goes."""
        rows = self._session.execute(select(RequestRow.number, RequestRow.submitted_at, RequestRow.direction).where(
            RequestRow.status.in_([status.value for status in statuses]), RequestRow.submitted_at.is_not(None)))
        return tuple((number, at, Direction(direction)) for number, at, direction in rows)

    def of_private_answer(self, answer_id: int) -> AirlockRequest | None:
        """The request by which an answer leaves or left; one rejected or withdrawn does not count."""
        ended = [RequestStatus.REJECTED.value, RequestStatus.WITHDRAWN.value]
        found = self._where(RequestRow.private_answer == answer_id, RequestRow.status.not_in(ended))
        return found[0] if found else None

    def newest_numbers(self, count: int, direction: Direction, *statuses: RequestStatus) -> tuple[int, ...]:
        """The numbers of the last ones of a direction, with one of these statuses, that people had to decide on;
        newest first."""
        return tuple(self._session.scalars(
            select(RequestRow.number).where(RequestRow.status.in_([status.value for status in statuses]),
                                            RequestRow.direction == direction.value, RequestRow.checkers_required > 0)
            .order_by(RequestRow.number.desc()).limit(count)))

    def answered_since(self, at: datetime, checkers: Collection[str]) -> dict[str, int]:
        """How many reviews each of these gave since then to requests that are not in review any more."""
        open_now = select(RequestRow.number).where(RequestRow.status == RequestStatus.IN_REVIEW.value)
        rows = self._session.execute(
            select(ReviewRow.checker, func.count())
            .where(ReviewRow.checker.in_(sorted(checkers)), ReviewRow.submitted_at >= at,
                   ReviewRow.request.not_in(open_now))
            .group_by(ReviewRow.checker))
        return dict(rows.all())  # type: ignore[arg-type]

    def of_author(self, username: str, project: str = "", count: int | None = None, skip: int = 0,
                  direction: Direction = Direction.OUT) -> tuple[AirlockRequest, ...]:
        """A researcher's requests of one direction, newest first; of one project if named; `count` of them after the
        first `skip`."""
        query = select(REQUESTS).where(*_by(username, project, direction)).order_by(RequestRow.number.desc())
        return whole(self._session, plain(self._session, query.offset(skip).limit(count)))

    def count_of_author(self, username: str, project: str = "", direction: Direction = Direction.OUT) -> int:
        query = select(func.count()).select_from(RequestRow).where(*_by(username, project, direction))
        return self._session.scalar(query) or 0

    def of_project(self, project: str) -> tuple[AirlockRequest, ...]:
        return self._where(RequestRow.project == project)

    def released(self, project: str) -> tuple[tuple[AirlockRequest, Release, bool], ...]:
        """What was released of a project, newest first, and whether it was recalled since."""
        rows = plain(self._session, (
            select(REQUESTS, ReleaseRow.filename, ReleaseRow.sha256, ReleaseRow.made_at,
                   RecallRow.request.is_not(None).label("recalled"))
            .join(ReleaseRow, ReleaseRow.request == RequestRow.number)
            .outerjoin(RecallRow, RecallRow.request == RequestRow.number).where(RequestRow.project == project)
            .order_by(ReleaseRow.made_at.desc(), RequestRow.number.desc()))).all()
        return tuple((request, Release(row.number, row.filename, row.sha256, row.made_at), row.recalled)
                     for request, row in zip(whole(self._session, rows), rows, strict=True))

    def add_release(self, release: Release) -> None:
        self._session.add(ReleaseRow(request=release.request, filename=release.filename, sha256=release.sha256,
                                     made_at=release.made_at))

    def release(self, number: int) -> Release | None:
        return self.releases([number]).get(number)

    def releases(self, numbers: Collection[int]) -> dict[int, Release]:
        """The releases of these requests that have one."""
        rows = plain(self._session, _RELEASES, {"numbers": sorted(numbers)}) if numbers else ()
        return {row.request: Release(row.request, row.filename, row.sha256, row.made_at) for row in rows}

    def add_delivery(self, made: Delivery) -> None:
        self._session.add(DeliveryRow(request=made.request, delivered_at=made.at))

    def delivery(self, number: int) -> Delivery | None:
        row = self._session.get(DeliveryRow, number)
        return None if row is None else Delivery(row.request, row.delivered_at)

    def delivered(self, projects: Collection[str], count: int | None = None, skip: int = 0
                  ) -> tuple[tuple[AirlockRequest, Delivery], ...]:
        """What was brought into these projects, newest first; `count` of it after the first `skip`."""
        rows = plain(self._session, (
            select(REQUESTS, DeliveryRow.delivered_at).join(DeliveryRow, DeliveryRow.request == RequestRow.number)
            .where(RequestRow.project.in_(sorted(projects)))
            .order_by(DeliveryRow.delivered_at.desc(), RequestRow.number.desc()).offset(skip).limit(count))).all()
        return tuple((request, Delivery(row.number, row.delivered_at))
                     for request, row in zip(whole(self._session, rows), rows, strict=True))

    def count_delivered(self, projects: Collection[str]) -> int:
        query = select(func.count()).select_from(DeliveryRow).join(
            RequestRow, DeliveryRow.request == RequestRow.number).where(RequestRow.project.in_(sorted(projects)))
        return self._session.scalar(query) or 0

    def _where(self, *conditions: object) -> tuple[AirlockRequest, ...]:
        query = select(REQUESTS).where(*conditions).order_by(RequestRow.number)  # type: ignore[arg-type]
        return whole(self._session, plain(self._session, query))

    def _row(self, number: int) -> RequestRow:
        row = self._session.get(RequestRow, number)
        if row is None:
            raise _unknown(number)
        return row


_RELEASES = select(ReleaseRow.__table__).where(ReleaseRow.request.in_(bindparam("numbers", expanding=True)))
_NUMBERS = select(RequestRow.number).where(
    RequestRow.status.in_(bindparam("statuses", expanding=True))).order_by(RequestRow.number)
_ONE = select(REQUESTS).where(REQUESTS.c.number == bindparam("number"))


def _unknown(number: int) -> NotFound:
    return NotFound(f"There is no request {number}.", rule="request.exists", value=number,
                    next_step="Check the number, or start from your home page.")


def _by(username: str, project: str, direction: Direction) -> tuple[ColumnElement[bool], ...]:
    which = (RequestRow.project == project,) if project else ()
    return (RequestRow.author == username, RequestRow.direction == direction.value, *which)
