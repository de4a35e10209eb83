"""A request on its way: brought to the checkers, answered by them, and what is then on record."""

from __future__ import annotations

from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import AirlockRequest, Decision, Vote
from readingroom.services import requests
from readingroom.services.workshop import Workshop
from tests.factories import checked, upload


def in_review(workshop: Workshop, author: str = "ada", project: str = "returns") -> AirlockRequest:
    """One with one file, its checks done."""
    return checked(workshop, requests.submit(workshop, author, project, "By sex", "A paper", (upload(),)).number)


def review(workshop: Workshop, checker: str, request: AirlockRequest,
           decision: Decision = Decision.APPROVE) -> AirlockRequest:
    """The same answer about every file."""
    return requests.review(workshop, checker, request.number,
                           [Vote(file.id, decision, "Because.") for file in request.files])


def vote(workshop: Workshop, checker: str, request: AirlockRequest, **decisions: Decision) -> AirlockRequest:
    """Decisions by the stem of a file's name; files not named are not voted on."""
    by_name = {file.name.split(".")[0]: file.id for file in request.files}
    return requests.review(workshop, checker, request.number,
                           [Vote(by_name[name], decision, "Because.") for name, decision in decisions.items()])


def record(room, number: int = 1) -> AirlockRequest:
    with room.store.reading() as tx:
        return tx.requests.get(number)


def status(room, number: int = 1) -> RequestStatus:
    return record(room, number).status


def events(room, number: int = 1) -> list[str]:
    """What happened to it, oldest first."""
    with room.store.reading() as tx:
        return [event.action for event in tx.events.of_subject(f"request:{number}")]
