"""One thing that the doctor looked at, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Check:
    """One thing looked at. A FAILURE stops a start; `fix` is what to do about it, empty when ok."""

    name: str
    level: Level
    message: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"name": self.name, "level": self.level.value, "message": self.message, "fix": self.fix}


def ok(name: str, message: str) -> Check:
    return Check(name, Level.OK, message)


def warn(name: str, message: str, fix: str) -> Check:
    return Check(name, Level.WARNING, message, fix)


def fail(name: str, message: str, fix: str) -> Check:
    return Check(name, Level.FAILURE, message, fix)
