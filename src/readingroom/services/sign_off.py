"""The custodian's own sign-off: a last step after the checkers', where the policy of a grant demands it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readingroom.core import egress
from readingroom.core.comments import Comment, for_custodian
from readingroom.core.egress import Phase, phase
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.people import Person
from readingroom.core.permissions import check_can_sign_off
from readingroom.core.policy import Policy
from readingroom.core.projects import Project
from readingroom.core.requests import AirlockRequest, OutputFile, Review, SignOff
from readingroom.core.resemblance import Resemblance
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, refusal_of
from readingroom.services import freezing, independence
from readingroom.services.attempts import attempt
from readingroom.services.moves import SYSTEM, move
from readingroom.services.room import ReadingRoom
from readingroom.services.sights import Sight, sights_of


@dataclass(frozen=True)
class SignOffView:
    """A request that waits for a custodian, and what its checkers judged it by.

    By file id: `sights`, what each resembles of what was released from the same data (`resembling`, for those that were
    compared), and the reasons that checkers gave. `comments` are those for the researcher. `reviews` are those of
    earlier rounds. `policy` is what outputs had to satisfy; `people` everyone named.
    """

    request: AirlockRequest
    project: Project
    policy: Policy
    sights: Mapping[int, Sight]
    resembling: Mapping[int, tuple[Resemblance, ...]]
    reasons: Mapping[int, tuple[str, ...]]
    comments: tuple[Comment, ...]
    reviews: tuple[Review, ...]
    people: Mapping[str, Person]
    refused: str


def settle(room: ReadingRoom, tx: Any, request: AirlockRequest) -> None:
    """A round of which every file is approved: approve the request, or bring it before its custodians."""
    request = independence.settle(room, tx, request)
    if request.status is not RequestStatus.IN_REVIEW or not egress.is_settled(request):
        return
    if egress.unsigned(request):
        independence.ask(room, tx, request)
        return
    egress.check_releasable(request, tx.projects.get(request.project).members)
    move(tx, request, RequestStatus.APPROVED, SYSTEM, "request.approved")


def waiting(room: ReadingRoom, custodian: str) -> tuple[AirlockRequest, ...]:
    """Requests that wait for this custodian's sign-off, oldest first."""
    with room.store.reading() as tx:
        return tuple(request for request in tx.requests.with_status(RequestStatus.IN_REVIEW)
                     if custodian in egress.unsigned(request) and phase(request) is Phase.SIGN_OFF)


def look(room: ReadingRoom, custodian: str, number: int) -> SignOffView:
    """What a custodian sees before signing; seeing each file is on the log. NotFound before it is theirs to see."""
    with room.store.transaction() as tx:
        request = _theirs(tx, custodian, number)
        for file in request.files:
            tx.events.record(custodian, "file.viewed", f"request:{number}", request.project, file=file.name,
                             sha256=file.sha256)
        project = tx.projects.get(request.project)
        policy = room.policies.for_project(project, tx.grants.of_project(project.slug))
        resembling = tx.memory.resemblances([file.id for file in request.files])
        people = tx.people.among({request.author, *request.sign_off_by})
        comments = for_custodian(request, tx.comments.of_request(number))
        refused = _refusal(tx, custodian, request)
    settled = phase(request) is not Phase.INDEPENDENT
    reasons = {file.id: tuple(approval.reason for approval in egress.approvals(request, file)
                              if approval.reason and (settled or approval.round < request.round))
               for file in request.files}
    earlier = tuple(review for review in request.reviews if review.round < request.round and not review.void)
    return SignOffView(request, project, policy, sights_of(room, request), resembling, reasons, comments, earlier,
                       people, refused)


def file_of(view: SignOffView, file_id: int) -> OutputFile:
    found = next((file for file in view.request.files if file.id == file_id), None)
    if found is None:
        raise NotFound("There is no such file.", rule="request.file", value=file_id,
                       next_step="Reload the request; its files may have changed with a new round.")
    return found


def give(room: ReadingRoom, custodian: str, number: int, round: int, comment: str = "") -> AirlockRequest:
    """Sign off a round. The last sign-off missing approves the request."""
    with attempt(room, custodian, "request.sign-off", f"request:{number}") as tx:
        request = _decidable(room, tx, custodian, number, round)
        given = SignOff(custodian, request.round, room.now(), comment.strip())
        tx.requests.save_sign_off(number, given)
        tx.events.record(custodian, "request.signed-off", f"request:{number}", request.project, round=request.round,
                         comment=given.comment, files=[{"file": file.name, "sha256": file.sha256}
                                                       for file in request.files])
        settle(room, tx, tx.requests.get(number))
        signed: AirlockRequest = tx.requests.get(number)
        return signed


def send_back(room: ReadingRoom, custodian: str, number: int, round: int, comment: str) -> AirlockRequest:
    """Return the request to its author instead of signing it off, with a reason that they read."""
    with attempt(room, custodian, "request.send-back", f"request:{number}") as tx:
        request = _decidable(room, tx, custodian, number, round)
        if not comment.strip():
            raise InvalidInput("No reason was given.", rule="sign-off.comment",
                               next_step="Tell the researcher what would make it acceptable to you.")
        tx.requests.set_outcome_comment(number, comment.strip())
        move(tx, request, RequestStatus.RETURNED, custodian, "request.returned", comment=comment.strip())
        returned: AirlockRequest = tx.requests.get(number)
        return returned


def _theirs(tx: Any, custodian: str, number: int) -> AirlockRequest:
    """The request, once its checkers have approved it; before that a custodian does not see it."""
    request: AirlockRequest = tx.requests.get(number)
    if custodian not in request.sign_off_by or not (phase(request) is Phase.SIGN_OFF
                                                    or custodian in egress.signers(request)):
        raise NotFound(f"There is no request {number}.", rule="request.exists", value=number,
                       next_step="Your sign-offs list what waits for you.")
    return request


def _decidable(room: ReadingRoom, tx: Any, custodian: str, number: int, round: int) -> AirlockRequest:
    request = freezing.settle(room, tx, _theirs(tx, custodian, number))
    check_can_sign_off(tx.people.get(custodian), request, tx.projects.get(request.project))
    if phase(request) is not Phase.SIGN_OFF or request.round != round or custodian in egress.signers(request):
        raise InvalidTransition(f"Request {number} does not wait for your sign-off of round {round}.",
                                rule="sign-off.phase", value=request.status.value,
                                next_step="Reload the page to see where it stands.")
    return request


def _refusal(tx: Any, custodian: str, request: AirlockRequest) -> str:
    refused = refusal_of(check_can_sign_off, tx.people.get(custodian), request, tx.projects.get(request.project))
    if refused:
        return refused
    return "" if phase(request) is Phase.SIGN_OFF and custodian not in egress.signers(request) else "You signed it off."
