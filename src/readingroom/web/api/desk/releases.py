"""`/releases`: what left, who has it, and taking it back. The package goes to people, never to a workspace."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field
from typing_extensions import TypedDict

from readingroom.services import handover
from readingroom.web import served
from readingroom.web.api import told
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS
from readingroom.web.api.desk.visitor import Changing, Visiting
from readingroom.web.api.sent import Body, example
from readingroom.web.portal import Here, Number, PageNumber

router = APIRouter(tags=["desk: releases"], responses=REFUSALS)
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"description": "The signed package; `readingroom release verify` proves it offline",
          "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}}


class Recalling(Body):
    """Everyone concerned reads the reason."""

    model_config = example(reason="Table 2 has a count of fewer than ten people.")
    reason: Annotated[str, Field(max_length=5000)]


@exactly
class Line(TypedDict):
    number: int
    title: str
    project: str
    author: str
    made_at: str
    files: int
    downloads: int
    recalled: bool


@exactly
class Lines(TypedDict):
    """`total` counts all pages."""

    total: int
    releases: list[Line]


@exactly
class Handed(TypedDict):
    person: str
    at: str
    sha256: str


@exactly
class Rechecked(TypedDict):
    request: int
    file: str
    was: str
    now: str
    rules: list[str]
    same_bytes: bool


@exactly
class Recalled(TypedDict):
    """`rechecks` is null until what was released since has been checked again."""

    by: str
    at: str
    reason: str
    incident: int
    rechecks: list[Rechecked] | None


@exactly
class MayHandle(TypedDict):
    """What the caller may do now: "" or the reason why not."""

    download: str
    recall: str


@exactly
class Released(told.Package):
    """`downloads` counts all; `handed_to` are those that the caller may know of, at least their own."""

    number: int
    title: str
    project: str
    datasets: list[str]
    files: list[told.Frozen]
    recipients: list[str]
    downloads: int
    handed_to: list[Handed]
    recall: Recalled | None
    may: MayHandle


@router.get("/releases")
def newest(here: Here, looking: Visiting, page: PageNumber = 1) -> Lines:
    """The releases that the caller may know of, newest first, 25 at a time."""
    found, total = handover.newest(here.room, looking.username, page)
    return {"total": total, "releases": [
        {"number": one.listed.request, "title": one.listed.title, "project": one.listed.project,
         "author": one.listed.author, "made_at": one.listed.made_at.isoformat(), "files": one.listed.files,
         "downloads": one.listed.given, "recalled": one.listed.recalled} for one in found]}


@router.get("/releases/{number}")
def one(here: Here, looking: Visiting, number: Number) -> Released:
    """One release: its terms, what was counted, and whether it was recalled."""
    return _released(handover.get(here.room, looking.username, number))


@router.post("/releases/{number}/package", response_class=Response, responses=ZIP)
def package(here: Here, looking: Changing, number: Number) -> Response:
    """The package itself, to whom policy names. POST, because it is counted, each time, before its first byte."""
    return served.download(*handover.download(here.room, looking.username, number), "application/zip")


@router.post("/releases/{number}/recall")
def recall(here: Here, looking: Changing, number: Number, given: Recalling) -> Released:
    """Close a release for good. For the custodians of its data and the checkers who let it leave; 409 the second time.

    It opens an incident that lists who has it, tells everyone concerned, and has what was released since checked again.
    """
    handover.recall(here.room, looking.username, number, given.reason)
    return _released(handover.get(here.room, looking.username, number))


def _released(view: handover.ReleaseView) -> Released:
    recalled = view.recall
    return told.package(view) | {
        "number": view.request.number, "title": view.request.title, "project": view.request.project,
        "datasets": list(view.datasets),
        "files": [{"name": file.name, "sha256": file.sha256} for file in view.request.crossing],
        "recipients": sorted(view.terms.recipients), "downloads": view.given,
        "handed_to": [{"person": one.person, "at": one.at.isoformat(), "sha256": one.sha256} for one in view.downloads],
        "recall": recalled and {
            "by": recalled.by, "at": recalled.at.isoformat(), "reason": recalled.reason, "incident": recalled.incident,
            "rechecks": None if recalled.rechecks is None else [
                {"request": one.request, "file": one.file, "was": one.was.word, "now": one.now.word,
                 "rules": list(one.rules), "same_bytes": one.same_bytes} for one in recalled.rechecks]},
        "may": {"download": view.may["download"], "recall": view.may["recall"]},
    }
