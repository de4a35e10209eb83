"""Requests whose means are gone: nobody decides on them and nothing of theirs leaves, until the means are back.

What the records say decides, not who noticed: the act that takes the means away freezes at once, the worker's sweep
whatever only time takes away, and a release looks once more before anything leaves (promise P6).
"""

from __future__ import annotations

from typing import Any

from readingroom.core.access import Reason
from readingroom.core.egress import reviewers
from readingroom.core.lifecycle import REQUEST_TRANSITIONS, Direction, ProjectStatus, RequestStatus
from readingroom.core.requests import AirlockRequest
from readingroom.errors import NotFound
from readingroom.services import access, notices
from readingroom.services.checking import bring_to_checkers
from readingroom.services.moves import SYSTEM, move
from readingroom.services.room import ReadingRoom

HELD = tuple(status for status in RequestStatus if RequestStatus.FROZEN in REQUEST_TRANSITIONS[status]
             and status is not RequestStatus.CHECKING)
WATCHED = (*HELD, RequestStatus.FROZEN)
UNENDED = tuple(status for status in RequestStatus if RequestStatus.WITHDRAWN in REQUEST_TRANSITIONS[status])


def reasons(room: ReadingRoom, tx: Any, request: AirlockRequest) -> tuple[Reason, ...]:
    """What is gone of the means under which its author asked; nothing if all is there."""
    return (*_means_gone(room, tx, request), *_taken_back(tx, request))


def _means_gone(room: ReadingRoom, tx: Any, request: AirlockRequest) -> tuple[Reason, ...]:
    """What can't be decided, a dataset being registered no more, is not there (promise P9)."""
    try:
        return access.means_gone(room, tx, request.author, tx.projects.get(request.project))
    except NotFound as error:
        return (Reason("grant.unknown", error.message, "An administrator should look at the policy files."),)


def _taken_back(tx: Any, request: AirlockRequest) -> tuple[Reason, ...]:
    """Data that could be read when it was submitted, or when the private answer was asked for that it takes out, and
    were withdrawn since, whatever the project holds by now."""
    if request.direction is Direction.IN:  # it comes from outside, whatever the data were
        return ()
    since = request.submitted_at or request.created_at
    if request.private_answer is not None:
        since = min(since, tx.accounts.get(request.private_answer).asked_at)
    return tuple(Reason("grant.withdrawn", f"Data that this request could be made from were withdrawn ({grant}).",
                        "Withdraw the request; ask anew for what rests on the data that the project still holds.")
                 for grant in tx.events.withdrawn_since(request.project, since))


def settle(room: ReadingRoom, tx: Any, request: AirlockRequest) -> AirlockRequest:
    """The request as it is after freezing, thawing or ending it, if the records call for that. Repeating changes
    nothing. It ends with its project, which nobody can open again: it would wait for ever."""
    if request.status in UNENDED and tx.projects.get(request.project).status is ProjectStatus.CLOSED:
        move(tx, request, RequestStatus.WITHDRAWN, SYSTEM, "request.ended", rule="project.closed")
        ended: AirlockRequest = tx.requests.get(request.number)
        return ended
    if request.status not in WATCHED:
        return request
    gone = reasons(room, tx, request)
    if gone and request.status is not RequestStatus.FROZEN:
        freeze(tx, request, gone)
    elif not gone and request.status is RequestStatus.FROZEN:
        _thaw(room, tx, request)
    settled: AirlockRequest = tx.requests.get(request.number)
    return settled


def freeze(tx: Any, request: AirlockRequest, gone: tuple[Reason, ...]) -> None:
    """Hold it where it is, for these reasons."""
    move(tx, request, RequestStatus.FROZEN, SYSTEM, "request.frozen", rules=sorted({one.rule for one in gone}))
    notices.tell(tx, (request.author, *reviewers(request)), "request.frozen", request=request.number,
                 project=request.project)


def _thaw(room: ReadingRoom, tx: Any, request: AirlockRequest) -> None:
    """Back to where it was; its checkers are told as when it came to them first."""
    assert request.thaws_to is not None
    notices.tell(tx, (request.author,), "request.thawed", request=request.number, project=request.project)
    if request.thaws_to is RequestStatus.IN_REVIEW:
        bring_to_checkers(room, tx, request, "request.thawed", status=request.thaws_to.value)
    else:
        move(tx, request, request.thaws_to, SYSTEM, "request.thawed", status=request.thaws_to.value)


def settle_project(room: ReadingRoom, tx: Any, project: str) -> None:
    """After anything that gives or takes the means of a whole project."""
    for request in tx.requests.with_status(*UNENDED, project=project):
        settle(room, tx, request)


def settle_author(room: ReadingRoom, tx: Any, username: str) -> None:
    """After anything that gives or takes a person's means."""
    for request in tx.requests.with_status(*WATCHED, author=username):
        settle(room, tx, request)


def sweep(room: ReadingRoom) -> int:
    """Freeze, thaw and end whatever the records now call for; returns how many. Two at once are harmless."""
    with room.store.reading() as tx:  # most of the time nothing moved, and nobody need wait for a lock
        decided: dict[tuple[str, str], bool] = {}
        moved = []
        found = tx.requests.with_status(*UNENDED)
        projects = tx.projects.among({request.project for request in found})
        for request in found:
            whose = (request.author, request.project)
            if projects[request.project].status is ProjectStatus.CLOSED:
                moved.append(request.number)
            elif request.status in WATCHED:
                if whose not in decided:
                    decided[whose] = bool(_means_gone(room, tx, request))
                gone = decided[whose] or bool(_taken_back(tx, request))
                if gone != (request.status is RequestStatus.FROZEN):
                    moved.append(request.number)
    for number in moved:
        with room.store.transaction() as tx:
            settle(room, tx, tx.requests.get(number))
    return len(moved)
