"""Private answers: ask within a budget, see the price first, pay, and read the answer."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from readingroom.core.roles import Role
from readingroom.errors import BudgetExceeded, InvalidInput, ReadingRoomError
from readingroom.services import private_answers as service
from readingroom.services import private_prices, private_releases, projects
from readingroom.web.portal import Changed, Here, Looking, Number, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import private_answers as present

router = APIRouter()
RESEARCHER = Role.RESEARCHER
CONDITIONS = 2


@router.get("/projects/{slug}/private")
def account(request: Request, here: Here, looking: Looking, slug: str, table: str = "") -> Response:
    return _page(request, here, looking, slug, table)


def _page(
    request: Request,
    here: Portal,
    looking: Viewer,
    slug: str,
    table: str = "",
    fault: ReadingRoomError | None = None,
    typed: FormData | None = None,
) -> Response:
    room = here.room
    lines, answers = service.statement(room, looking.username, slug)
    card = projects.get(room, looking.username, slug)
    datasets = {grant.dataset: room.policies.dataset(grant.dataset) for grant in card.grants}
    return render(
        request,
        "private_answers/account.html",
        RESEARCHER,
        status=fault.status_code if fault else 200,
        card=card,
        gauges=present.gauges(lines, datasets),
        builder=present.builder(slug, card.grants, datasets, table),
        fault=fault,
        typed=typed or {},
        conditions=range(1, CONDITIONS + 1),
        answers=tuple(present.row(answer, room.policies.dataset(answer.dataset), room.now()) for answer in answers),
    )


def query_of(form: FormData) -> dict[str, Any]:
    """The form as a query of the grammar; the service checks all of it against the catalogue."""
    dataset, _, table = text_field(form, "table", 200).partition("/")
    statistic = text_field(form, "statistic", 20)
    query: dict[str, Any] = {
        "dataset": dataset,
        "table": table,
        "statistic": statistic,
        "rho_micro": _number(text_field(form, "rho_micro", 20)),
    }
    if statistic == "histogram":
        query["column"] = text_field(form, "category", 200)
        if edges := text_field(form, "edges", 2000):
            query["edges"] = [_number(edge) for edge in edges.replace(",", " ").split()]
    if statistic == "mean":
        query["column"] = text_field(form, "number", 200)
    where = [
        {"column": column, "op": text_field(form, f"op-{place}", 2), "value": text_field(form, f"value-{place}", 200)}
        for place in range(1, CONDITIONS + 1)
        if (column := text_field(form, f"where-{place}", 200))
    ]
    if where:
        query["where"] = where
    return query


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InvalidInput(
            f"{text[:40]!r} is not a whole number.",
            rule="query-number",
            value=text[:40],
            next_step="Write whole numbers, separated by spaces.",
        ) from error


@router.post("/projects/{slug}/private/price")
def price(request: Request, here: Here, looking: Looking, slug: str, form: Changed) -> Response:
    try:
        query = query_of(form)
        priced = private_prices.price(here.room, looking.username, slug, query)
    except InvalidInput as fault:
        return _page(request, here, looking, slug, text_field(form, "table", 200), fault, form)
    dataset = here.room.policies.dataset(query["dataset"])
    return render(
        request,
        "private_answers/price.html",
        RESEARCHER,
        slug=slug,
        raw=json.dumps(query),
        card=projects.get(here.room, looking.username, slug),
        quote=present.quote(priced, query, dataset),
        table=text_field(form, "table", 200),
    )


@router.post("/projects/{slug}/private/ask")
def ask(request: Request, here: Here, looking: Looking, slug: str, form: Changed) -> Response:
    try:
        query = json.loads(text_field(form, "query"))
    except ValueError as error:
        raise InvalidInput(
            "The question was lost on the way.", rule="query-object", next_step="Start the question again."
        ) from error
    try:
        answer, _ = service.ask(here.room, looking.username, slug, query)
    except BudgetExceeded as fault:
        return _page(request, here, looking, slug, fault=fault)
    return see(f"/private-answers/{answer.id}")


@router.get("/private-answers/{answer_id}")
def answer(request: Request, here: Here, looking: Looking, answer_id: Number) -> Response:
    found = service.get(here.room, looking.username, answer_id)
    shown = present.shown(found, here.room.policies.dataset(found.dataset), here.room.now())
    leaving = present.leaving(found, private_releases.lane(here.room, looking.username, answer_id))
    return render(
        request, "private_answers/answer.html", RESEARCHER, answer=shown, leaving=leaving, project=found.project
    )


@router.post("/private-answers/{answer_id}/release")
def release(here: Here, looking: Looking, answer_id: Number, form: Changed) -> Response:
    asked = private_releases.release(here.room, looking.username, answer_id)
    return see(f"/requests/{asked.number}")
