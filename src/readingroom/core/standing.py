"""How an open workspace stands: what its person should be able to see of it at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.policy import Policy, Tier
from readingroom.core.projects import Grant, Project
from readingroom.core.shown import Shown
from readingroom.core.workspaces import Closing, Opening, closing


@dataclass(frozen=True)
class Standing:
    """`ends_on` is the last day on which all of what it mounts may be read; `closing` is None while it is not open."""

    project: Project
    tier: Tier
    shown: Shown
    ends_on: date
    closing: Closing | None

    def warns(self, now: datetime) -> bool:
        """Whether it closes so soon that the person has to be told."""
        return self.closing is not None and now >= self.closing.warn_from


def standing(
    project: Project, grants: Sequence[Grant], policy: Policy, opening: Opening | None, shown: Shown
) -> Standing:
    """`opening` is the person's last; `policy` the effective one.

    Example: a project until 31 May with grants until 1 May and 1 August ends on 1 May.
    """
    is_open = opening is not None and opening.closed_at is None
    return Standing(
        project=project,
        tier=policy.tier or Tier.STANDARD,
        shown=shown,
        ends_on=min([project.expires_on, *(grant.expires_on for grant in grants)]),
        closing=closing(opening, policy) if opening is not None and is_open else None,
    )
