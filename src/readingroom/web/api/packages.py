"""`/packages`: the project's package mirror for pip and R, and requests for more."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from typing_extensions import TypedDict

from readingroom.core import packages
from readingroom.core.packages import Ecosystem, PackageRequest
from readingroom.errors import NotFound
from readingroom.services import packages as service
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS, Calling
from readingroom.web.api.sent import Body, example
from readingroom.web.portal import Here

router = APIRouter(tags=["packages"], responses=REFUSALS, prefix="/packages")
Filename = Annotated[str, Path(max_length=200)]
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


class Wish(Body):
    """A package that the project needs, and what for."""

    model_config = example(name="plotnine", reason="For the figures of the paper", ecosystem="pip")
    name: str
    reason: str
    ecosystem: Ecosystem = Ecosystem.PIP


@exactly
class Available(TypedDict):
    name: str
    version: str
    ecosystem: str
    sha256: str


@exactly
class Wished(TypedDict):
    name: str
    ecosystem: str
    reason: str
    status: str
    asked_by: str
    decision: str


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}}


def _of(here: Here, calling: Calling, ecosystem: Ecosystem) -> tuple[packages.Package, ...]:
    return tuple(one for one in service.allowed(here.room, calling.project) if one.ecosystem is ecosystem)


@router.get("/pip/simple/", response_class=HTMLResponse)
def simple_index(here: Here, calling: Calling) -> str:
    """The names that pip can install in this project (PEP 503)."""
    return packages.simple_index(frozenset(one.name for one in _of(here, calling, Ecosystem.PIP)))


@router.get("/pip/simple/{name}/", response_class=HTMLResponse)
def simple_page(here: Here, calling: Calling, name: Filename) -> str:
    """One package's files with their hashes (PEP 503)."""
    found = tuple(one for one in _of(here, calling, Ecosystem.PIP)
                  if one.name == packages.check_name(Ecosystem.PIP, name))
    if not found:
        raise NotFound(f"{name} is not among this project's packages.", rule="packages.allowed", value=name,
                       next_step="Ask for it: rr.packages.request(name, reason).")
    return packages.simple_page(found)


@router.get("/pip/files/{sha256}/{filename}", response_class=Response, responses=_file("application/octet-stream"))
def wheel(here: Here, calling: Calling, sha256: Digest, filename: Filename) -> Response:
    """A wheel of this project's, noted on the log."""
    content = service.fetch(here.room, calling.username, calling.project, Ecosystem.PIP, filename, sha256)
    return Response(content, media_type="application/octet-stream")


@router.get("/cran/src/contrib/PACKAGES", response_class=PlainTextResponse)
def cran_index(here: Here, calling: Calling) -> str:
    """What R can install in this project."""
    return packages.cran_index(_of(here, calling, Ecosystem.CRAN))


@router.get("/cran/src/contrib/{filename}", response_class=Response, responses=_file("application/gzip"))
def source(here: Here, calling: Calling, filename: Filename) -> Response:
    """An R source package of this project's, noted on the log."""
    content = service.fetch(here.room, calling.username, calling.project, Ecosystem.CRAN, filename)
    return Response(content, media_type="application/gzip")


@router.get("/list")
def available(here: Here, calling: Calling) -> list[Available]:
    """What this project may install."""
    return [{"name": one.name, "version": one.version, "ecosystem": one.ecosystem.value, "sha256": one.sha256}
            for one in service.allowed(here.room, calling.project)]


@router.get("/requests")
def requests(here: Here, calling: Calling) -> list[Wished]:
    """What this project asked for, newest first."""
    return [_shown(one) for one in service.requests(here.room, calling.project)]


@router.post("/requests", status_code=201)
def ask(here: Here, calling: Calling, wish: Wish) -> Wished:
    """Ask the administrator for a package."""
    return _shown(service.ask(here.room, calling.username, calling.project, wish.ecosystem, wish.name, wish.reason))


def _shown(one: PackageRequest) -> Wished:
    return {"name": one.name, "ecosystem": one.ecosystem.value, "reason": one.reason, "status": one.status.value,
            "asked_by": one.username, "decision": one.decision}
