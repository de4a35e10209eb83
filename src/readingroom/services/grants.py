"""Custodians' decisions about their own datasets: agree, refuse, withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from readingroom.core.datasets import Dataset
from readingroom.core.grants import check_within_policy
from readingroom.core.lifecycle import (
    GRANT_TRANSITIONS,
    PROJECT_TRANSITIONS,
    GrantStatus,
    ProjectStatus,
    check_transition,
)
from readingroom.core.people import Person
from readingroom.core.permissions import check_can_decide_grant
from readingroom.core.policy import Policy
from readingroom.core.projects import Grant, Project
from readingroom.core.shown import Shown
from readingroom.core.workspaces import Opening
from readingroom.errors import InvalidInput, NotFound
from readingroom.services import freezing, notices, shown
from readingroom.services.budgets import BudgetLine, budget_line
from readingroom.services.room import ReadingRoom


@dataclass(frozen=True)
class GrantCard:
    """A grant as its custodian sees it: exactly what a yes opens, to whom, and who is in there now."""

    grant: Grant
    project: Project
    dataset: Dataset
    members: tuple[Person, ...]
    policy: Policy
    budget: BudgetLine
    open_workspaces: tuple[Opening, ...]
    shown: Mapping[str, Shown]
    policy_changed: bool


def inbox(room: ReadingRoom, custodian: str) -> tuple[GrantCard, ...]:
    """Proposals waiting for this custodian, oldest first."""
    return tuple(card for card in mine(room, custodian) if card.grant.status is GrantStatus.PROPOSED)


def mine(room: ReadingRoom, custodian: str) -> tuple[GrantCard, ...]:
    """Every grant, in any state, of the datasets that this person is custodian of."""
    with room.store.reading() as tx:
        return tuple(_card(room, tx, grant) for grant in tx.grants.all()
                     if room.policies.dataset(grant.dataset).custodian == custodian)


def get(room: ReadingRoom, custodian: str, grant_id: int) -> GrantCard:
    """One grant. NotFound, as if it did not exist, for anyone but its dataset's custodian."""
    with room.store.reading() as tx:
        return _card(room, tx, _own(room, tx, custodian, grant_id))


def agree(room: ReadingRoom, custodian: str, grant_id: int, reason: str) -> Grant:
    """Say yes. When it was the last one missing, the project becomes active."""
    with room.store.transaction() as tx:
        grant = _decide(room, tx, custodian, grant_id, GrantStatus.ACTIVE, reason, "grant.agreed")
        project = tx.projects.get(grant.project)
        statuses = {other.status for other in tx.grants.of_project(project.slug)}
        if project.status is ProjectStatus.OWNER_REVIEW and statuses == {GrantStatus.ACTIVE}:
            check_transition(PROJECT_TRANSITIONS, project.status, ProjectStatus.ACTIVE, "project")
            tx.projects.set_status(project.slug, ProjectStatus.ACTIVE)
            tx.events.record(custodian, "project.activated", f"project:{project.slug}", project.slug)
            notices.tell(tx, project.members, "project.activated", project=project.slug)
        return grant


def refuse(room: ReadingRoom, custodian: str, grant_id: int, reason: str) -> Grant:
    """Say no, with the reason that the researchers will read."""
    with room.store.transaction() as tx:
        return _decide(room, tx, custodian, grant_id, GrantStatus.REFUSED, _given(reason), "grant.refused")


def withdraw(room: ReadingRoom, custodian: str, grant_id: int, reason: str) -> Grant:
    """Take a yes back. Workspaces that mount the data close and their copies become unreadable within 60 s."""
    with room.store.transaction() as tx:
        return _decide(room, tx, custodian, grant_id, GrantStatus.WITHDRAWN, _given(reason), "grant.withdrawn")


def _decide(room: ReadingRoom, tx: Any, custodian: str, grant_id: int, status: GrantStatus, reason: str,
            action: str) -> Grant:
    grant = _own(room, tx, custodian, grant_id)
    project = tx.projects.get(grant.project)
    check_can_decide_grant(tx.people.get(custodian), room.policies.dataset(grant.dataset).custodian, project)
    check_transition(GRANT_TRANSITIONS, grant.status, status, "grant")
    if status is GrantStatus.ACTIVE:
        check_within_policy(grant, room.policies.dataset(grant.dataset), room.policies.for_grant(project, grant),
                            room.today())
    decided = replace(grant, status=status, decided_by=custodian, decided_at=room.now(),
                      decision_reason=reason.strip(),
                      policy_hash=room.policies.fingerprint(project.programme, grant.dataset))
    tx.grants.save(decided)
    tx.events.record(custodian, action, f"grant:{grant.id}", grant.project, dataset=grant.dataset,
                     reason=decided.decision_reason, policy=decided.policy_hash,
                     columns={table: list(columns) for table, columns in grant.columns.items()})
    notices.tell(tx, project.members, action, project=grant.project, dataset=grant.dataset, grant=grant.id)
    freezing.settle_project(room, tx, grant.project)
    return decided


def _own(room: ReadingRoom, tx: Any, custodian: str, grant_id: int) -> Grant:
    grant: Grant = tx.grants.get(grant_id)
    if room.policies.dataset(grant.dataset).custodian != custodian:
        raise NotFound(f"There is no grant {grant_id}.", rule="grant.exists", value=grant_id,
                       next_step="Check the address, or start from your home page.")
    return grant


def _given(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput("No reason was given.", rule="grant.reason",
                           next_step="Write a sentence: the researchers will read it, and it stays on the record.")
    return reason


def _card(room: ReadingRoom, tx: Any, grant: Grant) -> GrantCard:
    project = tx.projects.get(grant.project)
    return GrantCard(
        grant=grant, project=project, dataset=room.policies.dataset(grant.dataset),
        members=tuple(sorted(tx.people.among(project.members).values(), key=lambda person: person.display_name)),
        policy=room.policies.for_grant(project, grant),
        budget=budget_line(room, tx, project, grant),
        open_workspaces=tuple(opening for opening in tx.workspaces.open_now() if opening.project == project.slug),
        shown=shown.of_members(room, tx, project, project.members),
        policy_changed=bool(grant.policy_hash)
        and grant.policy_hash != room.policies.fingerprint(project.programme, grant.dataset),
    )
