"""The usage receipt of a grant, for its custodian: to read, and to keep."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from fastapi.responses import Response

from readingroom.core.receipts import as_csv
from readingroom.core.roles import Role
from readingroom.services import grants
from readingroom.services import receipts as service
from readingroom.web import served
from readingroom.web.portal import Here, Looking, Number, PageNumber, render
from readingroom.web.presenters import paging
from readingroom.web.presenters import receipts as present

router = APIRouter()


@router.get("/grants/{grant_id}/receipt")
def receipt(request: Request, here: Here, looking: Looking, grant_id: Number, number: PageNumber = 1) -> Response:
    found = service.look(here.room, looking.username, grant_id)
    card = grants.get(here.room, looking.username, grant_id)
    pager = paging.pager(
        f"/grants/{grant_id}/receipt", "number", number, len(found.receipt.sessions), present.PAGE_SIZE)
    return render(
        request,
        "grants/receipt.html",
        Role.CUSTODIAN,
        title=f"{card.dataset.title} for {card.project.title}",
        receipt=present.receipt(found, number, here.room.now()),
        pager=pager,
    )


@router.get("/grants/{grant_id}/receipt.{form}")
def download(here: Here, looking: Looking, grant_id: Number, form: str) -> Response:
    found = service.download(here.room, looking.username, grant_id, form)
    content, media = (
        (as_csv(found), served.CSV)
        if form == "csv"
        else (json.dumps(found.as_json() | {"sha256": found.sha256}, indent=1), "application/json")
    )
    return served.download(f"receipt-{found.project}-{found.dataset}-{found.grant}.{form}", content, media)
