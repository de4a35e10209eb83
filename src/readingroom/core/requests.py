"""Requests: files asked for together, to leave or to come in, the reviews they get, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from readingroom.core.disclosure.recomputing import Recomputation, digest
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.lifecycle import Direction, RequestStatus


class Assurance(StrEnum):
    """How an output came about, from least to most that the platform knows (DESIGN 6)."""

    DECLARED = "declared"
    EVIDENCED = "evidenced"
    REPRODUCED = "reproduced"
    VERIFIED = "verified"
    PRIVATE = "private"


class FileKind(StrEnum):
    """What a file is. Of what is asked to leave only outputs do; the others let checkers judge them."""

    OUTPUT = "output"
    SUPPORTING = "supporting"
    CODE = "code"
    TABLE = "table"
    PACKAGE = "package"


KINDS: dict[Direction, tuple[FileKind, ...]] = {
    Direction.OUT: (FileKind.OUTPUT, FileKind.SUPPORTING, FileKind.CODE),
    Direction.IN: (FileKind.CODE, FileKind.TABLE, FileKind.PACKAGE),
}


@dataclass(frozen=True)
class Origin:
    """Where a file that is brought in comes from, and under which terms it may be used."""

    source: str
    licence: str


@dataclass(frozen=True)
class Group:
    """Files of one request that belong together: what they show, and what was done to protect people in all of them.

    The one without a name holds whatever was not put in any.
    """

    name: str = ""
    context: str = ""
    controls: str = ""


class Decision(StrEnum):
    """A checker's vote on one file."""

    APPROVE = "approve"
    CHANGE = "change-needed"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class OutputFile:
    """One file of one round, frozen: `sha256` names its bytes in the blob store.

    `evidence` is what the SDK stored beside it (counts of people per cell and the like): a claim, not proof, until the
    platform computed the same again, whose numbers then take its place. `recomputed` says what came of that.
    `verdict` is None until checked.
    """

    id: int
    name: str
    sha256: str
    size_bytes: int
    output_type: str
    assurance: Assurance
    context: str
    controls: str
    evidence: dict[str, object] | None = None
    verdict: Verdict | None = None
    findings: tuple[Finding, ...] = ()
    round: int = 1
    kind: FileKind = FileKind.OUTPUT
    group: Group = Group()
    origin: Origin | None = None
    recomputed: Recomputation | None = None

    @property
    def crosses(self) -> bool:
        """Whether it leaves or comes in once it is approved, and so needs approvals."""
        return self.kind is FileKind.OUTPUT or self.origin is not None

    @property
    def as_asked(self) -> tuple[object, ...]:
        """What the researcher sent and said of it. Two files are asked for alike if all of it is the same."""
        claim = "" if self.evidence is None else (self.recomputed and self.recomputed.claim) or digest(self.evidence)
        return (*self.described, claim)

    @property
    def described(self) -> tuple[object, ...]:
        """Its bytes and what is said of them, without the evidence."""
        return (self.name, self.sha256, self.context, self.controls, self.kind, self.group, self.origin)

    @property
    def said(self) -> tuple[str, str]:
        """Context and controls: its own, or its group's where it has none."""
        return self.context or self.group.context, self.controls or self.group.controls


@dataclass(frozen=True)
class Vote:
    file_id: int
    decision: Decision
    comment: str = ""


@dataclass(frozen=True)
class Review:
    """One checker's submitted answer to one round. `note` is for other checkers, comments for the researcher.

    `void` is the rule by which its checker may not check it any more, since when it counts for nothing; else "".
    """

    checker: str
    round: int
    submitted_at: datetime
    votes: tuple[Vote, ...]
    note: str = ""
    void: str = ""


@dataclass(frozen=True)
class SignOff:
    """A custodian's yes to one round, after its checkers'. `void` is as in a review."""

    custodian: str
    round: int
    at: datetime
    comment: str = ""
    void: str = ""


@dataclass(frozen=True)
class AirlockRequest:
    """`number` is what people say; `round` counts submissions, and only its files and reviews decide.

    `files` are those of the present round, `earlier` those of the rounds before.
    `outcome_comment` is what the concluding checker told the researcher when it was returned or rejected.
    `private_answer` is set where the platform itself made the files, from that answer; nobody can change them.
    `sign_off_by` are the custodians whose own sign-off policy demands after the checkers'.
    `thaws_to` is the status that a frozen one goes back to.
    `checkers_required` approvals are needed of each file; `verified_checkers` are enough where all are verified and
    pass (None: policy does not say so).
    """

    number: int
    project: str
    author: str
    title: str
    purpose: str
    status: RequestStatus
    round: int
    created_at: datetime
    submitted_at: datetime | None
    files: tuple[OutputFile, ...]
    reviews: tuple[Review, ...]
    checkers_required: int
    outcome_comment: str = ""
    private_answer: int | None = None
    thaws_to: RequestStatus | None = None
    earlier: tuple[OutputFile, ...] = ()
    sign_off_by: frozenset[str] = frozenset()
    sign_offs: tuple[SignOff, ...] = ()
    direction: Direction = Direction.OUT
    verified_checkers: int | None = None

    @property
    def is_verified(self) -> bool:
        """Whether the platform computed every file itself, and its checks found nothing against any of them."""
        return bool(self.files) and all(
            file.assurance is Assurance.VERIFIED and file.verdict is Verdict.PASS for file in self.files)

    @property
    def approvals_needed(self) -> int:
        """How many independent approvals each file needs; fewer where that is enough of what is verified, never none.

        Example: of 2, with 1 for verified files: 1 if all of them are, and 2 if one is not.
        """
        if self.verified_checkers is None or not self.is_verified:
            return self.checkers_required
        return min(self.checkers_required, max(1, self.verified_checkers))

    @property
    def crossing(self) -> tuple[OutputFile, ...]:
        """The files of the present round that would be released or delivered."""
        return tuple(file for file in self.files if file.crosses)

    @property
    def by_id(self) -> dict[int, OutputFile]:
        """The files of every round."""
        return {file.id: file for file in (*self.earlier, *self.files)}


@dataclass(frozen=True)
class Release:
    """The package of request `request`: `sha256` names its bytes in the blob store."""

    request: int
    filename: str
    sha256: str
    made_at: datetime


@dataclass(frozen=True)
class Delivery:
    """The files of request `request` were put into its project's folder."""

    request: int
    at: datetime

    @property
    def folder(self) -> str:
        """Where they are, in a workspace."""
        return f"/project/incoming/{self.request}"
