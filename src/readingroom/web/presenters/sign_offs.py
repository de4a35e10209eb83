"""What a custodian sees of a request before signing it off: its files, and why its checkers approve each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readingroom.core.requests import AirlockRequest
from readingroom.services.sign_off import SignOffView
from readingroom.web.addresses import page
from readingroom.web.presenters import outputs, requests, times
from readingroom.web.presenters.outputs import Output


@dataclass(frozen=True)
class Row:
    number: int
    title: str
    project: str
    href: str
    submitted: times.When | None
    files: str


@dataclass(frozen=True)
class Sheet:
    file: requests.ShownFile
    output: Output
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Detail:
    number: int
    title: str
    purpose: str
    project: str
    aim: str
    round: int
    href: str
    sheets: tuple[Sheet, ...]
    refused: str


def row(request: AirlockRequest, now: datetime) -> Row:
    return Row(request.number, request.title, request.project, page(f"/sign-offs/{request.number}"),
               times.when(request.submitted_at, now), times.plural(len(request.files), "file"))


def detail(view: SignOffView, now: datetime) -> Detail:
    request = view.request
    return Detail(request.number, request.title, request.purpose, view.project.title, view.project.aim, request.round,
                  page(f"/sign-offs/{request.number}"), _sheets(view), view.refused)


def _sheets(view: SignOffView) -> tuple[Sheet, ...]:
    """Pictures come from an address of the sign-off: a custodian sees no request."""
    number = view.request.number
    found = []
    for file in view.request.files:
        base = f"/sign-offs/{number}/files/{file.id}"
        output = outputs.output(number, file, view.contents[file.id], base=base)
        found.append(Sheet(requests.file(number, file), output, view.reasons[file.id]))
    return tuple(found)
