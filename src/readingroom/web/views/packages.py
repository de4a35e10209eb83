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
from readingroom.web.portal import Changed, Here, Looking, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import packages as present

router = APIRouter()


@router.get("/projects/{slug}/packages")
def of_project(request: Request, here: Here, looking: Looking, slug: str) -> Response:
    return _page(request, here, looking, slug)


def _page(
    request: Request,
    here: Portal,
    looking: Viewer,
    slug: str,
    fault: InvalidInput | None = None,
    typed: tuple[str, str] = ("", ""),
) -> Response:
    found = projects.get(here.room, looking.username, slug)
    now = here.room.now()
    return render(
        request,
        "packages/project.html",
        Role.RESEARCHER,
        status=422 if fault else 200,
        project=found.project,
        may_ask=looking.username in found.project.members,
        packages=service.allowed(here.room, slug),
        requests=tuple(present.row(one, now) for one in service.requests(here.room, slug)),
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
        return _page(request, here, looking, slug, fault, (name, reason))
    return see(f"/projects/{slug}/packages")


@router.get("/packages")
def queue(request: Request, here: Here, looking: Looking) -> Response:
    """Every project's requests: those waiting first."""
    now = here.room.now()
    rows = tuple(present.row(one, now) for one in service.all_requests(here.room, looking.username))
    return render(
        request,
        "packages/queue.html",
        Role.ADMINISTRATOR,
        waiting=tuple(one for one in rows if one.waiting),
        answered=tuple(one for one in rows if not one.waiting),
    )


@router.post("/packages/{number}/refuse")
def refuse(here: Here, looking: Looking, number: Annotated[int, Path(ge=1, le=2**31 - 1)], form: Changed) -> Response:
    service.refuse(here.room, looking.username, number, text_field(form, "reason"))
    return see("/packages")
