"""Files to bring into a project: asked for from the researcher's own machine, and what arrived."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from readingroom.core.lifecycle import Direction
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, ReadingRoomError, Unavailable
from readingroom.services import deliveries, projects
from readingroom.services import requests as service
from readingroom.web import addresses
from readingroom.web import incoming_forms as forms
from readingroom.web.forms import Keepable
from readingroom.web.portal import Changed, Here, Looking, PageNumber, render, see, text_field
from readingroom.web.presenters import incoming as present
from readingroom.web.presenters.paging import SIZE, pager
from readingroom.web.presenters.requests import row as request_row

router = APIRouter()
RESEARCHER = Role.RESEARCHER


@router.get("/incoming")
def mine(request: Request, here: Here, looking: Looking, page: PageNumber = 1, arrived: PageNumber = 1) -> Response:
    room, who, now = here.room, looking.username, here.room.now()
    views = service.mine(room, who, count=SIZE, skip=(page - 1) * SIZE, direction=Direction.IN)
    found, total = deliveries.arrived_anywhere(room, who, SIZE, (arrived - 1) * SIZE)
    asked = service.count_mine(room, who, direction=Direction.IN)
    return render(
        request, "incoming/mine.html", RESEARCHER,
        requests=tuple(request_row(view, now) for view in views), arrivals=present.arrivals(found, now),
        pager=pager("/incoming", "page", page, asked, SIZE, arrived=arrived if arrived > 1 else None),
        arrived_pager=pager("/incoming", "arrived", arrived, total, SIZE, page=page if page > 1 else None))


@router.get("/incoming/new")
def new(request: Request, here: Here, looking: Looking, project: str = "") -> Response:
    """The upload form, or first the choice of the project it is for."""
    if not project:
        return render(request, "incoming/choose_project.html", RESEARCHER,
                      projects=projects.titles(here.room, looking.username))
    card = projects.get(here.room, looking.username, project)
    return form_page(request, card, forms.empty(card.policy))


def form_page(request: Request, card: projects.ProjectCard, typed: forms.IncomingForm,
              fault: ReadingRoomError | None = None, number: int | None = None,
              kept: tuple[Keepable, ...] = (), round: int | None = None) -> Response:
    """Also for the answer to a returned `round` of the request `number`, with its files that may be `kept`."""
    terms = present.terms(card.policy)
    if fault is not None and not (card.access.allowed and terms):
        raise fault  # there is no form in which to say so; the page of the error keeps what was typed
    return render(request, "incoming/new.html", RESEARCHER, status=fault.status_code if fault else 200, card=card,
                  typed=typed, fault=fault, number=number, round=round, kept=kept, terms=terms,
                  anchor=forms.anchor(fault), kinds=present.kinds(card.policy),
                  action=addresses.page(f"/requests/{number}/resubmit" if number else "/incoming"))


@router.post("/incoming")
def submit(request: Request, here: Here, looking: Looking, form: Changed) -> Response:
    room, author = here.room, looking.username
    slug = text_field(form, "project", 100)
    card = projects.get(room, author, slug)
    try:
        made = service.submit(room, author, slug, text_field(form, "title"), text_field(form, "purpose"),
                              forms.uploads(form, card.policy), direction=Direction.IN)
    except (InvalidInput, Unavailable) as fault:
        return form_page(request, card, forms.typed(form, card.policy), fault)
    return see(f"/requests/{made.number}")
