"""Requests read whole: past the mapper, and in as many questions for many as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, select
from sqlalchemy.orm import Session

from readingroom.core.disclosure.recomputing import Recomputation
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.requests import (
    AirlockRequest,
    Assurance,
    Decision,
    FileKind,
    Group,
    Origin,
    OutputFile,
    Review,
    SignOff,
    Vote,
)
from readingroom.db.plain import plain
from readingroom.db.tables import FileRow, GroupRow, RequestRow, ReviewRow, SignOffRow, VoteRow

AT_ONCE = 500
"""Requests whose files are asked for in one question: databases bound how many values one may name."""

REQUESTS = RequestRow.__table__
_FILES, _GROUPS, _REVIEWS = FileRow.__table__, GroupRow.__table__, ReviewRow.__table__
_VOTES, _SIGN_OFFS = VoteRow.__table__, SignOffRow.__table__
_NUMBERS: BindParameter[int] = bindparam("numbers", expanding=True)
_FILES_OF = (
    select(_FILES, _GROUPS.c.name.label("group_name"), _GROUPS.c.context.label("group_context"),
           _GROUPS.c.controls.label("group_controls"))
    .outerjoin(_GROUPS, _GROUPS.c.id == _FILES.c.group_id)
    .where(_FILES.c.request.in_(_NUMBERS)).order_by(_FILES.c.id))
_REVIEWS_OF = (
    select(_REVIEWS, _VOTES.c.file_id, _VOTES.c.decision, _VOTES.c.comment)
    .outerjoin(_VOTES, _VOTES.c.review_id == _REVIEWS.c.id)
    .where(_REVIEWS.c.request.in_(_NUMBERS)).order_by(_REVIEWS.c.id, _VOTES.c.file_id))
_SIGN_OFFS_OF = select(_SIGN_OFFS).where(_SIGN_OFFS.c.request.in_(_NUMBERS)).order_by(_SIGN_OFFS.c.signed_at)


def whole(session: Session, found: Iterable[Any]) -> tuple[AirlockRequest, ...]:
    """The requests of which `found` are rows with all columns of REQUESTS, in that order."""
    rows = tuple(found)
    return tuple(one for start in range(0, len(rows), AT_ONCE) for one in _whole(session, rows[start:start + AT_ONCE]))


def _whole(session: Session, rows: Sequence[Any]) -> Iterable[AirlockRequest]:
    numbers = [row.number for row in rows]
    files, reviews, sign_offs = (_by_request(session, statement, numbers)
                                 for statement in (_FILES_OF, _REVIEWS_OF, _SIGN_OFFS_OF))
    return (_request(row, files[row.number], reviews[row.number], sign_offs[row.number]) for row in rows)


def _by_request(session: Session, statement: Select[Any], numbers: Sequence[int]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in plain(session, statement, {"numbers": numbers}):
        found[row.request].append(row)
    return found


def _request(row: Any, files: Sequence[Any], reviews: Sequence[Any], sign_offs: Sequence[Any]) -> AirlockRequest:
    return AirlockRequest(
        number=row.number, project=row.project, author=row.author, title=row.title, purpose=row.purpose,
        status=RequestStatus(row.status), round=row.round, created_at=row.created_at, submitted_at=row.submitted_at,
        files=tuple(_file(file) for file in files if file.round == row.round),
        sign_off_by=frozenset(row.sign_off_by),
        sign_offs=tuple(SignOff(one.custodian, one.round, one.signed_at, one.comment, one.void) for one in sign_offs),
        earlier=tuple(_file(file) for file in files if file.round < row.round),
        reviews=tuple(_review(list(votes)) for _, votes in groupby(reviews, key=lambda one: one.id)),
        checkers_required=row.checkers_required, verified_checkers=row.verified_checkers,
        outcome_comment=row.outcome_comment, private_answer=row.private_answer,
        thaws_to=None if row.thaws_to is None else RequestStatus(row.thaws_to), direction=Direction(row.direction),
    )


def _file(row: Any) -> OutputFile:
    return OutputFile(
        id=row.id, name=row.name, sha256=row.sha256, size_bytes=row.size_bytes, output_type=row.output_type,
        assurance=Assurance(row.assurance), context=row.context, controls=row.controls, evidence=row.evidence,
        verdict=None if row.verdict is None else Verdict(row.verdict),
        findings=tuple(_finding(finding) for finding in row.findings), round=row.round, kind=FileKind(row.kind),
        group=Group() if row.group_id is None else Group(row.group_name, row.group_context, row.group_controls),
        origin=None if row.source is None else Origin(row.source, row.licence or ""),
        recomputed=None if row.recomputed is None else Recomputation.of(row.recomputed),
    )


def _finding(stored: dict[str, object]) -> Finding:
    cells = tuple(
        Cell(tuple(cell["row"]), tuple(cell["column"]), None if cell["position"] is None else tuple(cell["position"]))
        for cell in stored["cells"])  # type: ignore[attr-defined]
    return Finding(rule=str(stored["rule"]), verdict=Verdict[str(stored["verdict"]).upper()],
                   message=str(stored["message"]), next_step=str(stored["next_step"]), cells=cells,
                   parameters=dict(stored["parameters"]), source=str(stored["source"]))  # type: ignore[call-overload]


def _review(rows: Sequence[Any]) -> Review:
    """Of a row for each vote, or one without any."""
    row = rows[0]
    return Review(checker=row.checker, round=row.round, submitted_at=row.submitted_at, note=row.note, void=row.void,
                  votes=tuple(Vote(one.file_id, Decision(one.decision), one.comment)
                              for one in rows if one.file_id is not None))
