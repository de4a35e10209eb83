"""`GET /workspace`: who and where the caller is, what data they have, and the rules in force."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from typing_extensions import TypedDict

from readingroom.core.policy import Policy, Tier
from readingroom.core.privacy import accounting
from readingroom.services import standing, use, workspaces
from readingroom.services.budgets import BudgetLine
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS, Calling
from readingroom.web.portal import Here
from readingroom.web.presenters.standing import words

router = APIRouter(tags=["workspace"], responses=REFUSALS)


@exactly
class Who(TypedDict):
    username: str
    display_name: str


@exactly
class Which(TypedDict):
    slug: str
    title: str


@exactly
class Until(Which):
    expires_on: str


@exactly
class Closing(TypedDict):
    at: str
    reason: str


@exactly
class Workspace(TypedDict):
    """`datasets` are as their `dataset.json` describes them, each with its `budget`; `rules` is the policy."""

    person: Who
    project: Until
    datasets: list[dict[str, Any]]
    tier: str
    closing: Closing | None
    rules: dict[str, Any]


@exactly
class Shown(TypedDict):
    used_bytes: int
    alert_bytes: int | None
    limit_bytes: int | None


@exactly
class Ends(TypedDict):
    at: str
    by_use: bool
    warn: bool


@exactly
class Stands(TypedDict):
    project: Which
    tier: str
    shown: Shown
    ends_on: str
    closing: Ends | None
    words: dict[str, str]


def budget(line: BudgetLine) -> dict[str, Any]:
    """The account in micro-rho, and what it is worth as (epsilon, delta)."""
    return {
        "total_micro_rho": line.total,
        "spent_micro_rho": line.spent,
        "remaining_micro_rho": line.remaining,
        "epsilon_total": accounting.epsilon(line.total, line.delta),
        "epsilon_spent": accounting.epsilon(line.spent, line.delta),
        "delta": line.delta,
    }


def rules(policy: Policy) -> dict[str, Any]:
    """The effective policy as JSON, sets in order."""
    return {
        name: sorted(value) if isinstance(value, list) and name != "dominance" else value
        for name, value in policy.model_dump(mode="json").items()
    }


@router.get("/workspace")
def workspace(here: Here, calling: Calling) -> Workspace:
    """Datasets are described exactly as mounted, with their budgets."""
    project = calling.card.project
    plan = workspaces.plan(here.room, calling.username, calling.project)
    end = use.closing_of(here.room, calling.username, calling.project)
    lines = {line.dataset: line for line in calling.card.budgets}
    return {
        "person": {"username": calling.username, "display_name": calling.display_name},
        "project": {"slug": project.slug, "title": project.title, "expires_on": project.expires_on.isoformat()},
        "datasets": [
            json.loads((path / "dataset.json").read_text()) | {"budget": budget(lines[name])}
            for name, path in plan.mounts
        ],
        "tier": (plan.policy.tier or Tier.STANDARD).value,
        "closing": end and {"at": end.at.isoformat(), "reason": end.reason},
        "rules": rules(calling.card.policy),
    }


@router.get("/workspace/standing")
def how_it_stands(here: Here, calling: Calling) -> Stands:
    """What JupyterLab's status bar shows, as numbers and in `words`. Asking is no use of the workspace."""
    found, now = standing.of(here.room, calling.username, calling.project), here.room.now()
    end = found.closing
    return {
        "project": {"slug": found.project.slug, "title": found.project.title},
        "tier": found.tier.value,
        "shown": {"used_bytes": found.shown.used, "alert_bytes": found.shown.alert, "limit_bytes": found.shown.limit},
        "ends_on": found.ends_on.isoformat(),
        "closing": end and {"at": end.at.isoformat(), "by_use": end.by_use, "warn": found.warns(now)},
        "words": asdict(words(found, here.room.today(), now)),
    }
