"""`/requests`: ask for outputs to be released, and follow what becomes of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import FormData, UploadFile
from typing_extensions import TypedDict

from readingroom.core.groups import arranged
from readingroom.core.requests import AirlockRequest, FileKind, Group
from readingroom.errors import InvalidInput, NotFound
from readingroom.services import handover
from readingroom.services import requests as service
from readingroom.services.request_views import RequestView
from readingroom.web import forms
from readingroom.web.addresses import page
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS, Caller, Calling, caller
from readingroom.web.portal import Here, Number, read_form
from readingroom.web.presenters import comments as present_comments
from readingroom.web.presenters import requests as present

router = APIRouter(tags=["requests"], responses=REFUSALS)


class FileDescription(BaseModel):
    """What the researcher says of one file. `evidence` is what the SDK counted: a claim.

    Only files of kind `output` leave. `group` names one of the request's groups; a file in one may do without a
    context of its own.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    context: str = ""
    controls: str = ""
    evidence: dict[str, Any] | None = None
    kind: FileKind = FileKind.OUTPUT
    group: str = ""


class GroupDescription(BaseModel):
    """What is said of files together."""

    model_config = ConfigDict(extra="forbid")
    name: str
    context: str
    controls: str = ""


class NewRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    purpose: str
    files: list[FileDescription]
    groups: list[GroupDescription] = []


@exactly
class Frozen(TypedDict):
    name: str
    sha256: str


@exactly
class Submitted(TypedDict):
    number: int
    status: str
    url: str
    files: list[Frozen]


@exactly
class Summary(TypedDict):
    number: int
    title: str
    status: str
    url: str
    submitted_at: str | None


@exactly
class Checked(Frozen):
    kind: str
    group: str
    verdict: str | None
    findings: list[dict[str, Any]]


@exactly
class Grouped(TypedDict):
    name: str
    context: str
    controls: str


@exactly
class Comment(TypedDict):
    file: str
    comment: str


@exactly
class PlacedComment(TypedDict):
    """What a checker says of a place in a file: `at` as in `cell:3,2`, `line:7`, `code:2,5`, `print:2,1`, or "" for
    the whole file; `place` in words, and `quote` what stands there. `sha256` names the version that it is about."""

    file: str
    sha256: str
    round: int
    at: str
    place: str
    quote: str
    comment: str
    on_earlier_version: bool


@exactly
class Package(TypedDict):
    """What became of the package; `downloads_left` is null where policy sets no limit."""

    filename: str
    sha256: str
    made_at: str
    until: str | None
    downloads_left: int | None
    recalled_at: str | None
    recall_reason: str


@exactly
class Followed(Summary):
    """`likely_hours`: within which half, and nine in ten, of the last rounds were decided."""

    round: int
    place_in_queue: int | None
    likely_hours: list[float | None] | None
    release: Package | None
    files: list[Checked]
    groups: list[Grouped]
    comments: list[Comment | PlacedComment]


MULTIPART = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["request", "files"],
                    "properties": {
                        "request": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "title, purpose, and for each file its name, context, controls, "
                            "evidence, kind (output, supporting or code) and group; the groups with name, context and "
                            "controls",
                        },
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    },
                }
            }
        },
    }
}


async def sent_form(request: Request, calling: Annotated[Caller, Depends(caller)]) -> FormData:
    """Read only for a caller who is known."""
    return await read_form(request)


def _described(form: FormData) -> NewRequest:
    raw = form.get("request")
    try:
        return NewRequest.model_validate_json(raw if isinstance(raw, str) else "")
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'request'}: {fault['msg']}" for fault in error.errors()[:5]
        )
        raise InvalidInput(
            f"The request is not as expected: {faults}.",
            rule="api.request",
            next_step="Send title, purpose and files, each with name and context.",
        ) from error


def _uploads(described: NewRequest, form: FormData, calling: Caller) -> tuple[service.Upload, ...]:
    """Every described file with its bytes, matched by name; nothing undescribed, nothing missing."""
    sent = {part.filename: part for part in form.getlist("files") if isinstance(part, UploadFile)}
    names = [file.name for file in described.files]
    if set(sent) != set(names) or len(form.getlist("files")) != len(names) or len(set(names)) != len(names):
        raise InvalidInput(
            "The files sent and the files described are not the same.",
            rule="api.files",
            value=", ".join(sorted(map(str, set(sent) ^ set(names))))[:200],
            next_step="Send each described file once, in a part named files.",
        )
    return tuple(
        service.Upload(
            file.name,
            forms.read_upload(sent[file.name], calling.card.policy),
            file.context,
            file.controls,
            file.evidence,
            file.kind,
            file.group,
        )
        for file in described.files
    )


@router.post("/requests", status_code=201, openapi_extra=MULTIPART)
def submit(here: Here, calling: Calling, form: Annotated[FormData, Depends(sent_form)]) -> Submitted:
    """Freeze the files and put the request in the queue."""
    described = _described(form)
    made = service.submit(
        here.room,
        calling.username,
        calling.project,
        described.title,
        described.purpose,
        _uploads(described, form, calling),
        tuple(Group(group.name, group.context, group.controls) for group in described.groups),
    )
    return {
        "number": made.number,
        "status": made.status.value,
        "url": _url(made),
        "files": [{"name": file.name, "sha256": file.sha256} for file in made.files],
    }


def _url(request: AirlockRequest) -> str:
    return page(f"/requests/{request.number}")


def _summary(request: AirlockRequest) -> Summary:
    return {
        "number": request.number,
        "title": request.title,
        "status": request.status.value,
        "url": _url(request),
        "submitted_at": request.submitted_at.isoformat() if request.submitted_at else None,
    }


@router.get("/requests")
def mine(here: Here, calling: Calling) -> list[Summary]:
    """The caller's own requests from this project, newest first."""
    return [_summary(view.request) for view in service.mine(here.room, calling.username, calling.project)]


def _release(view: handover.ReleaseView) -> Package:
    on, recall = view.terms, view.recall
    return {
        "filename": view.release.filename,
        "sha256": view.release.sha256,
        "made_at": view.release.made_at.isoformat(),
        "until": on.until.isoformat() if on.until else None,
        "downloads_left": None if on.downloads is None else max(0, on.downloads - view.given),
        "recalled_at": recall.at.isoformat() if recall else None,
        "recall_reason": recall.reason if recall else "",
    }


@router.get("/requests/{number}")
def one(here: Here, calling: Calling, number: Number) -> Followed:
    """One request of this project: a token acts for its own project only."""
    view = _own(here, calling, number)
    request = view.request
    return _summary(request) | {
        "round": request.round,
        "place_in_queue": view.place_in_queue,
        "likely_hours": None if view.likely is None or view.likely[1] is None else list(view.likely[1:]),
        "release": None if view.release is None else _release(handover.get(here.room, calling.username, number)),
        "files": [
            {
                "name": file.name,
                "sha256": file.sha256,
                "kind": file.kind.value,
                "group": file.group.name,
                "verdict": None if file.verdict is None else file.verdict.word,
                "findings": [finding.as_dict() for finding in file.findings],
            }
            for file in request.files
        ],
        "groups": [
            {"name": group.name, "context": group.context, "controls": group.controls}
            for group, _ in arranged(request.files)
            if group.name
        ],
        "comments": [
            {"file": comment.about, "comment": comment.text}
            for given in present.rounds(view)
            if given.number == request.round
            for comment in given.comments
        ]
        + ([{"file": "", "comment": request.outcome_comment}] if request.outcome_comment else [])
        + present_comments.as_told(view),
    }


@router.get("/requests/{number}/comments")
def comments(here: Here, calling: Calling, number: Number) -> list[PlacedComment]:
    """What checkers said of places in the files, of every round that was decided, oldest first."""
    return present_comments.as_told(_own(here, calling, number))


def _own(here: Here, calling: Calling, number: int) -> RequestView:
    view = service.get(here.room, calling.username, number)
    if view.request.project != calling.project:
        raise NotFound(f"There is no request {number}.", rule="request.exists", value=number)
    return view
