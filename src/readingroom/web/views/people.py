"""Looking after people: the list, each one's record, and what may be done about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from readingroom import bootstrap
from readingroom.core.people import Accreditation
from readingroom.core.person_actions import PersonAction
from readingroom.core.roles import Permission, Role
from readingroom.errors import InvalidInput, NotFound
from readingroom.services import dossiers, invitations
from readingroom.services import people as service
from readingroom.services.invitations import Invitation
from readingroom.web.forms import choice_field, date_field, optional_date_field
from readingroom.web.portal import Changed, Here, Looking, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import people as present

router = APIRouter()
INVITE_FIELDS = ("username", "name", "organisation", "email", "reason")


@router.get("/people")
def listing(
    request: Request, here: Here, looking: Looking, q: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    words = " ".join(q.split())
    found, total = dossiers.search(here.room, looking.username, words, present.PAGE_SIZE,
                                  (page - 1) * present.PAGE_SIZE)
    return render(request, "people/list.html", _area(looking),
                  listed=present.listed(found, total, words, page, here.room.today()))


@router.get("/invite")
def invite_page(request: Request, looking: Looking) -> Response:
    dossiers.check_looks_after_people(looking.person)
    return _invite_page(request, looking, {}, frozenset({Role.RESEARCHER}))


def _invite_page(request: Request, looking: Viewer, typed: Mapping[str, str], roles: frozenset[Role],
                 fault: InvalidInput | None = None) -> Response:
    offered = tuple(Role) if looking.person.may(Permission.MANAGE_PEOPLE) else (Role.RESEARCHER,)
    return render(request, "people/invite.html", _area(looking), status=422 if fault else 200, fault=fault,
                  typed=typed, roles=roles, offered=offered, days=invitations.INVITATION_DAYS)


@router.post("/invite")
def invite(request: Request, here: Here, looking: Looking, form: Changed) -> Response:
    typed, roles = {name: text_field(form, name, 500) for name in INVITE_FIELDS}, _roles(form)
    try:
        made = service.invite(here.room, looking.username, typed["username"], typed["name"], typed["organisation"],
                              roles, email=typed["email"], reason=typed["reason"])
    except InvalidInput as fault:
        return _invite_page(request, looking, typed, roles, fault)
    return _link_page(request, here, looking, made)


def _link_page(request: Request, here: Portal, looking: Viewer, made: Invitation) -> Response:
    """Mailed to the person, or else shown, once: the records keep no more than a hash of it."""
    sent_to = invitations.deliver(here.room, bootstrap.mail(here.room.settings), made)
    link = "" if sent_to else invitations.address_of(here.room, made)
    return render(request, "people/link.html", _area(looking), link=link, sent_to=sent_to, username=made.username,
                  until=made.expires_at)


@router.get("/people/{username}")
def person(request: Request, here: Here, looking: Looking, username: str) -> Response:
    dossiers.check_looks_after_people(looking.person)
    return _person_page(request, here, looking, username)


def _person_page(request: Request, here: Portal, looking: Viewer, username: str, fault: InvalidInput | None = None,
                 tried: str = "", typed: Mapping[str, str] | None = None) -> Response:
    found = dossiers.dossier(here.room, looking.username, username)
    return render(request, "people/person.html", _area(looking), status=422 if fault else 200, fault=fault, tried=tried,
                  typed=typed or {},
                  record=present.record(found, here.room.today(), by_provider=bool(here.room.settings.oidc_issuer)),
                  every_role=tuple(Role), is_self=username == looking.username)


@router.post("/people/{username}/{action}")
def act(request: Request, here: Here, looking: Looking, username: str, action: str, form: Changed) -> Response:
    known = {one.value: one for one in PersonAction}
    deed = DEEDS.get(known[action]) if action in known else None
    if deed is None:
        raise NotFound("There is no such action.", rule="address", value=action[:40])
    dossiers.check_looks_after_people(looking.person)
    try:
        made = deed(here.room, looking.username, username, form, text_field(form, "reason", 2000))
    except InvalidInput as fault:
        typed = {name: value for name, value in form.items() if isinstance(value, str)}
        return _person_page(request, here, looking, username, fault, action, typed)
    return _link_page(request, here, looking, made) if made else see(f"/people/{username}")


def _verify(room: Any, by: str, username: str, form: FormData, reason: str) -> None:
    service.verify(room, by, username, text_field(form, "method", 600), reason=reason)


def _train(room: Any, by: str, username: str, form: FormData, reason: str) -> None:
    service.record_training(room, by, username, text_field(form, "course", 600), date_field(form, "passed"),
                            optional_date_field(form, "until"), reason=reason)


def _accredit(room: Any, by: str, username: str, form: FormData, reason: str) -> None:
    kind = choice_field(form, "kind", Accreditation)
    service.accredit(room, by, username, kind, date_field(form, "granted"), optional_date_field(form, "until"),
                     reference=text_field(form, "reference", 300), reason=reason)


def _change(room: Any, by: str, username: str, form: FormData, reason: str) -> None:
    service.change(room, by, username, display_name=text_field(form, "name", 500),
                   organisation=text_field(form, "organisation", 500), roles=_roles(form),
                   email=text_field(form, "email", 500), reason=reason)


DEEDS: dict[PersonAction, Callable[[Any, str, str, FormData, str], Invitation | None]] = {
    PersonAction.VERIFY: _verify,
    PersonAction.TRAIN: _train,
    PersonAction.ACCREDIT: _accredit,
    PersonAction.CHANGE: _change,
    PersonAction.LINK: lambda room, by, username, form, reason: service.link_provider(
        room, by, username, text_field(form, "subject", 300), reason=reason),
    PersonAction.INVITE: lambda room, by, username, _, reason: service.invite_again(room, by, username, reason=reason),
    PersonAction.RESET: lambda room, by, username, _, reason: service.reset_sign_in(room, by, username, reason=reason),
    PersonAction.SUSPEND: lambda room, by, username, _, reason: service.suspend(room, by, username, reason=reason),
    PersonAction.REINSTATE: lambda room, by, username, _, reason: service.reinstate(room, by, username, reason=reason),
    PersonAction.BAR: lambda room, by, username, _, reason: service.bar(room, by, username, reason=reason),
}


def _roles(form: FormData) -> frozenset[Role]:
    return frozenset(role for role in Role if role.value in form.getlist("roles"))


def _area(looking: Viewer) -> Role:
    return Role.ADMINISTRATOR if looking.person.may(Permission.MANAGE_PEOPLE) else Role.CUSTODIAN
