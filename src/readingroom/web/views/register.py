"""The public register: for everyone, without signing in, without a cookie, and cached wherever it passes."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from readingroom.core.register import register_schema
from readingroom.services import register as service
from readingroom.web.portal import Here, PageNumber
from readingroom.web.presenters import paging
from readingroom.web.presenters import register as present

router = APIRouter()
SECONDS = 300
JSON = "application/json"


@router.get("/register")
def page(request: Request, here: Here, number: PageNumber = 1) -> Response:
    tag = _tag("page", service.state(here.room), number)
    if _is_known(request, tag):
        return Response(status_code=304, headers=_headers(tag))
    found = service.page(here.room, number)
    html = here.templates.get_template("register/register.html").render(
        frame=None,
        path=request.url.path,
        projects=tuple(present.row(project, here.room.today()) for project in found.projects),
        total=found.total,
        pager=paging.pager("/register", "number", number, found.total, service.PAGE_SIZE),
    )
    return HTMLResponse(html, headers=_headers(tag))


@router.get("/register.json")
def document(request: Request, here: Here) -> Response:
    tag = _tag("json", service.state(here.room))
    if _is_known(request, tag):
        return Response(status_code=304, headers=_headers(tag))
    return Response(service.register(here.room).model_dump_json(), media_type=JSON, headers=_headers(tag))


@router.get("/register.schema.json")
def schema() -> Response:
    return Response(json.dumps(register_schema()), media_type="application/schema+json",
                    headers={"Cache-Control": f"public, max-age={SECONDS}", "Access-Control-Allow-Origin": "*"})


def _tag(*parts: object) -> str:
    return '"' + "-".join(str(part).replace('"', "").replace(" ", "_") for part in parts) + '"'


def _is_known(request: Request, tag: str) -> bool:
    sent = request.headers.get("if-none-match", "")
    return tag in [one.strip().removeprefix("W/") for one in sent.split(",")]


def _headers(tag: str) -> dict[str, str]:
    """Anyone may keep it for five minutes, and any page may read it: there is nothing in it that is not public."""
    return {"Cache-Control": f"public, max-age={SECONDS}", "ETag": tag, "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin", "Vary": "Accept-Encoding"}
