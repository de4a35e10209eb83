"""The custodian's desk: what waits for a decision, what is open, and taking it back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from readingroom.core.application_form import SECTION_TITLES
from readingroom.core.lifecycle import GrantStatus
from readingroom.core.policy import explain
from readingroom.core.roles import Permission, Role
from readingroom.errors import InvalidInput, PermissionDenied
from readingroom.services import accounts, audit, simulation
from readingroom.services import grants as service
from readingroom.web import decision_forms
from readingroom.web.portal import Changed, Here, Looking, Number, PageNumber, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import decisions, paging
from readingroom.web.presenters import grants as present

router = APIRouter()
CUSTODIAN = Role.CUSTODIAN


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
def grant(request: Request, here: Here, looking: Looking, grant_id: Number, page: PageNumber = 1) -> Response:
    """What is asked and what a yes would open, while it waits; what it is and was used for, afterwards."""
    room = here.room
    card = service.get(room, looking.username, grant_id)
    if card.grant.status is GrantStatus.PROPOSED:
        return _decision(request, here, looking, grant_id)
    events, pager = paging.part(f"/grants/{grant_id}", "page", page,
                                audit.story(room, looking.username, f"grant:{grant_id}"))
    use = service.use(room, looking.username, grant_id)
    explained = explain(room.policies.layers_of_grant(card.project, card.grant))
    return render(request, "grants/grant.html", CUSTODIAN, grant=present.detail(card, use, room.today(), room.now()),
                  story=present.story(events, accounts.names(room, {one.actor for one in events})), pager=pager,
                  rules=decisions.rules_in_force(explained))


def _decision(request: Request, here: Portal, looking: Viewer, grant_id: int, form: FormData | None = None,
              fault: InvalidInput | None = None) -> Response:
    """The page with conditions as typed and what they would open; what is wrong with them is said, nothing is lost."""
    room, conditions = here.room, None
    if form is not None:
        try:
            conditions = decision_forms.conditions(form)
            asked = simulation.preview(room, looking.username, grant_id, conditions)
        except InvalidInput as wrong:
            fault, form_fault = wrong, True
            asked = simulation.preview(room, looking.username, grant_id)
        else:
            form_fault = False
    else:
        asked, form_fault = simulation.preview(room, looking.username, grant_id), False
    datasets = {name: dataset for name, (dataset, _) in room.policies.datasets.items()}
    typed = decision_forms.typed_conditions(form) if form is not None else {}
    without = decision_forms.taken_out(form) if form is not None else frozenset()
    return render(
        request, "grants/decide.html", CUSTODIAN, status=422 if fault else 200, fault=fault,
        tried=conditions is not None and not form_fault,
        decision=decisions.decision(asked, datasets, room.today(), room.now(), typed, without))


@router.post("/grants/{grant_id}/decision")
def decide(request: Request, here: Here, looking: Looking, grant_id: Number, form: Changed) -> Response:
    room, name, reason = here.room, looking.username, text_field(form, "reason", 5000)
    service.get(room, name, grant_id)
    chosen = text_field(form, "decision", 20)
    if chosen == "preview":
        return _decision(request, here, looking, grant_id, form)
    try:
        if chosen == "agree":
            service.agree(room, name, grant_id, reason, decision_forms.conditions(form))
        elif chosen == "refuse":
            service.refuse(room, name, grant_id, reason)
        else:
            raise InvalidInput("No decision was chosen.", rule="grant.decision", next_step="Choose agree or refuse.")
    except InvalidInput as fault:
        return _decision(request, here, looking, grant_id, form, fault)
    return see(f"/grants/{grant_id}")


@router.get("/grants/{grant_id}/return")
def return_page(request: Request, here: Here, looking: Looking, grant_id: Number) -> Response:
    return _return_page(request, here, looking, grant_id)


def _return_page(request: Request, here: Portal, looking: Viewer, grant_id: int, fault: InvalidInput | None = None,
                 typed: dict[str, str] | None = None) -> Response:
    card = service.get(here.room, looking.username, grant_id)
    return render(request, "grants/return.html", CUSTODIAN, status=422 if fault else 200, fault=fault,
                  typed=typed or {}, sections=SECTION_TITLES, grant=card.grant, project=card.project,
                  dataset=card.dataset)


@router.post("/grants/{grant_id}/return")
def send_back(request: Request, here: Here, looking: Looking, grant_id: Number, form: Changed) -> Response:
    comments = decision_forms.comments(form)
    try:
        service.send_back(here.room, looking.username, grant_id, comments)
    except InvalidInput as fault:
        return _return_page(request, here, looking, grant_id, fault, comments)
    return see(f"/grants/{grant_id}")


@router.get("/grants/{grant_id}/withdraw")
def withdraw_page(request: Request, here: Here, looking: Looking, grant_id: Number) -> Response:
    return _withdraw_page(request, here, looking, grant_id)


def _withdraw_page(
    request: Request, here: Portal, looking: Viewer, grant_id: int, fault: InvalidInput | None = None,
    template: str = "grants/withdraw.html", typed: str = "",
) -> Response:
    card = service.get(here.room, looking.username, grant_id)
    use = service.use(here.room, looking.username, grant_id)
    return render(
        request,
        template,
        CUSTODIAN,
        status=422 if fault else 200,
        fault=fault,
        typed=typed,
        grant=present.detail(card, use, here.room.today(), here.room.now()),
        seconds=present.WITHDRAW_SECONDS,
    )


@router.post("/grants/{grant_id}/withdraw")
def withdraw(request: Request, here: Here, looking: Looking, grant_id: Number, form: Changed) -> Response:
    reason = text_field(form, "reason", 5000)
    try:
        service.withdraw(here.room, looking.username, grant_id, reason)
    except InvalidInput as fault:
        return _withdraw_page(request, here, looking, grant_id, fault, typed=reason)
    return see(f"/grants/{grant_id}")


@router.get("/grants/{grant_id}/suspend")
def suspend_page(request: Request, here: Here, looking: Looking, grant_id: Number) -> Response:
    return _withdraw_page(request, here, looking, grant_id, template="grants/suspend.html")


@router.post("/grants/{grant_id}/suspend")
def suspend(request: Request, here: Here, looking: Looking, grant_id: Number, form: Changed) -> Response:
    """Close a live grant for now, or open a suspended one again."""
    reason, again = text_field(form, "reason", 5000), text_field(form, "decision", 20) == "resume"
    try:
        (service.resume if again else service.suspend)(here.room, looking.username, grant_id, reason)
    except InvalidInput as fault:
        return _withdraw_page(request, here, looking, grant_id, fault, "grants/suspend.html", reason)
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
