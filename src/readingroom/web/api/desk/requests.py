"""`/requests` and `/incoming` at the desk: a person's own requests, of every project of theirs and both directions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.datastructures import FormData
from typing_extensions import TypedDict

from readingroom.core.lifecycle import Direction
from readingroom.core.policy import Policy
from readingroom.core.requests import FileKind
from readingroom.services import deliveries, handover, projects
from readingroom.services import requests as service
from readingroom.services.attempts import refusals_logged
from readingroom.services.request_views import RequestView
from readingroom.services.uploads import Upload
from readingroom.web import incoming_forms
from readingroom.web.api import sent, told
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS
from readingroom.web.api.desk.visitor import Changing, Form, Visiting
from readingroom.web.api.sent import TABLE, Body, Key, example
from readingroom.web.portal import Here, Number, PageNumber, Portal, Viewer
from readingroom.web.presenters.paging import SIZE

router = APIRouter(tags=["desk: requests"], responses=REFUSALS)
Slug = Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,39}$")]


class NewOutgoing(sent.NewRequest):
    """Outputs that are asked for together; `project` is one that the caller is a member of."""

    model_config = example(project="returning-defendants", title="Return by age", purpose="Table 2 of a working paper",
                           files=[TABLE])
    project: Slug


class IncomingFile(Body):
    """What the researcher says of a file that is to come in: `purpose` is what the project needs it for."""

    name: str
    kind: FileKind
    purpose: str
    source: str
    licence: str


SOURCE = {"name": "groups.py", "kind": "code", "purpose": "Groups offence codes as in our earlier paper",
          "source": "written by me", "licence": "MIT"}


class NewIncoming(Body):
    """Files that are to come into a project together."""

    model_config = example(project="returning-defendants", title="Offence groups", purpose="Second paper",
                           files=[SOURCE])
    project: Slug
    title: str
    purpose: str
    files: list[IncomingFile]


class NextRound(sent.NextRound):
    """The answer to a returned round, of either direction: `incoming` describes files that are to come in, `files`
    those that are to leave."""

    model_config = example(round=1, incoming=[SOURCE])
    incoming: list[IncomingFile] = Field(default_factory=list)


@exactly
class Page(TypedDict):
    """`total` counts all pages."""

    total: int
    requests: list[told.Summary]


@exactly
class Arrived(TypedDict):
    """What came in: `folder` is where, in a workspace of the project."""

    number: int
    title: str
    project: str
    author: str
    folder: str
    delivered_at: str
    files: list[told.Frozen]


@exactly
class Arrivals(TypedDict):
    total: int
    arrived: list[Arrived]


@router.get("/requests")
def mine(here: Here, looking: Visiting, project: Annotated[str, Query(max_length=40)] = "",
         direction: Direction = Direction.OUT, page: PageNumber = 1) -> Page:
    """The caller's own requests of one direction, newest first, 25 at a time; of one project if named."""
    room, who = here.room, looking.username
    found = service.mine(room, who, project, count=SIZE, skip=(page - 1) * SIZE, direction=direction)
    return {"total": service.count_mine(room, who, project, direction),
            "requests": [told.summary(view) for view in found]}


@router.post("/requests", status_code=201, openapi_extra=sent.form_of(NewOutgoing))
def submit(here: Here, looking: Changing, form: Form, key: Key = None) -> told.Submitted:
    """Ask for outputs to be released. Files made outside a workspace have no evidence; the SDK sends it along."""
    asked = sent.described(form, NewOutgoing)
    policy = _policy(here, looking, asked.project, "request.submit")
    return told.submitted(service.submit(
        here.room, looking.username, asked.project, asked.title, asked.purpose,
        sent.uploads(asked.files, form, policy), sent.groups(asked.groups), key=key or ""))


@router.post("/incoming", status_code=201, openapi_extra=sent.form_of(NewIncoming))
def bring_in(here: Here, looking: Changing, form: Form, key: Key = None) -> told.Submitted:
    """Ask for files to come into a project."""
    asked = sent.described(form, NewIncoming)
    policy = _policy(here, looking, asked.project, "request.submit")
    return told.submitted(service.submit(
        here.room, looking.username, asked.project, asked.title, asked.purpose, _incoming(asked.files, form, policy),
        direction=Direction.IN, key=key or ""))


@router.get("/incoming")
def arrived(here: Here, looking: Visiting, page: PageNumber = 1) -> Arrivals:
    """What came into the caller's projects, by whomever of their members, newest first, 25 at a time."""
    found, total = deliveries.arrived_anywhere(here.room, looking.username, SIZE, (page - 1) * SIZE)
    return {"total": total, "arrived": [
        {"number": one.request.number, "title": one.request.title, "project": one.request.project,
         "author": one.request.author, "folder": one.delivery.folder, "delivered_at": one.delivery.at.isoformat(),
         "files": [{"name": file.name, "sha256": file.sha256} for file in one.request.files]} for one in found]}


@router.get("/requests/{number}")
def one(here: Here, looking: Visiting, number: Number) -> told.Followed:
    """One request, for its project's members and for checkers: of what checkers said, what this person may know."""
    view = service.get(here.room, looking.username, number)
    return told.followed(view, handover.get(here.room, looking.username, number) if view.release else None)


@router.post("/requests/{number}/resubmit", status_code=201, openapi_extra=sent.form_of(NextRound))
def resubmit(here: Here, looking: Changing, number: Number, form: Form, key: Key = None) -> told.Submitted:
    """Answer the caller's own returned request with a further round. 409 if it is not returned, or in another round."""
    asked = sent.described(form, NextRound)
    view = seen(here, looking, number, "request.resubmit")
    policy = _policy(here, looking, view.request.project, "request.resubmit")
    uploads = (_incoming(asked.incoming, form, policy) if view.request.direction is Direction.IN
               else sent.uploads(asked.files, form, policy))
    return told.submitted(service.resubmit(
        here.room, looking.username, number, uploads, sent.groups(asked.groups), keep=asked.keep, round=asked.round,
        key=key or ""))


@router.post("/requests/{number}/withdraw")
def withdraw(here: Here, looking: Changing, number: Number, answer: sent.Answer) -> told.Submitted:
    """Take the caller's own request back, at any time before it has left. 409 if it is over, or moved on."""
    return told.submitted(service.withdraw(here.room, looking.username, number, round=answer.round))


def seen(here: Portal, looking: Viewer, number: int, deed: str) -> RequestView:
    """The request that a change is about, read before it; that somebody has nothing to do with it goes on the log."""
    with refusals_logged(here.room, looking.username, deed, f"request:{number}"):
        return service.get(here.room, looking.username, number)


def _policy(here: Portal, looking: Viewer, project: str, deed: str) -> Policy:
    """By which files are read; what else it says is the service's to ask."""
    with refusals_logged(here.room, looking.username, deed, f"project:{project}"):
        return projects.get(here.room, looking.username, project).policy


def _incoming(files: list[IncomingFile], form: FormData, policy: Policy) -> tuple[Upload, ...]:
    parts = sent.parts(form, [file.name for file in files])
    incoming_forms.check_sizes(list(parts.values()), policy)
    return tuple(Upload(file.name, parts[file.name].file.read(), file.purpose, kind=file.kind, source=file.source,
                        licence=file.licence) for file in files)
