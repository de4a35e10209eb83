"""`/sign-offs`: the custodian's own sign-off, after the checkers'."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from readingroom.services import sign_off as service
from readingroom.web.api import told
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS
from readingroom.web.api.desk import sheets
from readingroom.web.api.desk.review import Said, Stands, decided
from readingroom.web.api.desk.visitor import Changing, Visiting
from readingroom.web.api.sent import Answer, example
from readingroom.web.api.workspace import rules
from readingroom.web.portal import Here, Number, PageNumber

router = APIRouter(tags=["desk: sign-offs"], responses=REFUSALS)


class Word(StrEnum):
    SIGN = "sign"
    RETURN = "return"


class LastWord(Answer):
    """A custodian's decision on a round; one who returns it says what would make it acceptable."""

    model_config = example(round=1, decision="sign", comment="Agreed with the department.")
    decision: Word
    comment: Said = ""


@exactly
class Waiting(TypedDict):
    number: int
    title: str
    project: str
    round: int


@exactly
class SignedSheet(sheets.Sheet):
    """`reasons` are those that checkers gave for approving it."""

    reasons: list[str]


@exactly
class SignOff(TypedDict):
    """`may_sign` is "", or the reason why not. `comments` are those for the researcher, `reviews` of earlier rounds."""

    number: int
    title: str
    purpose: str
    project: str
    author: str
    status: str
    round: int
    may_sign: str
    rules: dict[str, Any]
    files: list[SignedSheet]
    groups: list[told.Grouped]
    reviews: list[sheets.Reviewed]
    comments: list[sheets.CheckersComment]


@router.get("/sign-offs")
def waiting(here: Here, looking: Visiting) -> list[Waiting]:
    """What waits for the caller's sign-off, oldest first; nothing for who is no custodian."""
    return [{"number": one.number, "title": one.title, "project": one.project, "round": one.round}
            for one in service.waiting(here.room, looking.username)]


@router.get("/sign-offs/{number}")
def look(here: Here, looking: Visiting, number: Number) -> SignOff:
    """What is to be signed off. That the caller saw each file goes on the log. 404 before it is theirs to see."""
    view = service.look(here.room, looking.username, number)
    request = view.request
    return {
        "number": request.number, "title": request.title, "purpose": request.purpose, "project": request.project,
        "author": request.author, "status": request.status.value, "round": request.round, "may_sign": view.refused,
        "rules": rules(view.policy),
        "files": [sheets.sheet(file, view.sights[file.id], view.resembling.get(file.id), optional=not file.crosses)
                  | {"reasons": list(view.reasons[file.id])} for file in request.files],
        "groups": told.grouped(request.files),
        "reviews": [sheets.reviewed(request, one) for one in view.reviews],
        "comments": [sheets.commented(request, one) for one in view.comments],
    }


@router.get("/sign-offs/{number}/files/{file_id}")
def part(here: Here, looking: Visiting, number: Number, file_id: Number,
         part: Annotated[PageNumber, Query(description="from 1")] = 1) -> sheets.Shown:
    """One part of a long file."""
    view = service.look(here.room, looking.username, number)
    return sheets.shown(service.file_of(view, file_id), view.sights[file_id].content, part)


@router.post("/sign-offs/{number}")
def decide(here: Here, looking: Changing, number: Number, given: LastWord) -> Stands:
    """Sign a round off, or return it to its author. 409 if it does not wait for the caller in this round."""
    act = {Word.SIGN: service.give, Word.RETURN: service.send_back}[given.decision]
    return decided(act(here.room, looking.username, number, given.round, given.comment))
