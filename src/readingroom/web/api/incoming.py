"""`/incoming`: what was brought into the project. Bringing in starts on the portal's pages, from outside."""

from __future__ import annotations

from fastapi import APIRouter
from typing_extensions import TypedDict

from readingroom.services import deliveries
from readingroom.web.addresses import page
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS, Calling
from readingroom.web.portal import Here

router = APIRouter(tags=["incoming"], responses=REFUSALS)


@exactly
class File(TypedDict):
    name: str
    kind: str
    size_bytes: int
    sha256: str
    purpose: str
    source: str
    licence: str


@exactly
class Arrived(TypedDict):
    """`folder` is where the files are, in a workspace."""

    number: int
    title: str
    author: str
    folder: str
    delivered_at: str
    url: str
    files: list[File]


@router.get("/incoming")
def incoming(here: Here, calling: Calling) -> list[Arrived]:
    """Everything that arrived in this project, by whomever of its members, newest first, and where it is."""
    return [
        {
            "number": one.request.number,
            "title": one.request.title,
            "author": one.request.author,
            "folder": one.delivery.folder,
            "delivered_at": one.delivery.at.isoformat(),
            "url": page(f"/requests/{one.request.number}"),
            "files": [
                {
                    "name": file.name,
                    "kind": file.kind.value,
                    "size_bytes": file.size_bytes,
                    "sha256": file.sha256,
                    "purpose": file.context,
                    "source": file.origin.source if file.origin else "",
                    "licence": file.origin.licence if file.origin else "",
                }
                for file in one.request.files
            ],
        }
        for one in deliveries.arrived(here.room, calling.username, calling.project)
    ]
