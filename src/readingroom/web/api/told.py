"""What the API tells of requests: the same whoever asks, of what this person may know."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from readingroom.core.groups import arranged
from readingroom.core.requests import AirlockRequest, OutputFile
from readingroom.services import handover
from readingroom.services.request_views import WAITING, RequestView
from readingroom.web.addresses import page
from readingroom.web.api.answered import exactly
from readingroom.web.presenters import comments as present_comments
from readingroom.web.presenters import requests as present


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
    """`direction` is `out` or `in`. `place_in_queue` is null where it does not wait."""

    number: int
    title: str
    direction: str
    status: str
    round: int
    url: str
    submitted_at: str | None
    place_in_queue: int | None


@exactly
class Checked(Frozen):
    """A file as it was asked for, and what the automatic checks found; `verdict` is null until then."""

    kind: str
    group: str
    context: str
    controls: str
    size_bytes: int
    output_type: str
    assurance: str
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
class May(TypedDict):
    """What the caller may do now: "" or the reason why not."""

    withdraw: str
    resubmit: str


@exactly
class Followed(Summary):
    """`likely_hours`: within which half, and nine in ten, of the last rounds were decided; null where it does not wait.
    `in_the_way`: why it does not go on now."""

    purpose: str
    likely_hours: list[float | None] | None
    in_the_way: list[str]
    may: May
    release: Package | None
    files: list[Checked]
    groups: list[Grouped]
    comments: list[Comment | PlacedComment]


def address(request: AirlockRequest) -> str:
    return page(f"/requests/{request.number}")


def submitted(request: AirlockRequest) -> Submitted:
    return {"number": request.number, "status": request.status.value, "url": address(request),
            "files": [{"name": file.name, "sha256": file.sha256} for file in request.files]}


def summary(view: RequestView) -> Summary:
    request = view.request
    return {
        "number": request.number, "title": request.title, "direction": request.direction.value,
        "status": request.status.value, "round": request.round, "url": address(request),
        "submitted_at": request.submitted_at.isoformat() if request.submitted_at else None,
        "place_in_queue": view.place_in_queue if request.status in WAITING else None,
    }


def checked(file: OutputFile) -> Checked:
    return {
        "name": file.name, "sha256": file.sha256, "kind": file.kind.value, "group": file.group.name,
        "context": file.context, "controls": file.controls, "size_bytes": file.size_bytes,
        "output_type": file.output_type, "assurance": file.assurance.value,
        "verdict": None if file.verdict is None else file.verdict.word,
        "findings": [finding.as_dict() for finding in file.findings],
    }


def grouped(files: tuple[OutputFile, ...]) -> list[Grouped]:
    return [{"name": group.name, "context": group.context, "controls": group.controls}
            for group, _ in arranged(files) if group.name]


def package(view: handover.ReleaseView) -> Package:
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


def followed(view: RequestView, release: handover.ReleaseView | None) -> Followed:
    request = view.request
    return summary(view) | {
        "purpose": request.purpose,
        "likely_hours": None if view.likely is None or view.likely[1] is None else list(view.likely[1:]),
        "in_the_way": [f"{reason.message} {reason.next_step}" for reason in view.frozen or view.held_up],
        "may": {"withdraw": view.may["withdraw"], "resubmit": view.may["resubmit"]},
        "release": None if release is None else package(release),
        "files": [checked(file) for file in request.files],
        "groups": grouped(request.files),
        "comments": [
            {"file": comment.about, "comment": comment.text}
            for given in present.rounds(view)
            if given.number == request.round
            for comment in given.comments
        ]
        + ([{"file": "", "comment": request.outcome_comment}] if request.outcome_comment else [])
        + present_comments.as_told(view),
    }
