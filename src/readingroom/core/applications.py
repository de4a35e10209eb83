"""What a project asks for: a Five Safes application, and the versions that are kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import rfc8785

from readingroom.core.lifecycle import GrantStatus
from readingroom.core.projects import NO_RULES, NOTEBOOK_IMAGE, Grant, Project
from readingroom.core.tiers import Tier

UNWRITTEN = "Agreed before reasons were written down here."


@dataclass(frozen=True)
class DatasetAsk:
    """What is asked of one custodian: `columns` maps table to column to the reason for it."""

    dataset: str
    columns: dict[str, dict[str, str]]
    row_filter: dict[str, str] = field(default_factory=dict)
    budget_micro_rho: int = 0


@dataclass(frozen=True)
class Application:
    """Everything that is asked for, as it was submitted. `urgent` is why it cannot wait; empty in the usual lane."""

    title: str
    aim: str
    public_benefit: str
    lead: str
    members: tuple[str, ...]
    purpose: str
    legal_gateway: str
    datasets: tuple[DatasetAsk, ...]
    outputs: str
    ends_on: date
    image: str = NOTEBOOK_IMAGE
    tier: Tier = Tier.STANDARD
    urgent: str = ""

    def ask(self, dataset: str) -> DatasetAsk | None:
        return next((ask for ask in self.datasets if ask.dataset == dataset), None)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "members": list(self.members), "datasets": [asdict(ask) for ask in self.datasets],
                "ends_on": self.ends_on.isoformat(), "tier": self.tier.value}

    @property
    def sha256(self) -> str:
        """Content hash (RFC 8785), which the log holds: a version that was changed afterwards is found."""
        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()


def from_json(said: Mapping[str, Any]) -> Application:
    """The opposite of `Application.as_json`."""
    return Application(**{
        **said, "members": tuple(said["members"]), "ends_on": date.fromisoformat(said["ends_on"]),
        "tier": Tier(said["tier"]), "datasets": tuple(DatasetAsk(**ask) for ask in said["datasets"])})


@dataclass(frozen=True)
class Saved:
    """A section of a draft as it was last saved; `revision` grows with each saving."""

    typed: dict[str, Any]
    revision: int
    by: str
    at: datetime


class Outcome(StrEnum):
    """What became of a version."""

    WAITING = "waiting"
    AGREED = "agreed"
    RETURNED = "returned"
    RECALLED = "recalled"
    CLOSED = "closed"


@dataclass(frozen=True)
class Version:
    """One submission, immutable but for what became of it. `accepted_by` is the programme's owner."""

    project: str
    number: int
    application: Application
    submitted_by: str
    submitted_at: datetime
    outcome: Outcome = Outcome.WAITING
    settled_at: datetime | None = None
    accepted_by: str | None = None
    accepted_at: datetime | None = None


@dataclass(frozen=True)
class Comment:
    """A decider's words on one section of a version. `part` is the dataset whose custodian wrote it; empty: the owner.

    A dataset's custodian sees what they wrote themselves; the project's members see all of it.
    """

    project: str
    version: int
    section: str
    part: str
    author: str
    at: datetime
    text: str


@dataclass(frozen=True)
class AfterReview:
    """The look back at a version decided in the urgent lane: open until someone says what it showed."""

    project: str
    version: int
    opened_at: datetime
    due_on: date
    outcome: str = ""
    words: str = ""
    decided_by: str | None = None
    decided_at: datetime | None = None


def in_force(project: Project, grants: Iterable[Grant], version: Version | None) -> Application:
    """What a project may do today, as an application: where an amendment begins.

    Columns, filters and budgets are those of the grants, conditions included; what only an application says (reasons,
    outputs) is of the version that was agreed, or empty if the project was recorded without one.
    """
    said = version.application if version else None

    def ask(grant: Grant) -> DatasetAsk:
        asked = said.ask(grant.dataset) if said else None
        known = asked.columns if asked else {}
        return DatasetAsk(grant.dataset, {
            table: {column: known.get(table, {}).get(column, "") for column in columns}
            for table, columns in grant.columns.items()}, dict(grant.row_filter), grant.budget_micro_rho)

    return Application(
        title=project.title, aim=project.aim, public_benefit=project.public_benefit, lead=project.lead,
        members=tuple(sorted(project.members)), purpose=project.purpose, legal_gateway=project.legal_gateway,
        datasets=tuple(ask(grant) for grant in sorted(grants, key=lambda grant: grant.dataset)),
        outputs=said.outputs if said else "", ends_on=project.expires_on, image=project.image, tier=project.tier)


def recorded(project: Project, grants: Iterable[Grant]) -> Application:
    """What a project that was agreed elsewhere would have applied for, so that amendments have where to begin."""
    known = in_force(project, grants, None)
    return replace(known, datasets=tuple(
        replace(ask, columns={table: dict.fromkeys(columns, UNWRITTEN) for table, columns in ask.columns.items()})
        for ask in known.datasets))


def applied(project: Project, application: Application, removed: frozenset[str], number: int) -> Project:
    """The project as an agreed version makes it, without the members who were removed since it was submitted."""
    return replace(
        project, title=application.title, aim=application.aim, public_benefit=application.public_benefit,
        lead=application.lead, members=frozenset(application.members) - removed, purpose=application.purpose,
        legal_gateway=application.legal_gateway, expires_on=application.ends_on, image=application.image,
        tier=application.tier, version=number)


def proposal(project: Project, application: Application, ask: DatasetAsk, number: int, live: Grant | None) -> Grant:
    """What a custodian is asked to agree to. A live grant's conditions stay, and its end, unless longer is asked."""
    keeps_end = live is not None and application.ends_on <= project.expires_on
    expires_on = min(live.expires_on, application.ends_on) if live is not None and keeps_end else application.ends_on
    return Grant(
        id=0, project=project.slug, dataset=ask.dataset, status=GrantStatus.PROPOSED,
        columns={table: tuple(columns) for table, columns in ask.columns.items() if columns},
        row_filter=dict(ask.row_filter), expires_on=expires_on, budget_micro_rho=ask.budget_micro_rho,
        conditions=live.conditions if live else "", rules=live.rules if live else NO_RULES, version=number)
