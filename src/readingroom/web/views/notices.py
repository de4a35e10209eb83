"""What a person was told, and where else they want to be told it."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from readingroom.errors import InvalidInput
from readingroom.services import notices as service
from readingroom.web.portal import Changed, Here, Looking, Number, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import notices as present

router = APIRouter()
NOTICE_ID = re.compile(r"[0-9]{1,9}")
Before = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("/notices")
def inbox(request: Request, here: Here, looking: Looking, before: Before = None) -> Response:
    return _page(request, here, looking, before)


def _page(request: Request, here: Portal, looking: Viewer, before: int | None = None,
          fault: InvalidInput | None = None, typed: str = "") -> Response:
    room, name = here.room, looking.username
    address = typed or service.address(room, name)
    found = service.page(room, name, before=before)
    return render(
        request,
        "notices/inbox.html",
        status=422 if fault else 200,
        fault=fault,
        before=before,
        inbox=present.inbox(found, address, sends_mail=bool(room.settings.mail_host), now=room.now()),
    )


@router.post("/notices/read")
def read_all(here: Here, looking: Looking, form: Changed) -> Response:
    up_to = text_field(form, "up_to", 20)
    service.mark_read(here.room, looking.username, int(up_to) if NOTICE_ID.fullmatch(up_to) else 0)
    return see("/notices")


@router.post("/notices/{notice}/read")
def read_one(here: Here, looking: Looking, notice: Number, form: Changed) -> Response:
    service.mark_read(here.room, looking.username, notice, only=True)
    return see("/notices")


@router.post("/notices/address")
def address(request: Request, here: Here, looking: Looking, form: Changed) -> Response:
    given = text_field(form, "address", 400)
    try:
        service.set_address(here.room, looking.username, given, by=looking.username)
    except InvalidInput as fault:
        return _page(request, here, looking, fault=fault, typed=given)
    return see("/notices")
