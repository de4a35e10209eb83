"""Egress requests: where they stand, what was found, what may be done next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from readingroom.core.access import Reason
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.egress import Phase
from readingroom.core.groups import arranged
from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.requests import AirlockRequest, Decision, Group, Origin, OutputFile, Review
from readingroom.services.request_views import RequestView
from readingroom.web.addresses import page
from readingroom.web.presenters import comments, recomputed, times, turnaround
from readingroom.web.presenters.actions import SECONDARY, Action
from readingroom.web.presenters.comments import ShownComment
from readingroom.web.presenters.words import (
    ASSURANCE_WORDS,
    DECISION_WORDS,
    HELD_UP_MEANINGS,
    INCOMING_KIND_WORDS,
    INCOMING_MEANINGS,
    KIND_WORDS,
    RECALLED,
    REQUEST_MEANINGS,
    REQUEST_TAGS,
    TAKEN_BACK,
    Tag,
    VerdictMark,
    verdict_mark,
)

WAITING = frozenset({Phase.CHECKS, Phase.INDEPENDENT, Phase.CONSOLIDATING, Phase.SIGN_OFF})
OUTCOMES = {RequestStatus.RETURNED: "Why it was returned", RequestStatus.REJECTED: "Why it was rejected"}
REFRESHING = frozenset({RequestStatus.SUBMITTED, RequestStatus.CHECKING, RequestStatus.APPROVED})
SHOWN_CELLS = 12


@dataclass(frozen=True)
class Row:
    number: int
    title: str
    project: str
    href: str
    tag: Tag
    submitted: times.When | None
    place: str
    files: str


@dataclass(frozen=True)
class ShownFinding:
    mark: VerdictMark
    message: str
    next_step: str
    cells: tuple[str, ...]
    more_cells: int
    rule: str
    source: str


@dataclass(frozen=True)
class ShownFile:
    id: int
    name: str
    href: str
    size: str
    sha256: str
    output_type: str
    assurance: str
    assurance_meaning: str
    mark: VerdictMark
    context: str
    controls: str
    findings: tuple[ShownFinding, ...]
    group: Group
    origin: Origin | None
    kind: str
    kind_meaning: str


@dataclass(frozen=True)
class Comment:
    about: str
    text: str
    decision: str


@dataclass(frozen=True)
class Round:
    number: int
    comments: tuple[Comment, ...]


@dataclass(frozen=True)
class Detail:
    number: int
    title: str
    purpose: str
    project: str
    project_href: str
    tag: Tag
    meaning: str
    in_the_way: tuple[Reason, ...]
    round: int
    submitted: times.When | None
    place: str
    likely: str
    groups: tuple[tuple[Group, tuple[ShownFile, ...]], ...]
    outcome: str
    outcome_comment: str
    rounds: tuple[Round, ...]
    comments: tuple[ShownComment, ...]
    actions: tuple[Action, ...]
    release_name: str
    release_href: str
    release_page: str
    recalled: bool
    incoming: bool
    arrived_in: str
    release_sha256: str
    release_made: times.When | None
    refreshes: bool


def _place(view: RequestView) -> str:
    if view.phase not in WAITING:
        return ""
    return "next in the queue" if view.place_in_queue <= 1 else f"number {view.place_in_queue} in the queue"


def row(view: RequestView, now: datetime) -> Row:
    request = view.request
    return Row(
        request.number,
        request.title,
        view.project.title,
        page(f"/requests/{request.number}"),
        _tag(view),
        times.when(request.submitted_at, now),
        _place(view),
        times.plural(len(request.files), "file"),
    )


def place_of(cell: Cell) -> str:
    """A cell as people point at it: `Leeds, 2019 / theft`."""
    named = " / ".join(filter(None, (", ".join(cell.row), ", ".join(cell.column))))
    if named or cell.position is None:
        return named or "somewhere in the file"
    return f"row {cell.position[0] + 1}, column {cell.position[1] + 1}"


def finding(found: Finding) -> ShownFinding:
    shown = tuple(place_of(cell) for cell in found.cells[:SHOWN_CELLS])
    return ShownFinding(
        verdict_mark(found.verdict),
        found.message,
        found.next_step,
        shown,
        len(found.cells) - len(shown),
        found.rule,
        found.source,
    )


def file(number: int, output: OutputFile) -> ShownFile:
    """Worst findings first."""
    word, _ = ASSURANCE_WORDS[output.assurance]
    worst_first = sorted(output.findings, key=lambda found: -found.verdict)
    return ShownFile(
        output.id,
        output.name,
        page(f"/requests/{number}/files/{output.id}"),
        times.size(output.size_bytes),
        output.sha256,
        output.output_type,
        word,
        recomputed.came_about(output),
        verdict_mark(output.verdict),
        output.context,
        output.controls,
        tuple(finding(found) for found in worst_first),
        output.group,
        output.origin,
        *(INCOMING_KIND_WORDS[output.kind][:2] if output.origin else KIND_WORDS[output.kind]),
    )


def _comments(review: Review, names: dict[int, str]) -> tuple[Comment, ...]:
    return tuple(
        Comment(names.get(vote.file_id, "a file of that round"), vote.comment, DECISION_WORDS[vote.decision])
        for vote in review.votes
        if vote.comment or vote.decision is Decision.CHANGE
    )


def rounds(view: RequestView) -> tuple[Round, ...]:
    """What checkers told the researcher, newest round first; only what this viewer may see is in `view`."""
    return rounds_of(view.reviews, view.request)


def rounds_of(reviews: Iterable[Review], request: AirlockRequest) -> tuple[Round, ...]:
    """The same of some reviews of a request."""
    names = {output.id: output.name for output in (*request.files, *request.earlier)}
    by_round: dict[int, list[Comment]] = {}
    for review in reviews:
        by_round.setdefault(review.round, []).extend(_comments(review, names))
    return tuple(
        Round(number, _together(comments)) for number, comments in sorted(by_round.items(), reverse=True) if comments
    )


def _together(comments: list[Comment]) -> tuple[Comment, ...]:
    """The same words about several files are said once."""
    about: dict[tuple[str, str], list[str]] = {}
    for comment in comments:
        files = about.setdefault((comment.text, comment.decision), [])
        if comment.about not in files:
            files.append(comment.about)
    return tuple(Comment(", ".join(files), text, decision) for (text, decision), files in about.items())


def _tag(view: RequestView) -> Tag:
    return RECALLED if view.recalled else REQUEST_TAGS[view.request.status]


def _meaning(view: RequestView, meanings: Mapping[RequestStatus, str]) -> str:
    status = view.request.status
    held_up = HELD_UP_MEANINGS.get(status) if view.held_up else None
    return held_up or (TAKEN_BACK if view.recalled else meanings[status])


def detail(view: RequestView, now: datetime) -> Detail:
    request = view.request
    number, base = request.number, f"/requests/{request.number}"
    incoming = request.direction is Direction.IN
    actions = []
    if not view.may["review"]:
        noun = "files" if incoming else "outputs"
        actions.append(Action("review", f"Check these {noun}", page(f"{base}/review"), is_link=True))
    if not view.may["resubmit"]:
        actions.append(Action("resubmit", "Send changed files", page(f"{base}/resubmit"), is_link=True))
    if not view.may["withdraw"]:
        actions.append(
            Action("withdraw", "Withdraw this request", page(f"{base}/withdraw"), is_link=True, classes=SECONDARY)
        )
    release = view.release
    return Detail(
        number=number,
        title=request.title,
        purpose=request.purpose,
        project=view.project.title,
        project_href=page(f"/projects/{request.project}"),
        tag=_tag(view),
        meaning=_meaning(view, INCOMING_MEANINGS if incoming else REQUEST_MEANINGS),
        in_the_way=view.frozen or view.held_up,
        round=request.round,
        submitted=times.when(request.submitted_at, now),
        place=_place(view),
        likely=turnaround.likely(view.likely),
        groups=tuple((group, tuple(file(number, output) for output in members))
                     for group, members in arranged(request.files)),
        outcome=OUTCOMES.get(request.status, "Why it was returned before"),
        outcome_comment=request.outcome_comment,
        rounds=rounds(view),
        comments=comments.of_round(view),
        actions=tuple(actions),
        release_name=release.filename if release else "",
        release_sha256=release.sha256 if release else "",
        release_href=page(f"{base}/release") if release else "",
        release_page=page(f"/releases/{number}") if release else "",
        recalled=view.recalled,
        incoming=incoming,
        arrived_in=view.delivery.folder if view.delivery else "",
        release_made=times.when(release.made_at, now) if release else None,
        refreshes=request.status in REFRESHING,
    )


def worst(view: RequestView) -> VerdictMark:
    """The worst verdict of a request's files; unchecked files are worse than a FAIL that is known."""
    verdicts = [output.verdict for output in view.request.crossing]
    if not verdicts or None in verdicts:
        return verdict_mark(None)
    return verdict_mark(max(verdict for verdict in verdicts if isinstance(verdict, Verdict)))
