"""Checkers' comments on places in outputs: written while they judge, read when it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from readingroom.core import comments as core
from readingroom.core.comments import Audience, Comment, Remark
from readingroom.core.inspection.anchors import anchored
from readingroom.core.inspection.preview import preview
from readingroom.core.people import Person
from readingroom.core.projects import Project
from readingroom.core.requests import AirlockRequest
from readingroom.errors import InvalidInput, InvalidTransition, NotFound
from readingroom.services.room import ReadingRoom


def add(room: ReadingRoom, tx: Any, request: AirlockRequest, checker: str, remarks: Sequence[Remark]) -> None:
    """Keep what a checker remarks on files of the present round; the same remark twice is one.

    All or none: InvalidInput for a place that is not shown, for no words, and for too many of them.
    """
    files = {file.id: file for file in request.files}
    known = tx.comments.of_request(request.number)
    mine = [one for one in known if (one.round, one.checker) == (request.round, checker)]
    for remark in remarks:
        file = files.get(remark.file_id)
        if file is None:
            raise NotFound(f"Request {request.number} has no such file in this round.", rule="request.file",
                           value=remark.file_id, next_step="Reload the request; its files may have changed.")
        words = core.check_text(remark.text)
        anchor = anchored(preview(file.name, room.blobs.get(file.sha256), file.findings), remark.at)
        same = (file.id, anchor.at, words, remark.audience)
        if same in {(one.file_id, one.anchor.at, one.text, one.audience) for one in mine}:
            continue
        if len(mine) >= core.MOST:
            raise InvalidInput(f"You have written {len(mine)} comments on this round.", rule="comment.most",
                               value=len(mine), next_step="Say the rest in the comment on the file.")
        made = tx.comments.add(Comment(0, request.number, request.round, file.id, checker, room.now(), words,
                                       remark.audience, anchor))
        mine.append(made)
        tx.events.record(checker, "comment.written", f"request:{request.number}", request.project,
                         round=request.round, file=file.name, sha256=file.sha256, at=anchor.at,
                         audience=remark.audience.value, comment=words)


def take_back(tx: Any, request: AirlockRequest, checker: str, comment: int) -> None:
    """Take one's own comment on the present round away before others read it; the log keeps it."""
    found = next((one for one in tx.comments.of_request(request.number) if one.id == comment), None)
    if found is None or found.checker != checker:
        raise NotFound(f"There is no comment {comment} of yours on request {request.number}.", rule="comment.exists",
                       value=comment, next_step="Reload the request.")
    if found.round != request.round or checker in {review.checker for review in request.reviews
                                                   if review.round == request.round}:
        raise InvalidTransition("This comment was given with your review and stays.", rule="comment.given",
                                value=comment, next_step="Write another one that puts it right.")
    tx.comments.take_back(comment)
    tx.events.record(checker, "comment.taken-back", f"request:{request.number}", request.project, round=found.round,
                     file_id=found.file_id, at=found.anchor.at, audience=found.audience.value)


def explained(tx: Any, request: AirlockRequest, checker: str) -> frozenset[int]:
    """The files of the present round on which the researcher will read a comment of this checker."""
    return frozenset(one.file_id for one in tx.comments.of_request(request.number)
                     if (one.round, one.checker, one.audience) == (request.round, checker, Audience.RESEARCHER))


def visible(tx: Any, person: Person, request: AirlockRequest, project: Project) -> tuple[Comment, ...]:
    """The comments on a request, of every round, that this person may know of; oldest first."""
    written = tx.comments.of_request(request.number)
    if person.username in project.members:
        return core.for_members(request, written)
    return core.for_checker(request, person.username, written)
