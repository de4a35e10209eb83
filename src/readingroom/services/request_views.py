"""A request as one person may see it: whose reviews they know of, and what they may do now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from readingroom.core import egress
from readingroom.core.access import Reason
from readingroom.core.comments import Comment
from readingroom.core.egress import Phase, phase
from readingroom.core.lifecycle import TRANSITIONS_OF, Direction, RequestStatus, check_transition
from readingroom.core.people import Person
from readingroom.core.permissions import check_is_author
from readingroom.core.projects import Project
from readingroom.core.requests import AirlockRequest, Delivery, Release, Review
from readingroom.core.waiting import for_others
from readingroom.errors import refusal_of
from readingroom.services import freezing, holdups
from readingroom.services.checking import Desk, Records, read
from readingroom.services.room import ReadingRoom

ENDS = ("request.returned", "request.approved")
WAITING = (RequestStatus.SUBMITTED, RequestStatus.CHECKING, RequestStatus.IN_REVIEW)


@dataclass(frozen=True)
class RequestView:
    """A request as one person may see it.

    `reviews` holds only what this person may know: nothing of other checkers before all have answered, nothing
    at all for the author before the round is decided. `may` maps each action to "" or to the reason why not.
    `carried` are the ids of files approved in an earlier round that did not change since.
    `suggested`: this checker is among those asked first. `likely` are how many rounds were decided lately, and the
    hours within which half and nine in ten were; None unless it waits.
    `recalled`: its release was taken back. For one request only are looked up: `frozen`, the reasons why it is;
    `held_up`, why it does not go on in the state in which it is; `delivery`, that what it brings in arrived; and
    `comments` on places in the files, of every round.
    """

    request: AirlockRequest
    project: Project
    phase: Phase
    reviews: tuple[Review, ...]
    own_review: Review | None
    release: Release | None
    place_in_queue: int
    may: dict[str, str]
    frozen: tuple[Reason, ...] = ()
    recalled: bool = False
    carried: frozenset[int] = frozenset()
    suggested: bool = False
    likely: tuple[int, float | None, float | None] | None = None
    comments: tuple[Comment, ...] = ()
    delivery: Delivery | None = None
    held_up: tuple[Reason, ...] = ()

    @property
    def optional(self) -> frozenset[int]:
        """Files that a checker need not decide on: approved before, or not leaving."""
        return self.carried | {file.id for file in self.request.files if not file.crosses}


def view_of(room: ReadingRoom, tx: Any, person: Person, request: AirlockRequest, records: Records | None = None
            ) -> RequestView:
    (view,) = views_of(room, tx, person, [request], records)
    if request.direction is Direction.IN:
        view = replace(view, delivery=tx.requests.delivery(request.number))
    if request.status is RequestStatus.WITHDRAWN and _was_decided(tx, request):
        view = replace(view, reviews=_visible_reviews(person, request, view.project, view.phase, decided=True))
    if request.status in holdups.WATCHED:
        view = replace(view, held_up=holdups.current(tx, request))
    if view.phase is Phase.FROZEN:
        gone = freezing.reasons(room, tx, request)
        view = replace(view, frozen=gone if person.username == request.author else for_others(gone))
    return view


def views_of(room: ReadingRoom, tx: Any, person: Person, requests: Sequence[AirlockRequest],
             records: Records | None = None) -> tuple[RequestView, ...]:
    """The same of many, in as many questions to the records for many as for one."""
    known = records or read(room, tx, [person], requests)
    released = [request.number for request in requests if request.status is RequestStatus.RELEASED]
    made, recalled = tx.requests.releases(released), tx.releases.recalled(released)
    queue, desk = tx.requests.numbers(*WAITING), Desk(room, tx, person, known)

    def view(request: AirlockRequest) -> RequestView:
        project, now = known.projects[request.project], phase(request)
        own = next((given for given in egress.current_reviews(request) if given.checker == person.username), None)
        return RequestView(
            request=replace(request, reviews=()), project=project, phase=now, own_review=own,
            reviews=_visible_reviews(person, request, project, now,
                                     decided=request.status is not RequestStatus.WITHDRAWN),
            release=made.get(request.number),
            carried=egress.carried(request),
            recalled=request.number in recalled, place_in_queue=bisect_right(queue, request.number),
            may=_may(desk, person, request, project, own))

    return tuple(map(view, requests))


def _was_decided(tx: Any, request: AirlockRequest) -> bool:
    """Whether the last round of one that was withdrawn had been decided before."""
    events = tx.events.of_subjects([f"request:{request.number}"], ("request.submitted", *ENDS))
    return bool(events) and events[-1].action in ENDS


def _visible_reviews(person: Person, request: AirlockRequest, project: Project, now: Phase, *, decided: bool
                     ) -> tuple[Review, ...]:
    """Reviews that this person may know of: checkers' own first, all when consolidating; authors after a decision.

    Consolidating is for those who answered: another may have to judge blindly yet, should an answer not count any more.

    None of those that count no more: the log keeps them. Of a round that was withdrawn before it was `decided` nobody
    learns what others said: the same files can be asked for anew, and be judged blindly.
    """
    counted = tuple(given for given in request.reviews if not given.void
                    and (decided or given.round < request.round or given.checker == person.username))
    if person.username in project.members:
        if now is Phase.AUTHOR or now is Phase.COMPLETE:
            return tuple(replace(given, note="", checker="a checker") for given in counted)
        return ()
    earlier = tuple(given for given in counted if given.round < request.round)
    answered = person.username in egress.reviewers(request)
    if now in (Phase.COMPLETE, Phase.AUTHOR) or (now in (Phase.CONSOLIDATING, Phase.SIGN_OFF) and answered):
        return counted
    return earlier + tuple(given for given in egress.current_reviews(request) if given.checker == person.username)


def _may(desk: Desk, person: Person, request: AirlockRequest, project: Project, own: Review | None) -> dict[str, str]:
    """For each action "" if this person may do it now, else the reason, as the guards themselves say it."""
    now = phase(request)
    in_review = "" if request.status is RequestStatus.IN_REVIEW else f"The request is {request.status.value}."
    reviewer = refusal_of(desk.check, request)
    author = refusal_of(check_is_author, person, request)
    together = now in (Phase.CONSOLIDATING, Phase.SIGN_OFF)
    given = "" if own is None or together else "You have given your review of this round."
    unsettled = ("Every checker approves; a custodian signs it off." if now is Phase.SIGN_OFF
                 else "Not every checker has answered yet.")
    returned = "" if request.status is RequestStatus.RETURNED else f"The request is {request.status.value}."
    consolidating = "" if now is Phase.CONSOLIDATING and own else unsettled
    return {
        "review": reviewer or in_review or given,
        "conclude": reviewer or in_review or consolidating,
        "withdraw": author or refusal_of(check_transition, TRANSITIONS_OF[request.direction], request.status,
                                         RequestStatus.WITHDRAWN, "request"),
        "resubmit": author or refusal_of(egress.check_changeable, request) or returned,
    }
