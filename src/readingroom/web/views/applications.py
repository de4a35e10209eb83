"""Applying: a list of tasks, each saved by itself; the answers checked; submitted, taken back, compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from readingroom.core import application_form as forms
from readingroom.core.application_form import SECTION_TITLES, Fault, dataset_section
from readingroom.core.datasets import Dataset
from readingroom.core.policy.model import Policy
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, NotFound, ReadingRoomError, StaleForm
from readingroom.services import accounts
from readingroom.services import applications as service
from readingroom.services.applications import Form
from readingroom.web.addresses import page
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
from readingroom.web.presenters import application_sections as sections
from readingroom.web.presenters import applications as present
from readingroom.web.presenters.paging import part
from readingroom.web.presenters.words import PROJECT_TAGS

router = APIRouter()
RESEARCHER = Role.RESEARCHER
LONG = 100_000


@router.get("/projects/{slug}/application")
def tasks(request: Request, here: Here, looking: Looking, slug: Slug, saved: str = "") -> Response:
    room = here.room
    form, standing = service.form(room, looking.username, slug), service.standing(room, looking.username, slug)
    datasets = {name: dataset for name, (dataset, _) in room.policies.datasets.items()}
    return render(
        request, "applications/tasks.html", RESEARCHER, form=form, project=form.project,
        groups=present.tasks(form, datasets), saved=SECTION_TITLES.get(saved, ""), missing=len(form.faults),
        noes=present.noes(standing.grants, form.comments, standing.last),
        answers=present.answers(standing.last, standing.grants, datasets, form.project.status),
        last=present.version_row(standing.last, room.now(), {}) if standing.last else None,
        tag=PROJECT_TAGS[form.project.status])


@router.get("/projects/{slug}/application/check")
def check(request: Request, here: Here, looking: Looking, slug: Slug) -> Response:
    return _check(request, here, looking, slug)


def _check(request: Request, here: Portal, looking: Viewer, slug: str, fault: InvalidInput | None = None) -> Response:
    room = here.room
    form = service.form(room, looking.username, slug)
    datasets = {name: dataset for name, (dataset, _) in room.policies.datasets.items()}
    names = {name: person.display_name for name, person in form.people.items()}
    preview = service.preview(room, looking.username, slug)
    return render(
        request, "applications/check.html", RESEARCHER, status=422 if fault else 200, fault=fault, form=form,
        project=form.project, faults=present.fault_links(slug, form.faults),
        summary=present.summary(form.application, datasets, names, edit=slug) if form.application else None,
        names=names, changes=present.change_rows(preview.changes, names), is_change=preview.is_change,
        asked=[datasets[name].title for name in preview.asked])


@router.post("/projects/{slug}/application/submit")
def submit(request: Request, here: Here, looking: Looking, slug: Slug, form: Changed) -> Response:
    try:
        service.submit(here.room, looking.username, slug)
    except InvalidInput as fault:
        return _check(request, here, looking, slug, fault)
    return see(f"/projects/{slug}/application")


@router.post("/projects/{slug}/application/recall")
def recall(here: Here, looking: Looking, slug: Slug, form: Changed) -> Response:
    service.recall(here.room, looking.username, slug)
    return see(f"/projects/{slug}/application")


@router.post("/projects/{slug}/application/discard")
def discard(here: Here, looking: Looking, slug: Slug, form: Changed) -> Response:
    service.discard(here.room, looking.username, slug)
    return see(f"/projects/{slug}")


# one dataset: its columns, the reasons for them, its rows

@router.get("/projects/{slug}/application/data/{dataset}")
def columns(request: Request, here: Here, looking: Looking, slug: Slug, dataset: Slug, q: str = "", table: str = "",
            page: PageNumber = 1) -> Response:
    return _columns(request, here, looking, slug, dataset, q[:200], table[:100], page)


def _columns(request: Request, here: Portal, looking: Viewer, slug: str, dataset: str, q: str, table: str, number: int,
             fault: ReadingRoomError | None = None, typed: Mapping[str, Any] | None = None) -> Response:
    form, found, policy = _dataset(here, looking, slug, dataset)
    key = dataset_section(dataset)
    shown = typed if typed is not None else form.typed.get(key, {})
    path = f"/projects/{slug}/application/{key}"
    return render(
        request, "applications/columns.html", RESEARCHER, status=fault.status_code if fault else 200, form=form,
        project=form.project, dataset=found, fault=fault, revision=form.revision(key), action=page(path),
        picker=sections.picker(found, dict(shown), policy.denied_columns or frozenset(), path, q, table, number))


@router.post("/projects/{slug}/application/data/{dataset}")
def pick(request: Request, here: Here, looking: Looking, slug: Slug, dataset: Slug, form: Changed) -> Response:
    """Ticks of the columns that this page showed; the others stay as they were."""
    known, found, policy = _dataset(here, looking, slug, dataset)
    key, q, table = dataset_section(dataset), text_field(form, "q", 200), text_field(form, "table", 100)
    number = _whole(text_field(form, "page", 6)) or 1
    typed = _picked(known.typed.get(key, {}), form, found, policy)
    try:
        service.save(here.room, looking.username, slug, key, typed, _whole(text_field(form, "revision", 9)))
    except (InvalidInput, StaleForm) as fault:
        return _columns(request, here, looking, slug, dataset, q, table, number, fault, typed)
    if form.get("then") == "reasons":
        return see(f"/projects/{slug}/application/{key}/reasons")
    return see(f"/projects/{slug}/application/{key}", q=q or None, table=table or None,
               page=number if number > 1 else None)


def _picked(before: Mapping[str, Any], form: FormData, dataset: Dataset, policy: Policy) -> dict[str, Any]:
    had = {f"{table}.{column}": reason for table, chosen in before.get("columns", {}).items()
           for column, reason in chosen.items()}
    shown = set(text_field(form, "shown", LONG).split(","))
    ticked = {value for value in form.getlist("pick") if isinstance(value, str)}
    whole, none = text_field(form, "all", 100), text_field(form, "none", 100)
    denied = policy.denied_columns or frozenset()
    columns: dict[str, dict[str, str]] = {}
    for table in dataset.tables:
        for column in table.columns:
            key = f"{table.name}.{column.name}"
            picked = key in ticked if key in shown else key in had
            picked = (picked or (table.name == whole and key not in denied)) and table.name != none
            if picked:
                columns.setdefault(table.name, {})[column.name] = had.get(key, "")
    filters = {table: text for table, text in before.get("row_filter", {}).items() if table in columns}
    return {**before, "columns": columns, "row_filter": filters}


@router.get("/projects/{slug}/application/data/{dataset}/reasons")
def reasons(request: Request, here: Here, looking: Looking, slug: Slug, dataset: Slug,
            page: PageNumber = 1) -> Response:
    return _reasons(request, here, looking, slug, dataset, page)


def _reasons(request: Request, here: Portal, looking: Viewer, slug: str, dataset: str, number: int,
             fault: ReadingRoomError | None = None, typed: Mapping[str, Any] | None = None, *,
             show_errors: bool = False) -> Response:
    form, found, _ = _dataset(here, looking, slug, dataset)
    key = dataset_section(dataset)
    faults = [one for one in form.faults if one.section == key]
    shown = dict(typed if typed is not None else form.typed.get(key, {}))
    path = f"/projects/{slug}/application/{key}/reasons"
    return render(
        request, "applications/reasons.html", RESEARCHER,
        status=fault.status_code if fault else 422 if show_errors else 200, form=form, project=form.project,
        dataset=found, fault=fault, revision=form.revision(key), action=page(path),
        columns=page(path.removesuffix("/reasons")),
        reasons=sections.reasons(found, shown, faults, path, number, show_errors=show_errors))


@router.post("/projects/{slug}/application/data/{dataset}/reasons")
def give_reasons(request: Request, here: Here, looking: Looking, slug: Slug, dataset: Slug, form: Changed) -> Response:
    known, _, _ = _dataset(here, looking, slug, dataset)
    key = dataset_section(dataset)
    before = known.typed.get(key, {})
    number = _whole(text_field(form, "page", 6)) or 1
    shown, same = set(text_field(form, "shown", LONG).split(",")), text_field(form, "same")

    def reason(table: str, column: str, had: str) -> str:
        given = text_field(form, f"reason-{table}.{column}") if f"{table}.{column}" in shown else had
        return given or same

    typed = {**before, "columns": {table: {column: reason(table, column, had) for column, had in chosen.items()}
                                   for table, chosen in before.get("columns", {}).items()}}
    try:
        saved = service.save(here.room, looking.username, slug, key, typed, _whole(text_field(form, "revision", 9)))
    except (InvalidInput, StaleForm) as fault:
        return _reasons(request, here, looking, slug, dataset, number, fault, typed)
    if any(one.section == key and one.field.removeprefix("reason-") in shown for one in saved.faults):
        return _reasons(request, here, looking, slug, dataset, number, show_errors=True)
    missing = any(one.section == key and one.field.startswith("reason-") for one in saved.faults)
    return see(f"/projects/{slug}/application/{key}/{'reasons' if missing else 'rows'}",
               page=number + 1 if missing else None)


@router.get("/projects/{slug}/application/data/{dataset}/rows")
def rows(request: Request, here: Here, looking: Looking, slug: Slug, dataset: Slug) -> Response:
    return _rows(request, here, looking, slug, dataset)


def _rows(request: Request, here: Portal, looking: Viewer, slug: str, dataset: str,
          fault: ReadingRoomError | None = None, typed: Mapping[str, Any] | None = None, *,
          checked: bool = False) -> Response:
    form, found, policy = _dataset(here, looking, slug, dataset)
    key = dataset_section(dataset)
    shown = dict(typed if typed is not None else form.typed.get(key, {}))
    faults = [one for one in forms.dataset_faults(found, policy, shown) if not one.field.startswith("reason-")]
    wrong = [one for one in faults if one.field.startswith(("filter-", "budget"))]
    return render(
        request, "applications/rows.html", RESEARCHER, status=fault.status_code if fault else 422 if checked and wrong
        else 200, form=form, project=form.project, dataset=found, fault=fault, revision=form.revision(key),
        action=page(f"/projects/{slug}/application/{key}/rows"), tables=sections.table_rows(found, shown, wrong),
        budget=shown.get("budget_micro_rho", ""), most=policy.project_budget_micro_rho or 0,
        budget_error=next((f"{one.message} {one.next_step}" for one in wrong if one.field == "budget_micro_rho"), ""),
        wrong=wrong, checked=checked)


@router.post("/projects/{slug}/application/data/{dataset}/rows")
def give_rows(request: Request, here: Here, looking: Looking, slug: Slug, dataset: Slug, form: Changed) -> Response:
    known, _, _ = _dataset(here, looking, slug, dataset)
    key = dataset_section(dataset)
    before = known.typed.get(key, {})
    filters = {table: text_field(form, f"filter-{table}") for table in before.get("columns", {})}
    typed = {**before, "row_filter": filters, "budget_micro_rho": text_field(form, "budget_micro_rho", 40)}
    try:
        saved = service.save(here.room, looking.username, slug, key, typed, _whole(text_field(form, "revision", 9)))
    except (InvalidInput, StaleForm) as fault:
        return _rows(request, here, looking, slug, dataset, fault, typed)
    wrong = any(one.section == key and one.field.startswith(("filter-", "budget")) for one in saved.faults)
    if wrong or form.get("then") == "check":
        return _rows(request, here, looking, slug, dataset, checked=True)
    return see(f"/projects/{slug}/application", saved="data")


def _dataset(here: Portal, looking: Viewer, slug: str, dataset: str) -> tuple[Form, Dataset, Policy]:
    form = service.form(here.room, looking.username, slug)
    found = here.room.policies.dataset(dataset)
    return form, found, service.policy_of(here.room, form.project, dataset)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


# the other sections

@router.get("/projects/{slug}/application/{section}")
def section(request: Request, here: Here, looking: Looking, slug: Slug, section: str) -> Response:
    return _section(request, here, looking, slug, section)


def _section(request: Request, here: Portal, looking: Viewer, slug: str, key: str,
             fault: ReadingRoomError | None = None, typed: Mapping[str, Any] | None = None,
             faults: tuple[Fault, ...] = ()) -> Response:
    if key not in SECTION_TITLES:
        raise NotFound(f"The application has no section {key!r}.", rule="application.section", value=key)
    room = here.room
    form = service.form(room, looking.username, slug)
    datasets = {name: dataset for name, (dataset, _) in room.policies.datasets.items()}
    policies = [service.policy_of(room, form.project, name) for name in forms.chosen_datasets(form.typed)
                if name in datasets] or [room.policies.site.policy]
    shown = dict(typed if typed is not None else form.typed.get(key, {}))
    drawn = sections.fields(key, shown, faults, datasets, policies)
    now = fault.now if isinstance(fault, StaleForm) else None
    return render(
        request, "applications/section.html", RESEARCHER, status=fault.status_code if fault else 422 if faults else 200,
        form=form, project=form.project, key=key, title=SECTION_TITLES[key], fields=drawn, fault=fault,
        errors=[one for one in drawn if one.error], revision=form.revision(key),
        comments=present.latest_comments(form.comments).get(key, ()),
        now=[(one.label, (now or {}).get(one.name, "")) for one in drawn] if now is not None else [])


@router.post("/projects/{slug}/application/{section}")
def save(request: Request, here: Here, looking: Looking, slug: Slug, section: str, form: Changed) -> Response:
    """Keep the section as it was typed. What is wrong with it is said, and can be mended later."""
    if section not in SECTION_TITLES:
        raise NotFound(f"The application has no section {section!r}.", rule="application.section", value=section)
    typed = _typed(section, form)
    try:
        saved = service.save(here.room, looking.username, slug, section, typed,
                             _whole(text_field(form, "revision", 9)))
    except (InvalidInput, StaleForm) as fault:
        return _section(request, here, looking, slug, section, fault, typed)
    faults = tuple(one for one in saved.faults if one.section == section)
    if faults:
        return _section(request, here, looking, slug, section, faults=faults)
    return see(f"/projects/{slug}/application", saved=section)


def _typed(key: str, form: FormData) -> dict[str, Any]:
    if key == "data":
        return {"datasets": [value for value in form.getlist("datasets") if isinstance(value, str)]}
    typed = {name: text_field(form, name) for one in forms.SECTIONS if one.key == key for name in one.fields}
    if key == "dates":
        typed["ends_on"] = "-".join(text_field(form, f"ends_on-{part}", 10) for part in ("year", "month", "day")).strip(
            "-")
    return typed


# versions

@router.get("/projects/{slug}/versions")
def versions(request: Request, here: Here, looking: Looking, slug: Slug, page: PageNumber = 1) -> Response:
    found = service.history(here.room, looking.username, slug)
    shown, pager = part(f"/projects/{slug}/versions", "page", page, found.versions)
    names = accounts.names(here.room, {one.submitted_by for one in shown})
    return render(request, "applications/versions.html", None, project=found.project, pager=pager,
                  versions=tuple(present.version_row(one, here.room.now(), names) for one in shown))


@router.get("/projects/{slug}/versions/{number}")
def version(request: Request, here: Here, looking: Looking, slug: Slug, number: Number,
            against: int | None = None) -> Response:
    room = here.room
    found = service.compare(room, looking.username, slug, number, against)
    history = service.history(room, looking.username, slug)
    datasets = {name: dataset for name, (dataset, _) in room.policies.datasets.items()}
    members = [version.application.members for version in (found.before, found.after) if version]
    names = accounts.names(room, {found.after.submitted_by}.union(*members))
    return render(
        request, "applications/version.html", None, project=found.project,
        version=present.version_row(found.after, room.now(), names), sha256=found.after.application.sha256,
        before=found.before.number if found.before else None,
        others=[one.number for one in history.versions if one.number != number],
        changes=present.change_rows(found.changes, names),
        comments=[one for one in history.comments if one.version == number], titles=SECTION_TITLES,
        summary=present.summary(found.after.application, datasets, names))
