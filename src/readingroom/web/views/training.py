"""Training of checkers: the desk with made-up outputs, and how far answers agree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from readingroom.core.requests import OutputFile, Vote
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, NotFound
from readingroom.services import accounts
from readingroom.services import training as service
from readingroom.web import forms, served
from readingroom.web.portal import (
    Changed,
    Here,
    Looking,
    Number,
    PageNumber,
    Portal,
    Viewer,
    render,
    see,
    viewer,
)
from readingroom.web.presenters import outputs as present_outputs
from readingroom.web.presenters import training as present

router = APIRouter()
CHECKER = Role.CHECKER
ANSWERABLE = (Role.ADMINISTRATOR, Role.CUSTODIAN)


@router.get("/training")
def mine(request: Request, here: Here, looking: Looking) -> Response:
    rows = tuple(present.row(one, here.room.now()) for one in service.mine(here.room, looking.username))
    return render(request, "training/mine.html", CHECKER, rows=rows)


@router.post("/training")
def begin(here: Here, looking: Looking, form: Changed) -> Response:
    return see(f"/training/{service.begin(here.room, looking.username)}")


@router.get("/training/scores")
def scores(request: Request, here: Here, looking: Looking) -> Response:
    found = service.scores(here.room, looking.username)
    names = {one: accounts.person(here.room, one).display_name for one in {taken.session.person for taken in found}}
    rows = tuple(present.row(one, here.room.now(), names[one.session.person]) for one in found)
    role = next((role for role in ANSWERABLE if role in looking.person.roles), None)
    return render(request, "training/scores.html", role, rows=rows)


@router.get("/training/{id}")
def one(request: Request, here: Here, looking: Looking, id: Number) -> Response:
    taken = service.look(here.room, looking.username, id)
    if taken.session.answered_at is None and taken.cases:
        return _desk(request, here, looking, taken)
    return render(request, "training/result.html", CHECKER, result=present.result(taken, here.room.now()))


def _desk(request: Request, here: Portal, looking: Viewer, taken: service.Taken, votes: tuple[Vote, ...] = (),
          fault: InvalidInput | None = None) -> Response:
    return render(request, "review/review.html", CHECKER, status=422 if fault else 200, fault=fault, written=(),
                  review=present.desk(taken, looking.person, here.room.now(), votes))


@router.post("/training/{id}/review")
def answer(request: Request, here: Here, looking: Looking, id: Number, form: Changed) -> Response:
    taken = service.look(here.room, looking.username, id)
    votes = forms.votes(form, present.files(taken))
    try:
        service.answer(here.room, looking.username, id, [vote.decision for vote in votes])
    except InvalidInput as fault:
        return _desk(request, here, looking, taken, votes, fault)
    return see(f"/training/{id}")


@router.get("/training/{id}/files/{place}")
def one_file(request: Request, here: Here, looking: Looking, id: Number, place: Number, part: PageNumber = 1
             ) -> Response:
    taken, file, content = _file(here, looking, id, place)
    return render(request, "training/file.html", CHECKER, id=id, file=file, output=present_outputs.output(
        id, file, content, part=part, base=f"{present.base(taken)}/files/{place}"))


@router.get("/training/{id}/files/{place}/image.png")
def image(here: Here, looking: Annotated[Viewer, Depends(viewer)], id: Number, place: Number) -> Response:
    _, file, content = _file(here, looking, id, place)
    return served.picture(file, content)


def _file(here: Portal, looking: Viewer, id: int, place: int) -> tuple[service.Taken, OutputFile, bytes]:
    taken = service.look(here.room, looking.username, id)
    if place > len(taken.cases):
        raise NotFound("There is no such output in this set.", rule="training.file", value=place,
                       next_step="Open the set again.")
    return taken, present.files(taken)[place - 1], taken.cases[place - 1].content
