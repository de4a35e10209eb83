"""Workspaces: what one must contain, and the record of its openings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from readingroom.core.policy import Policy
from readingroom.core.projects import NOTEBOOK_IMAGE
from readingroom.core.walls import Proof


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
