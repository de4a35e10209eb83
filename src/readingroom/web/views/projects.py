"""A researcher's projects: which can be opened, why not, and opening them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from readingroom import bootstrap
from readingroom.core.lifecycle import PROJECT_ACTIONS, ProjectAction
from readingroom.core.policy import Tier, explain
from readingroom.core.roles import Permission, Role
from readingroom.core.volumes import SHARED
from readingroom.core.workspaces import beside_bytes
from readingroom.errors import AccessDenied, InvalidInput, ReadingRoomError, Unavailable
from readingroom.hub import tickets
from readingroom.services import members, requests, standing, turns, visibility, workspaces
from readingroom.services import projects as service
from readingroom.services.room import ReadingRoom
from readingroom.web.addresses import HUB, lab, origin_of
from readingroom.web.portal import (
    Changed,
    Here,
    Looking,
    PageNumber,
    Portal,
    Slug,
    Viewer,
    render,
    see,
    text_field,
    viewer,
)
from readingroom.web.presenters import decisions
from readingroom.web.presenters import projects as present
from readingroom.web.presenters import requests as present_requests
from readingroom.web.presenters import standing as present_standing
from readingroom.web.presenters import walls as present_walls
from readingroom.web.presenters.paging import pager
from readingroom.web.security import content_security_policy

router = APIRouter()
RESEARCHER = Role.RESEARCHER
HOME_REQUESTS = 5  # the newest; the rest have a page of their own


def _states(here: Portal, username: str) -> Mapping[str, str]:
    """The states of the person's workspaces; the Hub being away must not take the page down."""
    try:
        return here.hub.workspace_states(username)
    except Unavailable:
        return {}


@router.get("/projects")
def home(request: Request, here: Here, looking: Looking, page: PageNumber = 1) -> Response:
    room, username = here.room, looking.username
    states = _states(here, username)
    cards = tuple(
        present.card(
            found, states.get(found.project.slug, present.STOPPED), room.policies, room.today(), room.now()
        )
        for found in service.mine(room, username, page)
    )
    mine, more = _newest_requests(here, username)
    return render(request, "projects/home.html", RESEARCHER, cards=cards, requests=mine, more=more,
                  pager=pager("/projects", "page", page, service.count(room, username), service.PAGE),
                  may_apply=looking.person.may(Permission.APPLY))


def _newest_requests(here: Portal, username: str, project: str = "") -> tuple[tuple[present_requests.Row, ...], bool]:
    """The first few, and whether there are more."""
    newest = requests.mine(here.room, username, project, count=HOME_REQUESTS + 1)
    rows = tuple(present_requests.row(view, here.room.now()) for view in newest[:HOME_REQUESTS])
    return rows, len(newest) > len(rows)


@router.get("/projects/{slug}/policy")
def policy(request: Request, here: Here, looking: Looking, slug: str) -> Response:
    """Every rule that holds in the project, dataset by dataset, and which layer set it."""
    room = here.room
    found = service.get(room, looking.username, slug)
    explained = tuple(
        (room.policies.dataset(grant.dataset).title,
         decisions.rules_in_force(explain(room.policies.layers_of_grant(found.project, grant))))
        for grant in found.grants)
    return render(request, "projects/policy.html", RESEARCHER, project=found.project, explained=explained)


@router.get("/projects/{slug}/members/{username}/remove")
def remove_page(request: Request, here: Here, looking: Looking, slug: Slug, username: Slug) -> Response:
    return _confirm(request, here, looking, slug, username)


def _confirm(request: Request, here: Portal, looking: Viewer, slug: str, username: str = "",
             fault: ReadingRoomError | None = None, *, leads: bool = False) -> Response:
    """The page before a member leaves, or leads, or, without a name, before the project ends."""
    found = service.get(here.room, looking.username, slug)
    person = next((one for one in found.members if one.username == username), None)
    if username and person is None:
        raise visibility.not_found(slug)
    return render(request, "projects/end.html", RESEARCHER, status=fault.status_code if fault else 200, fault=fault,
                  project=found.project, person=person, is_self=username == looking.username, leads=leads)


@router.post("/projects/{slug}/members/{username}/remove")
def remove(request: Request, here: Here, looking: Looking, slug: Slug, username: Slug, form: Changed) -> Response:
    try:
        members.remove(here.room, looking.username, slug, username, text_field(form, "reason", 2000))
    except InvalidInput as fault:
        return _confirm(request, here, looking, slug, username, fault)
    return see("/projects" if username == looking.username else f"/projects/{slug}")


@router.get("/projects/{slug}/members/{username}/lead")
def lead_page(request: Request, here: Here, looking: Looking, slug: Slug, username: Slug) -> Response:
    return _confirm(request, here, looking, slug, username, leads=True)


@router.post("/projects/{slug}/members/{username}/lead")
def lead(request: Request, here: Here, looking: Looking, slug: Slug, username: Slug, form: Changed) -> Response:
    try:
        members.name_lead(here.room, looking.username, slug, username, text_field(form, "reason", 2000))
    except InvalidInput as fault:
        return _confirm(request, here, looking, slug, username, fault, leads=True)
    return see(f"/projects/{slug}")


@router.get("/projects/{slug}/end")
def end_page(request: Request, here: Here, looking: Looking, slug: Slug) -> Response:
    return _confirm(request, here, looking, slug)


@router.post("/projects/{slug}/end")
def end(request: Request, here: Here, looking: Looking, slug: Slug, form: Changed) -> Response:
    try:
        members.close(here.room, looking.username, slug, text_field(form, "reason", 2000))
    except InvalidInput as fault:
        return _confirm(request, here, looking, slug, fault=fault)
    return see(f"/projects/{slug}")


@router.get("/projects/{slug}")
def project(request: Request, here: Here, looking: Looking, slug: str) -> Response:
    room, username = here.room, looking.username
    found = service.get(room, username, slug)
    state = _states(here, username).get(slug, present.STOPPED)
    card = present.card(found, state, room.policies, room.today(), room.now())
    granted = tuple(
        present.granted(grant, room.policies.dataset(grant.dataset), room.today()) for grant in found.grants
    )
    mine, more = _newest_requests(here, username, slug)
    return render(
        request,
        "projects/project.html",
        RESEARCHER,
        card=card,
        folders=_folders(here, username, slug),
        project=found.project,
        members=found.members,
        viewer=username,
        is_member=username in found.project.members,
        is_lead=username == found.project.lead,
        may_end=found.project.status in PROJECT_ACTIONS[ProjectAction.CLOSE],
        lead_away=found.lead_away and found.project.status in PROJECT_ACTIONS[ProjectAction.NAME_LEAD],
        names_lead=looking.person.may(Permission.MANAGE_PEOPLE) and username not in found.project.members,
        granted=granted,
        requests=mine,
        more=more,
    )


def _folders(here: Portal, username: str, slug: str) -> tuple[present_walls.Storage, ...]:
    """How full the home and the shared folder are, while they are mounted."""
    volumes, homes = bootstrap.volumes(here.room.settings), here.room.settings.homes_dir
    found = (present_walls.storage("Your home", volumes.usage(homes / slug / username)),
             present_walls.storage("The shared folder", volumes.usage(homes / slug / SHARED)))
    return tuple(one for one in found if one is not None)


@router.post("/projects/{slug}/workspace/open")
def open_workspace(here: Here, looking: Looking, slug: str, form: Changed) -> Response:
    """Ask the Hub for the workspace. Refused with every reason; an extract still being made is waited for."""
    service.get(here.room, looking.username, slug)
    try:
        plan = workspaces.plan(here.room, looking.username, slug)
    except Unavailable:
        return see(f"/projects/{slug}/workspace", wanted="yes")
    if not turns.ask(here.room, looking.username, slug, plan.policy.memory_bytes, beside_bytes(plan.policy)).place:
        here.hub.start_workspace(looking.username, slug)
    return see(f"/projects/{slug}/workspace")


@router.post("/projects/{slug}/workspace/leave")
def leave_queue(here: Here, looking: Looking, slug: str, form: Changed) -> Response:
    service.get(here.room, looking.username, slug)
    turns.leave(here.room, looking.username, slug)
    return see(f"/projects/{slug}")


@router.get("/projects/{slug}/workspace")
def workspace(request: Request, here: Here, looking: Looking, slug: str, wanted: str = "") -> Response:
    """JupyterLab in a frame when it answers; until then, and after, where it stands and why."""
    room, username = here.room, looking.username
    found = service.get(room, username, slug)
    _check_member(found, username)
    state, preparing = _progress(here, username, slug)
    if state == "running":
        return _framed(request, found, username)
    queued = turns.place(room, username, slug)
    waiting = queued is not None and queued.place > 0
    return render(
        request,
        "projects/opening.html",
        RESEARCHER,
        project=found.project,
        opening=present.opening_page(found, state, preparing, room.now(), wanted=bool(wanted), queued=waiting),
        queued=waiting,
    )


def _framed(request: Request, found: service.ProjectCard, username: str) -> Response:
    """The frame leads to this workspace and to signing in to it, nowhere else, whatever runs inside."""
    room: ReadingRoom = request.app.state.portal.room
    strict = found.last_opening is not None and found.last_opening.tier is Tier.STRICT
    slug, settings = found.project.slug, room.settings
    address = tickets.entrance(settings, username, slug, room.now()) if strict else lab(settings, username, slug)
    bar = present.shell(found, address, _standing(room, username, slug), room.policies, pixels=strict)
    answer = render(request, "projects/workspace.html", RESEARCHER, shell=bar)
    sign_in = "" if strict else f" {room.settings.public_url}{HUB}/api/oauth2/authorize"
    host = request.headers.get("host", "")
    answer.headers["Content-Security-Policy"] = content_security_policy(host, frames=f"{origin_of(address)}/{sign_in}")
    return answer


@router.get("/projects/{slug}/workspace/state")
def workspace_state(here: Here, looking: Annotated[Viewer, Depends(viewer)], slug: str) -> Response:
    """For the scripts of both pages: the state in a word, and what an open one's bar shows."""
    found = service.get(here.room, looking.username, slug)
    _check_member(found, looking.username)
    state, preparing = _progress(here, looking.username, slug)
    bar = asdict(_standing(here.room, looking.username, slug)) if state == "running" else {}
    return JSONResponse({"state": state, "preparing": preparing, **bar})


def _standing(room: ReadingRoom, username: str, slug: str) -> present_standing.Words:
    return present_standing.words(standing.of(room, username, slug), room.today(), room.now())


def _check_member(found: service.ProjectCard, username: str) -> None:
    """A workspace's page is for those who have one, also while they may not open it; others see the project only."""
    if username not in found.project.members:
        raise AccessDenied(
            "This workspace is not yours.", reasons=found.access.reasons, rule="project.member", value=username,
            next_step="Your projects page lists the workspaces that you have.")


def _progress(here: Portal, username: str, slug: str) -> tuple[str, str]:
    """The Hub's state, and what is still being prepared if it has not started; what forbids it ends the wait."""
    state = here.hub.workspace_state(username, slug)
    if state in present.OPEN_STATES:
        return state, ""
    try:
        workspaces.plan(here.room, username, slug)
    except Unavailable as waiting:
        return state, waiting.message
    except AccessDenied:  # the page gives every reason
        return state, ""
    queued = turns.place(here.room, username, slug)
    return state, present.waiting(queued.place, queued.waiting) if queued else ""


@router.get("/projects/{slug}/workspace/close")
def close_page(request: Request, here: Here, looking: Looking, slug: str) -> Response:
    found = service.get(here.room, looking.username, slug)
    return render(request, "projects/close.html", RESEARCHER, project=found.project)


@router.post("/projects/{slug}/workspace/close")
def close_workspace(here: Here, looking: Looking, slug: str, form: Changed) -> Response:
    service.get(here.room, looking.username, slug)
    here.hub.stop_workspace(looking.username, slug)
    return see("/projects")
