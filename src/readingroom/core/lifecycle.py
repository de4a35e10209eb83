"""What each status allows: states and transitions as tables (who may is in permissions.py)."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from readingroom.errors import InvalidTransition


class PersonStatus(StrEnum):
    """Read from the records and the day (core/people.py); what may be done in each is in core/person_actions.py."""

    INVITED = "invited"
    VERIFIED = "verified"
    TRAINED = "trained"
    ACCREDITED = "accredited"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    BARRED = "barred"


class ProjectStatus(StrEnum):
    DRAFT = "draft"
    OWNER_REVIEW = "owner-review"
    ACTIVE = "active"
    CLOSED = "closed"


class GrantStatus(StrEnum):
    PROPOSED = "proposed"
    ACTIVE = "active"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class RequestStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHECKING = "checking"
    IN_REVIEW = "in-review"
    RETURNED = "returned"
    APPROVED = "approved"
    RELEASED = "released"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    FROZEN = "frozen"


class AnswerStatus(StrEnum):
    """A private answer: paid for, being computed, and then answered, failed, or refunded uncomputed."""

    RESERVED = "reserved"
    COMPUTING = "computing"
    ANSWERED = "answered"
    FAILED = "failed"
    REFUNDED = "refunded"


PROJECT_TRANSITIONS: dict[ProjectStatus, frozenset[ProjectStatus]] = {
    ProjectStatus.DRAFT: frozenset({ProjectStatus.OWNER_REVIEW, ProjectStatus.CLOSED}),
    ProjectStatus.OWNER_REVIEW: frozenset({ProjectStatus.ACTIVE, ProjectStatus.DRAFT, ProjectStatus.CLOSED}),
    ProjectStatus.ACTIVE: frozenset({ProjectStatus.CLOSED}),
    ProjectStatus.CLOSED: frozenset(),
}

GRANT_TRANSITIONS: dict[GrantStatus, frozenset[GrantStatus]] = {
    GrantStatus.PROPOSED: frozenset({GrantStatus.ACTIVE, GrantStatus.REFUSED, GrantStatus.EXPIRED}),
    GrantStatus.ACTIVE: frozenset({GrantStatus.SUSPENDED, GrantStatus.WITHDRAWN, GrantStatus.EXPIRED}),
    GrantStatus.SUSPENDED: frozenset({GrantStatus.ACTIVE, GrantStatus.WITHDRAWN, GrantStatus.EXPIRED}),
    GrantStatus.REFUSED: frozenset(),
    GrantStatus.WITHDRAWN: frozenset(),
    GrantStatus.EXPIRED: frozenset(),
}

REQUEST_TRANSITIONS: dict[RequestStatus, frozenset[RequestStatus]] = {
    RequestStatus.DRAFT: frozenset({RequestStatus.SUBMITTED, RequestStatus.WITHDRAWN}),
    RequestStatus.SUBMITTED: frozenset({RequestStatus.CHECKING, RequestStatus.WITHDRAWN}),
    RequestStatus.CHECKING: frozenset({RequestStatus.IN_REVIEW, RequestStatus.FROZEN, RequestStatus.WITHDRAWN}),
    RequestStatus.IN_REVIEW: frozenset({RequestStatus.APPROVED, RequestStatus.RETURNED, RequestStatus.REJECTED,
                                        RequestStatus.FROZEN, RequestStatus.WITHDRAWN}),
    RequestStatus.RETURNED: frozenset({RequestStatus.SUBMITTED, RequestStatus.WITHDRAWN}),
    RequestStatus.APPROVED: frozenset({RequestStatus.RELEASED, RequestStatus.FROZEN}),
    RequestStatus.FROZEN: frozenset({RequestStatus.IN_REVIEW, RequestStatus.APPROVED, RequestStatus.WITHDRAWN}),
    RequestStatus.RELEASED: frozenset(),
    RequestStatus.REJECTED: frozenset(),
    RequestStatus.WITHDRAWN: frozenset(),
}

THAWS_TO: dict[RequestStatus, RequestStatus] = {
    RequestStatus.CHECKING: RequestStatus.IN_REVIEW,  # the checks had ended; only people had not begun
    RequestStatus.IN_REVIEW: RequestStatus.IN_REVIEW,
    RequestStatus.APPROVED: RequestStatus.APPROVED,
}
"""Where a request goes back to that was frozen in a status: to where it was."""

ANSWER_TRANSITIONS: dict[AnswerStatus, frozenset[AnswerStatus]] = {
    AnswerStatus.RESERVED: frozenset({AnswerStatus.COMPUTING, AnswerStatus.REFUNDED}),
    AnswerStatus.COMPUTING: frozenset({AnswerStatus.ANSWERED, AnswerStatus.FAILED}),  # no refund: noise was drawn
    AnswerStatus.ANSWERED: frozenset(),
    AnswerStatus.FAILED: frozenset(),
    AnswerStatus.REFUNDED: frozenset(),
}

Status = TypeVar("Status", ProjectStatus, GrantStatus, RequestStatus, AnswerStatus)


def check_transition(
    transitions: dict[Status, frozenset[Status]], current: Status, target: Status, noun: str
) -> None:
    """Raise InvalidTransition, saying what the current status does allow, unless `target` may follow `current`."""
    allowed = transitions[current]
    if target not in allowed:
        following = ", ".join(sorted(status.value for status in allowed)) or "nothing: it is final"
        raise InvalidTransition(
            f"This {noun} is {current.value} and cannot become {target.value}.",
            rule=f"lifecycle.{noun}",
            value=current.value,
            next_step=f"From here it can become: {following}.",
        )
