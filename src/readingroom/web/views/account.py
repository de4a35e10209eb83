"""One's own account: the record, the undertaking, the second factor, every session."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from readingroom.core.people import EXPIRING_DAYS
from readingroom.core.undertakings import missing_signature, sha256_of
from readingroom.errors import InvalidInput, NotFound, PermissionDenied
from readingroom.services import dossiers, people, sign_in
from readingroom.web.addresses import HUB
from readingroom.web.portal import Changed, Here, Looking, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import people as present

router = APIRouter()


@router.get("/account")
def account(request: Request, here: Here, looking: Looking) -> Response:
    return _page(request, here, looking)


def _page(request: Request, here: Portal, looking: Viewer, fault: PermissionDenied | None = None) -> Response:
    found = dossiers.dossier(here.room, looking.username, looking.username)
    return render(request, "account/account.html", status=422 if fault else 200, fault=fault,
                  record=present.record(found, here.room.today()), sign_ins=present.sign_ins(found),
                  must_sign=found.undertaking and present.to_sign(found, here.room.today()))


@router.get("/account/undertaking")
def undertaking(request: Request, here: Here, looking: Looking) -> Response:
    return _undertaking_page(request, here, looking)


def _undertaking_page(request: Request, here: Portal, looking: Viewer, fault: InvalidInput | None = None) -> Response:
    person = looking.person
    wanted = here.room.policies.undertaking(person.organisation)
    if wanted is None:
        raise NotFound("There is no undertaking for your organisation.", rule="person.undertaking")
    words = wanted.words_for(person)
    missing = missing_signature(person, wanted, here.room.today())
    ends = person.bound_until
    soon = ends is not None and ends - here.room.today() <= timedelta(days=EXPIRING_DAYS)
    return render(request, "account/undertaking.html", status=422 if fault else 200, fault=fault, person=person,
                  version=wanted.version, text=words, sha256=sha256_of(words), signed=not missing and not soon,
                  missing=missing, ends=ends, days=wanted.days)


@router.post("/account/undertaking")
def sign(request: Request, here: Here, looking: Looking, form: Changed) -> Response:
    try:
        if text_field(form, "agreed", 10) != "yes":
            raise InvalidInput("You did not tick the box.", rule="person.undertaking.agreed",
                               next_step="Read the undertaking, then tick that you will keep to it.")
        people.sign_undertaking(here.room, looking.username, text_field(form, "sha256", 64))
    except InvalidInput as fault:
        return _undertaking_page(request, here, looking, fault)
    return see("/account")


@router.post("/account/recovery-codes")
def recovery_codes(request: Request, here: Here, looking: Looking, form: Changed) -> Response:
    """New ones, shown this once."""
    try:
        codes = sign_in.renew_recovery_codes(here.room, looking.username, text_field(form, "code", 20))
    except PermissionDenied as fault:
        return _page(request, here, looking, fault)
    return render(request, "account/codes.html", codes=codes)


@router.post("/account/second-factor")
def second_factor(here: Here, looking: Looking, form: Changed) -> Response:
    """Asked for where it is not demanded: the next sign-in sets it up."""
    sign_in.want_second_factor(here.room, looking.username)
    return RedirectResponse(f"{HUB}/logout", status_code=303)


@router.post("/account/sign-out-everywhere")
def sign_out_everywhere(here: Here, looking: Looking, form: Changed) -> Response:
    sign_in.sign_out_everywhere(here.room, looking.username)
    here.identities.forget(looking.session.hub_token)
    return RedirectResponse(f"{HUB}/logout", status_code=303)
