"""A request's change of state: what its present one allows, the event that says so, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from readingroom.core.egress import reviewers
from readingroom.core.lifecycle import TRANSITIONS_OF, RequestStatus, check_transition
from readingroom.core.requests import AirlockRequest
from readingroom.services import notices

SYSTEM = "system"


def _author(tx: Any, request: AirlockRequest) -> Iterable[str]:
    return (request.author,)


def _members(tx: Any, request: AirlockRequest) -> Iterable[str]:
    members: frozenset[str] = tx.projects.get(request.project).members
    return members


def _reviewers(tx: Any, request: AirlockRequest) -> Iterable[str]:
    return reviewers(request)


TOLD: dict[RequestStatus, tuple[str, Callable[[Any, AirlockRequest], Iterable[str]]]] = {
    RequestStatus.RETURNED: ("request.returned", _author),
    RequestStatus.REJECTED: ("request.rejected", _author),
    RequestStatus.APPROVED: ("request.approved", _author),
    RequestStatus.RELEASED: ("release.made", _members),
    RequestStatus.DELIVERED: ("incoming.delivered", _members),
    RequestStatus.WITHDRAWN: ("request.withdrawn", _reviewers),
}


def move(tx: Any, request: AirlockRequest, target: RequestStatus, actor: str, action: str, **detail: object) -> None:
    """Change a request's state if its present one allows that, with the event that says so; tell whoever waits."""
    check_transition(TRANSITIONS_OF[request.direction], request.status, target, "request")
    tx.requests.set_status(request.number, target)
    tx.events.record(actor, action, f"request:{request.number}", request.project, **detail)
    if target in TOLD:
        kind, who = TOLD[target]
        notices.tell(tx, who(tx, request), kind, request=request.number, project=request.project)
