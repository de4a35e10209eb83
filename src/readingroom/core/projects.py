"""Projects, their members, and the grants that let them read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.lifecycle import LIVE, GrantStatus, ProjectStatus
from readingroom.core.policy.model import Policy
from readingroom.core.tiers import Tier

NOTEBOOK_IMAGE, DISPLAY_IMAGE = "notebook", "display"  # the second stands beside a strict workspace
NO_RULES = Policy()


@dataclass(frozen=True)
class Project:
    """`slug` names the workspace too, so it obeys the Hub: 1-30 of a-z, 0-9 and single hyphens, letter first.

    `image` is what its workspaces run, of those that policy allows; `tier` is the least strict way to reach them, which
    policy can only tighten. `lead` answers for it; `version` is the number of the application in force, 0 if none is.
    """

    slug: str
    title: str
    programme: str
    aim: str
    public_benefit: str
    purpose: str
    legal_gateway: str
    status: ProjectStatus
    expires_on: date
    members: frozenset[str]
    image: str = NOTEBOOK_IMAGE
    tier: Tier = Tier.STANDARD
    lead: str = ""
    version: int = 0


@dataclass(frozen=True)
class Grant:
    """A custodian's yes (or not yet) for one dataset in one project.

    `columns` maps table name to the granted column names; a table that is not a key is not granted.
    `row_filter` maps table name to an SQL boolean over that table's columns. `budget_micro_rho` is the project's
    privacy budget on this dataset, in millionths of rho; zero means no private answers. `rules` are stricter than the
    policies it was given under, where its custodian said so; `conditions` are what they ask in words. `version` is the
    application that it answers.
    """

    id: int
    project: str
    dataset: str
    status: GrantStatus
    columns: dict[str, tuple[str, ...]]
    row_filter: dict[str, str]
    expires_on: date
    budget_micro_rho: int
    conditions: str = ""
    policy_hash: str = ""
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str = ""
    rules: Policy = NO_RULES
    version: int = 0


@dataclass(frozen=True)
class Extract:
    """The files made under a grant for one dataset version; once destroyed they cannot be read again."""

    id: str
    grant_id: int
    version: str
    made_at: datetime
    destroyed_at: datetime | None


def allowed_images(policy: Policy) -> frozenset[str]:
    """What workspaces under this policy may run: the notebook image where no layer says; nothing if they disagree."""
    return frozenset({NOTEBOOK_IMAGE}) if policy.images is None else policy.images


PENDING = frozenset({GrantStatus.PROPOSED, GrantStatus.AGREED, GrantStatus.RETURNED, GrantStatus.REFUSED})


def standing(status: ProjectStatus, grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """The grants on which a project in `status` stands: all of them must be live for its workspaces to open.

    While a project is live, what is only asked for opens nothing and closes nothing: an amendment that waits, or was
    refused, leaves what was agreed before as it is.
    """
    over = {GrantStatus.SUPERSEDED} | (PENDING if status in (*LIVE, ProjectStatus.CLOSING, ProjectStatus.CLOSED)
                                       else set())
    return tuple(grant for grant in grants if grant.status not in over)
