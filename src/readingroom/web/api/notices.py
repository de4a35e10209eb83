"""`/notices`: what the caller was told about the workspace's project."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from readingroom.services import notices as service
from readingroom.web.addresses import page
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS, Calling
from readingroom.web.portal import Here, Number

router = APIRouter(tags=["notices"], responses=REFUSALS)


@exactly
class Notice(TypedDict):
    id: int
    kind: str
    facts: dict[str, str]
    at: str
    read: bool
    subject: str
    text: str
    url: str


@exactly
class Notices(TypedDict):
    unread: int
    older: int | None
    notices: list[Notice]


@exactly
class Marked(TypedDict):
    marked: int


@router.get("/notices")
def notices(
    here: Here, calling: Calling, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Notices:
    """Newest first, 25 at a time; `older` is the `before` of the next page, or null."""
    found = service.page(here.room, calling.username, before=before, project=calling.project)
    return {
        "unread": found.unread,
        "older": found.older,
        "notices": [
            {
                "id": told.notice.id,
                "kind": told.notice.kind,
                "facts": told.notice.facts,
                "at": told.notice.at.isoformat(),
                "read": told.notice.read_at is not None,
                "subject": told.words.subject,
                "text": told.words.text,
                "url": page(told.words.page),
            }
            for told in found.told
        ],
    }


@router.post("/notices/{notice}/read")
def read(here: Here, calling: Calling, notice: Number) -> Marked:
    """Mark one as read; again, or someone else's, changes nothing. `marked` is 1 if it was unread."""
    marked = service.mark_read(here.room, calling.username, notice, only=True, project=calling.project)
    return {"marked": marked}
