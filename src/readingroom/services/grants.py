"""Custodians' decisions about their own datasets: agree under conditions, return, refuse; suspend, resume, withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from readingroom.core.applications import Comment
from readingroom.core.datasets import Dataset
from readingroom.core.decisions import Conditions, conditioned
from readingroom.core.grants import check_renewal, check_within_policy, readable_columns
from readingroom.core.lifecycle import DECIDING, GRANT_ACTIONS, GrantAction, GrantStatus, check_action
from readingroom.core.people import Person
from readingroom.core.permissions import check_can_decide_grant
from readingroom.core.policy import Policy
from readingroom.core.projects import Grant, Project
from readingroom.core.shown import Shown
from readingroom.core.workspaces import Opening
from readingroom.errors import InvalidInput, InvalidTransition, NotFound
from readingroom.services import agreement, freezing, notices, shown
from readingroom.services.attempts import attempt
from readingroom.services.budgets import BudgetLine, budget_line
from readingroom.services.owners import check_comments
from readingroom.services.room import ReadingRoom

AS_ASKED = Conditions()
STANDING = (GrantStatus.ACTIVE, GrantStatus.SUSPENDED)
PAGE = 50
LONGEST_REASON = 4000


@dataclass(frozen=True)
class GrantCard:
    """A grant as its custodian sees it: exactly what a yes opens, to whom, and who is in there now."""

    grant: Grant
    project: Project
    dataset: Dataset
    members: tuple[Person, ...]
    policy: Policy
    open_workspaces: tuple[Opening, ...]
    policy_changed: bool
    urgent: bool


def inbox(room: ReadingRoom, custodian: str, page: int = 1) -> tuple[GrantCard, ...]:
    """Proposals waiting for this custodian, oldest first, a page at a time."""
    return mine(room, custodian, GrantStatus.PROPOSED, page=page)


def mine(room: ReadingRoom, custodian: str, *statuses: GrantStatus, page: int = 1) -> tuple[GrantCard, ...]:
    """Grants, in one of `statuses` or in any, of the datasets of which this person is custodian; a page at a time."""
    with room.store.reading() as tx:
        found = tx.grants.of_datasets(room.policies.datasets_of(custodian), *(statuses or tuple(GrantStatus)),
                                      skip=(page - 1) * PAGE, count=PAGE)
        return _cards(room, tx, found)


def count(room: ReadingRoom, custodian: str, *statuses: GrantStatus) -> int:
    """How many grants of theirs are in one of these statuses."""
    with room.store.reading() as tx:
        return int(tx.grants.count(room.policies.datasets_of(custodian), *statuses))


def get(room: ReadingRoom, custodian: str, grant_id: int) -> GrantCard:
    """One grant. NotFound, as if it did not exist, for anyone but its dataset's custodian."""
    with room.store.reading() as tx:
        (card,) = _cards(room, tx, (own(room, tx, custodian, grant_id),))
        return card


def agree(room: ReadingRoom, custodian: str, grant_id: int, reason: str,
          conditions: Conditions = AS_ASKED) -> Grant:
    """Say yes, to no more than `conditions` leave. With the last yes the version comes into force by itself."""
    with attempt(room, custodian, "grant.agree", f"grant:{grant_id}") as tx:
        grant, project = _decides(room, tx, custodian, grant_id, GrantAction.AGREE)
        dataset = room.policies.dataset(grant.dataset)
        grant = conditioned(grant, dataset, conditions, room.today())
        policy = room.policies.for_grant(project, grant)
        check_within_policy(grant, dataset, policy, room.today())
        decided = _decide(room, tx, grant, project, custodian, GrantAction.AGREE, reason,
                          "grant.agreed")
        agreement.settle(room, tx, project.slug)
        return replace(decided, status=tx.grants.get(grant_id).status)


def send_back(room: ReadingRoom, custodian: str, grant_id: int, comments: Mapping[str, str]) -> Grant:
    """Return one's own part with comments, section by section. The project hears it when all have answered."""
    said = check_comments(comments)
    with attempt(room, custodian, "grant.return", f"grant:{grant_id}") as tx:
        grant, project = _decides(room, tx, custodian, grant_id, GrantAction.RETURN)
        for section, text in said.items():
            tx.applications.comment(Comment(project.slug, grant.version, section, grant.dataset, custodian, room.now(),
                                            text))
        decided = _decide(room, tx, grant, project, custodian, GrantAction.RETURN, " ".join(said.values()),
                          "grant.returned")
        agreement.settle(room, tx, project.slug)
        return decided


def refuse(room: ReadingRoom, custodian: str, grant_id: int, reason: str) -> Grant:
    """Say no, with the reason that the researchers will read."""
    reason = _given(reason)
    with attempt(room, custodian, "grant.refuse", f"grant:{grant_id}") as tx:
        grant, project = _decides(room, tx, custodian, grant_id, GrantAction.REFUSE)
        decided = _decide(room, tx, grant, project, custodian, GrantAction.REFUSE, reason,
                          "grant.refused")
        agreement.settle(room, tx, project.slug)
        return decided


def withdraw(room: ReadingRoom, custodian: str, grant_id: int, reason: str) -> Grant:
    """Take a yes back. Workspaces that mount the data close and their copies become unreadable within 60 s."""
    return _move(room, custodian, grant_id, GrantAction.WITHDRAW, _given(reason), "grant.withdrawn")


def suspend(room: ReadingRoom, custodian: str, grant_id: int, reason: str) -> Grant:
    """Close it for now. Workspaces close and copies become unreadable as after a withdrawal; it can be resumed."""
    return _move(room, custodian, grant_id, GrantAction.SUSPEND, _given(reason), "grant.suspended")


def resume(room: ReadingRoom, custodian: str, grant_id: int, reason: str) -> Grant:
    """Open again what was suspended, under the policies of today."""
    return _move(room, custodian, grant_id, GrantAction.RESUME, reason, "grant.resumed")


def renew(room: ReadingRoom, custodian: str, grant_id: int, until: date, reason: str) -> Grant:
    """Give a grant that is live, or has expired, a later end; what was frozen by its end goes on.

    Nothing is loosened: columns that policy has come to deny are not granted again, and the end is within what policy
    and the project allow. InvalidTransition when another grant of the dataset took its place meanwhile.
    """
    reason = _given(reason)
    with attempt(room, custodian, "grant.renew", f"grant:{grant_id}") as tx:
        grant, project = _may(room, tx, custodian, grant_id, GrantAction.RENEW)
        dataset, policy = room.policies.dataset(grant.dataset), room.policies.for_grant(project, grant)
        check_renewal(grant, project, until, room.today())
        _check_not_replaced(tx, grant)
        renewed = replace(grant, expires_on=until, columns=readable_columns(grant, policy))
        check_within_policy(renewed, dataset, policy, room.today())
        decided = _decide(room, tx, renewed, project, custodian, GrantAction.RENEW, reason, "grant.renewed",
                          until=until)
        tx.lapses.forget_grant(grant.id)  # its warnings begin anew
        return decided


def latest_end(room: ReadingRoom, custodian: str, grant_id: int) -> date:
    """The last day until which this grant could be renewed today, whether or not that is later than its end."""
    with room.store.reading() as tx:
        grant = own(room, tx, custodian, grant_id)
        project = tx.projects.get(grant.project)
        days = room.policies.for_grant(project, grant).max_grant_days
        end: date = project.expires_on
        return end if days is None else min(end, room.today() + timedelta(days=days))


def _check_not_replaced(tx: Any, grant: Grant) -> None:
    """Another one may be live by now, or wait: one decision about a dataset at a time."""
    for other in tx.grants.ever_of_project(grant.project):
        if other.dataset == grant.dataset and other.id != grant.id and other.status in STANDING:
            raise InvalidTransition(f"Grant {other.id} of {grant.dataset} took its place.", rule="lifecycle.grant",
                                    value=other.id, next_step="Look at that grant instead.")


def _move(room: ReadingRoom, custodian: str, grant_id: int, action: GrantAction, reason: str, event: str) -> Grant:
    with attempt(room, custodian, f"grant.{action.value}", f"grant:{grant_id}") as tx:
        grant, project = _may(room, tx, custodian, grant_id, action)
        if action is GrantAction.RESUME:
            check_within_policy(grant, room.policies.dataset(grant.dataset), room.policies.for_grant(project, grant),
                                room.today())
        decided = _decide(room, tx, grant, project, custodian, action, reason, event)
        if grant.status is GrantStatus.AGREED:
            agreement.settle(room, tx, project.slug)
        return decided


def _may(room: ReadingRoom, tx: Any, custodian: str, grant_id: int, action: GrantAction) -> tuple[Grant, Project]:
    """The grant and its project, if this person may do this to it, and its state allows it."""
    grant = own(room, tx, custodian, grant_id)
    project: Project = tx.projects.get(grant.project)
    check_can_decide_grant(tx.people.get(custodian), room.policies.dataset(grant.dataset).custodian, project)
    check_action(GRANT_ACTIONS, action, grant.status, "grant")
    return grant, project


def _decides(room: ReadingRoom, tx: Any, custodian: str, grant_id: int, action: GrantAction) -> tuple[Grant, Project]:
    """The same for an answer, which is for while the project is under agreement."""
    grant, project = _may(room, tx, custodian, grant_id, action)
    if project.status not in DECIDING:
        raise InvalidTransition(f"The project is {project.status.value}; nothing of it waits for a decision.",
                                rule="lifecycle.project", value=project.status.value,
                                next_step="It may have been taken back; look at your inbox again.")
    return grant, project


def _decide(room: ReadingRoom, tx: Any, grant: Grant, project: Project, custodian: str, action: GrantAction,
            reason: str, event: str, **told: object) -> Grant:
    (status,) = check_action(GRANT_ACTIONS, action, grant.status, "grant")
    decided = replace(grant, status=status, decided_by=custodian, decided_at=room.now(),
                      decision_reason=reason.strip()[:LONGEST_REASON],
                      policy_hash=room.policies.fingerprint(project.programme, grant.dataset))
    tx.grants.save(decided)
    tx.events.record(custodian, event, f"grant:{grant.id}", grant.project, dataset=grant.dataset,
                     reason=decided.decision_reason, policy=decided.policy_hash, until=grant.expires_on.isoformat(),
                     budget_micro_rho=grant.budget_micro_rho, conditions=grant.conditions,
                     rules=grant.rules.model_dump(mode="json", exclude_none=True), row_filter=grant.row_filter,
                     columns={table: list(columns) for table, columns in grant.columns.items()})
    notices.tell(tx, project.members, event, project=grant.project, dataset=grant.dataset, grant=grant.id, **told)
    freezing.settle_project(room, tx, grant.project)
    return decided


def own(room: ReadingRoom, tx: Any, custodian: str, grant_id: int) -> Grant:
    """The grant, for its dataset's custodian alone; to everyone else it does not exist."""
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


def _cards(room: ReadingRoom, tx: Any, found: tuple[Grant, ...]) -> tuple[GrantCard, ...]:
    """A card for each, with as many questions to the records for many as for one."""
    projects = tx.projects.among({grant.project for grant in found})
    people = tx.people.among({name for project in projects.values() for name in project.members})
    openings, urgent = tx.workspaces.open_now(), tx.applications.urgent(projects)

    def card(grant: Grant) -> GrantCard:
        project = projects[grant.project]
        return GrantCard(
            grant=grant, project=project, dataset=room.policies.dataset(grant.dataset),
            members=tuple(sorted((people[name] for name in project.members), key=lambda one: one.display_name)),
            policy=room.policies.for_grant(project, grant),
            open_workspaces=tuple(one for one in openings if one.project == project.slug),
            policy_changed=bool(grant.policy_hash)
            and grant.policy_hash != room.policies.fingerprint(project.programme, grant.dataset),
            urgent=(project.slug, grant.version) in urgent)

    return tuple(card(grant) for grant in found)


@dataclass(frozen=True)
class Use:
    """What is used under a grant today: its privacy budget, and what was shown to whom; and who gave it, by name."""

    budget: BudgetLine
    shown: Mapping[str, Shown]
    decided_by: str


def use(room: ReadingRoom, custodian: str, grant_id: int) -> Use:
    with room.store.reading() as tx:
        grant = own(room, tx, custodian, grant_id)
        project = tx.projects.get(grant.project)
        decider = tx.people.find(grant.decided_by) if grant.decided_by else None
        return Use(budget_line(room, tx, project, grant), shown.of_members(room, tx, project, project.members),
                   decider.display_name if decider else grant.decided_by or "")
