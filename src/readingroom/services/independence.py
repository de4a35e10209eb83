"""Whether those who approved a request may still do so, and whether they are enough: asked until it has left (P1).

A checker can join the project, begin to work with the author or be suspended between their vote and the release, and a
custodian between their sign-off and it; policy can ask for more. What they said then counts no more: it is void, which
is on the log, and an approved request goes back to whom it waits for. Nothing makes it count again but a new answer.
"""

from __future__ import annotations

from typing import Any

from readingroom.core import egress
from readingroom.core.egress import Phase, phase
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.permissions import check_can_sign_off
from readingroom.core.requests import AirlockRequest
from readingroom.errors import PermissionDenied
from readingroom.services import demands, notices
from readingroom.services.checking import NO_POLICY, Desk, may_check
from readingroom.services.moves import SYSTEM, move
from readingroom.services.room import ReadingRoom

OPEN = (RequestStatus.IN_REVIEW, RequestStatus.APPROVED)
ASKED = {Phase.INDEPENDENT: "request.to-check", Phase.CONSOLIDATING: "request.consolidating",
         Phase.SIGN_OFF: "request.to-sign-off"}


def settle(room: ReadingRoom, tx: Any, request: AirlockRequest) -> AirlockRequest:
    """The request after voiding the answers of whoever may not give them now. Repeating changes nothing."""
    if request.status not in OPEN:
        return request
    request = demands.renew(room, tx, request)
    reviews, sign_offs = _refused_reviews(room, tx, request), _refused_sign_offs(tx, request)
    for review in request.reviews:
        if not review.void and review.checker in reviews:
            tx.requests.void_review(request.number, review.round, review.checker, reviews[review.checker])
            tx.events.record(SYSTEM, "review.voided", f"request:{request.number}", request.project,
                             checker=review.checker, round=review.round, rule=reviews[review.checker])
    for custodian, rule in sign_offs.items():
        tx.requests.void_sign_off(request.number, request.round, custodian, rule)
        tx.events.record(SYSTEM, "sign-off.voided", f"request:{request.number}", request.project,
                         custodian=custodian, round=request.round, rule=rule)
    left: AirlockRequest = tx.requests.get(request.number)
    if left.status is RequestStatus.APPROVED and not egress.is_complete(left):
        move(tx, left, RequestStatus.IN_REVIEW, SYSTEM, "request.reopened")
        notices.tell(tx, (left.author,), "request.reopened", request=left.number, project=left.project)
        left = tx.requests.get(request.number)
        ask(room, tx, left)
    elif reviews:
        ask(room, tx, left)
    return left


def is_due(room: ReadingRoom, tx: Any, request: AirlockRequest) -> bool:
    """Whether settling it would change anything."""
    return request.status in OPEN and bool(
        demands.demanded(room, tx, request) != demands.Demands.of(request)
        or _refused_reviews(room, tx, request) or _refused_sign_offs(tx, request)
        or (request.status is RequestStatus.APPROVED) != egress.is_complete(request))


def waited_for(room: ReadingRoom, tx: Any, request: AirlockRequest) -> frozenset[str]:
    """The people for whom a request in review waits now."""
    match phase(request):
        case Phase.INDEPENDENT:
            return may_check(room, tx, request) - set(egress.reviewers(request))
        case Phase.CONSOLIDATING:
            return frozenset(egress.reviewers(request))
        case Phase.SIGN_OFF:
            return egress.unsigned(request)
        case Phase.AUTHOR | Phase.CHECKS | Phase.FROZEN | Phase.COMPLETE:
            return frozenset()


def ask(room: ReadingRoom, tx: Any, request: AirlockRequest) -> None:
    """Tell them."""
    if phase(request) in ASKED:
        notices.tell(tx, waited_for(room, tx, request), ASKED[phase(request)], request=request.number,
                     project=request.project)


def _refused_reviews(room: ReadingRoom, tx: Any, request: AirlockRequest) -> dict[str, str]:
    """Checkers whose reviews count and who may not check it now, each with the rule that says so."""
    found = {}
    for checker in sorted({review.checker for review in request.reviews if not review.void}):
        try:
            Desk(room, tx, tx.people.get(checker)).check(request)
        except PermissionDenied as refusal:
            if refusal.rule != NO_POLICY:  # then it is frozen, and they are asked again when it thaws
                found[checker] = refusal.rule
    return found


def _refused_sign_offs(tx: Any, request: AirlockRequest) -> dict[str, str]:
    """The same of custodians whose sign-off of the present round counts."""
    project, found = tx.projects.get(request.project), {}
    for custodian in sorted(egress.signers(request)):
        try:
            check_can_sign_off(tx.people.get(custodian), request, project)
        except PermissionDenied as refusal:
            found[custodian] = refusal.rule
    return found
