"""`/project`: the caller's own project, its application in versions, and the sections of an amendment being written.

Submitting is for the portal: what code in a notebook writes is read by a person before it is sent.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field
from typing_extensions import TypedDict

from readingroom.core.application_changes import Change
from readingroom.core.applications import Version
from readingroom.services import applications as service
from readingroom.services.applications import Form
from readingroom.web.addresses import page
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS, Calling
from readingroom.web.api.sent import Body, example
from readingroom.web.portal import Here, Number

router = APIRouter(tags=["project"], responses=REFUSALS, prefix="/project")
SectionKey = Annotated[str, Path(max_length=60, pattern="^[a-z]+(/[a-z0-9-]+)?$")]


class Typed(Body):
    """A section as it is to be kept. `revision` is the one that it was written over; 0 for one never saved."""

    model_config = example(revision=3, typed={"outputs": "Tables by sex and offence group, in a journal article."})
    revision: int = Field(ge=0, le=2**31 - 1)
    typed: dict[str, Any]


@exactly
class VersionShown(TypedDict):
    number: int
    outcome: str
    sha256: str
    submitted_by: str
    submitted_at: str
    urgent: bool


@exactly
class Changed(TypedDict):
    section: str
    what: str
    before: str
    after: str
    effect: str
    dataset: str


@exactly
class Compared(VersionShown):
    application: dict[str, Any]
    against: int | None
    changes: list[Changed]


@exactly
class Granted(TypedDict):
    dataset: str
    status: str
    version: int
    expires_on: str
    reason: str
    conditions: str


@exactly
class ProjectShown(TypedDict):
    slug: str
    title: str
    status: str
    lead: str
    members: list[str]
    ends_on: str
    version: int
    newest: VersionShown | None
    grants: list[Granted]
    url: str


@exactly
class Section(TypedDict):
    typed: dict[str, Any]
    revision: int


@exactly
class Fault(TypedDict):
    section: str
    field: str
    message: str
    rule: str
    next_step: str


@exactly
class Commented(TypedDict):
    version: int
    section: str
    dataset: str
    comment: str


@exactly
class Written(TypedDict):
    sections: dict[str, Section]
    faults: list[Fault]
    comments: list[Commented]
    may_write: bool
    submit_at: str


@router.get("")
def project(here: Here, calling: Calling) -> ProjectShown:
    """How the project stands: its status, its newest version, and every grant asked for."""
    standing = service.standing(here.room, calling.username, calling.project)
    found = calling.card.project
    return {
        "slug": found.slug, "title": found.title, "status": found.status.value, "lead": found.lead,
        "members": sorted(found.members), "ends_on": found.expires_on.isoformat(), "version": found.version,
        "newest": _version(standing.last) if standing.last else None,
        "grants": [{"dataset": one.dataset, "status": one.status.value, "version": one.version,
                    "expires_on": one.expires_on.isoformat(), "reason": one.decision_reason,
                    "conditions": one.conditions} for one in standing.grants],
        "url": page(f"/projects/{found.slug}"),
    }


@router.get("/application")
def application(here: Here, calling: Calling) -> Written:
    """What is written so far, with what keeps it from being submitted and what was said of the versions before."""
    return _form(service.form(here.room, calling.username, calling.project))


@router.post("/application/{section:path}")
def save(here: Here, calling: Calling, section: SectionKey, sent: Typed) -> Written:
    """Keep one section as it is, faults and all. 409, and nothing is overwritten, if it was saved in between.

    POST, because the door lets no other change through.
    """
    return _form(service.save(here.room, calling.username, calling.project, section, sent.typed, sent.revision))


@router.get("/versions")
def versions(here: Here, calling: Calling) -> list[VersionShown]:
    """All versions, newest first."""
    return [_version(one) for one in service.history(here.room, calling.username, calling.project).versions]


@router.get("/versions/{number}")
def version(here: Here, calling: Calling, number: Number, against: Number | None = None) -> Compared:
    """One version, with its changes against another: by default the last one that was agreed before it."""
    found = service.compare(here.room, calling.username, calling.project, number, against)
    return _version(found.after) | {
        "application": found.after.application.as_json(), "against": found.before.number if found.before else None,
        "changes": [_change(one) for one in found.changes]}


def _form(form: Form) -> Written:
    return {
        "sections": {key: {"typed": typed, "revision": form.revision(key)} for key, typed in form.typed.items()},
        "faults": [{"section": one.section, "field": one.field, "message": one.message, "rule": one.rule,
                    "next_step": one.next_step} for one in form.faults],
        "comments": [{"version": one.version, "section": one.section, "dataset": one.part, "comment": one.text}
                     for one in form.comments],
        "may_write": form.may_write, "submit_at": page(f"/projects/{form.project.slug}/application/check"),
    }


def _version(found: Version) -> VersionShown:
    return {"number": found.number, "outcome": found.outcome.value, "sha256": found.application.sha256,
            "submitted_by": found.submitted_by, "submitted_at": found.submitted_at.isoformat(),
            "urgent": bool(found.application.urgent)}


def _change(change: Change) -> Changed:
    return {"section": change.section, "what": change.what, "before": change.before, "after": change.after,
            "effect": change.effect.value, "dataset": change.dataset}
