"""The checker's desk: the queue, and the page on which outputs are judged."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import Vote
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput
from readingroom.services import accounts, memory
from readingroom.services import requests as service
from readingroom.services.request_views import RequestView
from readingroom.web import forms
from readingroom.web.portal import Changed, Here, Looking, Number, PageNumber, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import comparisons as present_compare
from readingroom.web.presenters import outputs as present_outputs
from readingroom.web.presenters import review as present
from readingroom.web.presenters.paging import part

router = APIRouter()
CHECKER = Role.CHECKER


@router.get("/queue")
def queue(request: Request, here: Here, looking: Looking, done: int | None = None, page: PageNumber = 1) -> Response:
    rows, pager = part("/queue", "page", page,
                       present.queue(service.queue(here.room, looking.username), here.room.now()))
    return render(request, "review/queue.html", CHECKER, rows=rows, pager=pager, done=done)


@router.get("/requests/{number}/review")
def review_page(request: Request, here: Here, looking: Looking, number: Number) -> Response:
    return _page(request, here, looking, service.get(here.room, looking.username, number))


def _page(
    request: Request,
    here: Portal,
    looking: Viewer,
    view: RequestView,
    typed: tuple[Vote, ...] = (),
    note: str = "",
    fault: InvalidInput | None = None,
) -> Response:
    room, asked = here.room, view.request
    sights = service.sights(room, looking.username, asked.number)
    outputs = {file.id: present_outputs.output(asked.number, file, sights[file.id].content) for file in asked.files}
    compared = present_compare.comparisons(asked.files, sights, memory.of_request(room, looking.username, asked.number))
    known = {asked.author, looking.username, *(review.checker for review in view.reviews)}
    people = {name: accounts.person(room, name) for name in known}
    shown = present.review_page(
        view,
        outputs,
        compared,
        service.policy_of(room, looking.username, asked.number),
        people,
        looking.username,
        room.now(),
        typed,
        note,
    )
    return render(request, "review/review.html", CHECKER, status=422 if fault else 200, review=shown, fault=fault)


@router.post("/requests/{number}/review")
def give_review(request: Request, here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    view = service.get(here.room, looking.username, number)
    votes, note = forms.votes(form, view.request.files, view.optional), text_field(form, "note", 5000)
    check_round(form, view)
    try:
        service.review(here.room, looking.username, number, votes, note)
    except InvalidInput as fault:
        return _page(request, here, looking, view, votes, note, fault)
    return see("/queue", done=number)


def check_round(form: FormData, view: RequestView) -> None:
    """What was judged must be what is judged: a form of an earlier round is refused."""
    sent = text_field(form, "round", 10)
    if sent != str(view.request.round):
        raise InvalidInput(
            f"This form is about round {sent or '?'}, but the request is in round {view.request.round}.",
            rule="review.round",
            value=sent,
            next_step="Open the request again and look at its new files.",
        )


@router.post("/requests/{number}/conclude")
def conclude(request: Request, here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    view = service.get(here.room, looking.username, number)
    check_round(form, view)
    try:
        outcome = RequestStatus(text_field(form, "outcome", 20))
    except ValueError as error:
        raise InvalidInput(
            "No outcome was chosen.", rule="review.outcome", next_step="Choose to return or to reject the request."
        ) from error
    try:
        service.conclude(here.room, looking.username, number, outcome, text_field(form, "comment", 5000))
    except InvalidInput as fault:
        return _page(request, here, looking, view, fault=fault)
    return see("/queue", done=number)
