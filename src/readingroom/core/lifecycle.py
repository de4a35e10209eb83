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
    """`amended` is active, with a further version waiting for its custodians: what was agreed before stays live."""

    DRAFT = "draft"
    OWNER_REVIEW = "owner-review"
    RETURNED = "returned"
    AGREEMENT = "agreement"
    ACTIVE = "active"
    AMENDED = "amended"
    CLOSING = "closing"
    CLOSED = "closed"


class ProjectAction(StrEnum):
    """What is done to a project; permissions.PROJECT_PARTS says by whom."""

    SAVE = "save"
    SUBMIT = "submit"
    RECALL = "recall"
    ACCEPT = "accept"
    RETURN = "return"
    ACTIVATE = "activate"
    SETTLE = "settle"
    DISCARD = "discard"
    REMOVE_MEMBER = "remove-member"
    NAME_LEAD = "name-lead"
    CLOSE = "close"
    FINISH = "finish"


class GrantStatus(StrEnum):
    """`superseded`: a later version of its project took its place, or dropped its dataset."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    ACTIVE = "active"
    RETURNED = "returned"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class GrantAction(StrEnum):
    """What is done to a grant; permissions.GRANT_PARTS says by whom."""

    AGREE = "agree"
    RETURN = "return"
    REFUSE = "refuse"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    RENEW = "renew"
    EXPIRE = "expire"
    RESTORE = "restore"
    SUPERSEDE = "supersede"


class RequestStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHECKING = "checking"
    IN_REVIEW = "in-review"
    RETURNED = "returned"
    APPROVED = "approved"
    RELEASED = "released"
    DELIVERED = "delivered"
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


_P, _G = ProjectStatus, GrantStatus

# Where each action leads from where. Of several, the first that the application calls for: no owner need look again at
# what the owner accepted, an urgent application goes to everyone at once, and an amendment that only narrows is live.
PROJECT_ACTIONS: dict[ProjectAction, dict[ProjectStatus, tuple[ProjectStatus, ...]]] = {
    ProjectAction.SAVE: {_P.DRAFT: (_P.DRAFT,), _P.RETURNED: (_P.RETURNED,), _P.ACTIVE: (_P.ACTIVE,)},
    ProjectAction.SUBMIT: {_P.DRAFT: (_P.OWNER_REVIEW, _P.AGREEMENT), _P.RETURNED: (_P.OWNER_REVIEW, _P.AGREEMENT),
                           _P.ACTIVE: (_P.AMENDED,)},
    ProjectAction.RECALL: {_P.OWNER_REVIEW: (_P.RETURNED,), _P.AGREEMENT: (_P.RETURNED,), _P.AMENDED: (_P.ACTIVE,)},
    ProjectAction.ACCEPT: {_P.OWNER_REVIEW: (_P.AGREEMENT,), _P.AGREEMENT: (_P.AGREEMENT,)},
    ProjectAction.RETURN: {_P.OWNER_REVIEW: (_P.RETURNED,), _P.AGREEMENT: (_P.RETURNED,)},
    ProjectAction.ACTIVATE: {_P.AGREEMENT: (_P.ACTIVE,), _P.AMENDED: (_P.ACTIVE,)},
    ProjectAction.SETTLE: {_P.AGREEMENT: (_P.RETURNED,), _P.AMENDED: (_P.ACTIVE,)},
    ProjectAction.DISCARD: {_P.ACTIVE: (_P.ACTIVE,)},
    ProjectAction.REMOVE_MEMBER: {status: (status,) for status in _P if status not in (_P.CLOSING, _P.CLOSED)},
    ProjectAction.NAME_LEAD: {status: (status,) for status in _P if status not in (_P.CLOSING, _P.CLOSED)},
    ProjectAction.CLOSE: {
        **dict.fromkeys((_P.DRAFT, _P.OWNER_REVIEW, _P.RETURNED, _P.AGREEMENT), (_P.CLOSED,)),
        _P.ACTIVE: (_P.CLOSING,), _P.AMENDED: (_P.CLOSING,)},
    ProjectAction.FINISH: {_P.CLOSING: (_P.CLOSED,)},
}

GRANT_ACTIONS: dict[GrantAction, dict[GrantStatus, tuple[GrantStatus, ...]]] = {
    GrantAction.AGREE: {_G.PROPOSED: (_G.AGREED,)},
    GrantAction.RETURN: {_G.PROPOSED: (_G.RETURNED,)},
    GrantAction.REFUSE: {_G.PROPOSED: (_G.REFUSED,)},
    GrantAction.ACTIVATE: {_G.AGREED: (_G.ACTIVE,)},
    GrantAction.SUSPEND: {_G.ACTIVE: (_G.SUSPENDED,)},
    GrantAction.RESUME: {_G.SUSPENDED: (_G.ACTIVE,)},
    GrantAction.WITHDRAW: dict.fromkeys((_G.AGREED, _G.ACTIVE, _G.SUSPENDED), (_G.WITHDRAWN,)),
    GrantAction.RENEW: dict.fromkeys((_G.ACTIVE, _G.EXPIRED), (_G.ACTIVE,)),
    GrantAction.RESTORE: {_G.EXPIRED: (_G.ACTIVE,)},  # a clock had ended it too early
    GrantAction.EXPIRE: dict.fromkeys((_G.PROPOSED, _G.AGREED, _G.ACTIVE, _G.SUSPENDED), (_G.EXPIRED,)),
    GrantAction.SUPERSEDE: {status: (_G.SUPERSEDED,) for status in _G if status is not _G.SUPERSEDED},
}


PROJECT_TRANSITIONS: dict[ProjectStatus, frozenset[ProjectStatus]] = {
    status: frozenset(target for steps in PROJECT_ACTIONS.values() for target in steps.get(status, ())) - {status}
    for status in ProjectStatus}
GRANT_TRANSITIONS: dict[GrantStatus, frozenset[GrantStatus]] = {
    status: frozenset(target for steps in GRANT_ACTIONS.values() for target in steps.get(status, ())) - {status}
    for status in GrantStatus}

LIVE = frozenset({ProjectStatus.ACTIVE, ProjectStatus.AMENDED})
"""A project in one of these may be worked in."""
DECIDING = frozenset({ProjectStatus.AGREEMENT, ProjectStatus.AMENDED})
"""While a project is in one of these its custodians answer."""

REQUEST_TRANSITIONS: dict[RequestStatus, frozenset[RequestStatus]] = {
    RequestStatus.DRAFT: frozenset({RequestStatus.SUBMITTED, RequestStatus.WITHDRAWN}),
    RequestStatus.SUBMITTED: frozenset({RequestStatus.CHECKING, RequestStatus.WITHDRAWN}),
    RequestStatus.CHECKING: frozenset({RequestStatus.IN_REVIEW, RequestStatus.FROZEN, RequestStatus.WITHDRAWN}),
    RequestStatus.IN_REVIEW: frozenset({RequestStatus.APPROVED, RequestStatus.RETURNED, RequestStatus.REJECTED,
                                        RequestStatus.FROZEN, RequestStatus.WITHDRAWN}),
    RequestStatus.RETURNED: frozenset({RequestStatus.SUBMITTED, RequestStatus.WITHDRAWN}),
    RequestStatus.APPROVED: frozenset({RequestStatus.RELEASED, RequestStatus.FROZEN, RequestStatus.WITHDRAWN,
                                       RequestStatus.IN_REVIEW}),  # an approval that counts no more
    RequestStatus.FROZEN: frozenset({RequestStatus.IN_REVIEW, RequestStatus.APPROVED, RequestStatus.WITHDRAWN}),
    RequestStatus.RELEASED: frozenset(),
    RequestStatus.DELIVERED: frozenset(),  # of what comes in
    RequestStatus.REJECTED: frozenset(),
    RequestStatus.WITHDRAWN: frozenset(),
}

class Direction(StrEnum):
    """Which way a request's files go: outputs out of a project, or files into it."""

    OUT = "out"
    IN = "in"


_MIRRORED = {RequestStatus.RELEASED: RequestStatus.DELIVERED, RequestStatus.DELIVERED: RequestStatus.RELEASED}
INCOMING_TRANSITIONS: dict[RequestStatus, frozenset[RequestStatus]] = {
    _MIRRORED.get(status, status): frozenset(_MIRRORED.get(target, target) for target in targets)
    for status, targets in REQUEST_TRANSITIONS.items()}
"""The same, with what arrives in place of what leaves."""

TRANSITIONS_OF = {Direction.OUT: REQUEST_TRANSITIONS, Direction.IN: INCOMING_TRANSITIONS}

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


Action = TypeVar("Action", ProjectAction, GrantAction)


def check_action(actions: dict[Action, dict[Status, tuple[Status, ...]]], action: Action, current: Status,
                 noun: str) -> tuple[Status, ...]:
    """Where `action` may lead from `current`. Raises InvalidTransition, saying where it is possible, if nowhere."""
    steps = actions[action]
    if current not in steps:
        where = " or ".join(status.value for status in steps)
        raise InvalidTransition(
            f"This {noun} is {current.value}; “{action.value}” is not possible now.", rule=f"lifecycle.{noun}",
            value=current.value, next_step=f"It is possible while it is {where}. Look again: it may have changed.")
    return steps[current]
