"""`GET /person`: who the caller is, where they stand, and what keeps them from data."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from typing_extensions import TypedDict

from readingroom.core.people import Person, status
from readingroom.services import dossiers
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS, Calling
from readingroom.web.portal import Here

router = APIRouter(tags=["person"], responses=REFUSALS)


@exactly
class Undertaking(TypedDict):
    version: str
    organisation: str
    sha256: str
    signed_at: str


@exactly
class Missing(TypedDict):
    rule: str
    message: str
    next_step: str


@exactly
class Standing(TypedDict):
    username: str
    display_name: str
    organisation: str
    roles: list[str]
    status: str
    accredited_until: str | None
    trained_until: str | None
    undertaking: Undertaking | None
    missing: list[Missing]


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


@router.get("/person")
def person(here: Here, calling: Calling) -> Standing:
    """`missing` is empty when nothing of their own keeps them from data; a project has conditions besides."""
    found = dossiers.dossier(here.room, calling.username, calling.username)
    known: Person = found.person
    signed = known.undertaking
    return {
        "username": known.username,
        "display_name": known.display_name,
        "organisation": known.organisation,
        "roles": sorted(role.value for role in known.roles),
        "status": status(known, here.room.today()).value,
        "accredited_until": _day(known.accredited_until),
        "trained_until": _day(known.trained_until),
        "undertaking": signed and {"version": signed.version, "organisation": signed.organisation,
                                   "sha256": signed.sha256, "signed_at": signed.signed_at.isoformat()},
        "missing": [{"rule": one.rule, "message": one.message, "next_step": one.next_step} for one in found.shut],
    }
