"""Releases: what left, on which terms it is handed over, who has it, and taking it back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from readingroom.core.people import Person
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput
from readingroom.services import accounts, handover
from readingroom.web.portal import Changed, Here, Looking, Number, PageNumber, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import releases as present
from readingroom.web.presenters.paging import pager

router = APIRouter()
FRAMES = (Role.CUSTODIAN, Role.CHECKER, Role.ADMINISTRATOR, Role.RESEARCHER)


def _frame(person: Person) -> Role | None:
    """The part of the portal that a reader of releases is in, by what they would do with one."""
    return next((role for role in FRAMES if role in person.roles), None)


@router.get("/releases")
def newest(request: Request, here: Here, looking: Looking, page: PageNumber = 1) -> Response:
    lines, total = handover.newest(here.room, looking.username, page)
    return render(request, "releases/list.html", _frame(looking.person),
                  rows=tuple(present.row(line, here.room.now()) for line in lines),
                  pager=pager("/releases", "page", page, total, handover.PAGE))


@router.get("/releases/{number}")
def one(request: Request, here: Here, looking: Looking, number: Number) -> Response:
    return _page(request, here, looking, number, "releases/release.html")


@router.get("/releases/{number}/recall")
def recall_page(request: Request, here: Here, looking: Looking, number: Number) -> Response:
    return _page(request, here, looking, number, "releases/recall.html")


@router.post("/releases/{number}/recall")
def recall(request: Request, here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    try:
        handover.recall(here.room, looking.username, number, text_field(form, "reason", 5000))
    except InvalidInput as fault:
        return _page(request, here, looking, number, "releases/recall.html", fault)
    return see(f"/releases/{number}")


def _page(
    request: Request, here: Portal, looking: Viewer, number: int, template: str, fault: InvalidInput | None = None
) -> Response:
    view = handover.get(here.room, looking.username, number)
    people = {name: accounts.person(here.room, name) for name in present.named(view)}
    shown = present.detail(view, people, here.room.now())
    return render(request, template, _frame(looking.person), status=422 if fault else 200, release=shown, fault=fault)
