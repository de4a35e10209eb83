"""The custodian's own sign-off of requests, after their checkers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, ReadingRoomError, Unavailable
from readingroom.services import sign_off as service
from readingroom.web import served
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
    text_field,
    viewer,
)
from readingroom.web.presenters import outputs as present_outputs
from readingroom.web.presenters import sign_offs as present
from readingroom.web.presenters.paging import part

router = APIRouter()
CUSTODIAN = Role.CUSTODIAN


@router.get("/sign-offs")
def waiting(request: Request, here: Here, looking: Looking, done: int | None = None, page: PageNumber = 1) -> Response:
    found, pager = part("/sign-offs", "page", page, service.waiting(here.room, looking.username))
    return render(request, "sign_offs/list.html", CUSTODIAN, pager=pager, done=done,
                  rows=tuple(present.row(one, here.room.now()) for one in found))


@router.get("/sign-offs/{number}")
def one(request: Request, here: Here, looking: Looking, number: Number) -> Response:
    return _page(request, here, looking, number)


@router.get("/sign-offs/{number}/files/{file_id}")
def one_part(
    request: Request, here: Here, looking: Looking, number: Number, file_id: Number, part: PageNumber = 1
) -> Response:
    """A part of a file that is too long for the page of the sign-off."""
    view = service.look(here.room, looking.username, number)
    file, base = service.file_of(view, file_id), f"/sign-offs/{number}/files/{file_id}"
    return render(
        request,
        "sign_offs/part.html",
        CUSTODIAN,
        number=number,
        file=file,
        output=present_outputs.output(number, file, view.sights[file_id].content, part=part, base=base),
    )


@router.get("/sign-offs/{number}/files/{file_id}/image.png")
def file_image(here: Here, looking: Annotated[Viewer, Depends(viewer)], number: Number, file_id: Number) -> Response:
    """An image as we encoded it again from its pixels: never the bytes that were sent."""
    view = service.look(here.room, looking.username, number)
    return served.picture(service.file_of(view, file_id), view.sights[file_id].content)


@router.post("/sign-offs/{number}")
def decide(request: Request, here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    """Which button was pressed says whether it is signed or sent back; the round says what was looked at."""
    sent, comment = text_field(form, "round", 10), text_field(form, "comment", 5000)
    decisions = {"sign": service.give, "return": service.send_back}
    chosen = decisions.get(text_field(form, "decision", 10))
    try:
        if chosen is None or not sent.isdigit():
            raise InvalidInput("Nothing was chosen.", rule="sign-off.decision", value=text_field(form, "decision", 10),
                               next_step="Choose to sign it off or to return it.")
        chosen(here.room, looking.username, number, int(sent), comment)
    except (InvalidInput, Unavailable) as fault:
        return _page(request, here, looking, number, fault, comment)
    return see("/sign-offs", done=number)


def _page(
    request: Request, here: Portal, looking: Viewer, number: int, fault: ReadingRoomError | None = None, typed: str = ""
) -> Response:
    view = service.look(here.room, looking.username, number)
    return render(
        request,
        "sign_offs/sign_off.html",
        CUSTODIAN,
        status=fault.status_code if fault else 200,
        detail=present.detail(view, looking.username, here.room.now()),
        fault=fault,
        typed=typed,
    )
