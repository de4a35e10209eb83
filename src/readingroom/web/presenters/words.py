"""Every status, verdict and role in words and colour: one table each, colour never alone."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.applications import Outcome
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.lifecycle import GrantStatus, PersonStatus, ProjectStatus, RequestStatus
from readingroom.core.packages import PackageRequestStatus
from readingroom.core.policy import Tier
from readingroom.core.requests import Assurance, Decision, FileKind
from readingroom.core.roles import Role


@dataclass(frozen=True)
class Tag:
    text: str
    classes: str


def _tag(text: str, colour: str) -> Tag:
    return Tag(text, f"govuk-tag--{colour}")


PROJECT_TAGS = {
    ProjectStatus.DRAFT: _tag("Draft", "grey"),
    ProjectStatus.OWNER_REVIEW: _tag("With the programme’s owner", "yellow"),
    ProjectStatus.RETURNED: _tag("Returned with comments", "orange"),
    ProjectStatus.AGREEMENT: _tag("Waiting for custodians", "yellow"),
    ProjectStatus.ACTIVE: _tag("Active", "green"),
    ProjectStatus.AMENDED: _tag("Active, amendment waiting", "turquoise"),
    ProjectStatus.CLOSING: _tag("Closing", "grey"),
    ProjectStatus.CLOSED: _tag("Closed", "grey"),
}
PROJECT_ENDED = _tag("Ended", "grey")

GRANT_TAGS = {
    GrantStatus.PROPOSED: _tag("Waiting for decision", "yellow"),
    GrantStatus.AGREED: _tag("Agreed, waits for the others", "turquoise"),
    GrantStatus.ACTIVE: _tag("Live", "green"),
    GrantStatus.RETURNED: _tag("Returned with comments", "orange"),
    GrantStatus.REFUSED: _tag("Refused", "red"),
    GrantStatus.SUSPENDED: _tag("Suspended", "orange"),
    GrantStatus.WITHDRAWN: _tag("Withdrawn", "grey"),
    GrantStatus.EXPIRED: _tag("Expired", "grey"),
    GrantStatus.SUPERSEDED: _tag("Replaced", "grey"),
}

OUTCOME_TAGS = {
    Outcome.WAITING: _tag("Waiting for answers", "yellow"),
    Outcome.AGREED: _tag("Agreed", "green"),
    Outcome.RETURNED: _tag("Returned", "orange"),
    Outcome.RECALLED: _tag("Taken back", "grey"),
    Outcome.CLOSED: _tag("Project closed", "grey"),
}

REQUEST_TAGS = {
    RequestStatus.DRAFT: _tag("Draft", "grey"),
    RequestStatus.SUBMITTED: _tag("Submitted", "blue"),
    RequestStatus.CHECKING: _tag("Being checked automatically", "blue"),
    RequestStatus.IN_REVIEW: _tag("With output checkers", "purple"),
    RequestStatus.RETURNED: _tag("Returned for changes", "orange"),
    RequestStatus.APPROVED: _tag("Approved", "turquoise"),
    RequestStatus.RELEASED: _tag("Released", "green"),
    RequestStatus.DELIVERED: _tag("Arrived", "green"),
    RequestStatus.REJECTED: _tag("Rejected", "red"),
    RequestStatus.WITHDRAWN: _tag("Withdrawn", "grey"),
    RequestStatus.FROZEN: _tag("Frozen", "light-blue"),
}

REQUEST_MEANINGS = {
    RequestStatus.DRAFT: "Not submitted yet.",
    RequestStatus.SUBMITTED: "Waiting for the automatic checks, which start within seconds.",
    RequestStatus.CHECKING: "The automatic checks are running. They usually take under 20 seconds.",
    RequestStatus.IN_REVIEW: "Output checkers are looking at it, each without seeing what another decided.",
    RequestStatus.RETURNED: "Changes are asked for. Read the comments, then send the changed files again.",
    RequestStatus.APPROVED: "Approved. The signed release package is being made.",
    RequestStatus.RELEASED: "Released. The signed package can be downloaded.",
    RequestStatus.DELIVERED: "Arrived. Every member of the project finds the files in the workspace.",
    RequestStatus.REJECTED: "The checkers decided that this may not leave. Their comments say why.",
    RequestStatus.WITHDRAWN: "Withdrawn by its author, or ended with its project. Nothing left.",
    RequestStatus.FROZEN: "Frozen: what it rests on has ended or was taken back. Nobody decides on it and nothing "
    "of it leaves; it goes on where it was when that is put right.",
}

RECALLED = _tag("Recalled", "red")
TAKEN_BACK = "It was released, and then taken back. Its package can’t be downloaded any more."
INCOMING_MEANINGS = REQUEST_MEANINGS | {
    RequestStatus.IN_REVIEW: "An output checker looks at it before it comes in.",
    RequestStatus.APPROVED: "Approved. The files are being put into the project’s folder.",
    RequestStatus.REJECTED: "The checkers decided that this may not come in. Their comments say why.",
    RequestStatus.WITHDRAWN: "Withdrawn by its author, or ended with its project. Nothing came in.",
    RequestStatus.FROZEN: "Frozen: what it rests on has ended or was taken back. Nobody decides on it and nothing "
    "of it comes in; it goes on where it was when that is put right.",
}
_AGAIN = "is tried again by itself, and nothing is lost."
HELD_UP_MEANINGS = {
    RequestStatus.SUBMITTED: f"The automatic checks could not begin yet. That {_AGAIN}",
    RequestStatus.CHECKING: f"The automatic checks could not be finished yet. That {_AGAIN}",
    RequestStatus.APPROVED: f"Approved. What follows could not be done yet: it {_AGAIN} You can also withdraw it.",
}

PACKAGE_TAGS = {
    PackageRequestStatus.ASKED: _tag("Asked", "blue"),
    PackageRequestStatus.ADDED: _tag("Added", "green"),
    PackageRequestStatus.REFUSED: _tag("Refused", "red"),
}

PERSON_TAGS = {
    PersonStatus.INVITED: _tag("Invited", "grey"),
    PersonStatus.VERIFIED: _tag("Identity verified", "blue"),
    PersonStatus.TRAINED: _tag("Trained", "turquoise"),
    PersonStatus.ACCREDITED: _tag("Accredited", "green"),
    PersonStatus.EXPIRING: _tag("Expiring soon", "yellow"),
    PersonStatus.EXPIRED: _tag("Expired", "orange"),
    PersonStatus.SUSPENDED: _tag("Suspended", "orange"),
    PersonStatus.BARRED: _tag("Barred", "red"),
}

PERSON_NEXT = {
    PersonStatus.INVITED: "Verify their identity. They can set their password meanwhile.",
    PersonStatus.VERIFIED: "Record their training, if they are to work with data.",
    PersonStatus.TRAINED: "Record their accreditation.",
    PersonStatus.ACCREDITED: "Nothing to do.",
    PersonStatus.EXPIRING: "Record a new training or accreditation, or have the undertaking signed again, before the "
                           "one that lapses first does.",
    PersonStatus.EXPIRED: "Record a new training or accreditation, or have the undertaking signed again; until then no "
                          "data open for them.",
    PersonStatus.SUSPENDED: "Once what led to it is settled, an administrator reinstates them.",
    PersonStatus.BARRED: "An administrator could reinstate them, in two acts: first to suspended.",
}

WORKSPACE_TAGS = {
    "stopped": _tag("Workspace closed", "grey"),
    "starting": _tag("Workspace starting", "blue"),
    "running": _tag("Workspace open", "turquoise"),
    "stopping": _tag("Workspace closing", "yellow"),
}

VERDICT_WORDS = {Verdict.PASS: "✓ Pass", Verdict.REVIEW: "? Review", Verdict.FAIL: "✗ Fail"}
VERDICT_MEANINGS = {
    Verdict.PASS: "Every rule that applies was checked and holds.",
    Verdict.REVIEW: "A person has to judge: a rule is close, or could not be checked.",
    Verdict.FAIL: "A rule is broken.",
}
NOT_CHECKED = "… Not checked yet"

ASSURANCE_WORDS = {
    Assurance.DECLARED: ("Declared", "Uploaded by the researcher; the platform knows only the file."),
    Assurance.EVIDENCED: ("Evidenced", "Made with the SDK, which stored counts beside it. A claim, not proof."),
    Assurance.REPRODUCED: ("Reproduced", "The platform re-ran the notebook and got the same file."),
    Assurance.VERIFIED: ("Verified", "Recomputed by the platform from the data."),
    Assurance.PRIVATE: ("Private", "A differentially private answer, paid for from the budget."),
}

KIND_WORDS = {
    FileKind.OUTPUT: ("", ""),
    FileKind.SUPPORTING: ("supporting", "It helps to judge the outputs and does not leave."),
    FileKind.CODE: ("code", "The code behind the outputs; it does not leave."),
}

INCOMING_KIND_WORDS = {
    FileKind.CODE: ("code", "Code: a script or notebook",
                    "Code as plain text: scripts and notebooks in Python, R, SQL and the like."),
    FileKind.TABLE: ("reference table", "Reference table", "Reference tables as csv, tsv or json."),
    FileKind.PACKAGE: ("package", "Package: a wheel, or R source",
                       "Packages without compiled code: a Python wheel, or R source as .tar.gz."),
}

DECISION_WORDS = {Decision.APPROVE: "Approve", Decision.CHANGE: "Change needed", Decision.UNDECIDED: "Undecided"}

ROLE_WORDS = {
    Role.RESEARCHER: "Researcher",
    Role.CUSTODIAN: "Data custodian",
    Role.CHECKER: "Output checker",
    Role.ADMINISTRATOR: "Administrator",
    Role.OWNER: "Programme owner",
}

TIER_WORDS = {Tier.STANDARD: "Standard tier", Tier.STRICT: "Strict tier: pixels only"}


@dataclass(frozen=True)
class VerdictMark:
    """A verdict as printed: words, a class for the colour, and what it means."""

    text: str
    name: str
    meaning: str


def verdict_mark(verdict: Verdict | None) -> VerdictMark:
    if verdict is None:
        return VerdictMark(NOT_CHECKED, "none", "The automatic checks have not finished.")
    return VerdictMark(VERDICT_WORDS[verdict], verdict.word, VERDICT_MEANINGS[verdict])
