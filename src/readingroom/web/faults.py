"""Errors, translated once: a page for people, JSON for the SDK. Each says rule, value and next step (promise P10)."""

from __future__ import annotations

import logging
import re
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from readingroom.errors import AccessDenied, NotFound, PermissionDenied, PolicyError, ReadingRoomError
from readingroom.web.addresses import PREFIX, is_api, page
from readingroom.web.left_over import written
from readingroom.web.portal import SignInNeeded, render
from readingroom.web.security import security_headers

LOG = logging.getLogger("readingroom.portal")

TITLES = {
    400: "That could not be understood",
    402: "The privacy budget does not cover this",
    403: "You may not do this",
    404: "Page not found",
    405: "That is not possible here",
    409: "This is not possible any more",
    413: "That is too large",
    422: "That cannot be accepted",
    503: "Not available right now",
}
FAULT = "Something went wrong on our side"
# The same words whether it does not exist or is not theirs: a 404 tells nothing.
NOT_FOUND = NotFound(
    "There is nothing at this address, or nothing that you may see.",
    rule="address",
    next_step="Check the address, or start from your home page.",
)
NOT_SIGNED_IN = PermissionDenied(
    "Nobody is signed in, or no longer.",
    rule="api.session",
    next_step=f"Sign in at {page('/sign-in')}, with both steps, and send the cookie that it sets.",
)
OUR_FAULT = ReadingRoomError(
    "An unexpected fault stopped this. Nothing was changed by halves.",
    rule="portal.fault",
    next_step="Try again; if it stays so, tell your administrator when it happened.",
)
PLACES = tuple((re.compile(PREFIX + form), place, words) for form, place, words in (
    (r"/requests/(\d+)/(review|place|comments|conclude)", "/requests/{}/review", "See where request {} stands"),
    (r"/requests/(\d+)/(resubmit|withdraw)", "/requests/{}", "See where request {} stands"),
    (r"/requests", "/requests", "See your requests"),
    (r"/incoming", "/incoming", "See what you asked to bring in"),
    (r"/sign-offs/(\d+)", "/sign-offs", "See what waits for your sign-off"),
    (r"/releases/(\d+)/recall", "/releases/{}", "See release {}"),
    (r"/training/(\d+)/review", "/training/{}", "See this set")))
"""Where to go from a form that was not taken, and what is there."""


def _place(path: str, status: int) -> tuple[str, str] | None:
    """A page of the same number is none where there is nothing, or nothing that they may see."""
    found = ((form.fullmatch(path), place, words) for form, place, words in PLACES)
    return next(((page(place.format(*match.groups())), words.format(*match.groups()))
                 for match, place, words in found if match and not (status == 404 and "{}" in place)), None)


def _answer(request: Request, error: ReadingRoomError, status: int) -> Response:
    shown = NOT_FOUND if status == 404 else error
    if is_api(request.url.path):
        return JSONResponse(shown.as_dict(), status_code=status)
    reasons = shown.reasons if isinstance(shown, AccessDenied) else ()
    faults = shown.faults if isinstance(shown, PolicyError) else ()
    typed = getattr(request.state, "typed", None)
    return render(
        request,
        "error.html",
        status=status,
        written=() if typed is None else written(typed),
        place=_place(request.url.path, status) if request.method == "POST" else None,
        title=TITLES.get(status, FAULT),
        error=shown,
        reasons=reasons,
        faults=faults,
    )


async def reading_room_error(request: Request, error: ReadingRoomError) -> Response:
    if error.status_code >= 500:
        LOG.error("%s %s: %s", request.method, request.url.path, type(error).__name__)
    return _answer(request, error, error.status_code)


async def http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 404:
        return _answer(request, NOT_FOUND, 404)
    fault = ReadingRoomError(
        str(error.detail), rule="http", value=error.status_code, next_step="Go back, or start from your home page."
    )
    return _answer(request, fault, error.status_code)


async def validation_error(request: Request, error: RequestValidationError) -> Response:
    """A path or query that is not of the right form. In a path it is an address that does not exist."""
    if any(fault["loc"][0] == "path" for fault in error.errors()):
        return _answer(request, NOT_FOUND, 404)
    what = "; ".join(f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors())
    fault = ReadingRoomError(f"Not accepted: {what}.", rule="portal.input", next_step="Correct it and send it again.")
    return _answer(request, fault, 422)


async def unexpected(request: Request, error: Exception) -> Response:
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    answer = _answer(request, OUR_FAULT, 500)
    # Starlette answers these outside the middleware that sets the headers.
    answer.headers.update(security_headers(request.headers.get("host", ""), request.url.path))
    return answer


async def sign_in_needed(request: Request, needed: SignInNeeded) -> Response:
    """Pages go to the sign-in; programs and scripts asking in the background are told so."""
    if is_api(request.url.path):
        return _answer(request, NOT_SIGNED_IN, 401)
    if request.headers.get("sec-fetch-mode", "navigate") != "navigate":
        return JSONResponse({"error": "SignInNeeded"}, status_code=401)
    return RedirectResponse(page("/sign-in") + f"?next={quote(needed.next_page, safe='')}", status_code=303)


def install(app: FastAPI) -> None:
    app.add_exception_handler(ReadingRoomError, reading_room_error)  # type: ignore[arg-type]
    app.add_exception_handler(SignInNeeded, sign_in_needed)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, http_error)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, validation_error)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, unexpected)
