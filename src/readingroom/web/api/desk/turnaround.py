"""`/turnaround`: how the desk does, from what really happened."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from typing_extensions import TypedDict

from readingroom.core.turnaround import Figures
from readingroom.services import turnaround as service
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS
from readingroom.web.api.desk.visitor import Visiting
from readingroom.web.portal import Here

router = APIRouter(tags=["desk: turnaround"], responses=REFUSALS)


@exactly
class Queued(TypedDict):
    number: int
    direction: str
    submitted_at: str


@exactly
class HeldUp(TypedDict):
    number: int
    rule: str
    message: str
    next_step: str


@exactly
class Answers(TypedDict):
    """How many reviews a checker gave lately to requests that are settled."""

    checker: str
    reviews: int


@exactly
class Turnaround(TypedDict):
    """`figures` and the caller's `own` by direction: hours, minutes, shares and agreement of the last hundred requests
    of each; null where there were too few to tell."""

    figures: dict[str, dict[str, Any]]
    own: dict[str, dict[str, Any]]
    waiting: list[Queued]
    held_up: list[HeldUp]
    answers: list[Answers]


@router.get("/turnaround")
def turnaround(here: Here, looking: Visiting) -> Turnaround:
    """How long rounds took, what they were returned for, and what waits. For checkers, custodians, administrators."""
    found = service.look(here.room, looking.username)
    return {
        "figures": {direction.value: _told(figures) for direction, figures in found.figures.items()},
        "own": {direction.value: _told(figures) for direction, figures in found.own.items()},
        "waiting": [{"number": number, "direction": direction.value, "submitted_at": at.isoformat()}
                    for number, at, direction in found.waiting],
        "held_up": [{"number": request.number, "rule": reason.rule, "message": reason.message,
                     "next_step": reason.next_step} for request, reason in found.held_up],
        "answers": [{"checker": name, "reviews": count} for name, count in found.answers],
    }


def _told(figures: Figures) -> dict[str, Any]:
    return asdict(figures) | {"causes": dict(figures.causes)}
