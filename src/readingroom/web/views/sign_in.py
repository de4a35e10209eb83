"""Signing in with the Hub, signing out everywhere."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from readingroom.errors import PermissionDenied
from readingroom.hub import tokens
from readingroom.hub.client import authorize_url
from readingroom.web.addresses import HUB, own_page, page
from readingroom.web.portal import Changed, Here, Looking, Portal, cookie, known_person
from readingroom.web.presenters.frame import areas_of
from readingroom.web.sessions import (
    COOKIE,
    SESSION_SECONDS,
    SIGNIN_COOKIE,
    SIGNIN_SECONDS,
    Session,
    SignIn,
    cookie_place,
)

router = APIRouter()


def _set_cookie(answer: Response, here: Portal, name: str, value: str, seconds: int) -> None:
    secure = here.room.settings.is_secure
    place, path = cookie_place(name, secure=secure)
    answer.set_cookie(place, value, max_age=seconds, path=path, httponly=True, samesite="lax", secure=secure)


def _delete_cookie(answer: Response, here: Portal, name: str) -> None:
    secure = here.room.settings.is_secure
    place, path = cookie_place(name, secure=secure)
    answer.delete_cookie(place, path=path, secure=secure, httponly=True)


@router.get("/")
def front(request: Request, looking: Looking) -> Response:
    """Everyone's own home: the first of their roles; without any, the page that says what is missing."""
    areas = areas_of(looking.person)
    if not areas:
        return RedirectResponse(page("/account"), status_code=303)
    return RedirectResponse(areas[0].home, status_code=303)


@router.get("/sign-in")
def sign_in(here: Here, next: str = "") -> Response:
    signin = SignIn.begin(own_page(next))
    answer = RedirectResponse(authorize_url(signin.state, signin.verifier), status_code=303)
    _set_cookie(answer, here, SIGNIN_COOKIE, here.seal.signin_cookie(signin), SIGNIN_SECONDS)
    return answer


def _answered(request: Request, here: Here, state: str = "", code: str = "", error: str = "") -> tuple[str, SignIn]:
    """The code that the Hub sent back, and the sign-in that this browser began."""
    signin = here.seal.signin(cookie(request, here, SIGNIN_COOKIE))
    if signin is None or not secrets.compare_digest(signin.state.encode(), state.encode()):
        raise PermissionDenied(
            "This sign-in was not started in this browser, or took too long.",
            rule="portal.sign-in.state",
            next_step="Start again from the front page.",
        )
    if error or not code:
        raise PermissionDenied(
            "The Hub did not let you in to the portal.",
            rule="portal.sign-in",
            value=error[:100] or None,
            next_step="Ask your administrator whether your account is set up.",
        )
    return code, signin


@router.get("/oauth_callback")
def oauth_callback(here: Here, answered: Annotated[tuple[str, SignIn], Depends(_answered)]) -> Response:
    code, signin = answered
    token = here.hub.exchange_code(code, signin.verifier)
    username = tokens.person_of(here.identities.of(token))
    known_person(here, username)
    session = Session(username, token, secrets.token_urlsafe(24))
    answer = RedirectResponse(signin.next_page, status_code=303)
    _set_cookie(answer, here, COOKIE, here.seal.session_cookie(session), SESSION_SECONDS)
    _delete_cookie(answer, here, SIGNIN_COOKIE)
    return answer


@router.post("/sign-out")
def sign_out(here: Here, looking: Looking, form: Changed) -> Response:
    """Ends the portal's session, then the Hub's, which deletes the token that the cookie carried."""
    here.identities.forget(looking.session.hub_token)
    answer = RedirectResponse(f"{HUB}/logout", status_code=303)
    _delete_cookie(answer, here, COOKIE)
    return answer
