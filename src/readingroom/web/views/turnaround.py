"""How the desk does: queue, times, rework and agreement, from what really happened."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from readingroom.core.roles import Permission, Role
from readingroom.services import turnaround as service
from readingroom.web.portal import Here, Looking, render
from readingroom.web.presenters import turnaround as present

router = APIRouter()
FRAMES = (Role.CHECKER, Role.ADMINISTRATOR, Role.CUSTODIAN)


@router.get("/turnaround")
def desk(request: Request, here: Here, looking: Looking) -> Response:
    found = service.look(here.room, looking.username)
    role = next((role for role in FRAMES if role in looking.person.roles), None)
    return render(request, "turnaround/desk.html", role, desk=present.desk(found, here.room.now()),
                  sees_training=looking.person.may(Permission.READ_AUDIT))
