"""Projects, their workspaces and grants, as researchers see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.access import Reason
from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.lifecycle import ProjectStatus
from readingroom.core.policy.library import Policies
from readingroom.core.projects import Grant
from readingroom.core.workspaces import closing
from readingroom.services.projects import ProjectCard
from readingroom.web.addresses import page
from readingroom.web.presenters import budgets, standing, times
from readingroom.web.presenters.actions import SECONDARY, Action
from readingroom.web.presenters.words import GRANT_TAGS, PROJECT_ENDED, PROJECT_TAGS, WORKSPACE_TAGS, Tag

STOPPED = "stopped"
OPEN_STATES = frozenset({"starting", "running"})


@dataclass(frozen=True)
class Card:
    slug: str
    title: str
    href: str
    tag: Tag
    workspace_tag: Tag | None
    aim: str
    ends: str
    datasets: str
    reasons: tuple[Reason, ...]
    actions: tuple[Action, ...]
    gauges: tuple[budgets.Gauge, ...]
    closed_because: str
    closes: str
    classes: str
    urgent: bool


@dataclass(frozen=True)
class GrantedTable:
    name: str
    label: str
    columns: tuple[Column, ...]
    withheld: int
    row_filter: str


@dataclass(frozen=True)
class GrantedDataset:
    title: str
    slug: str
    department: str
    tag: Tag
    ends: str
    conditions: str
    known_issues: tuple[str, ...]
    synthetic: bool
    tables: tuple[GrantedTable, ...]


def project_tag(found: ProjectCard, today: date) -> Tag:
    return PROJECT_ENDED if found.project.expires_on < today else PROJECT_TAGS[found.project.status]


def _actions(found: ProjectCard, state: str) -> tuple[Action, ...]:
    project = found.project
    base = f"/projects/{project.slug}/workspace"
    if project.status in (ProjectStatus.DRAFT, ProjectStatus.RETURNED):
        return (Action("apply", "Go on with the application", page(f"/projects/{project.slug}/application"),
                       is_link=True),)
    if state == "running":
        return (
            Action("open", "Go to workspace", page(base), is_link=True),
            Action("close", "Close workspace", page(f"{base}/close"), is_link=True, classes=SECONDARY),
        )
    if state == "starting":
        return (Action("open", "See it start", page(base), is_link=True),)
    refused = ""
    if not found.access.allowed:
        refused = f"Not possible now, for {times.plural(len(found.access.reasons), 'reason')} given above."
    return (Action(f"open-{project.slug}", "Open workspace", page(f"{base}/open"), refused),)


def card(found: ProjectCard, state: str, policies: Policies, today: date, now: datetime) -> Card:
    return Card(
        slug=found.project.slug,
        title=found.project.title,
        href=page(f"/projects/{found.project.slug}"),
        tag=project_tag(found, today),
        workspace_tag=WORKSPACE_TAGS[state] if state != STOPPED else None,
        aim=found.project.aim,
        ends=times.until(found.project.expires_on, today),
        datasets=", ".join(policies.dataset(grant.dataset).title for grant in found.grants) or "none",
        reasons=found.access.reasons,
        actions=_actions(found, state),
        gauges=_gauges(found, policies),
        closed_because=closed_because(found, state, now),
        closes=_closes(found, now) if state in OPEN_STATES else "",
        classes="" if found.access.allowed else "rr-card--attention",
        urgent=found.urgent,
    )


def _closes(found: ProjectCard, now: datetime) -> str:
    opening = found.last_opening
    is_open = opening is not None and opening.closed_at is None
    return standing.closes(closing(opening, found.policy) if opening is not None and is_open else None, now)


def closed_because(found: ProjectCard, state: str, now: datetime) -> str:
    """When the workspace was last closed and why; empty while it is open, or if it never was."""
    opening = found.last_opening
    if state != STOPPED or opening is None or opening.closed_at is None or not opening.close_reason:
        return ""
    return f"Your workspace was closed {_ago(opening.closed_at, now)}: {opening.close_reason}"


def _gauges(found: ProjectCard, policies: Policies) -> tuple[budgets.Gauge, ...]:
    return tuple(budgets.gauge(line, policies.dataset(line.dataset).title) for line in found.budgets if line.total)


def _ago(value: datetime, now: datetime) -> str:
    shown = times.when(value, now)
    return shown.text if shown else ""


def granted(grant: Grant, dataset: Dataset, today: date) -> GrantedDataset:
    """One dataset of a project, with exactly the columns that the grant covers."""
    return GrantedDataset(
        title=dataset.title,
        slug=dataset.slug,
        department=dataset.department,
        tag=GRANT_TAGS[grant.status],
        ends=times.until(grant.expires_on, today),
        conditions=grant.conditions,
        known_issues=dataset.known_issues,
        synthetic=dataset.synthetic,
        tables=tuple(_table(table, grant) for table in dataset.tables if table.name in grant.columns),
    )


def _table(table: Table, grant: Grant) -> GrantedTable:
    names = grant.columns[table.name]
    columns = tuple(column for column in table.columns if column.name in names)
    return GrantedTable(
        table.name, table.label, columns, len(table.columns) - len(columns), grant.row_filter.get(table.name, "")
    )


@dataclass(frozen=True)
class Shell:
    """The bar above a workspace: where it is, what it has used, and the ways out. `lab` is what the frame shows."""

    title: str
    slug: str
    lab: str
    pixels: bool
    words: standing.Words
    gauges: tuple[budgets.Gauge, ...]


def shell(found: ProjectCard, lab: str, words: standing.Words, policies: Policies, *, pixels: bool) -> Shell:
    return Shell(found.project.title, found.project.slug, lab, pixels, words, _gauges(found, policies))


@dataclass(frozen=True)
class Step:
    text: str
    done: bool
    current: bool


@dataclass(frozen=True)
class OpeningPage:
    """Where a workspace stands that is not open: `waiting` follows by itself; else it can be opened, or says why not.

    `because` is when and why it was closed, `reasons` what forbids to open it now.
    """

    title: str
    steps: tuple[Step, ...]
    waiting: bool
    text: str
    state: str
    preparing: str
    because: str
    reasons: tuple[Reason, ...]


def opening_page(
    found: ProjectCard, state: str, preparing: str, now: datetime, *, wanted: bool, queued: bool = False
) -> OpeningPage:
    waiting = state in ("starting", "stopping") or bool(preparing)
    because, reasons = closed_because(found, state, now), found.access.reasons
    if queued:
        title = "Your workspace waits for room"
        text = ("It starts by itself when another workspace closes; the projects that have least open come first, and "
                "within yours those who asked before you. "
                "You can leave this page: your place is kept.")
    elif waiting:
        title = "Your workspace is closing" if state == "stopping" else "Your workspace is opening"
        text = "It usually takes a few seconds. This page follows it by itself."
    elif reasons:
        title = "Your workspace is closed"
        text = "Your files in it are kept. What has to change before it can be opened:"
    else:
        title = "Your workspace is closed"
        text = "Everything is ready now." if wanted else "Your files in it are kept."
    return OpeningPage(
        title, opening_steps(state, preparing), waiting, text, state, preparing, because, reasons
    )


def waiting(place: int, number: int) -> str:
    """What someone in the queue is told; place 0 is about to be started."""
    if not place:
        return "There is room now: your workspace is being started"
    return f"The machine is full: you are number {place} of {number} in the queue"


def opening_steps(state: str, preparing: str) -> tuple[Step, ...]:
    """What the platform itself knows of a start: no spinner, no guess."""
    order = ("allowed", "prepared", "starting", "running")
    reached = {"starting": 2, "stopping": 0, STOPPED: 1 if preparing else 0}[state]
    texts = {
        "allowed": "Check that you may open it",
        "prepared": preparing or "Granted columns and rows are ready to mount",
        "starting": "Start a container of your own, without network",
        "running": "JupyterLab answers",
    }
    return tuple(Step(texts[name], index < reached, index == reached) for index, name in enumerate(order))
