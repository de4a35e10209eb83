"""`/session`: who is signed in, and the token that changes carry."""

from __future__ import annotations

from fastapi import APIRouter
from typing_extensions import TypedDict

from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS
from readingroom.web.api.desk.visitor import Visiting

router = APIRouter(tags=["desk: session"], responses=REFUSALS)


@exactly
class SignedIn(TypedDict):
    """`csrf_token` goes into the header X-CSRF-Token of every change, for as long as the session lasts."""

    username: str
    display_name: str
    roles: list[str]
    csrf_token: str


@router.get("/session")
def session(looking: Visiting) -> SignedIn:
    """Who is signed in. 401 if nobody is, or no longer."""
    person = looking.person
    return {"username": person.username, "display_name": person.display_name,
            "roles": sorted(role.value for role in person.roles), "csrf_token": looking.session.csrf_token}
