"""What policy demands of a request: how many approvals, and whose sign-off. Asked again until it has left or come in.

It never becomes less than it was when the round was submitted: policy that was loosened since is for later requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from readingroom.core.lifecycle import Direction, GrantStatus
from readingroom.core.policy import Policy
from readingroom.core.requests import AirlockRequest
from readingroom.services import notices
from readingroom.services.moves import SYSTEM
from readingroom.services.room import ReadingRoom

NEVER_LIVE = (GrantStatus.PROPOSED, GrantStatus.REFUSED)
CHECKERS: dict[Direction, Callable[[Policy], int]] = {
    Direction.OUT: lambda policy: max(1, policy.checkers_required or 2),
    Direction.IN: lambda policy: policy.incoming_checkers or 1,
}
"""How many independent approvals each file needs."""


def sign_off_by(room: ReadingRoom, tx: Any, request: AirlockRequest) -> frozenset[str]:
    """The custodians whose own sign-off is demanded; none of a private answer, or of what comes in.

    Who does not look after any of the project's data now can't answer for them: whoever does now has to.
    """
    if request.direction is Direction.IN or request.private_answer is not None:
        return frozenset()
    project = tx.projects.get(request.project)
    grants = [grant for grant in tx.grants.of_project(project.slug) if grant.status not in NEVER_LIVE]
    custodians = {grant.dataset: notices.custodian_of(room, grant.dataset) for grant in grants}
    present = frozenset(custodians.values()) - {""}
    demanded = frozenset(custodians[grant.dataset] for grant in grants
                         if room.policies.for_grant(project, grant).custodian_sign_off)
    if not present:
        return request.sign_off_by
    followed = request.sign_off_by <= present or demanded - request.sign_off_by
    return demanded | (request.sign_off_by & present) | (frozenset() if followed else present)


def demanded(room: ReadingRoom, tx: Any, request: AirlockRequest) -> tuple[int, frozenset[str]]:
    """How many approvals of each file, and whose sign-off. Of a private answer its dataset's policy has said that."""
    if request.private_answer is not None:
        return request.checkers_required, request.sign_off_by
    project = tx.projects.get(request.project)
    policy = room.policies.for_project(project, tx.grants.of_project(project.slug))
    return max(request.checkers_required, CHECKERS[request.direction](policy)), sign_off_by(room, tx, request)


def renew(room: ReadingRoom, tx: Any, request: AirlockRequest) -> AirlockRequest:
    """The request with what is demanded of it by now."""
    approvals, custodians = demanded(room, tx, request)
    if (approvals, custodians) == (request.checkers_required, request.sign_off_by):
        return request
    tx.requests.set_checkers_required(request.number, approvals)
    tx.requests.set_sign_off_by(request.number, custodians)
    tx.events.record(SYSTEM, "request.demands-changed", f"request:{request.number}", request.project,
                     round=request.round, approvals=approvals, sign_off_by=sorted(custodians))
    renewed: AirlockRequest = tx.requests.get(request.number)
    return renewed
