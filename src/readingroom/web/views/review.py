"""The checker's desk: the queue, and the page on which outputs are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from readingroom.core.inspection import Preview, preview
from readingroom.core.inspection.anchors import anchored
from readingroom.core.inspection.preview import ALL
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import OutputFile
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, InvalidTransition, ReadingRoomError, StaleForm, Unavailable
from readingroom.services import requests as service
from readingroom.services.request_views import RequestView
from readingroom.web import forms
from readingroom.web.addresses import page
from readingroom.web.left_over import Written, written
from readingroom.web.portal import Changed, Here, Looking, Number, PageNumber, Portal, Viewer, render, see, text_field
from readingroom.web.presenters import comments as present_comments
from readingroom.web.presenters import comparisons as present_compare
from readingroom.web.presenters import outputs as present_outputs
from readingroom.web.presenters import review as present
from readingroom.web.presenters.outputs import Places
from readingroom.web.presenters.paging import part
from readingroom.web.presenters.review import Typed

router = APIRouter()
CHECKER = Role.CHECKER
NOTHING = Typed()
TOLD = (InvalidInput, InvalidTransition, Unavailable)
"""What is said on the page itself, with everything that was typed."""
FileId = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.get("/queue")
def queue(request: Request, here: Here, looking: Looking, done: int | None = None, page: PageNumber = 1) -> Response:
    rows, pager = part("/queue", "page", page,
                       present.queue(service.queue(here.room, looking.username), here.room.now()))
    return render(request, "review/queue.html", CHECKER, rows=rows, pager=pager, done=done)


@router.get("/requests/{number}/review")
def review_page(request: Request, here: Here, looking: Looking, number: Number, file: FileId = 0, at: str = ""
                ) -> Response:
    """With a file and a place in it, the form for a comment on that place is open beside it."""
    return _page(request, here, looking, number, Typed(file=file, at=at[:60]))


def _page(
    request: Request,
    here: Portal,
    looking: Viewer,
    number: int,
    typed: Typed = NOTHING,
    fault: ReadingRoomError | None = None,
    form: FormData | None = None,
) -> Response:
    """With the `form` of an answer that was not taken, the page holds all of it, or lists what it has no place for."""
    opened = service.opened(here.room, looking.username, number)
    view, people = opened.view, opened.people
    if typed.at and fault is None:
        fault = _fault_of(typed, view.request.files, opened.sights)
    comments, outputs = {}, {}
    for file in view.request.files:
        content = opened.sights[file.id].content
        comments[file.id] = present_comments.of_file(
            view, file, _shown(file, content), lambda name: present.name(name, people), viewer=looking.username)
        action = "" if view.may["review"] else page(f"/requests/{number}/place") + f"#say-{file.id}"
        outputs[file.id] = present_outputs.output(
            number, file, content, places=Places(present_comments.said_at(comments[file.id]), action))
    shown = present.review_page(
        view,
        outputs,
        present_compare.comparisons(view.request.files, opened.sights, opened.resembling),
        comments,
        opened.policy,
        people,
        looking.username,
        here.room.now(),
        typed,
    )
    return render(request, "review/review.html", CHECKER, status=fault.status_code if fault else 200, review=shown,
                  fault=fault, written=() if form is None else _left_over(form, view))


def _shown(file: OutputFile, content: bytes) -> Callable[[], Preview]:
    return lambda: preview(file.name, content, file.findings, ALL)


def _fault_of(typed: Typed, files: tuple[OutputFile, ...], sights: Mapping[int, service.Sight]) -> InvalidInput | None:
    """What is wrong with a place that an address names; nothing of the address is shown unless it is one."""
    file = next((file for file in files if file.id == typed.file), None)
    try:
        if file is not None:
            anchored(_shown(file, sights[file.id].content)(), typed.at)
    except InvalidInput as fault:
        return fault
    return None


def _typed(form: FormData, view: RequestView) -> Typed:
    """What was typed. Of an earlier round only the words, on the files that now have those names: nobody has decided
    on a file that they have not seen."""
    files, note, conclusion = view.request.files, text_field(form, "note", 5000), text_field(form, "comment", 5000)
    if _is_of(form, view):
        return Typed(forms.votes(form, files, view.optional), note, forms.remarks(form, files),
                     comments=forms.vote_comments(form, files), conclusion=conclusion)
    now = {file.name: file.id for file in files}
    before = _seen_then(form, view)
    remarks = tuple(replace(one, file_id=now[before[one.file_id]])
                    for one in forms.remarks(form, view.request.earlier) if before.get(one.file_id) in now)
    said = {now[before[id]]: text for id, text in forms.vote_comments(form, view.request.earlier).items()
            if text and before.get(id) in now}
    return Typed((), note, remarks, comments=said, conclusion=conclusion)


def _is_of(form: FormData, view: RequestView) -> bool:
    return text_field(form, "round", 10) == str(view.request.round)


def _seen_then(form: FormData, view: RequestView) -> dict[int, str]:
    """The files of the round that the form is about: names by id."""
    files: Sequence[OutputFile] = (*view.request.earlier, *view.request.files)
    return {file.id: file.name for file in files if str(file.round) == text_field(form, "round", 10)}


def _left_over(form: FormData, view: RequestView) -> tuple[Written, ...]:
    """What was written that the page as it is now has no field for."""
    before, now = _seen_then(form, view), {file.name for file in view.request.files}
    placed = {f"{field}-{id}" for id, name in before.items() if name in now for field in ("comment", "say")} | {"note"}
    if not view.may["conclude"]:
        placed.add("comment")
    return written(form, before, lambda field: bool(view.may["review"]) or field not in placed)


@router.post("/requests/{number}/review")
def give_review(request: Request, here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    view = service.get(here.room, looking.username, number)
    typed = _typed(form, view)
    try:
        check_round(form, view)
        forms.check_nothing_unheard(typed.votes, typed.comments, view.request.files)
        service.review(here.room, looking.username, number, typed.votes, typed.note, typed.remarks,
                       round=view.request.round)
    except TOLD as fault:
        return _page(request, here, looking, number, typed, fault, form)
    return see("/queue", done=number)


@router.post("/requests/{number}/place")
def at_place(request: Request, here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    """A cell or line was followed: the page as it was typed, with the form for a comment on that place open."""
    view = service.get(here.room, looking.username, number)
    typed = _typed(form, view)
    try:
        check_round(form, view)
    except StaleForm as fault:
        return _page(request, here, looking, number, typed, fault, form)
    file, _, at = text_field(form, "place", 80).partition(" ")
    chosen = int(file) if file.isascii() and file.isdigit() else 0
    return _page(request, here, looking, number, replace(typed, file=chosen, at=at), form=form)


@router.post("/requests/{number}/comments")
def comment(request: Request, here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    """Keep what was written about places, or take a comment back; what else was typed is shown again."""
    room, viewer = here.room, looking.username
    view = service.get(room, viewer, number)
    typed = _typed(form, view)
    back = text_field(form, "take-back", 10)
    try:
        check_round(form, view)
        if back:
            service.take_comment_back(room, viewer, number, view.request.round, int(back) if back.isdigit() else 0)
        else:
            service.remark(room, viewer, number, view.request.round, typed.remarks)
            typed = replace(typed, remarks=())
    except TOLD as fault:
        return _page(request, here, looking, number, typed, fault, form)
    return _page(request, here, looking, number, typed)


def check_round(form: FormData, view: RequestView) -> None:
    """What was judged must be what is judged: a form of an earlier round is refused."""
    if not _is_of(form, view):
        sent = text_field(form, "round", 10)
        raise StaleForm(
            f"Your answer is about round {sent or '?'}, and the request is in round {view.request.round} now: its "
            "files may be other ones.", rule="review.round", value=sent, now=view.request.round,
            next_step="What you wrote is kept below. Look at the files as they are now, then decide about each.")


@router.post("/requests/{number}/conclude")
def conclude(request: Request, here: Here, looking: Looking, number: Number, form: Changed) -> Response:
    view = service.get(here.room, looking.username, number)
    typed = _typed(form, view)
    try:
        check_round(form, view)
        service.conclude(here.room, looking.username, number, forms.choice_field(form, "outcome", RequestStatus),
                         typed.conclusion, round=view.request.round)
    except TOLD as fault:
        return _page(request, here, looking, number, typed, fault, form)
    return see("/queue", done=number)
