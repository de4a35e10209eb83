"""Beginning an application: with a title, to be written in steps, or with a file that says all of it."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from readingroom.core.application_file import application_schema
from readingroom.core.policy.reading import MOST_BYTES
from readingroom.core.roles import Permission, Role
from readingroom.errors import InvalidInput, PermissionDenied
from readingroom.services import application_files
from readingroom.services import applications as service
from readingroom.web.portal import Changed, Here, Looking, Portal, Viewer, render, see, text_field

router = APIRouter()
UNPLAIN = re.compile(r"[^A-Za-z0-9._-]")  # a name is shown in every fault, whatever it was


@router.get("/projects/new")
def new(request: Request, here: Here, looking: Looking) -> Response:
    return _new(request, here, looking)


def _new(request: Request, here: Portal, looking: Viewer, fault: InvalidInput | None = None,
         typed: str = "", *, of_file: bool = False) -> Response:
    if not looking.person.may(Permission.APPLY):
        raise PermissionDenied("Only researchers apply for data.", rule="role.apply", value=looking.username,
                               next_step="Start from your home page.")
    return render(request, "applications/new.html", Role.RESEARCHER, status=422 if fault else 200, fault=fault,
                  typed=typed, of_file=of_file, parts_of_fault=fault.parts if fault else (),
                  programmes=sorted(here.room.policies.programmes))


@router.post("/projects")
def start(request: Request, here: Here, looking: Looking, form: Changed) -> Response:
    title, programme = text_field(form, "title"), text_field(form, "programme", 100)
    try:
        made = service.start(here.room, looking.username, programme, title)
    except InvalidInput as fault:
        return _new(request, here, looking, fault, title)
    return see(f"/projects/{made.slug}/application")


@router.post("/projects/from-file")
def start_from_file(request: Request, here: Here, looking: Looking, form: Changed) -> Response:
    """A draft with all that the file says, which the person then reads through; or all that is wrong with the file."""
    if not looking.person.may(Permission.APPLY):
        return _new(request, here, looking)
    sent = form.get("file")
    try:
        if not isinstance(sent, UploadFile) or not sent.filename:
            raise InvalidInput("No file is chosen.", rule="application.file", next_step="Choose one, then start.")
        made = application_files.begin(here.room, looking.username, sent.file.read(MOST_BYTES + 1),
                                       UNPLAIN.sub("_", sent.filename[-60:]))
    except InvalidInput as fault:
        return _new(request, here, looking, fault, of_file=True)
    return see(f"/projects/{made.slug}/application/check")


@router.get("/projects/application.schema.json")
def file_schema() -> Response:
    """By which editors complete and check an application in a file."""
    return JSONResponse(application_schema(), media_type="application/schema+json")
