"""The custodian's desk: what waits for a decision, what is open, and taking it back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from readingroom.core.lifecycle import GrantStatus
from readingroom.core.roles import Permission, Role
from readingroom.errors import InvalidInput, PermissionDenied
from readingroom.services import audit
from readingroom.services import grants as service
from readingroom.web.portal import Changed, Here, Looking, Number, PageNumber, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import grants as present
from readingroom.web.presenters import paging

router = APIRouter()
CUSTODIAN = Role.CUSTODIAN
DECISIONS = {"agree": service.agree, "refuse": service.refuse}


@router.get("/grants")
def inbox(request: Request, here: Here, looking: Looking, waiting: PageNumber = 1, live: PageNumber = 1,
          over: PageNumber = 1) -> Response:
    room, name = here.room, looking.username
    check_can_decide(looking)

    def part(key: str, number: int, *statuses: GrantStatus) -> tuple[tuple[present.Row, ...], paging.Pager]:
        cards = service.mine(room, name, *statuses, page=number)
        pager = paging.pager("/grants", key, number, service.count(room, name, *statuses), service.PAGE)
        return tuple(present.row(card, room.today(), room.now()) for card in cards), pager

    return render(
        request,
        "grants/inbox.html",
        CUSTODIAN,
        waiting=part("waiting", waiting, GrantStatus.PROPOSED),
        live=part("live", live, *present.LIVE),
        over=part("over", over, *present.OVER),
    )


@router.get("/grants/{grant_id}")
def grant(request: Request, here: Here, looking: Looking, grant_id: Number) -> Response:
    return _page(request, here, looking, grant_id)


def _page(
    request: Request,
    here: Portal,
    looking: Viewer,
    grant_id: int,
    fault: InvalidInput | None = None,
    reason: str = "",
) -> Response:
    room = here.room
    card = service.get(room, looking.username, grant_id)
    story = tuple(present.story_line(event) for event in audit.story(room, looking.username, f"grant:{grant_id}"))
    return render(
        request,
        "grants/grant.html",
        CUSTODIAN,
        status=422 if fault else 200,
        fault=fault,
        typed=reason,
        grant=present.detail(card, service.use(room, looking.username, grant_id), room.today(), room.now()),
        story=story,
    )


@router.post("/grants/{grant_id}/decision")
def decide(request: Request, here: Here, looking: Looking, grant_id: Number, form: Changed) -> Response:
    decision, reason = DECISIONS.get(text_field(form, "decision", 20)), text_field(form, "reason", 5000)
    try:
        if decision is None:
            raise InvalidInput("No decision was chosen.", rule="grant.decision", next_step="Choose agree or refuse.")
        decision(here.room, looking.username, grant_id, reason)
    except InvalidInput as fault:
        return _page(request, here, looking, grant_id, fault, reason)
    return see(f"/grants/{grant_id}")


@router.get("/grants/{grant_id}/withdraw")
def withdraw_page(request: Request, here: Here, looking: Looking, grant_id: Number) -> Response:
    return _withdraw_page(request, here, looking, grant_id)


def _withdraw_page(
    request: Request, here: Portal, looking: Viewer, grant_id: int, fault: InvalidInput | None = None
) -> Response:
    card = service.get(here.room, looking.username, grant_id)
    return render(
        request,
        "grants/withdraw.html",
        CUSTODIAN,
        status=422 if fault else 200,
        fault=fault,
        grant=present.detail(
            card, service.use(here.room, looking.username, grant_id), here.room.today(), here.room.now()),
        seconds=present.WITHDRAW_SECONDS,
    )


@router.post("/grants/{grant_id}/withdraw")
def withdraw(request: Request, here: Here, looking: Looking, grant_id: Number, form: Changed) -> Response:
    try:
        service.withdraw(here.room, looking.username, grant_id, text_field(form, "reason", 5000))
    except InvalidInput as fault:
        return _withdraw_page(request, here, looking, grant_id, fault)
    return see(f"/grants/{grant_id}")


def check_can_decide(looking: Viewer) -> None:
    """An empty inbox would read as "nothing to do" to someone who has no business here."""
    if not looking.person.may(Permission.DECIDE_GRANTS):
        raise PermissionDenied(
            "Only data custodians decide about data.",
            rule="role.decide-grants",
            value=looking.username,
            next_step="Start from your home page.",
        )
