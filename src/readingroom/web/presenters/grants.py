"""What a custodian's yes opens, exactly, and what is open under it now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.audit import Event
from readingroom.core.lifecycle import GRANT_ACTIONS, GrantAction, GrantStatus
from readingroom.core.people import Person
from readingroom.services.grants import GrantCard, Use
from readingroom.web.addresses import page
from readingroom.web.presenters import budgets, times
from readingroom.web.presenters.actions import SECONDARY, WARNING, Action
from readingroom.web.presenters.projects import GrantedDataset, granted
from readingroom.web.presenters.review import rules
from readingroom.web.presenters.walls import Proof, proof
from readingroom.web.presenters.words import GRANT_TAGS, Tag

WITHDRAW_SECONDS = 60


@dataclass(frozen=True)
class Row:
    id: int
    href: str
    project: str
    dataset: str
    tag: Tag
    ends: str
    people: str
    columns: str
    open_now: str
    is_open: bool
    withdraw: str
    decided: times.When | None
    account: str
    urgent: bool


@dataclass(frozen=True)
class OpenWorkspace:
    who: str
    since: times.When | None
    proof: Proof


@dataclass(frozen=True)
class Detail:
    id: int
    title: str
    dataset: str
    project: str
    aim: str
    public_benefit: str
    purpose: str
    legal_gateway: str
    project_ends: str
    tag: Tag
    ends: str
    budget: budgets.Gauge
    account: str
    members: tuple[Person, ...]
    data: GrantedDataset
    sensitive: int
    rows: str
    rules: tuple[str, ...]
    open_workspaces: tuple[OpenWorkspace, ...]
    shown: tuple[str, ...]
    decided: times.When | None
    decided_by: str
    reason: str
    policy_changed: bool
    may_suspend: bool
    may_resume: bool
    may_renew: bool
    may_withdraw: bool
    actions: tuple[Action, ...]


def _columns(card: GrantCard) -> int:
    return sum(len(columns) for columns in card.grant.columns.values())


def _may(card: GrantCard, action: GrantAction) -> bool:
    return card.grant.status in GRANT_ACTIONS[action]


def row(card: GrantCard, today: date, now: datetime) -> Row:
    grant = card.grant
    here = page(f"/grants/{grant.id}")
    number = len(card.open_workspaces)
    return Row(
        grant.id,
        here,
        card.project.title,
        card.dataset.title,
        GRANT_TAGS[grant.status],
        times.until(grant.expires_on, today),
        ", ".join(person.display_name for person in card.members),
        f"{times.plural(_columns(card), 'column')} of {times.plural(len(grant.columns), 'table')}",
        times.plural(number, "workspace") + " open now" if number else "none open now",
        number > 0,
        f"{here}/withdraw" if _may(card, GrantAction.WITHDRAW) else "",
        times.when(grant.decided_at, now),
        _account(card),
        card.urgent,
    )


def _actions(card: GrantCard) -> Iterator[Action]:
    here = page(f"/grants/{card.grant.id}")
    if _may(card, GrantAction.RENEW):
        yield Action("renew", "Renew this grant", f"{here}/renew", is_link=True, classes=SECONDARY)
    if _may(card, GrantAction.RESUME):
        yield Action("resume", "Open it again", f"{here}/suspend", is_link=True)
    if _may(card, GrantAction.SUSPEND):
        yield Action("suspend", "Suspend it for now", f"{here}/suspend", is_link=True, classes=SECONDARY)
    if _may(card, GrantAction.WITHDRAW):
        yield Action("withdraw", "Withdraw this grant", f"{here}/withdraw", is_link=True, classes=WARNING)


def _account(card: GrantCard) -> str:
    return page(f"/datasets/{card.dataset.slug}/account")


LIVE = tuple(GRANT_ACTIONS[GrantAction.WITHDRAW])
"""What can be withdrawn: it opens something, or will."""
OVER = tuple(status for status in GrantStatus if status not in (*LIVE, GrantStatus.PROPOSED))


def detail(card: GrantCard, use: Use, today: date, now: datetime) -> Detail:
    grant, project = card.grant, card.project
    names = {person.username: person.display_name for person in card.members}
    data = granted(grant, card.dataset, today)
    return Detail(
        id=grant.id,
        title=f"{card.dataset.title} for {project.title}",
        dataset=card.dataset.title,
        project=project.title,
        aim=project.aim,
        public_benefit=project.public_benefit,
        purpose=project.purpose,
        legal_gateway=project.legal_gateway,
        project_ends=times.until(project.expires_on, today),
        tag=GRANT_TAGS[grant.status],
        ends=times.until(grant.expires_on, today),
        budget=budgets.gauge(use.budget, "Privacy budget"),
        account=_account(card),
        members=card.members,
        data=data,
        sensitive=sum(column.sensitive for table in data.tables for column in table.columns),
        rows="Only rows that match the filters shown." if grant.row_filter else "All rows.",
        rules=rules(card.policy),
        open_workspaces=tuple(
            OpenWorkspace(
                names.get(opening.username, opening.username), times.when(opening.opened_at, now), proof(opening, now)
            )
            for opening in card.open_workspaces
        ),
        shown=tuple(
            f"{names.get(username, username)}: {times.shown(found)}"
            for username, found in sorted(use.shown.items())
            if found.used
        ),
        decided=times.when(grant.decided_at, now),
        decided_by=use.decided_by,
        reason=grant.decision_reason,
        policy_changed=card.policy_changed,
        may_suspend=_may(card, GrantAction.SUSPEND),
        may_resume=_may(card, GrantAction.RESUME),
        may_renew=_may(card, GrantAction.RENEW),
        may_withdraw=_may(card, GrantAction.WITHDRAW),
        actions=tuple(_actions(card)),
    )


@dataclass(frozen=True)
class StoryLine:
    seq: int
    at: str
    actor: str
    action: str
    subject: str
    project: str
    detail: tuple[tuple[str, str], ...]
    hash: str


DETAIL_LIMIT = 300


def _in_words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(one)}" for name, one in value.items() if one not in ("", None, []))
    return "; ".join(map(_in_words, value)) if isinstance(value, list) else str(value)


def story(events: Iterable[Event], names: Mapping[str, str]) -> tuple[StoryLine, ...]:
    """Lines of the log, people by name as far as `names` go."""
    return tuple(_story_line(event, names) for event in events)


def _story_line(event: Event, names: Mapping[str, str]) -> StoryLine:
    """Long details are cut here, never in the log."""

    def short(value: object) -> str:
        text = _in_words(value)
        return text if len(text) <= DETAIL_LIMIT else text[:DETAIL_LIMIT] + "…"

    return StoryLine(
        event.seq,
        times.stamp(datetime.fromisoformat(event.at)),
        names.get(event.actor, event.actor),
        event.action,
        event.subject,
        event.project,
        tuple((name, short(value)) for name, value in event.detail.items() if value != ""),
        event.hash,
    )
