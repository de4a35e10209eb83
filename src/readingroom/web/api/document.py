"""What answers programs, and the OpenAPI document of it, for which no records are needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from readingroom.web.addresses import API, DESK, PREFIX
from readingroom.web.api import (
    incoming,
    notices,
    packages,
    person,
    private_answers,
    project,
    requests,
    workspace,
)
from readingroom.web.api.desk import releases as desk_releases
from readingroom.web.api.desk import requests as desk_requests
from readingroom.web.api.desk import review as desk_review
from readingroom.web.api.desk import session as desk_session
from readingroom.web.api.desk import sign_offs as desk_sign_offs
from readingroom.web.api.desk import turnaround as desk_turnaround

OPERATIONS = {
    API: (person, packages, workspace, project, requests, private_answers, notices, incoming),
    DESK: (desk_session, desk_requests, desk_review, desk_sign_offs, desk_releases, desk_turnaround),
}
ABOUT = """What programs may ask of the portal.

`/api/v1` is for workspaces: the token of a workspace's server acts for its own person in its own project, and never
decides. `/api/desk/v1` is for people at programs of their own, outside: the session of someone signed in to the portal
acts as the pages do. Every refusal says the rule, the value that broke it, and the next step."""


def programs(**how: Any) -> FastAPI:
    """An application with every operation of both parts. `how` is given on to FastAPI.

    Interactive API pages are off (they load scripts from elsewhere); the document is at api/v1/openapi.json.
    """
    app = FastAPI(title="Reading Room", version="1", description=ABOUT, docs_url=None, redoc_url=None,
                  openapi_url=f"{PREFIX}{API}/openapi.json", generate_unique_id_function=_name, **how)
    for prefix, modules in OPERATIONS.items():
        for module in modules:
            app.include_router(module.router, prefix=PREFIX + prefix)
    described = app.openapi

    def openapi() -> dict[str, Any]:
        return _completed(described())

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _name(route: APIRoute) -> str:
    """Example: `desk-releases-recall`."""
    return "-".join([*map(str, route.tags), route.name]).replace(": ", "-")


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what FastAPI does not know of it; doing it again changes nothing.

    A change at the desk takes both cookie and token, not either. What a form holds in JSON refers to further schemas.
    """
    for described in operations(document):
        described["summary"] = described["description"].partition(". ")[0].rstrip(".")
        if len(needed := described.get("security", [])) > 1:
            described["security"] = [{name: scopes for one in needed for name, scopes in one.items()}]
        form = described.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema", {})
        inner = form.get("properties", {}).get("request", {}).get("contentSchema", {})
        for name, schema in inner.pop("$defs", {}).items():
            document["components"]["schemas"].setdefault(name, schema)
    return document


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()
