"""The fast lane: a private answer leaves by the rule that its dataset's policy sets, at once where that asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from readingroom.core.answers import PrivateAnswer
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.lifecycle import AnswerStatus, RequestStatus
from readingroom.core.permissions import check_can_request
from readingroom.core.policy import Policy
from readingroom.core.privacy.publication import files_of
from readingroom.core.projects import Project
from readingroom.core.requests import AirlockRequest, Assurance, OutputFile
from readingroom.errors import AccessDenied, InvalidTransition
from readingroom.services import access, private_answers
from readingroom.services.checking import bring_to_checkers
from readingroom.services.moves import SYSTEM, move
from readingroom.services.room import ReadingRoom

CONTROLS = "Differentially private: computed by the platform with calibrated noise, paid for from the budget."
WITHOUT_POLICY = 2
FRESH = (RequestStatus.SUBMITTED, RequestStatus.CHECKING, RequestStatus.IN_REVIEW)


@dataclass(frozen=True)
class Lane:
    """How an answer may leave: after so many approvals, by `request` if that was asked for already."""

    approvals: int
    request: AirlockRequest | None


def lane(room: ReadingRoom, username: str, answer_id: int) -> Lane:
    """How an answer of one of the person's projects may leave. NotFound for anyone else's."""
    answer = private_answers.get(room, username, answer_id)
    with room.store.reading() as tx:
        return Lane(_approvals(_policy(room, tx, answer), answer), tx.requests.of_private_answer(answer_id))


def release(room: ReadingRoom, username: str, answer_id: int) -> AirlockRequest:
    """Ask for an answer to leave; the request that does it. Asked again, by whomever in the project, it is the same.

    The files are made here from the answer's record. Where policy asks for no approval the request is approved in
    this transaction, and the worker signs the package; otherwise it waits for that many checkers.
    """
    answer = private_answers.get(room, username, answer_id)
    if answer.status is not AnswerStatus.ANSWERED:
        raise InvalidTransition(f"Private answer {answer_id} is {answer.status.value}: there is nothing to release.",
                                rule="answer.status", value=answer.status.value,
                                next_step="Wait for it, or ask another question.")
    if answer.dry_run:
        raise InvalidTransition("A dry run on made-up people is no answer, so there is nothing to release.",
                                rule="answer.dry-run", value=answer_id,
                                next_step="Pay for the answer, then release it.")
    files = [OutputFile(id=0, name=name, sha256=room.blobs.put(content), size_bytes=len(content), output_type="",
                        assurance=Assurance.PRIVATE, context=str((answer.answer or {}).get("statement", "")),
                        controls=CONTROLS)
             for name, content in files_of(answer).items()]
    with room.store.transaction() as tx:
        project: Project = tx.projects.get(answer.project)
        check_can_request(tx.people.get(username), project)
        decision = access.decide_in(room, tx, username, project)
        if not decision.allowed:
            raise AccessDenied("Answers of this project cannot leave now.", reasons=decision.reasons,
                               rule="request.access", value=project.slug,
                               next_step=" ".join(f"{r.message} {r.next_step}" for r in decision.reasons))
        standing: AirlockRequest | None = tx.requests.of_private_answer(answer_id)
        if standing is not None and not _is_stuck(room, tx, standing, project):
            return standing
        if standing is not None:
            move(tx, standing, RequestStatus.WITHDRAWN, username, "request.withdrawn", rule="request.private")
        number = tx.requests.add(
            project=project.slug, author=username, title=f"Private answer {answer_id}",
            purpose=f"A differentially private answer about {answer.dataset}.", at=room.now(),
            checkers_required=_approvals(_policy(room, tx, answer), answer), private_answer=answer_id)
        tx.requests.add_round(number, files, room.now())
        return _pass_checks(room, tx, number)


def _is_stuck(room: ReadingRoom, tx: Any, request: AirlockRequest, project: Project) -> bool:
    """Whether it can't leave by this request and may by another: its author can't go on with it, and others can."""
    return request.status is RequestStatus.RETURNED or (
        request.status is RequestStatus.FROZEN and bool(access.means_gone(room, tx, request.author, project)))


def _pass_checks(room: ReadingRoom, tx: Any, number: int) -> AirlockRequest:
    """Through the same states as any request. Nothing needs finding out: the platform made every byte itself."""
    request: AirlockRequest = tx.requests.get(number)
    told = [{"name": file.name, "sha256": file.sha256, "size_bytes": file.size_bytes} for file in request.files]
    for target in FRESH:
        detail = {"private_answer": request.private_answer, "files": told}
        if target is RequestStatus.IN_REVIEW:
            bring_to_checkers(room, tx, request, "request.in-review", **detail)
        else:
            move(tx, request, target, request.author if target is RequestStatus.SUBMITTED else SYSTEM,
                 f"request.{target.value}", **detail)
        request = tx.requests.get(number)
    for file in request.files:
        tx.requests.set_checked(file.id, file.name.rpartition(".")[2], Verdict.PASS, ())
    if request.checkers_required == 0:
        move(tx, request, RequestStatus.APPROVED, SYSTEM, "request.approved", rule="private_answer_checkers",
             approvals=0)
    passed: AirlockRequest = tx.requests.get(number)
    return passed


def _policy(room: ReadingRoom, tx: Any, answer: PrivateAnswer) -> Policy:
    """The rules of the dataset asked about, and of every other that the project holds: the answer may rest on both."""
    project = tx.projects.get(answer.project)
    return room.policies.for_project(project, tx.grants.of_project(project.slug))


def _approvals(policy: Policy, answer: PrivateAnswer) -> int:
    """As many as policy says; where it says nothing, as many as for any output (promise P9).

    At least one for what a person must look at before it leaves: a synthetic table.
    """
    said = policy.private_answer_checkers
    wanted = said if said is not None else policy.checkers_required or WITHOUT_POLICY
    return max(wanted, 1) if (answer.answer or {}).get("needs_human", False) else wanted
