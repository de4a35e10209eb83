"""`rr.packages`: what this project may install, and asking for more. Installing itself is plain pip."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.sdk import _door


@dataclass(frozen=True)
class Available:
    name: str
    version: str
    ecosystem: str
    sha256: str


@dataclass(frozen=True)
class PackageRequest:
    name: str
    ecosystem: str
    reason: str
    status: str
    asked_by: str
    decision: str


def available() -> tuple[Available, ...]:
    """What `pip install` and `install.packages` find in this project."""
    return tuple(Available(**one) for one in _door.get("/packages/list"))


def request(name: str, reason: str, *, ecosystem: str = "pip") -> PackageRequest:
    """Ask the administrator to make a package available; `ecosystem` is pip or cran."""
    wish = {"name": name, "reason": reason, "ecosystem": ecosystem}
    return PackageRequest(**_door.post("/packages/requests", json=wish))


def requests() -> tuple[PackageRequest, ...]:
    """What this project asked for, newest first, and what was said."""
    return tuple(PackageRequest(**one) for one in _door.get("/packages/requests"))
