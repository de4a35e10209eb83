"""The programme owner's desk: applications that wait, and looking back at urgent ones."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from readingroom.core.application_form import SECTION_TITLES
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput
from readingroom.services import accounts, owners
from readingroom.web import decision_forms
from readingroom.web.portal import (
    Changed,
    Here,
    Looking,
    Number,
    PageNumber,
    Portal,
    Slug,
    Viewer,
    render,
    see,
    text_field,
)
from readingroom.web.presenters import applications as present
from readingroom.web.presenters import owners as desk

router = APIRouter()
OWNER = Role.OWNER


@router.get("/applications")
def inbox(request: Request, here: Here, looking: Looking, page: PageNumber = 1, reviews: PageNumber = 1) -> Response:
    room = here.room
    found = owners.desk(room, looking.username, page, reviews)
    names = accounts.names(room, {one.version.application.lead for one in found.waiting})
    titles = {name: dataset.title for name, (dataset, _) in room.policies.datasets.items()}
    return render(request, "owners/inbox.html", OWNER,
                  desk=desk.desk(found, names, titles, room.today(), room.now(), page, reviews))


@router.get("/applications/{slug}")
def application(request: Request, here: Here, looking: Looking, slug: Slug) -> Response:
    return _page(request, here, looking, slug)


def _page(request: Request, here: Portal, looking: Viewer, slug: str, fault: InvalidInput | None = None,
          typed: dict[str, str] | None = None, at: str = "return") -> Response:
    room = here.room
    found = owners.case(room, looking.username, slug)
    datasets = {name: dataset for name, (dataset, _) in room.policies.datasets.items()}
    said = found.version.application
    answered = {one.decided_by for one in found.reviews if one.decided_by}
    names = accounts.names(room, {*said.members, *answered, found.version.submitted_by,
                                      found.version.accepted_by or ""})
    accepted_by = found.version.accepted_by or ""
    return render(
        request, "owners/application.html", OWNER, status=422 if fault else 200, fault=fault, typed=typed or {}, at=at,
        project=found.project, version=present.version_row(found.version, room.now(), names), urgent=said.urgent,
        may_answer=found.may_answer, accepted_by=names.get(accepted_by, accepted_by),
        summary=present.summary(said, datasets, names), changes=present.change_rows(found.changes, names),
        previous=found.previous, sections=SECTION_TITLES, comments=found.comments,
        reviews=tuple(desk.review(one, names, room.today(), room.now()) for one in found.reviews))


@router.post("/applications/{slug}/accept")
def accept(here: Here, looking: Looking, slug: Slug, form: Changed) -> Response:
    owners.accept(here.room, looking.username, slug, _version(form.get("version")))
    return see(f"/applications/{slug}")


@router.post("/applications/{slug}/return")
def send_back(request: Request, here: Here, looking: Looking, slug: Slug, form: Changed) -> Response:
    comments = decision_forms.comments(form)
    try:
        owners.send_back(here.room, looking.username, slug, _version(form.get("version")), comments)
    except InvalidInput as fault:
        return _page(request, here, looking, slug, fault, comments)
    return see(f"/applications/{slug}")


@router.post("/applications/{slug}/reviews/{version}")
def review(request: Request, here: Here, looking: Looking, slug: Slug, version: Number, form: Changed) -> Response:
    words = text_field(form, "words", 4000)
    try:
        owners.answer_review(here.room, looking.username, slug, version, text_field(form, "outcome", 40), words)
    except InvalidInput as fault:
        return _page(request, here, looking, slug, fault, {"words": words}, at="words")
    return see(f"/applications/{slug}")


def _version(given: object) -> int:
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 7 else 0
