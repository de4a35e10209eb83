"""Private answers: ask within a budget, see the price first, pay, and read the answer."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from readingroom.core.datasets import Table
from readingroom.core.roles import Role
from readingroom.errors import BudgetExceeded, InvalidInput, ReadingRoomError
from readingroom.services import private_answers as service
from readingroom.services import private_prices, private_releases, projects
from readingroom.web import private_forms as forms
from readingroom.web.portal import Changed, Here, Looking, Number, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import private_answers as present
from readingroom.web.presenters import private_prices as prices
from readingroom.web.presenters.private_questions import builder

router = APIRouter()
RESEARCHER = Role.RESEARCHER
LONGEST_ADDRESS = 4000  # of a question in one
Step = Annotated[int, Query(ge=0, lt=len(prices.LADDER))]
Before = Annotated[int | None, Query(ge=1, le=2**62)]


@router.get("/projects/{slug}/private")
def account(request: Request, here: Here, looking: Looking, slug: str, table: str = "", statistic: str = "",
            before: Before = None) -> Response:
    return _page(request, here, looking, slug, table, statistic, before=before)


def _page(
    request: Request,
    here: Portal,
    looking: Viewer,
    slug: str,
    table: str = "",
    statistic: str = "",
    fault: ReadingRoomError | None = None,
    typed: FormData | None = None,
    before: int | None = None,
) -> Response:
    room = here.room
    lines, answers = service.statement(room, looking.username, slug, before, present.PAGE + 1)
    card = projects.get(room, looking.username, slug)
    datasets = {grant.dataset: room.policies.dataset(grant.dataset) for grant in card.grants}
    return render(
        request,
        "private_answers/account.html",
        RESEARCHER,
        status=fault.status_code if fault else 200,
        card=card,
        gauges=present.gauges(lines, datasets),
        builder=builder(slug, card.grants, datasets, table, statistic),
        fields=forms.FIELDS.get(statistic, forms.FIELDS["people"]),
        fault=fault,
        typed=typed if typed is not None else FormData(),
        conditions=range(1, forms.CONDITIONS + 1),
        shared=range(1, forms.SHARED + 1),
        groups=range(1, forms.GROUPS + 1),
        answers=tuple(present.row(answer, room.policies.dataset_or_twin(answer.dataset), room.now())
                      for answer in answers[: present.PAGE]),
        older=present.older(answers),
        before=before,
    )


@router.post("/projects/{slug}/private/price")
def price(request: Request, here: Here, looking: Looking, slug: str, form: Changed) -> Response:
    """The price of a question as typed, or of the same question at another spend."""
    key, statistic = text_field(form, "table", 200), text_field(form, "statistic", 20)
    try:
        query = _sent(form) if text_field(form, "query") else forms.query_of(form, _table(here, key))
        return _priced(request, here, looking, slug, query, key, statistic)
    except InvalidInput as fault:
        return _page(request, here, looking, slug, key, statistic, fault, form)


@router.get("/projects/{slug}/private/price")
def price_at(request: Request, here: Here, looking: Looking, slug: str,
             query: Annotated[str, Query(max_length=2 * LONGEST_ADDRESS)], step: Step, table: str = "",
             statistic: str = "") -> Response:
    """The price of a question at a place of the slider: looking changes nothing, so it has an address."""
    try:
        asked = _parsed(query)
        if not isinstance(asked, dict):
            raise _lost()
        return _priced(request, here, looking, slug, prices.at_step(asked, step), table, statistic)
    except InvalidInput as fault:
        return _page(request, here, looking, slug, table, statistic, fault)


def _priced(request: Request, here: Portal, looking: Viewer, slug: str, query: object, key: str,
            statistic: str) -> Response:
    room, name = here.room, looking.username
    priced = private_prices.price(room, name, slug, query)
    curve = private_prices.curve(room, name, slug, priced.query)
    slides = "epsilon" not in priced.query and len(json.dumps(priced.query)) <= LONGEST_ADDRESS
    ladder = private_prices.curve(room, name, slug, priced.query, prices.LADDER) if slides else None
    return render(
        request,
        "private_answers/price.html",
        RESEARCHER,
        card=projects.get(room, name, slug),
        quote=prices.quote(priced, curve, ladder, room.policies.dataset(str(priced.query["dataset"]))),
        table=key,
        statistic=statistic,
    )


def _table(here: Portal, key: str) -> Table | None:
    """The table that the form is about, if there is one; whether it was granted is for the service to say."""
    dataset, _, name = key.partition("/")
    found = here.room.policies.datasets.get(dataset)
    return found[0].table(name) if found else None


def _sent(form: FormData) -> object:
    return _parsed(text_field(form, "query"))


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _lost() from error


def _lost() -> InvalidInput:
    return InvalidInput("The question was lost on the way.", rule="query-object", next_step="Start the question again.")


@router.post("/projects/{slug}/private/ask")
def ask(request: Request, here: Here, looking: Looking, slug: str, form: Changed) -> Response:
    try:
        answer, _ = service.ask(here.room, looking.username, slug, _sent(form))
    except BudgetExceeded as fault:
        return _page(request, here, looking, slug, fault=fault)
    return see(f"/private-answers/{answer.id}")


@router.post("/projects/{slug}/private/dry-run")
def dry_run(here: Here, looking: Looking, slug: str, form: Changed) -> Response:
    return see(f"/private-answers/{service.dry_run(here.room, looking.username, slug, _sent(form)).id}")


@router.get("/private-answers/{answer_id}")
def answer(request: Request, here: Here, looking: Looking, answer_id: Number, show: str = "") -> Response:
    found = service.get(here.room, looking.username, answer_id)
    dataset = here.room.policies.dataset_or_twin(found.dataset)
    margins = service.margins(here.room, looking.username, answer_id)
    shown = present.shown(found, dataset, here.room.now(), show, margins)
    leaving = present.leaving(found, private_releases.lane(here.room, looking.username, answer_id))
    return render(
        request, "private_answers/answer.html", RESEARCHER, answer=shown, leaving=leaving, project=found.project
    )


@router.post("/private-answers/{answer_id}/release")
def release(here: Here, looking: Looking, answer_id: Number, form: Changed) -> Response:
    asked = private_releases.release(here.room, looking.username, answer_id)
    return see(f"/requests/{asked.number}")
