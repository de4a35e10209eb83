"""Who calls the API: the person and project of the workspace whose token was sent. Cookies open nothing here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from readingroom.errors import InvalidInput, PermissionDenied
from readingroom.hub import tokens
from readingroom.services import projects
from readingroom.services.projects import ProjectCard
from readingroom.web import security
from readingroom.web.api.answered import Refusal
from readingroom.web.portal import Here, known_person

HEADER = APIKeyHeader(
    name="Authorization",
    scheme_name="workspaceToken",
    auto_error=False,
    description="`token <JUPYTERHUB_API_TOKEN>` of a running workspace",
)


class TokenMissing(PermissionDenied):
    status_code = 401


@dataclass(frozen=True)
class Caller:
    """`card` is their project as the records have it now."""

    username: str
    display_name: str
    card: ProjectCard

    @property
    def project(self) -> str:
        return self.card.project.slug


def check_query(request: Request) -> None:
    """A parameter that the operation does not have is a mistake; ignored, it would answer another question."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    if surplus := sorted(set(request.query_params) - known):
        raise InvalidInput(f"There is no parameter {surplus[0]!r} here.", rule="api.query", value=surplus[0],
                           next_step=f"Known are: {', '.join(sorted(known)) or 'none'}.")


def token_of(header: str | None) -> str:
    """The token in an Authorization header. TokenMissing, a 401, if there is none."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or not token.strip():
        raise TokenMissing(
            "No workspace token was sent.", rule="api.token", next_step="Use the SDK inside a workspace."
        )
    return token.strip()


def caller(request: Request, here: Here, header: Annotated[str | None, Security(HEADER)] = None) -> Caller:
    """Refuses before a byte of the body is read. Suspension and lost membership take effect at the next call."""
    security.check_body(request)
    check_query(request)
    username, project = tokens.project_of(here.identities.of(token_of(header)))
    person = known_person(here, username)
    return Caller(username, person.display_name, projects.joined(here.room, username, project))


Calling = Annotated[Caller, Depends(caller)]
EXAMPLE: Refusal = {
    "error": "InvalidTransition", "message": "Request 12 is in round 2, not 1.", "rule": "review.round", "value": "1",
    "next_step": "Open the request again and look at its new files."}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": text, "content": {"application/json": {"example": EXAMPLE}}}
    for status, text in (
        (400, "Not readable"),
        (401, "No token"),
        (402, "The budget does not cover it"),
        (403, "Not allowed"),
        (404, "No such thing, or not yours"),
        (409, "Not possible in this state"),
        (413, "Too large"),
        (422, "Not acceptable"),
        (503, "Try again in a moment"),
    )
}
