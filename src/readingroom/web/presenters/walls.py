"""Proofs, the canary's last run and incidents, in words; and how full a person's folders are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readingroom.core.proof import compared
from readingroom.core.volumes import Usage
from readingroom.core.walls import Incident, Probe
from readingroom.core.workspaces import Opening
from readingroom.web.presenters import times
from readingroom.web.presenters.words import Tag

HELD, FALLEN, UNKNOWN = (
    Tag("As demanded", "govuk-tag--green"), Tag("Not as demanded", "govuk-tag--red"),
    Tag("Not compared yet", "govuk-tag--yellow"))
GIB = 1024**3


@dataclass(frozen=True)
class Proof:
    """The last comparison of an open workspace with what its policy demanded; `facts` names what was compared."""

    tag: Tag
    at: times.When | None
    facts: tuple[str, ...]
    drifts: tuple[str, ...]


@dataclass(frozen=True)
class IncidentRow:
    at: times.When | None
    message: str
    subject: str
    found: tuple[str, ...]


@dataclass(frozen=True)
class Walls:
    """What an administrator sees of the walls. Without a run of the canary nothing is known, so `tag` is not green."""

    tag: Tag
    at: times.When | None
    text: str
    fallen: tuple[str, ...]
    incidents: tuple[IncidentRow, ...]


def proof(opening: Opening, now: datetime) -> Proof:
    last = opening.proof
    if last is None or opening.demand is None:
        return Proof(UNKNOWN, None, (), ())
    return Proof(HELD if last.held else FALLEN, times.when(last.at, now), compared(opening.demand), last.drifts)


def walls(probe: Probe | None, incidents: tuple[Incident, ...], now: datetime) -> Walls:
    rows = tuple(IncidentRow(times.when(one.at, now), one.message, one.subject, one.detail) for one in incidents)
    if probe is None:
        return Walls(Tag("Not tried yet", "govuk-tag--yellow"), None, "No workspace starts until they are.", (), rows)
    if not probe.held:
        fallen = tuple(f"{one.wall}: {one.seen}" for one in probe.fallen)
        return Walls(Tag("Fallen", "govuk-tag--red"), times.when(probe.at, now), "No workspace starts until every wall "
                     "holds; readingroom doctor --probe tries them again at once.", fallen, rows)
    return Walls(Tag("Holding", "govuk-tag--green"), times.when(probe.at, now),
                 f"{times.plural(len(probe.findings), 'wall')} tried from inside a workspace without data.", (), rows)


@dataclass(frozen=True)
class Storage:
    """How full one folder is; `warning` is empty unless it is nearly full."""

    label: str
    text: str
    warning: str


def storage(label: str, usage: Usage | None) -> Storage | None:
    """None when it cannot be told now, as while the workspace is closed."""
    if usage is None:
        return None
    warning = f"{label} is full: remove files you no longer need, or nothing more can be saved." if usage.full else ""
    return Storage(label, f"{usage.used_bytes / GIB:.1f} of {usage.size_bytes / GIB:.1f} GiB used", warning)
