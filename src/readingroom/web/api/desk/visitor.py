"""Who stands at the desk: a person signed in to the portal, never the token of a workspace."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader
from starlette.datastructures import FormData

from readingroom.errors import PermissionDenied
from readingroom.hub import tokens
from readingroom.services.attempts import refusals_logged
from readingroom.web import security
from readingroom.web.addresses import PREFIX
from readingroom.web.api.caller import check_query, token_of
from readingroom.web.portal import Here, Portal, Viewer, known_person, read_form, viewer
from readingroom.web.sessions import COOKIE

SESSION = APIKeyCookie(
    name=COOKIE, scheme_name="portalSession", auto_error=False,
    description="the cookie of someone who signed in to the portal, with both steps. Over TLS its name begins with "
    "`__Host-`")
TOKEN = APIKeyHeader(
    name="X-CSRF-Token", scheme_name="sessionToken", auto_error=False,
    description="for changes, beside the cookie: what `GET /session` says")


def visitor(request: Request, here: Here, _: Annotated[str | None, Security(SESSION)] = None) -> Viewer:
    """Who is signed in, asked before a byte of the body is read. A script in a page of someone else's reads nothing."""
    check_query(request)
    if header := request.headers.get("authorization"):
        _refuse_token(request, here, header)
    looking = viewer(request, here)
    if request.method == "GET":
        security.check_navigation(request)
    return looking


def _refuse_token(request: Request, here: Portal, header: str) -> None:
    """Decisions are people's. That a workspace's token was tried here is on the log, under the name it belongs to."""
    username, project = tokens.project_of(here.identities.of(token_of(header)))
    known_person(here, username)
    with refusals_logged(here.room, username, _deed(request), f"workspace:{username}/{project}"):
        raise PermissionDenied("The token of a workspace opens nothing here.", rule="api.desk", value=project,
                               next_step="Sign in to the portal, outside the workspace.")


def _deed(request: Request) -> str:
    """The operation, as the log says it."""
    return f"{request.method} {request.scope['route'].path.removeprefix(PREFIX)}"


def changing(request: Request, here: Here, looking: Annotated[Viewer, Depends(visitor)],
             _: Annotated[str | None, Security(TOKEN)] = None) -> Viewer:
    """The same for a change, which has to carry the session's token."""
    with refusals_logged(here.room, looking.username, _deed(request), "portal"):
        security.check_call(request, looking.session)
    return looking


async def sent_form(request: Request, looking: Annotated[Viewer, Depends(changing)]) -> FormData:
    """Read only for someone who is signed in and means it."""
    return await read_form(request)


Visiting = Annotated[Viewer, Depends(visitor)]
Changing = Annotated[Viewer, Depends(changing)]
Form = Annotated[FormData, Depends(sent_form)]
