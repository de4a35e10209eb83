"""What the views share: the wired application, who is looking, and how a page is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import jinja2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import Depends, Query, Request
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from readingroom.core.people import Person, Standing
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, PermissionDenied
from readingroom.hub import tokens
from readingroom.services import accounts
from readingroom.services.room import ReadingRoom
from readingroom.web import addresses, security
from readingroom.web.presenters import frame, times, words
from readingroom.web.sessions import COOKIE, Identities, Seal, Session, cookie_place

HERE = Path(__file__).parent
MAX_FORM_FIELDS = 1_000


class Hub(Protocol):
    """ports.Hub, and what signing in needs; `hub.client.HubClient` is the real one."""

    def start_workspace(self, username: str, project: str) -> None: ...
    def stop_workspace(self, username: str, project: str) -> None: ...
    def workspace_state(self, username: str, project: str) -> str: ...
    def workspace_states(self, username: str) -> Mapping[str, str]: ...

    def identify(self, token: str) -> Mapping[str, Any]:
        """The Hub's model of the token's owner. PermissionDenied if the Hub does not know the token."""

    def exchange_code(self, code: str, verifier: str) -> str:
        """The browser's token for an OAuth code. PermissionDenied if the Hub refuses it."""


@dataclass(frozen=True)
class Portal:
    room: ReadingRoom
    hub: Hub
    seal: Seal
    identities: Identities
    templates: jinja2.Environment
    upload_bytes: int
    upload_files: int
    audit_key: Ed25519PublicKey | None


class SignInNeeded(Exception):
    """Nobody is signed in, or no longer. `next_page` is where to go afterwards."""

    def __init__(self, next_page: str) -> None:
        super().__init__(next_page)
        self.next_page = next_page


@dataclass(frozen=True)
class Viewer:
    """The person in front of the page, as the records have them now."""

    person: Person
    session: Session
    unread: int

    @property
    def username(self) -> str:
        return self.person.username


def make_templates() -> jinja2.Environment:
    """Everything is escaped. A name that is not there is empty: the macros of govuk-frontend-jinja live by that."""
    templates = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(HERE / "templates"),
                jinja2.PrefixLoader({"govuk_frontend_jinja": jinja2.PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.globals.update(page=addresses.page, words=words, plural=times.plural)
    templates.filters["nav_item"] = lambda link: {"text": link.text, "href": link.href, "current": link.current}
    templates.filters.update(day=times.day, size=times.size, plural=times.plural)
    return templates


async def portal(request: Request) -> Portal:
    """The wired portal. Asynchronous, like every dependency that waits for nothing: it borrows no thread."""
    return request.app.state.portal


def cookie(request: Request, here: Portal, name: str) -> str:
    """The value of one of our cookies; empty if the browser sent none."""
    place, _ = cookie_place(name, secure=here.room.settings.is_secure)
    return request.cookies.get(place, "")


def known_person(here: Portal, username: str) -> Person:
    """The person, unless the records no longer let them in (suspension takes effect at the next request)."""
    return _let_in(accounts.person(here.room, username))


def _let_in(person: Person) -> Person:
    if person.standing is not Standing.ACTIVE:
        raise PermissionDenied(
            f"Your account is {person.standing.value}.",
            rule="person.status",
            value=person.standing.value,
            next_step="Ask the administrator why, and what would lift it.",
        )
    return person


def viewer(request: Request, here: Annotated[Portal, Depends(portal)]) -> Viewer:
    """Who is looking. Starts the sign-in when there is no valid session; PermissionDenied when they may not be here."""
    security.check_body(request)
    wanted = str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
    sealed = cookie(request, here, COOKIE)
    session = here.seal.session(sealed)
    if session is None:
        raise SignInNeeded(wanted if request.method == "GET" else addresses.page("/"))
    try:
        username = tokens.person_of(here.identities.of(session.hub_token))  # a workspace's token opens no page
    except PermissionDenied as error:
        raise SignInNeeded(wanted if request.method == "GET" else addresses.page("/")) from error
    if username != session.username:
        raise SignInNeeded(addresses.page("/"))
    person, unread = accounts.arriving(here.room, username)
    if not _let_in(person).signed_in_since(here.seal.session_began(sealed)):
        raise SignInNeeded(addresses.page("/"))
    return Viewer(person, session, unread)


async def page_viewer(request: Request, looking: Annotated[Viewer, Depends(viewer)]) -> Viewer:
    """`viewer`, for whole pages: they may be opened, not fetched by a script.

    Only then is the frame drawn, which holds the forms' token; an error page of anything else goes without it.
    """
    security.check_navigation(request)
    request.state.frame_viewer = looking
    return looking


async def read_form(request: Request) -> FormData:
    """What was sent, files on disk. InvalidInput, before more is kept, if it holds more than any form of ours."""
    most: int = request.app.state.portal.upload_files
    try:
        return await request.form(max_files=most, max_fields=MAX_FORM_FIELDS, max_part_size=security.SMALL_BODY_BYTES)
    except HTTPException as error:
        raise InvalidInput(f"The form could not be read: {error.detail}", rule="portal.form",
                           next_step=f"Send at most {most} files at once. Ask for more in parts, or combine tables "
                                     "that belong together.") from error


async def changed_form(request: Request, looking: Annotated[Viewer, Depends(page_viewer)]) -> FormData:
    """The form of a change, read only for someone who is signed in, and proved to come from our page."""
    form = await read_form(request)
    security.check_same_origin(request)
    request.state.typed = form  # written on a page of ours: shown again if it is refused, so that it can be copied
    security.check_token(looking.session, form)
    return form


Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
PageNumber = Annotated[int, Query(ge=1, le=100_000)]
Slug = Annotated[str, PathParameter(pattern="^[a-z][a-z0-9-]{0,39}$")]
Here = Annotated[Portal, Depends(portal)]
Looking = Annotated[Viewer, Depends(page_viewer)]
Changed = Annotated[FormData, Depends(changed_form)]


def render(
    request: Request, template: str, role: Role | None = None, *, status: int = 200, **context: Any
) -> HTMLResponse:
    """A page in the portal's frame. `role` says whose part of the portal it is."""
    here: Portal = request.app.state.portal
    known: Viewer | None = getattr(request.state, "frame_viewer", None)
    path = request.url.path
    around = frame.frame(known.person, role, path, known.session.csrf_token, known.unread) if known else None
    html = here.templates.get_template(template).render(frame=around, path=path, **context)
    return HTMLResponse(html, status_code=status)


def see(path: str, **query: object) -> RedirectResponse:
    """After a change: go and see (303, so that reloading does not repeat it)."""
    return RedirectResponse(addresses.page(path, **query), status_code=303)


def text_field(form: FormData, name: str, limit: int = 20_000, *, strip: bool = True) -> str:
    """A text field without surrounding blanks, at most `limit` characters; empty if absent."""
    value = form.get(name, "")
    if not isinstance(value, str):
        return ""
    return (value.strip() if strip else value)[:limit]
