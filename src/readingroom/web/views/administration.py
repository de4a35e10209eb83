"""The administrator's pages: health and the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from readingroom.core.roles import Role
from readingroom.services import audit, walls
from readingroom.services import overview as service
from readingroom.web.portal import Here, Looking, PageNumber, Portal, render
from readingroom.web.presenters import administration as present
from readingroom.web.presenters import walls as present_walls
from readingroom.web.presenters.grants import story
from readingroom.web.presenters.paging import part

router = APIRouter()
ADMINISTRATOR = Role.ADMINISTRATOR
PAGE_SIZE = 50
INCIDENTS = 20


@router.get("/health")
def health(request: Request, here: Here, looking: Looking, page: PageNumber = 1) -> Response:
    found = service.overview(here.room, looking.username)
    shown = present.health(found, here.room.now())
    open_now, pager = part("/health", "page", page, shown.open_workspaces)
    return render(
        request,
        "administration/health.html",
        ADMINISTRATOR,
        health=shown,
        open_now=open_now,
        pager=pager,
        walls=present_walls.walls(
            walls.last_probe(here.room), walls.incidents(here.room, looking.username, INCIDENTS), here.room.now()
        ),
    )


@router.get("/audit")
def log(
    request: Request, here: Here, looking: Looking, before: Annotated[int | None, Query(ge=1, le=2**62)] = None
) -> Response:
    """The newest events, and on the first page whether the log holds."""
    events = audit.latest(here.room, looking.username, PAGE_SIZE, before)
    proof = _proof(here) if before is None else None
    older = events[-1].seq if len(events) == PAGE_SIZE and events[-1].seq > 1 else None
    return render(
        request,
        "administration/audit.html",
        ADMINISTRATOR,
        story=story(events, {}),  # as recorded: this is what the hashes are of
        proof=proof,
        older=older,
        before=before,
    )


def _proof(here: Portal) -> present.Proof | None:
    if here.audit_key is None:
        return None
    return present.proof(audit.standing(here.room, here.audit_key), here.room.now())
