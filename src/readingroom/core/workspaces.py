"""Workspaces: what one must contain, and the record of its openings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from readingroom.core.policy import Policy, Tier
from readingroom.core.projects import NOTEBOOK_IMAGE
from readingroom.core.proof import parts_beside
from readingroom.core.walls import Proof

DISPLAY_MEMORY_BYTES = 1024**3  # most that the display of a strict workspace may use


def beside_bytes(policy: Policy) -> int:
    """Memory of what stands beside a workspace: a strict one has a display."""
    return DISPLAY_MEMORY_BYTES if policy.tier is Tier.STRICT else 0


@dataclass(frozen=True)
class WorkspacePlan:
    """What the container of one person in one project mounts and may use, decided before it starts.

    `mounts` pairs each dataset with the directory of its extract on the host; `home` is the person's persistent
    home in this project. `image` is the project's choice, which policy allowed.
    """

    username: str
    project: str
    mounts: tuple[tuple[str, Path], ...]
    home: Path
    policy: Policy
    image: str = NOTEBOOK_IMAGE


@dataclass(frozen=True)
class Opening:
    """One opening of one person's workspace in one project; `container` is the engine's id once it runs.

    `demand` is what its policy demanded of the container when it started, `proof` the last comparison with it.
    `used_at` is when somebody last used it, as the proxy saw it; None: not known.
    """

    id: int
    username: str
    project: str
    container: str
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str
    demand: Mapping[str, Any] | None = None
    proof: Proof | None = None
    used_at: datetime | None = None

    @property
    def containers(self) -> tuple[str, ...]:
        """The workspace's own, then those beside it: a strict one has a display."""
        return (self.container, *(one["container"] for one in parts_beside(self.demand or {})))

    @property
    def tier(self) -> Tier:
        """How it is reached: by a display if there is one beside it."""
        return Tier.STRICT if len(self.containers) > 1 else Tier.STANDARD


WARNING = timedelta(minutes=10)


@dataclass(frozen=True)
class Closing:
    """When an open workspace will be closed if nothing changes, and by which rule. `by_use`: use puts it off.

    From `warn_from` on its person is told.
    """

    at: datetime
    reason: str
    by_use: bool
    warn_from: datetime


def closing(opening: Opening, policy: Policy) -> Closing | None:
    """The earlier of its greatest age and its idle time; None where policy has neither.

    Unused time is judged only where it is known. Example: opened at 9:00, last used at 9:40, idle_minutes 120,
    max_age_hours 24: at 11:40, warned of from 11:30: the warning is WARNING long, or a quarter of the whole time
    if that is less.
    """
    ends = []
    if policy.max_age_hours is not None:
        ends.append(_closing(
            opening.opened_at, timedelta(hours=policy.max_age_hours),
            f"It was open for more than the {policy.max_age_hours} hours that policy allows; it can be opened again.",
            by_use=False))
    if policy.idle_minutes is not None and opening.used_at is not None:
        ends.append(_closing(
            max(opening.used_at, opening.opened_at), timedelta(minutes=policy.idle_minutes),
            f"Nobody used it for the {policy.idle_minutes} minutes that policy allows; what is in its folders is kept, "
            "and it can be opened again.", by_use=True))
    return min(ends, key=lambda one: one.at, default=None)


def _closing(since: datetime, allowed: timedelta, reason: str, *, by_use: bool) -> Closing:
    end = since + allowed
    return Closing(end, reason, by_use, end - min(WARNING, allowed / 4))
