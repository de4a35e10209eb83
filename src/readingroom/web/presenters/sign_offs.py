"""What a custodian sees of a request before signing it off: all that its checkers judged it by, and what they said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from readingroom.core.egress import signers
from readingroom.core.inspection.preview import ALL, preview
from readingroom.core.requests import AirlockRequest
from readingroom.services.sign_off import SignOffView
from readingroom.web.addresses import page
from readingroom.web.presenters import comments, outputs, requests, review, times
from readingroom.web.presenters.comments import ShownComment
from readingroom.web.presenters.comparisons import Comparison, comparisons
from readingroom.web.presenters.outputs import Output, Places


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
    comments: tuple[ShownComment, ...]
    compared: Comparison
    lineage: str


@dataclass(frozen=True)
class Detail:
    """`others` says who else has to sign it off, or has."""

    number: int
    title: str
    purpose: str
    author: str
    project: str
    aim: str
    round: int
    submitted: times.When | None
    href: str
    sheets: tuple[Sheet, ...]
    gone: str
    returned_with: str
    earlier: tuple[requests.Round, ...]
    rules: tuple[str, ...]
    others: tuple[str, ...]
    refused: str


def row(request: AirlockRequest, now: datetime) -> Row:
    return Row(request.number, request.title, request.project, page(f"/sign-offs/{request.number}"),
               times.when(request.submitted_at, now), times.plural(len(request.files), "file"))


def detail(view: SignOffView, viewer: str, now: datetime) -> Detail:
    request, author = view.request, view.people[view.request.author]
    return Detail(
        number=request.number, title=request.title, purpose=request.purpose,
        author=f"{author.display_name}, {author.organisation}", project=view.project.title, aim=view.project.aim,
        round=request.round, submitted=times.when(request.submitted_at, now),
        href=page(f"/sign-offs/{request.number}"), sheets=_sheets(view), gone=review.gone(request),
        returned_with=request.outcome_comment if request.round > 1 else "",
        earlier=requests.rounds_of(view.reviews, request), rules=review.rules(view.policy),
        others=_others(view, viewer), refused=view.refused)


def _others(view: SignOffView, viewer: str) -> tuple[str, ...]:
    signed = signers(view.request)
    return tuple(f"{review.name(one, view.people)} {'has signed it off' if one in signed else 'has to sign it off too'}"
                 for one in sorted(view.request.sign_off_by - {viewer}))


def _sheets(view: SignOffView) -> tuple[Sheet, ...]:
    """Pictures come from an address of the sign-off: a custodian sees no request. Nor do they see who wrote what."""
    number, found = view.request.number, []
    compared = comparisons(view.request.files, view.sights, view.resembling)
    for file in view.request.files:
        base, content = f"/sign-offs/{number}/files/{file.id}", view.sights[file.id].content
        written = comments.of_file(view, file, partial(preview, file.name, content, file.findings, ALL),
                                   lambda _: "A checker")
        output = outputs.output(number, file, content, base=base, places=Places(comments.said_at(written)))
        found.append(Sheet(requests.file(number, file), output, view.reasons[file.id], written, compared[file.id],
                           review.lineage(file)))
    return tuple(found)
