"""Requests for packages, in words."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime

from readingroom.core.packages import Ecosystem, PackageRequest, PackageRequestStatus
from readingroom.web.presenters import times
from readingroom.web.presenters.words import PACKAGE_TAGS, Tag


@dataclass(frozen=True)
class Row:
    """`command` is what an administrator runs to say yes."""

    id: int
    name: str
    language: str
    project: str
    who: str
    reason: str
    tag: Tag
    asked: times.When | None
    waiting: bool
    decision: str
    command: str


def row(request: PackageRequest, now: datetime) -> Row:
    python = request.ecosystem is Ecosystem.PIP
    what = f"{request.name}==VERSION" if python else "--file FILE.tar.gz"
    return Row(
        id=request.id,
        name=request.name,
        language="Python" if python else "R",
        project=request.project,
        who=request.username,
        reason=request.reason,
        tag=PACKAGE_TAGS[request.status],
        asked=times.when(request.asked_at, now),
        waiting=request.status is PackageRequestStatus.ASKED,
        decision=request.decision,
        command=f"readingroom packages add {what} --project {shlex.quote(request.project)}",
    )
