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


def _everyone(tx: Any, request: AirlockRequest) -> Iterable[str]:
    return (request.author, *reviewers(request))


TOLD: dict[str, Callable[[Any, AirlockRequest], Iterable[str]]] = {
    "request.returned": _author,
    "request.rejected": _author,
    "request.approved": _author,
    "release.made": _members,
    "incoming.delivered": _members,
    "request.withdrawn": _reviewers,
    "request.ended": _everyone,
}
"""Who is told of which event, in words of the same name."""


def move(tx: Any, request: AirlockRequest, target: RequestStatus, actor: str, action: str, **detail: object) -> None:
    """Change a request's state if its present one allows that, with the event that says so; tell whoever waits."""
    check_transition(TRANSITIONS_OF[request.direction], request.status, target, "request")
    tx.requests.set_status(request.number, target)
    tx.events.record(actor, action, f"request:{request.number}", request.project, **detail)
    if action in TOLD:
        notices.tell(tx, TOLD[action](tx, request), action, request=request.number, project=request.project)
