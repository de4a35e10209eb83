"""What was shown of a workspace: bytes that the door let through towards the person, and what policy says of their sum.

Every byte counts, JupyterLab's own files and websockets included: what a byte means is the researcher's to decide.
Formula: used = sum of the hours that began less than 24 hours ago. Example: 30 MB at 9:00 and 40 MB at 15:00 are 70 MB
at 20:00, and 40 MB at 9:00 of the next day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from readingroom.core.access import Reason
from readingroom.core.policy import Policy

WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Reading:
    """The door's counter for one person in one project. It starts anew with each `boot` of the door."""

    username: str
    project: str
    boot: str
    counter: int


@dataclass(frozen=True)
class Hour:
    """Bytes shown to one person of one project in the hour that begins at `hour`."""

    username: str
    project: str
    hour: datetime
    bytes: int


@dataclass(frozen=True)
class Shown:
    """The last 24 hours of one person in one project, against the policy's two numbers (None: no opinion)."""

    used: int
    alert: int | None
    limit: int | None
    again_at: datetime | None

    @property
    def over_alert(self) -> bool:
        return self.alert is not None and self.used > self.alert


def grown(before: Reading | None, now: Reading) -> int:
    """Bytes since the last reading. A counter of another boot, or one that fell (the door forgot it), began at 0."""
    if before is None or before.boot != now.boot or now.counter < before.counter:
        return now.counter
    return now.counter - before.counter


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def shown(hours: Sequence[Hour], username: str, policy: Policy, now: datetime) -> Shown:
    """`hours` are those of one project; other people's, and those outside the window, are left out."""
    mine = (one for one in hours if one.username == username and one.hour + WINDOW > now)
    within = sorted(mine, key=lambda one: one.hour)
    used = sum(one.bytes for one in within)
    return Shown(used, policy.shown_bytes_alert, policy.shown_bytes_limit, _again_at(within, used, policy))


def _again_at(hours: Sequence[Hour], used: int, policy: Policy) -> datetime | None:
    """When enough hours have left the window; None if the limit is not passed."""
    if policy.shown_bytes_limit is None or used <= policy.shown_bytes_limit:
        return None
    for one in hours:
        used -= one.bytes
        if used <= policy.shown_bytes_limit:
            return one.hour + WINDOW
    raise AssertionError("an empty window is within every limit")


def reasons(found: Shown) -> tuple[Reason, ...]:
    """Why a workspace may not be open: more was shown than policy lets be seen in 24 hours."""
    if found.again_at is None:
        return ()
    return (Reason(
        "workspace.shown",
        f"{found.used:,} bytes were shown in 24 hours; policy lets {found.limit:,} be shown.",
        f"It can be opened again from {found.again_at:%-d %B, %H:%M} UTC. If your work needs more, ask the data's "
        "custodian; results leave by a release."),)
