"""Requests to no page of ours: an old address, another name of this machine, a workspace that is not running."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from readingroom.errors import NotFound
from readingroom.web.addresses import PREFIX, page
from readingroom.web.portal import Here

router = APIRouter()
_WORKSPACE = re.compile(r"/user/[a-z0-9-]{1,64}/([a-z0-9-]{1,64})(/.*)?")
NOT_RUNNING = 424  # as the Hub has it, and JupyterLab understands it


@router.get("/{path:path}")
def elsewhere(request: Request, here: Here) -> Response:
    """To the page that knows about the workspace of this address, or to the front page; scripts are told no."""
    if request.url.path.startswith(PREFIX):
        raise NotFound("There is no such page.", rule="address")
    found = _WORKSPACE.fullmatch(request.url.path)
    if request.headers.get("sec-fetch-dest", "document") != "document":
        return JSONResponse(
            {"message": "Your workspace is not running.", "rule": "workspace.closed",
             "next_step": "Its page in Reading Room says why."},
            status_code=NOT_RUNNING if found else 404,
            headers={"Content-Security-Policy": f"default-src 'none'; frame-ancestors {here.room.settings.public_url}"},
        )
    wanted = page(f"/projects/{found[1]}/workspace") if found else page("/")
    return RedirectResponse(f"{here.room.settings.public_url}{wanted}", status_code=303)
