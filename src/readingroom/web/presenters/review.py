"""The checker's page. Independent phase: nothing of other checkers, not even whether they started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from readingroom.core.comments import Audience, Remark
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.egress import Phase, is_barred
from readingroom.core.groups import arranged
from readingroom.core.inspection.textual import visible
from readingroom.core.lifecycle import Direction
from readingroom.core.people import Person
from readingroom.core.policy import Policy
from readingroom.core.requests import AirlockRequest, Assurance, Decision, OutputFile, Review, Vote
from readingroom.services.request_views import RequestView
from readingroom.web.addresses import page
from readingroom.web.presenters import recomputed, requests, times
from readingroom.web.presenters.comments import ShownComment
from readingroom.web.presenters.comparisons import Comparison
from readingroom.web.presenters.incoming import terms
from readingroom.web.presenters.outputs import Output
from readingroom.web.presenters.words import DECISION_WORDS, Tag, VerdictMark

YOURS_WAITING = Tag("Waiting for you", "govuk-tag--yellow")
YOURS_GIVEN = Tag("You have answered", "govuk-tag--blue")
TO_SETTLE = Tag("To settle together", "govuk-tag--purple")


@dataclass(frozen=True)
class QueueRow:
    number: int
    title: str
    project: str
    href: str
    tag: Tag
    worst: VerdictMark
    age: str
    submitted: times.When | None
    files: str
    size: str
    round: int
    suggested: bool
    incoming: bool


@dataclass(frozen=True)
class Choice:
    value: str
    text: str
    key: str
    checked: bool


@dataclass(frozen=True)
class Said:
    """One checker's vote on one file, as shown to another while consolidating."""

    who: str
    decision: str
    comment: str


@dataclass(frozen=True)
class Say:
    """The form for a comment on a place: `at` as it is written, `text` as typed so far, `open` if it was asked for."""

    at: str
    text: str
    between: bool
    open: bool


@dataclass(frozen=True)
class Typed:
    """What a checker typed and was not kept yet. `at` is the place, of file `file`, that they want to comment on;
    `comments` are on whole files, `conclusion` is what a request that is returned or rejected would be given."""

    votes: tuple[Vote, ...] = ()
    note: str = ""
    remarks: tuple[Remark, ...] = ()
    file: int = 0
    at: str = ""
    comments: Mapping[int, str] = field(default_factory=dict)
    conclusion: str = ""


@dataclass(frozen=True)
class Sheet:
    """One file on the checker's page. `reason_needed` says that approving it needs a comment."""

    file: requests.ShownFile
    output: Output
    choices: tuple[Choice, ...]
    comment: str
    reason_needed: str
    said: tuple[Said, ...]
    differs: bool
    compared: Comparison
    lineage: str
    differences: tuple[recomputed.ShownDifference, ...]
    carried: bool
    optional: str
    comments: tuple[ShownComment, ...]
    say: Say | None


@dataclass(frozen=True)
class ReviewPage:
    number: int
    title: str
    project: str
    aim: str
    purpose: str
    author: str
    round: int
    submitted: times.When | None
    heading: str
    lead: str
    sheets: tuple[Sheet, ...]
    may_review: bool
    may_conclude: bool
    may_return: bool
    conclusion: str
    refused: str
    submit_text: str
    note: str
    notes: tuple[Said, ...]
    returned_with: str
    earlier: tuple[requests.Round, ...]
    rules: tuple[str, ...]
    gone: str
    base: str
    is_training: bool = False

    @property
    def groups(self) -> tuple[tuple[str, tuple[Sheet, ...]], ...]:
        """The sheets under the name of their group, in their own order; "" for those that are in none."""
        found = groupby(self.sheets, lambda sheet: sheet.file.group.name)
        return tuple((name, tuple(sheets)) for name, sheets in found)


def queue_row(view: RequestView, now: datetime) -> QueueRow:
    request = view.request
    tag = TO_SETTLE if not view.may["conclude"] else YOURS_GIVEN if view.own_review else YOURS_WAITING
    waited = (now - request.submitted_at).total_seconds() if request.submitted_at else 0
    return QueueRow(
        request.number,
        request.title,
        view.project.title,
        page(f"/requests/{request.number}/review"),
        tag,
        requests.worst(view),
        times.length(waited),
        times.when(request.submitted_at, now),
        times.plural(len(request.files), "file"),
        times.size(sum(file.size_bytes for file in request.files)),
        request.round,
        view.suggested and tag is YOURS_WAITING,
        request.direction is Direction.IN,
    )


def _order(row: QueueRow) -> tuple[bool, int]:
    return row.tag is YOURS_GIVEN, row.number


def queue(views: tuple[RequestView, ...], now: datetime) -> tuple[QueueRow, ...]:
    """What waits for this checker first, oldest first; what waits for others last."""
    return tuple(sorted((queue_row(view, now) for view in views), key=_order))


def _own_vote(view: RequestView, file: OutputFile, typed: tuple[Vote, ...]) -> Vote | None:
    """What this checker chose so far; None on a file that nobody has to decide on and that they left at that."""
    given = typed or (view.own_review.votes if view.own_review else ())
    undecided = None if file.id in view.optional else Vote(file.id, Decision.UNDECIDED)
    return next((vote for vote in given if vote.file_id == file.id), undecided)


def lineage(file: OutputFile) -> str:
    """Where the researcher's notebook says that it came from; empty if it does not say, or the platform knows."""
    evidence = (file.assurance is not Assurance.VERIFIED and file.evidence) or {}
    source = evidence.get("source")
    named = source if isinstance(source, dict) else {}
    facts = (("statistic", evidence.get("statistic")), ("of", evidence.get("unit")), ("from", named.get("dataset")),
             ("version", named.get("version")), ("table", named.get("table")))
    return ", ".join(f"{word} {visible(str(value))[:100]}" for word, value in facts if isinstance(value, str) and value)


FEWER_ARE_ENOUGH = (" The platform computed every file itself and found nothing against them: the custodian of the "
                    "data lets them leave with fewer approvals than others need.")
REASON = "Approving it needs your reason here; it stays on the record."
BARRED = "It failed, and what comes in failing can’t be approved: ask for a change, and say which."
CARRIED = "Approved in an earlier round and unchanged: you need not decide again, but you may."
NOT_LEAVING = ("It does not leave and needs no approval. If it shows that an output is not safe or not what it is said "
               "to be, ask for a change.")
CHOICE_KEYS = {Decision.APPROVE: "a", Decision.CHANGE: "c", Decision.UNDECIDED: "u"}


def _sheet(
    view: RequestView,
    file: OutputFile,
    output: Output,
    compared: Comparison,
    comments: tuple[ShownComment, ...],
    typed: Typed,
    people: Mapping[str, Person],
    others: tuple[Review, ...],
) -> Sheet:
    vote = _own_vote(view, file, typed.votes)
    own = None if vote is None else vote.decision
    said = tuple(
        Said(name(review.checker, people), DECISION_WORDS[vote.decision], vote.comment)
        for review in others
        for vote in review.votes
        if vote.file_id == file.id
    )
    needed = BARRED if is_barred(file) else "" if file.verdict is Verdict.PASS or not file.crosses else REASON
    return Sheet(
        file=requests.file(view.request.number, file),
        output=output,
        comment=typed.comments.get(file.id, "" if vote is None else vote.comment),
        said=said,
        choices=tuple(
            Choice(decision.value, DECISION_WORDS[decision], CHOICE_KEYS[decision], decision is own)
            for decision in Decision
        ),
        reason_needed=needed,
        differs=len({one.decision for one in said}) > 1,
        compared=compared,
        lineage=lineage(file),
        differences=recomputed.differences(file.recomputed),
        carried=file.id in view.carried,
        optional=CARRIED if file.id in view.carried else "" if file.crosses else NOT_LEAVING,
        comments=comments,
        say=_say(file, typed),
    )


def _say(file: OutputFile, typed: Typed) -> Say:
    written = next((one for one in typed.remarks if one.file_id == file.id), None)
    if written is not None:
        at = typed.at if typed.file == file.id else written.at
        return Say(at, written.text, written.audience is Audience.CHECKERS, True)
    return Say(typed.at, "", False, True) if typed.file == file.id else Say("", "", False, False)


def name(username: str, people: Mapping[str, Person]) -> str:
    return people[username].display_name if username in people else username


def review_page(
    view: RequestView,
    outputs: dict[int, Output],
    compared: Mapping[int, Comparison],
    comments: dict[int, tuple[ShownComment, ...]],
    policy: Policy,
    people: Mapping[str, Person],
    viewer: str,
    now: datetime,
    typed: Typed,
) -> ReviewPage:
    """`view.reviews` already holds only what this checker may know; while independent that is only their own."""
    request = view.request
    current = tuple(review for review in view.reviews if review.round == request.round)
    shown = current if view.phase in (Phase.CONSOLIDATING, Phase.SIGN_OFF) else ()
    may_review, may_conclude = not view.may["review"], not view.may["conclude"]
    own_note = typed.note or (view.own_review.note if view.own_review else "")
    sheets = tuple(
        _sheet(view, file, outputs[file.id], compared[file.id], comments[file.id], typed, people, shown)
        for _, members in arranged(request.files) for file in members
    )
    if may_conclude:
        sheets = _disagreements_first(sheets)
        heading, lead = (
            "Settle it together",
            (
                "Every checker has answered and not all approve. Disagreements come first. Change your "
                "answer if you were convinced, or return or reject the request below."
            ),
        )
    elif view.phase is Phase.SIGN_OFF:
        heading, lead = (
            "Approved, to be signed off",
            "Every checker approves. A custodian of the data has the last word.",
        )
    elif may_review:
        heading, lead = (
            "Check what is to come in" if request.direction is Direction.IN else "Check these outputs",
            "Decide about each file on your own. What you write for the researcher is sent when it is settled."
            + (FEWER_ARE_ENOUGH if request.approvals_needed < request.checkers_required else ""),
        )
    else:
        heading, lead = "Your part is done" if view.own_review else "Nothing to decide now", view.may["review"]
    return ReviewPage(
        number=request.number,
        title=request.title,
        project=view.project.title,
        aim=view.project.aim,
        purpose=request.purpose,
        author=name(request.author, people),
        round=request.round,
        submitted=times.when(request.submitted_at, now),
        heading=heading,
        lead=lead,
        sheets=sheets,
        may_review=may_review,
        may_conclude=may_conclude,
        may_return=request.private_answer is None,
        conclusion=typed.conclusion,
        refused=view.may["review"],
        submit_text="Change my review" if may_conclude else "Submit my review",
        note=own_note,
        notes=tuple(
            Said(name(review.checker, people), "", review.note)
            for review in shown
            if review.note and review.checker != viewer
        ),
        returned_with=request.outcome_comment if request.round > 1 else "",
        earlier=tuple(given for given in requests.rounds(view) if given.number < request.round),
        rules=terms(policy) if request.direction is Direction.IN else rules(policy),
        gone=gone(request),
        base=f"/requests/{request.number}",
    )


def _disagreements_first(sheets: tuple[Sheet, ...]) -> tuple[Sheet, ...]:
    """By group: those with a file that checkers disagree about come first, and so do these files in them."""
    disputed = {sheet.file.group for sheet in sheets if sheet.differs}
    place = {group: number for number, group in enumerate(dict.fromkeys(sheet.file.group for sheet in sheets))}
    return tuple(sorted(sheets, key=lambda sheet: (sheet.file.group not in disputed, place[sheet.file.group],
                                                   not sheet.differs)))


def gone(request: AirlockRequest) -> str:
    """Which files of the round before are not in this one."""
    before = {file.name for file in request.earlier if file.round == request.round - 1}
    left_out = sorted(before - {file.name for file in request.files})
    return f"No longer in the request since round {request.round - 1}: {', '.join(left_out)}." if left_out else ""


def rules(policy: Policy) -> tuple[str, ...]:
    """The numbers in force, in words."""
    said = []
    if policy.threshold is not None:
        than = "more than" if policy.threshold_inclusive else "at least"
        said.append(f"Every cell rests on {than} {policy.threshold} distinct people.")
    if policy.zeros_disclosive:
        said.append("Empty cells count as low.")
    if policy.rounding_base:
        said.append(f"Counts are rounded to {policy.rounding_base} or more.")
    for largest, percent in sorted(policy.dominance or ()):
        who = "largest contribution makes" if largest == 1 else f"{largest} largest contributions make"
        most = "less than" if policy.dominance_inclusive else "at most"
        said.append(f"The {who} up {most} {percent:g}% of a total.")
    if policy.p_percent:
        together = (policy.p_percent_coalition or 1) + 1
        said.append(f"A total less its {together} largest is at least {policy.p_percent:g}% of the largest.")
    for after, before in sorted(policy.p_q or ()):
        said.append(f"Who knew contributions to within {before:g}% does not learn the largest to within {after:g}%.")
    if policy.group_disclosure is not False:
        said.append("No row or column has all its people in one cell.")
    if policy.group_percent is not None:
        said.append(f"No cell has more than {policy.group_percent:g}% of its row's or column's people.")
    if policy.extremes_forbidden:
        said.append("No minimum or maximum leaves.")
    if policy.residual_degrees_of_freedom is not None:
        said.append(f"A model has at least {policy.residual_degrees_of_freedom} residual degrees of freedom.")
    return tuple(said)
