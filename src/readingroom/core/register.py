"""The public register: which projects use which data, under what law, to what end, and what was released.

Only what was agreed is in it: the words of the application version in force, as its programme's owner and every
custodian read them; never a draft, never the name of a person. Of a release it says when, how many outputs of which
type, and the hash by which the package is known; titles and files were not reviewed for this.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from readingroom.core.lifecycle import GrantStatus, ProjectStatus


class Standing(StrEnum):
    """How something of the register stands today."""

    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListedRelease(_Part):
    """One release. `sha256` is that of its package; `recalled` that it may not be used any more."""

    released_on: date = Field(description="The day on which the package was made.")
    outputs: int = Field(description="How many files it holds.", ge=1)
    output_types: tuple[str, ...] = Field(description="Their types, each once.")
    sha256: str = Field(description="SHA-256 of the package, in hex.", pattern=r"^[0-9a-f]{64}$")
    recalled: bool = Field(description="Whether it was recalled.")


class ListedDataset(_Part):
    """One dataset that the project was granted."""

    slug: str = Field(description="Its name in policies and packages.")
    title: str = Field(description="Its title in the catalogue.")
    department: str = Field(description="The department whose data they are.")
    standing: Standing = Field(description="Whether it can be used now.")
    until: date = Field(description="The last day that the grant covers, or covered.")


class ListedProject(_Part):
    """One project, in the words of its version in force."""

    slug: str = Field(description="Its name in addresses and packages.")
    title: str = Field(description="Its title.")
    programme: str = Field(description="The programme that it belongs to.")
    aim: str = Field(description="What it wants to find out.")
    public_benefit: str = Field(description="What the public has of it.")
    purpose: str = Field(description="The purpose that policy allows the data to be used for.")
    legal_gateway: str = Field(description="The law under which the data are shared.")
    organisations: tuple[str, ...] = Field(description="Where its members work, each once.")
    standing: Standing = Field(description="Whether it is under way.")
    version: int = Field(description="Which version of its application is in force.", ge=1)
    started_on: date = Field(description="The day on which its first version was agreed.")
    ends_on: date = Field(description="Its last day.")
    datasets: tuple[ListedDataset, ...] = Field(description="What it was granted, in order of title.")
    releases: tuple[ListedRelease, ...] = Field(description="What left it, newest first.")


class Register(_Part):
    """The whole register of one installation."""

    format: Literal["readingroom-register/1"] = Field(
        default="readingroom-register/1", description="The version of this format.")
    as_of: date = Field(description="The day for which every standing is said.")
    projects: tuple[ListedProject, ...] = Field(description="Every project ever agreed, in order of title.")


def register_schema() -> dict[str, Any]:
    """JSON Schema of the register (draft 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Register.model_json_schema()}


def project_standing(status: ProjectStatus, ends_on: date, today: date) -> Standing:
    """Example: active until yesterday: ended."""
    return Standing.LIVE if status in (ProjectStatus.ACTIVE, ProjectStatus.AMENDED) and ends_on >= today else (
        Standing.ENDED)


def grant_standing(status: GrantStatus, until: date, today: date, project: ProjectStatus) -> Standing | None:
    """How a grant is listed; None for one that never opened anything, or that a later one replaced.

    `until` is its own end or that of its project, whichever comes first: what is left of a project that is over opens
    nothing.
    """
    over = project_standing(project, until, today) is Standing.ENDED
    known = {GrantStatus.ACTIVE: Standing.ENDED if over else Standing.LIVE,
             GrantStatus.SUSPENDED: Standing.ENDED if over else Standing.PAUSED,
             GrantStatus.EXPIRED: Standing.ENDED, GrantStatus.WITHDRAWN: Standing.WITHDRAWN}
    return known.get(status)
