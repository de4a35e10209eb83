"""`/project`: the caller's own project, its application in versions, and the sections of an amendment being written.

Submitting is for the portal: what code in a notebook writes is read by a person before it is sent.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from readingroom.core.application_changes import Change
from readingroom.core.applications import Version
from readingroom.services import applications as service
from readingroom.services.applications import Form
from readingroom.web.addresses import page
from readingroom.web.api.caller import REFUSALS, Calling
from readingroom.web.portal import Here, Number

router = APIRouter(tags=["project"], responses=REFUSALS, prefix="/project")
SectionKey = Annotated[str, Path(max_length=60, pattern="^[a-z]+(/[a-z0-9-]+)?$")]


class Typed(BaseModel):
    """A section as it is to be kept. `revision` is the one that it was written over; 0 for one never saved."""

    model_config = ConfigDict(extra="forbid")
    revision: int = Field(ge=0, le=2**31 - 1)
    typed: dict[str, Any]


@router.get("")
def project(here: Here, calling: Calling) -> dict[str, Any]:
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
def application(here: Here, calling: Calling) -> dict[str, Any]:
    """What is written so far, with what keeps it from being submitted and what was said of the versions before."""
    return _form(service.form(here.room, calling.username, calling.project))


@router.post("/application/{section:path}")
def save(here: Here, calling: Calling, section: SectionKey, sent: Typed) -> dict[str, Any]:
    """Keep one section as it is, faults and all. 409, and nothing is overwritten, if it was saved in between.

    POST, because the door lets no other change through.
    """
    return _form(service.save(here.room, calling.username, calling.project, section, sent.typed, sent.revision))


@router.get("/versions")
def versions(here: Here, calling: Calling) -> list[dict[str, Any]]:
    """All versions, newest first."""
    return [_version(one) for one in service.history(here.room, calling.username, calling.project).versions]


@router.get("/versions/{number}")
def version(here: Here, calling: Calling, number: Number, against: Number | None = None) -> dict[str, Any]:
    """One version, with its changes against another: by default the last one that was agreed before it."""
    found = service.compare(here.room, calling.username, calling.project, number, against)
    return _version(found.after) | {
        "application": found.after.application.as_json(), "against": found.before.number if found.before else None,
        "changes": [_change(one) for one in found.changes]}


def _form(form: Form) -> dict[str, Any]:
    return {
        "sections": {key: {"typed": typed, "revision": form.revision(key)} for key, typed in form.typed.items()},
        "faults": [{"section": one.section, "field": one.field, "message": one.message, "rule": one.rule,
                    "next_step": one.next_step} for one in form.faults],
        "comments": [{"version": one.version, "section": one.section, "dataset": one.part, "comment": one.text}
                     for one in form.comments],
        "may_write": form.may_write, "submit_at": page(f"/projects/{form.project.slug}/application/check"),
    }


def _version(found: Version) -> dict[str, Any]:
    return {"number": found.number, "outcome": found.outcome.value, "sha256": found.application.sha256,
            "submitted_by": found.submitted_by, "submitted_at": found.submitted_at.isoformat(),
            "urgent": bool(found.application.urgent)}


def _change(change: Change) -> dict[str, Any]:
    return {"section": change.section, "what": change.what, "before": change.before, "after": change.after,
            "effect": change.effect.value, "dataset": change.dataset}
