"""Requests that do not go on: why is on their page, and who can change it is told.

What the worker tried and could not do is tried again by itself, ever more rarely; what nobody can do as things are is
found by a sweep. Nothing here decides: a request leaves, or comes in, only by what its states allow.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from readingroom.core import egress, waiting
from readingroom.core.access import Reason
from readingroom.core.audit import Event
from readingroom.core.egress import Phase, phase
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.notices import FACTS
from readingroom.core.permissions import check_can_sign_off
from readingroom.core.requests import AirlockRequest
from readingroom.core.roles import Permission
from readingroom.core.waiting import WORKED_ON
from readingroom.errors import NoRoom, NotFound, ReadingRoomError, refusal_of
from readingroom.services import independence, notices, sign_off
from readingroom.services.checking import may_check
from readingroom.services.moves import SYSTEM
from readingroom.services.room import ReadingRoom

HELD_UP, GOES_ON, ESCALATED = "request.held-up", "request.goes-on", "request.escalated"
WATCHED = (*WORKED_ON, RequestStatus.IN_REVIEW)
PLATFORM, UNNAMED = "platform", "platform.failed"
log = logging.getLogger(__name__)


@contextmanager
def noted(room: ReadingRoom, number: int) -> Iterator[None]:
    """Put on record what keeps the worker from taking a request further, and let it pass on, to be tried again."""
    try:
        yield
    except Exception as error:
        try:
            _note(room, number, _reason(error))
        except ReadingRoomError as unrecorded:  # the database, say: then the log file is all there is
            log.warning("request %d: %s; %s", number, error, unrecorded)
        raise


def wait_for_room(room: ReadingRoom, number: int, full: NoRoom) -> None:
    """A folder is full: its author can make room, and is told at once, and once only."""
    if request := _note(room, number, _reason(full)):
        with room.store.transaction() as tx:
            notices.tell(tx, (request.author,), "incoming.held-up", request=number, project=request.project)


def current(tx: Any, request: AirlockRequest) -> tuple[Reason, ...]:
    """Why the request does not go on, as it was found last; nothing if it does."""
    return _current(request, tx.events.of_subjects([f"request:{request.number}"], (HELD_UP, GOES_ON)))


def everything(tx: Any) -> tuple[tuple[AirlockRequest, Reason], ...]:
    """All requests that do not go on, oldest first, for those who run the desk."""
    found = tx.requests.with_status(*WATCHED)
    by_subject: dict[str, list[Event]] = {f"request:{request.number}": [] for request in found}
    for event in tx.events.of_subjects(list(by_subject), (HELD_UP, GOES_ON)):
        by_subject[event.subject].append(event)
    return tuple((request, reason) for request in found
                 for reason in _current(request, by_subject[f"request:{request.number}"]))


def sweep(room: ReadingRoom) -> int:
    """Take every open request as far as the records allow, find what nobody can take further, and tell who waits too
    long; how many changed. Two at once are harmless, and one that can't be looked at does not keep the others."""
    with room.store.reading() as tx:
        numbers = [request.number for request in tx.requests.with_status(*WATCHED)]
        due = [number for number in numbers if _is_due(room, tx, number)]
    for number in due:
        try:
            _take_further(room, number)
        except ReadingRoomError as error:
            log.warning("request %d: %s", number, error)
    return len(due)


def _take_further(room: ReadingRoom, number: int) -> None:
    with room.store.transaction() as tx:
        request = independence.settle(room, tx, tx.requests.get(number))
        if request.status is RequestStatus.IN_REVIEW and egress.is_complete(request):
            sign_off.settle(room, tx, request)
        request = tx.requests.get(number)
        _follow(room, tx, request)
        _escalate(room, tx, request)


def _is_due(room: ReadingRoom, tx: Any, number: int) -> bool:
    """Most of the time nothing moved, and nobody need wait for a lock."""
    request: AirlockRequest = tx.requests.get(number)
    try:
        return bool(independence.is_due(room, tx, request) or _news(room, tx, request) is not None
                    or _late(room, tx, request))
    except NotFound as error:
        log.warning("request %d cannot be looked at: %s", number, error)
        return False


def _reason(error: Exception) -> Reason:
    if isinstance(error, ReadingRoomError):
        return Reason(error.rule if FACTS["rule"].fullmatch(error.rule) else UNNAMED, error.message, error.next_step)
    why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return Reason(UNNAMED, f"The platform could not finish what comes next ({why}).",
                  "Nothing to do for you: it is tried again by itself, and an administrator is told if that does not "
                  "help.")


def _note(room: ReadingRoom, number: int, reason: Reason) -> AirlockRequest | None:
    """Record it, unless it is on record already, or the request is not the worker's any more."""
    with room.store.transaction() as tx:
        request: AirlockRequest = tx.requests.get(number)
        if request.status not in WORKED_ON or reason in current(tx, request):
            return None
        _record(tx, request, reason)
        return request


def _record(tx: Any, request: AirlockRequest, reason: Reason) -> None:
    tx.events.record(SYSTEM, HELD_UP, f"request:{request.number}", request.project, round=request.round,
                     status=request.status.value, rule=reason.rule, message=reason.message, next_step=reason.next_step)


def _last(request: AirlockRequest, events: Sequence[Event]) -> Event | None:
    """The event by which it is held up in its present state, if it is."""
    last = events[-1] if events else None
    here = (request.round, request.status.value)
    return last if last and last.action == HELD_UP and (last.detail["round"], last.detail["status"]) == here else None


def _current(request: AirlockRequest, events: Sequence[Event]) -> tuple[Reason, ...]:
    last = _last(request, events)
    return () if last is None else (Reason(*(str(last.detail[what]) for what in ("rule", "message", "next_step"))),)


def _in_the_way(room: ReadingRoom, tx: Any, request: AirlockRequest) -> tuple[Reason, ...]:
    """What nobody can do about a request in review, as things are."""
    project = tx.projects.get(request.project)
    refusals = {name: refusal for name in egress.unsigned(request)
                if (refusal := refusal_of(check_can_sign_off, tx.people.get(name), request, project))}
    found = waiting.too_few(request, may_check(room, tx, request)) or waiting.cannot_sign(refusals)
    return () if found is None else (found,)


def _news(room: ReadingRoom, tx: Any, request: AirlockRequest) -> tuple[Reason, ...] | None:
    """What is in the way of people now, where the record says otherwise; None where it says the same."""
    if request.status is not RequestStatus.IN_REVIEW:
        return None
    found = _in_the_way(room, tx, request)
    return None if found == current(tx, request) else found


def _follow(room: ReadingRoom, tx: Any, request: AirlockRequest) -> None:
    """Record what is in the way of people, or that nothing is any more; tell the author and the administrators."""
    news = _news(room, tx, request)
    if news == ():
        tx.events.record(SYSTEM, GOES_ON, f"request:{request.number}", request.project, round=request.round)
    for found in news or ():
        _record(tx, request, found)
        _tell(tx, request, found.rule)


def _tell(tx: Any, request: AirlockRequest, rule: str) -> None:
    facts = {"request": request.number, "project": request.project}
    notices.tell(tx, (request.author,), "request.held-up", **facts)
    notices.tell(tx, notices.holding(tx, Permission.MANAGE_PEOPLE), "request.stuck", rule=rule, **facts)


def _late(room: ReadingRoom, tx: Any, request: AirlockRequest) -> str:
    """For whom it waits for longer than it may and nobody was told yet: a phase or the platform; "" if for nobody."""
    events = tx.events.of_subjects([f"request:{request.number}"], (HELD_UP, GOES_ON, ESCALATED))
    held = _last(request, [event for event in events if event.action != ESCALATED])
    if request.status in WORKED_ON:
        waits_for, patience = PLATFORM, waiting.PATIENCE
        since = None if held is None else datetime.fromisoformat(held.at)
    else:
        project = tx.projects.get(request.project)
        hours = room.policies.for_project(project, tx.grants.of_project(project.slug)).escalate_hours
        waits_for, since = phase(request).value, waiting.since(request) if hours is not None else None
        patience = timedelta(hours=hours or 0)
    if since is None or room.now() - since < patience:
        return ""
    told = {(event.detail["round"], event.detail.get("waits_for", Phase.INDEPENDENT.value))
            for event in events if event.action == ESCALATED}
    return "" if (request.round, waits_for) in told else waits_for


def _escalate(room: ReadingRoom, tx: Any, request: AirlockRequest) -> None:
    """Tell, once per round and step, those for whom it waits and the administrators. It names nobody who answered."""
    waits_for = _late(room, tx, request)
    if not waits_for:
        return
    tx.events.record(SYSTEM, ESCALATED, f"request:{request.number}", request.project, round=request.round,
                     waits_for=waits_for)
    if waits_for == PLATFORM:
        (held,) = current(tx, request)
        _tell(tx, request, held.rule)
        return
    notices.tell(tx, independence.waited_for(room, tx, request) | notices.holding(tx, Permission.MANAGE_PEOPLE),
                 ESCALATED, request=request.number, project=request.project)
