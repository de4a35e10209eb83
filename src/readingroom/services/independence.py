"""Whether those who approved a request may still check it: asked again until it has left (promise P1).

A checker can join the project, begin to work with the author or be suspended between their vote and the release. What
they said then counts no more: the review is void, which is on the log, and an approved request goes back to its
checkers. Nothing makes a void review count again but a new one.
"""

from __future__ import annotations

from typing import Any

from readingroom.core import egress
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import AirlockRequest
from readingroom.errors import PermissionDenied
from readingroom.services import notices
from readingroom.services.checking import Desk, bring_to_checkers
from readingroom.services.moves import SYSTEM
from readingroom.services.room import ReadingRoom

OPEN = (RequestStatus.IN_REVIEW, RequestStatus.APPROVED)


def settle(room: ReadingRoom, tx: Any, request: AirlockRequest) -> AirlockRequest:
    """The request after voiding the reviews of whoever may not check it now. Repeating changes nothing."""
    refused = _refused(room, tx, request)
    if not refused:
        return request
    for review in request.reviews:
        if not review.void and review.checker in refused:
            tx.requests.void_review(request.number, review.round, review.checker, refused[review.checker])
            tx.events.record(SYSTEM, "review.voided", f"request:{request.number}", request.project,
                             checker=review.checker, round=review.round, rule=refused[review.checker])
    left: AirlockRequest = tx.requests.get(request.number)
    if left.status is RequestStatus.APPROVED and not egress.is_settled(left):
        bring_to_checkers(room, tx, left, "request.reopened")
        notices.tell(tx, (left.author,), "request.reopened", request=left.number, project=left.project)
        left = tx.requests.get(request.number)
    return left


def sweep(room: ReadingRoom) -> int:
    """Settle every request that waits for checkers or for its package; returns how many changed."""
    with room.store.reading() as tx:
        moved = [request.number for request in tx.requests.with_status(*OPEN) if _refused(room, tx, request)]
    for number in moved:
        with room.store.transaction() as tx:
            settle(room, tx, tx.requests.get(number))
    return len(moved)


def _refused(room: ReadingRoom, tx: Any, request: AirlockRequest) -> dict[str, str]:
    """Checkers whose reviews count and who may not check it now, each with the rule that says so."""
    if request.status not in OPEN:
        return {}
    found = {}
    for checker in sorted({review.checker for review in request.reviews if not review.void}):
        try:
            Desk(room, tx, tx.people.get(checker)).check(request)
        except PermissionDenied as refusal:
            found[checker] = refusal.rule
    return found
