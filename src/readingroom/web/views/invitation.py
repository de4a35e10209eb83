"""The one page for somebody who has no account yet: setting a password with the link that they were given.

Nobody is signed in here; the link is what proves who they are, and nothing of it is told that they do not know.
"""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from readingroom.errors import InvalidInput
from readingroom.services import invitations
from readingroom.services.accounts import MINIMUM_PASSWORD_LENGTH
from readingroom.web import security
from readingroom.web.addresses import page
from readingroom.web.portal import Here, Portal, render, text_field

router = APIRouter()
LONGEST_PASSWORD = 1024


@router.get("/invitation/{token}")
def invitation(request: Request, here: Here, token: str) -> Response:
    return _page(request, here, token)


def _page(request: Request, here: Portal, token: str, fault: InvalidInput | None = None) -> Response:
    found = invitations.invited(here.room, token)
    return render(request, "people/password.html", status=422 if fault else 200, fault=fault, person=found,
                  token=token, least=MINIMUM_PASSWORD_LENGTH)


@router.post("/invitation/{token}")
async def take(request: Request, here: Here, token: str) -> Response:
    security.check_body(request)
    security.check_same_origin(request)
    form = await request.form(max_files=0, max_fields=10)
    password, again = (text_field(form, name, LONGEST_PASSWORD, strip=False) for name in ("password", "again"))
    return await to_thread.run_sync(_take, request, here, token, password, again)


def _take(request: Request, here: Portal, token: str, password: str, again: str) -> Response:
    try:
        if password != again:
            raise InvalidInput("The two passwords are not the same.", rule="password.again",
                               next_step="Type the same one twice.")
        invitations.take(here.room, token, password)
    except InvalidInput as fault:
        return _page(request, here, token, fault)
    return RedirectResponse(page("/"), status_code=303)
