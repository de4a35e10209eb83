"""What policy demands of a request: how many approvals, and whose sign-off. Asked again until it has left or come in.

It never becomes less than it was when the round was submitted: policy that was loosened since is for later requests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

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


@dataclass(frozen=True)
class Demands:
    """How many approvals of each file, whose sign-off, and how many approvals of a request that is verified."""

    approvals: int
    sign_off_by: frozenset[str]
    verified: int | None

    @classmethod
    def of(cls, request: AirlockRequest) -> Self:
        """As they are recorded."""
        return cls(request.checkers_required, request.sign_off_by, request.verified_checkers)


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


def verified_checkers(room: ReadingRoom, tx: Any, request: AirlockRequest) -> int | None:
    """How many approvals are enough if every file is verified; None: as many as of any other.

    The data of every file must be of a dataset whose own rules say so: silence of its custodian is no consent. All the
    project's rules count, and can only ask for more.
    """
    data = {file.recomputed.dataset if file.recomputed else "" for file in request.files}
    known = room.policies.datasets
    if not data or not all(slug in known and known[slug][1].verified_checkers for slug in data):
        return None
    project = tx.projects.get(request.project)
    said = room.policies.for_project(project, tx.grants.of_project(project.slug)).verified_checkers
    return None if said is None else max(said, *(known[slug][1].verified_checkers or 0 for slug in data))


def demanded(room: ReadingRoom, tx: Any, request: AirlockRequest) -> Demands:
    """What policy demands by now. Of a private answer its dataset's policy has said that."""
    if request.private_answer is not None:
        return Demands.of(request)
    project = tx.projects.get(request.project)
    policy = room.policies.for_project(project, tx.grants.of_project(project.slug))
    verified = request.verified_checkers and verified_checkers(room, tx, request)
    return Demands(max(request.checkers_required, CHECKERS[request.direction](policy)),
                   sign_off_by(room, tx, request),
                   verified and max(verified, request.verified_checkers or 0))


def renew(room: ReadingRoom, tx: Any, request: AirlockRequest) -> AirlockRequest:
    """The request with what is demanded of it by now."""
    now = demanded(room, tx, request)
    if now == Demands.of(request):
        return request
    tx.requests.set_checkers_required(request.number, now.approvals)
    tx.requests.set_verified_checkers(request.number, now.verified)
    tx.requests.set_sign_off_by(request.number, now.sign_off_by)
    renewed: AirlockRequest = tx.requests.get(request.number)
    tx.events.record(SYSTEM, "request.demands-changed", f"request:{request.number}", request.project,
                     round=request.round, approvals=renewed.approvals_needed, sign_off_by=sorted(now.sign_off_by))
    return renewed
