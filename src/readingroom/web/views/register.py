"""The public register: for everyone, without signing in, without a cookie, and cached wherever it passes."""

from __future__ import annotations

import hashlib
import json

from fastapi import APIRouter, Request
from fastapi.responses import Response

from readingroom.core.register import register_schema
from readingroom.services import register as service
from readingroom.web.portal import Here, PageNumber
from readingroom.web.presenters import paging
from readingroom.web.presenters import register as present

router = APIRouter()
SECONDS = 300
READING = ["GET", "HEAD"]


@router.api_route("/register", methods=READING)
def page(request: Request, here: Here, number: PageNumber = 1) -> Response:
    found = service.page(here.room, number)
    return _public(request, "text/html; charset=utf-8", here.templates.get_template("register/register.html").render(
        frame=None,
        path=request.url.path,
        projects=tuple(present.row(project, here.room.today()) for project in found.projects),
        total=found.total,
        pager=paging.pager("/register", "number", number, found.total, service.PAGE_SIZE),
    ))


@router.api_route("/register.json", methods=READING)
def document(request: Request, here: Here) -> Response:
    return _public(request, "application/json", service.register(here.room).model_dump_json())


@router.api_route("/register.schema.json", methods=READING)
def schema(request: Request) -> Response:
    return _public(request, "application/schema+json", json.dumps(register_schema()))


def _public(request: Request, media_type: str, text: str) -> Response:
    """Anyone may keep it for five minutes, and any page may read it: there is nothing in it that is not public.

    Its tag is of what it says. One of the records would change with every sign-in, and tell who asks how busy it is.
    """
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"Cache-Control": f"public, max-age={SECONDS}", "ETag": tag, "Access-Control-Allow-Origin": "*",
               "Cross-Origin-Resource-Policy": "cross-origin", "Vary": "Accept-Encoding"}
    if _is_known(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type=media_type, headers=headers)


def _is_known(sent: str, tag: str) -> bool:
    known = [one.strip().removeprefix("W/") for one in sent.split(",")]
    return tag in known or known == ["*"]
