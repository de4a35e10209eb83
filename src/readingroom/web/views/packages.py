"""Packages without internet: what a project may install, asking for more, and the administrator's answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from readingroom.core.packages import Ecosystem
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput
from readingroom.services import packages as service
from readingroom.services import projects
from readingroom.web.portal import Changed, Here, Looking, PageNumber, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import packages as present
from readingroom.web.presenters.paging import part

router = APIRouter()


@router.get("/projects/{slug}/packages")
def of_project(request: Request, here: Here, looking: Looking, slug: str, page: PageNumber = 1) -> Response:
    return _page(request, here, looking, slug, page)


def _page(
    request: Request,
    here: Portal,
    looking: Viewer,
    slug: str,
    number: int = 1,
    fault: InvalidInput | None = None,
    typed: tuple[str, str] = ("", ""),
) -> Response:
    found = projects.get(here.room, looking.username, slug)
    now = here.room.now()
    asked, pager = part(f"/projects/{slug}/packages", "page", number, service.requests(here.room, slug))
    return render(
        request,
        "packages/project.html",
        Role.RESEARCHER,
        status=422 if fault else 200,
        project=found.project,
        may_ask=looking.username in found.project.members,
        packages=service.allowed(here.room, slug),
        requests=tuple(present.row(one, now) for one in asked),
        pager=pager,
        fault=fault,
        typed=typed,
    )


@router.post("/projects/{slug}/packages")
def ask(request: Request, here: Here, looking: Looking, slug: str, form: Changed) -> Response:
    projects.get(here.room, looking.username, slug)
    name, reason = text_field(form, "name", 200), text_field(form, "reason")
    ecosystem = Ecosystem.CRAN if text_field(form, "ecosystem") == Ecosystem.CRAN.value else Ecosystem.PIP
    try:
        service.ask(here.room, looking.username, slug, ecosystem, name, reason)
    except InvalidInput as fault:
        return _page(request, here, looking, slug, fault=fault, typed=(name, reason))
    return see(f"/projects/{slug}/packages")


@router.get("/packages")
def queue(request: Request, here: Here, looking: Looking, waiting: PageNumber = 1,
          answered: PageNumber = 1) -> Response:
    """Every project's requests: those waiting first."""
    now = here.room.now()
    rows = tuple(present.row(one, now) for one in service.all_requests(here.room, looking.username))
    return render(
        request,
        "packages/queue.html",
        Role.ADMINISTRATOR,
        waiting=part("/packages", "waiting", waiting, [one for one in rows if one.waiting]),
        answered=part("/packages", "answered", answered, [one for one in rows if not one.waiting]),
    )


@router.post("/packages/{number}/refuse")
def refuse(here: Here, looking: Looking, number: Annotated[int, Path(ge=1, le=2**31 - 1)], form: Changed) -> Response:
    service.refuse(here.room, looking.username, number, text_field(form, "reason"))
    return see("/packages")
