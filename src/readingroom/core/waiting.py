"""What a request waits for too long, or in vain: what policy says of the first, the records of the second."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from readingroom.core.access import Reason
from readingroom.core.egress import Phase, current_reviews, phase
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import AirlockRequest

PATIENCE = timedelta(minutes=10)
"""How long what the platform does by itself may fail before people are told."""
WORKED_ON = frozenset({RequestStatus.SUBMITTED, RequestStatus.CHECKING, RequestStatus.APPROVED})
"""States that a request leaves by what the worker does."""
PEOPLES = frozenset({Phase.INDEPENDENT, Phase.CONSOLIDATING, Phase.SIGN_OFF})
"""Phases that end by what people do."""


_AGAIN = "It goes on where it was when that is put right."
FROZEN_FOR_OTHERS = {
    "person.means": ("Its author may not work with these data now: their account, training, accreditation or "
                     "undertaking stands in the way.", _AGAIN),
    "project.member": ("Its author is not a member of the project any more.", "Another member can ask for the same "
                       "outputs in a request of their own; this one ends with the project."),
    "project.means": ("Its project has ended, is closed, or holds no data any more.", _AGAIN),
    "grant.means": ("A grant of data that it could be made from has ended, is suspended or was withdrawn.", _AGAIN),
}
"""What is in the way, and what follows: by a rule, or the first word of several."""


def last_act(request: AirlockRequest) -> datetime:
    """When somebody last did something about the present round."""
    given = [review.submitted_at for review in current_reviews(request)]
    signed = [one.at for one in request.sign_offs if one.round == request.round and not one.void]
    return max([request.submitted_at or request.created_at, *given, *signed])


def since(request: AirlockRequest) -> datetime | None:
    """Since when people are waited for; None if they are not.

    For the first answers since the submission, whoever has answered meanwhile: the time must not tell of that.
    """
    if phase(request) not in PEOPLES:
        return None
    return (request.submitted_at or request.created_at) if phase(request) is Phase.INDEPENDENT else last_act(request)


def too_few(request: AirlockRequest, may_check: Collection[str]) -> Reason | None:
    """Whether fewer people may check it than have to; told alike whoever of them has answered."""
    if request.status is not RequestStatus.IN_REVIEW or len(may_check) >= request.approvals_needed:
        return None
    few = {0: "nobody may check it", 1: "only one person may check it"}.get(
        len(may_check), f"only {len(may_check)} people may check it")
    return Reason("review.too-few", f"It needs {request.approvals_needed} independent checkers, and {few}.",
                  "An administrator has to find further output checkers, who are apart from its author and project.")


def cannot_sign(refusals: Mapping[str, str]) -> Reason | None:
    """`refusals` are the custodians whose sign-off is missing and who can't give it, each with what is in the way."""
    if not refusals:
        return None
    who = " and ".join(sorted(refusals))
    return Reason("sign-off.custodian", f"Policy demands the sign-off of {who}, who can’t give it: they belong to the "
                  "project, or may decide about no data now.", "The department that the data are from has to name "
                  "another custodian; an administrator puts that into the dataset’s policy file.")


def for_others(reasons: Collection[Reason]) -> tuple[Reason, ...]:
    """Why a request is frozen, for those who wait for it beside its author: not what only concerns the author."""
    told: dict[str, Reason] = {}
    for reason in reasons:
        rule = reason.rule if reason.rule in FROZEN_FOR_OTHERS else reason.rule.split(".")[0] + ".means"
        told.setdefault(rule, Reason(rule, *FROZEN_FOR_OTHERS[rule]))
    return tuple(told.values())
