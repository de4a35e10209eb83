"""A later end for a grant, on a page of its own."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response

from readingroom.core.roles import Role
from readingroom.errors import InvalidInput
from readingroom.services import grants as service
from readingroom.web.portal import Changed, Here, Looking, Number, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import grants as present

router = APIRouter()
PARTS = ("day", "month", "year")


@router.get("/grants/{grant_id}/renew")
def renew_page(request: Request, here: Here, looking: Looking, grant_id: Number) -> Response:
    latest = service.latest_end(here.room, looking.username, grant_id)
    return _page(request, here, looking, grant_id, {part: str(getattr(latest, part)) for part in PARTS})


def _page(request: Request, here: Portal, looking: Viewer, grant_id: int, typed: dict[str, str], reason: str = "",
          fault: InvalidInput | None = None) -> Response:
    room, name = here.room, looking.username
    card, use = service.get(room, name, grant_id), service.use(room, name, grant_id)
    return render(
        request,
        "grants/renew.html",
        Role.CUSTODIAN,
        status=422 if fault else 200,
        fault=fault,
        at_fault="reason" if fault and fault.rule == "grant.reason" else "until",
        typed=typed,
        reason=reason,
        grant=present.detail(card, use, room.today(), room.now()),
        latest=service.latest_end(room, name, grant_id),
        today=room.today(),
    )


@router.post("/grants/{grant_id}/renew")
def renew(request: Request, here: Here, looking: Looking, grant_id: Number, form: Changed) -> Response:
    typed, reason = {part: text_field(form, f"until-{part}", 10) for part in PARTS}, text_field(form, "reason", 5000)
    try:
        service.renew(here.room, looking.username, grant_id, _day(typed), reason)
    except InvalidInput as fault:
        return _page(request, here, looking, grant_id, typed, reason, fault)
    return see(f"/grants/{grant_id}")


def _day(typed: dict[str, str]) -> date:
    try:
        return date(*(int(typed[part]) for part in reversed(PARTS)))
    except (ValueError, OverflowError) as error:
        shown = " ".join(typed[part] for part in PARTS)
        raise InvalidInput(f"“{shown}” is not a date.", rule="grant.until", value=shown,
                           next_step="Give day, month and year in numbers, as in 27 3 2027.") from error
