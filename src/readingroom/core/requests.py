"""Egress requests: files asked for together, the reviews they get, and the release that follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.lifecycle import RequestStatus


class Assurance(StrEnum):
    """How an output came about, from least to most that the platform knows (DESIGN 6)."""

    DECLARED = "declared"
    EVIDENCED = "evidenced"
    REPRODUCED = "reproduced"
    VERIFIED = "verified"
    PRIVATE = "private"


class FileKind(StrEnum):
    """What a file is there for. Only outputs leave; the others let checkers judge them."""

    OUTPUT = "output"
    SUPPORTING = "supporting"
    CODE = "code"


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

    `evidence` is what the SDK stored beside it (counts of people per cell and the like): a claim, not proof.
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

    @property
    def leaves(self) -> bool:
        """Whether it is in the release, and needs approvals for that."""
        return self.kind is FileKind.OUTPUT

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
    """A custodian's yes to one round, after its checkers'."""

    custodian: str
    round: int
    at: datetime
    comment: str = ""


@dataclass(frozen=True)
class EgressRequest:
    """`number` is what people say; `round` counts submissions, and only its files and reviews decide.

    `files` are those of the present round, `earlier` those of the rounds before.
    `outcome_comment` is what the concluding checker told the researcher when it was returned or rejected.
    `private_answer` is set where the platform itself made the files, from that answer; nobody can change them.
    `sign_off_by` are the custodians whose own sign-off policy demands after the checkers'.
    `thaws_to` is the status that a frozen one goes back to.
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

    @property
    def leaving(self) -> tuple[OutputFile, ...]:
        """The files of the present round that would be released."""
        return tuple(file for file in self.files if file.leaves)


@dataclass(frozen=True)
class Release:
    """The package of request `request`: `sha256` names its bytes in the blob store."""

    request: int
    filename: str
    sha256: str
    made_at: datetime
