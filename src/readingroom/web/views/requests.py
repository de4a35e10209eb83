"""Egress requests as their author sees them: ask, follow, answer, withdraw, download."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from readingroom.core.inspection import preview
from readingroom.core.inspection.preview import ALL
from readingroom.core.lifecycle import Direction
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, InvalidTransition, ReadingRoomError, StaleForm, Unavailable
from readingroom.services import handover, projects
from readingroom.services import requests as service
from readingroom.services.request_views import RequestView
from readingroom.web import addresses, forms, incoming_forms, served
from readingroom.web.portal import (
    Changed,
    Here,
    Looking,
    Number,
    PageNumber,
    Portal,
    Viewer,
    render,
    see,
    text_field,
    viewer,
)
from readingroom.web.presenters import comments as present_comments
from readingroom.web.presenters import outputs as present_outputs
from readingroom.web.presenters import requests as present
from readingroom.web.presenters.outputs import Places
from readingroom.web.presenters.paging import SIZE, pager
from readingroom.web.views import incoming

router = APIRouter()
RESEARCHER = Role.RESEARCHER


@router.get("/requests")
def mine(request: Request, here: Here, looking: Looking, page: PageNumber = 1,
         project: Annotated[str, Query(max_length=40)] = "") -> Response:
    room, author = here.room, looking.username
    found = service.mine(room, author, project, count=SIZE, skip=(page - 1) * SIZE)
    total = service.count_mine(room, author, project)
    return render(request, "requests/mine.html", RESEARCHER, project=project,
                  requests=tuple(present.row(view, room.now()) for view in found),
                  pager=pager("/requests", "page", page, total, SIZE, project=project or None))


@router.get("/requests/new")
def new(request: Request, here: Here, looking: Looking, project: str = "") -> Response:
    """The upload form, or first the choice of the project it is for."""
    if not project:
        return render(request, "requests/choose_project.html", RESEARCHER,
                      projects=projects.titles(here.room, looking.username))
    card = projects.get(here.room, looking.username, project)
    return _form(request, card, forms.empty_request(card.policy))


def _form(
    request: Request,
    card: projects.ProjectCard,
    typed: forms.RequestForm,
    fault: ReadingRoomError | None = None,
    number: int | None = None,
    kept: tuple[forms.Keepable, ...] = (),
    round: int | None = None,
) -> Response:
    """Also for the answer to a returned `round` of the request `number`, with its files that may be `kept`."""
    if fault is not None and not card.access.allowed:
        raise fault  # there is no form in which to say so; the page of the error keeps what was typed
    action = addresses.page(f"/requests/{number}/resubmit" if number else "/requests")
    return render(
        request,
        "requests/new.html",
        RESEARCHER,
        status=fault.status_code if fault else 200,
        card=card,
        typed=typed,
        fault=fault,
        action=action,
        number=number,
        round=round,
        kept=kept,
        policy=card.policy,
        anchor=_anchor(fault),
    )


def _anchor(fault: ReadingRoomError | None) -> str:
    rule = fault.rule if fault else ""
    if rule.startswith(("request.group", "request.max-groups")):
        return "group-1-name"
    return {"request.title": "title", "request.purpose": "purpose"}.get(rule, "file-1")


@router.post("/requests")
def submit(request: Request, here: Here, looking: Looking, form: Changed) -> Response:
    room, author = here.room, looking.username
    slug = text_field(form, "project", 100)
    card = projects.get(room, author, slug)
    try:
        made = service.submit(
            room,
            author,
            slug,
            text_field(form, "title"),
            text_field(form, "purpose"),
            forms.uploads(form, card.policy),
            forms.groups(form),
        )
    except (InvalidInput, Unavailable) as fault:
        return _form(request, card, forms.typed_request(form, card.policy), fault)
    return see(f"/requests/{made.number}")


@router.get("/requests/{number}")
def one(request: Request, here: Here, looking: Looking, number: Number) -> Response:
    view = service.get(here.room, looking.username, number)
    return render(request, "requests/request.html", RESEARCHER, detail=present.detail(view, here.room.now()))


@router.get("/requests/{number}/files/{file_id}")
def one_file(
    request: Request, here: Here, looking: Looking, number: Number, file_id: Number, part: PageNumber = 1
) -> Response:
    view = service.get(here.room, looking.username, number)
    file, content = service.file_content(here.room, looking.username, number, file_id, part)
    comments = present_comments.of_file(
        view, file, lambda: preview(file.name, content, file.findings, ALL), lambda _: "A checker")
    return render(
        request,
        "requests/file.html",
        RESEARCHER,
        detail=present.detail(view, here.room.now()),
        file=present.file(number, file),
        output=present_outputs.output(
            number, file, content, part=part, places=Places(present_comments.said_at(comments))),
        comments=comments,
    )


@router.get("/requests/{number}/files/{file_id}/image.png")
def file_image(here: Here, looking: Annotated[Viewer, Depends(viewer)], number: Number, file_id: Number) -> Response:
    return served.picture(*service.file_content(here.room, looking.username, number, file_id))


@router.get("/requests/{number}/withdraw")
def withdraw_page(request: Request, here: Here, looking: Looking, number: Number) -> Response:
    view = service.get(here.room, looking.username, number)
    return render(
        request,
        "requests/withdraw.html",
        RESEARCHER,
        detail=present.detail(view, here.room.now()),
        refused=view.may["withdraw"],
    )


@router.post("/requests/{number}/withdraw")
def withdraw(here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    service.withdraw(here.room, looking.username, number)
    return see(f"/requests/{number}")


@router.get("/requests/{number}/resubmit")
def resubmit_page(request: Request, here: Here, looking: Looking, number: Number) -> Response:
    view, card = _answering(here, looking, number)
    return _answer_form(request, view, card)


def _answer_form(request: Request, view: RequestView, card: projects.ProjectCard, form: FormData | None = None,
                 fault: ReadingRoomError | None = None) -> Response:
    """The form for the next round, with what was typed into `form`; of an earlier round not which files are kept."""
    number, round = view.request.number, view.request.round
    kept = forms.keepable(view.request.files, None if isinstance(fault, StaleForm) else form)
    if view.request.direction is Direction.IN:
        filled = incoming_forms.typed(form, card.policy) if form else incoming_forms.empty(card.policy)
        return incoming.form_page(request, card, filled, fault, number, kept, round)
    typed = forms.typed_request(form, card.policy) if form else forms.empty_request(card.policy)
    return _form(request, card, typed, fault, number, kept, round)


@router.post("/requests/{number}/resubmit")
def resubmit(request: Request, here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    view, card = _answering(here, looking, number)
    comes_in = view.request.direction is Direction.IN
    try:
        _check_answers(form, view)
        sent = (incoming_forms if comes_in else forms).uploads(form, card.policy)
        service.resubmit(here.room, looking.username, number, sent, () if comes_in else forms.groups(form),
                         keep=forms.kept(form, sent), round=view.request.round)
    except (InvalidInput, StaleForm, Unavailable) as fault:
        return _answer_form(request, view, card, form, fault)
    return see(f"/requests/{number}")


def _answering(here: Portal, looking: Viewer, number: int) -> tuple[RequestView, projects.ProjectCard]:
    """A request that its author may answer now, and its project."""
    view = service.get(here.room, looking.username, number)
    if view.may["resubmit"]:
        raise InvalidTransition(
            f"Request {number} takes no answer now. {view.may['resubmit']}", rule="request.resubmit",
            value=view.request.status.value,
            next_step="Its page says where it stands. Its author can answer it once it was returned.")
    return view, projects.get(here.room, looking.username, view.request.project)


def _check_answers(form: FormData, view: RequestView) -> None:
    """What is sent answers what was last asked for: a form that was opened in an earlier round is shown again."""
    sent = text_field(form, "round", 10)
    if sent and sent != str(view.request.round):
        raise StaleForm(
            f"This form answers round {sent}, and the request was returned again in round {view.request.round}.",
            rule="review.round", value=sent, now=view.request.round,
            next_step="What you typed is kept. Read what is asked for now and choose the files anew.")


@router.get("/requests/{number}/release")
def release(here: Here, looking: Looking, number: Number) -> Response:
    """The signed package."""
    return served.download(*handover.download(here.room, looking.username, number), "application/zip")
