"""`/queue` and `/requests/N/review`: what a checker is shown, and what they decide, blind to each other as on the page.

Files are shown as they were read, never as they were sent: what leaves, leaves in a release.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from typing_extensions import TypedDict

from readingroom.core import egress
from readingroom.core.comments import Audience, Remark
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import AirlockRequest, Decision, OutputFile, Vote
from readingroom.errors import StaleForm
from readingroom.services import requests as service
from readingroom.services.attempts import refusals_logged
from readingroom.web.api import told
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS
from readingroom.web.api.desk import sheets
from readingroom.web.api.desk.requests import seen
from readingroom.web.api.desk.visitor import Changing, Visiting
from readingroom.web.api.sent import Answer, Body, example
from readingroom.web.api.workspace import rules
from readingroom.web.portal import Here, Number, PageNumber

router = APIRouter(tags=["desk: checking"], responses=REFUSALS)
Said = Annotated[str, Field(max_length=5000)]
Name = Annotated[str, Field(max_length=100)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="of the bytes that were judged: 409 if the file "
                              "has others now")]


HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Ballot(Body):
    """One vote: the file by its name and by what was judged. A comment is for the researcher."""

    file: Name
    sha256: Sha256
    decision: Decision
    comment: Said = ""


class Placed(Body):
    """A comment on a place in a file: `at` as in `cell:3,2`, `line:7`, `code:2,5`, `print:2,1`; "" is the file."""

    file: Name
    sha256: Sha256
    at: Annotated[str, Field(max_length=60)] = ""
    comment: Said
    audience: Audience = Audience.RESEARCHER


class GivenReview(Answer):
    """A checker's answer to a round. `note` is for other checkers."""

    model_config = example(round=1, votes=[{"file": "return_by_age.csv", "sha256": HASH, "decision": "change-needed",
                                            "comment": "Merge the ages under 20."}], note="As in request 9.")
    votes: list[Ballot]
    note: Said = ""
    comments: list[Placed] = Field(default_factory=list)


class GivenComments(Answer):
    """Comments on places, kept while a round is still judged."""

    model_config = example(round=1, comments=[{"file": "return_by_age.csv", "sha256": HASH, "at": "cell:3,2",
                                               "comment": "How many people is this?"}])
    comments: list[Placed]


class Outcome(StrEnum):
    RETURNED = RequestStatus.RETURNED.value
    REJECTED = RequestStatus.REJECTED.value


class Conclusion(Answer):
    """How checkers who do not all approve end a round; the researcher reads the comment."""

    model_config = example(round=1, outcome="returned", comment="Merge the ages under 20, then it can leave.")
    outcome: Outcome
    comment: Said


@exactly
class Queued(TypedDict):
    """`answered`: the caller gave a review of this round. `to_settle`: all did, and they differ. `suggested`: the
    caller is among those asked first."""

    number: int
    title: str
    project: str
    direction: str
    round: int
    submitted_at: str | None
    files: int
    answered: bool
    to_settle: bool
    suggested: bool


@exactly
class MayDecide(TypedDict):
    """What the caller may do now: "" or the reason why not."""

    review: str
    conclude: str


@exactly
class Desk(TypedDict):
    """`reviews` and `comments` are those that the caller may know of: their own, and others' once all have answered."""

    number: int
    title: str
    purpose: str
    project: str
    author: str
    direction: str
    status: str
    phase: str
    round: int
    may: MayDecide
    rules: dict[str, Any]
    files: list[sheets.Sheet]
    groups: list[told.Grouped]
    reviews: list[sheets.Reviewed]
    comments: list[sheets.CheckersComment]
    outcome_comment: str


@exactly
class Stands(TypedDict):
    """How the request stands after a decision."""

    number: int
    status: str
    phase: str
    round: int


@router.get("/queue")
def queue(here: Here, looking: Visiting) -> list[Queued]:
    """Requests that the caller may check or has checked, oldest first; none for who is no checker."""
    return [{
        "number": view.request.number, "title": view.request.title, "project": view.request.project,
        "direction": view.request.direction.value, "round": view.request.round,
        "submitted_at": view.request.submitted_at.isoformat() if view.request.submitted_at else None,
        "files": len(view.request.files), "answered": view.own_review is not None,
        "to_settle": not view.may["conclude"], "suggested": view.suggested,
    } for view in service.queue(here.room, looking.username)]


@router.get("/requests/{number}/review")
def look(here: Here, looking: Visiting, number: Number) -> Desk:
    """What a request is judged by. That the caller saw each of its files goes on the log."""
    with refusals_logged(here.room, looking.username, "request.look", f"request:{number}"):
        opened = service.opened(here.room, looking.username, number)
    view = opened.view
    request = view.request
    return {
        "number": request.number, "title": request.title, "purpose": request.purpose, "project": request.project,
        "author": request.author, "direction": request.direction.value, "status": request.status.value,
        "phase": view.phase.value, "round": request.round,
        "may": {"review": view.may["review"], "conclude": view.may["conclude"]},
        "rules": rules(opened.policy),
        "files": [sheets.sheet(file, opened.sights[file.id], opened.resembling.get(file.id),
                               optional=file.id in view.optional) for file in request.files],
        "groups": told.grouped(request.files),
        "reviews": [sheets.reviewed(request, one) for one in view.reviews],
        "comments": [sheets.commented(request, one) for one in view.comments],
        "outcome_comment": request.outcome_comment,
    }


@router.get("/requests/{number}/review/files/{file_id}")
def part(here: Here, looking: Visiting, number: Number, file_id: Number,
         part: Annotated[PageNumber, Query(description="from 1")] = 1) -> sheets.Shown:
    """One part of a long file. Which parts were opened is on the log; a file is approved once all were."""
    with refusals_logged(here.room, looking.username, "request.look", f"request:{number}"):
        file, content = service.file_content(here.room, looking.username, number, file_id, part, to_check=True)
    return sheets.shown(file, content, part)


@router.post("/requests/{number}/review")
def review(here: Here, looking: Changing, number: Number, given: GivenReview) -> Stands:
    """Give a review of a round; while consolidating, revise it. The last approval missing approves the request.

    409 if the round, or the bytes of a file, are not those that were judged.
    """
    request = seen(here, looking, number, "request.review").request
    votes = tuple(Vote(_file(request, one.file, one.sha256).id, one.decision, one.comment) for one in given.votes)
    return decided(service.review(here.room, looking.username, number, votes, given.note,
                                  _remarks(request, given.comments), round=given.round))


@router.post("/requests/{number}/comments")
def comment(here: Here, looking: Changing, number: Number, given: GivenComments) -> Stands:
    """Keep comments on places while still judging; others read them once all have answered."""
    view = seen(here, looking, number, "request.comment")
    service.remark(here.room, looking.username, number, given.round, _remarks(view.request, given.comments))
    return stands(view.request, view.phase)


@router.post("/requests/{number}/comments/{comment_id}/take-back")
def take_back(here: Here, looking: Changing, number: Number, comment_id: Number, answer: Answer) -> Stands:
    """Take one's own comment away before it was given with a review; the log keeps it."""
    service.take_comment_back(here.room, looking.username, number, answer.round, comment_id)
    view = service.get(here.room, looking.username, number)
    return stands(view.request, view.phase)


@router.post("/requests/{number}/conclude")
def conclude(here: Here, looking: Changing, number: Number, given: Conclusion) -> Stands:
    """Return the request for changes, or reject it, where the checkers of the round do not all approve."""
    return decided(service.conclude(here.room, looking.username, number, RequestStatus(given.outcome.value),
                                    given.comment, round=given.round))


def _file(request: AirlockRequest, name: str, sha256: str) -> OutputFile:
    found = next((file for file in request.files if (file.name, file.sha256) == (name, sha256)), None)
    if found is None:
        raise StaleForm(f"Round {request.round} of request {request.number} has no file {name!r} with these bytes.",
                        rule="review.file", value=sha256, next_step="Open the request again and look at its new files.")
    return found


def _remarks(request: AirlockRequest, given: Sequence[Placed]) -> tuple[Remark, ...]:
    return tuple(Remark(_file(request, one.file, one.sha256).id, one.at, one.comment, one.audience) for one in given)


def stands(request: AirlockRequest, phase: egress.Phase) -> Stands:
    return {"number": request.number, "status": request.status.value, "phase": phase.value, "round": request.round}


def decided(request: AirlockRequest) -> Stands:
    """After a decision, from the request with all of its reviews."""
    return stands(request, egress.phase(request))
