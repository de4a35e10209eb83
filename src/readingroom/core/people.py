"""People and what makes one of them a safe person today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from readingroom.core.roles import ROLE_PERMISSIONS, Permission, Role


class PersonStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    BARRED = "barred"


@dataclass(frozen=True)
class Person:
    """One human being, whatever accounts they have. `username` is lower-case letters, digits and single hyphens."""

    username: str
    display_name: str
    organisation: str
    status: PersonStatus
    roles: frozenset[Role]
    accredited_until: date | None = None
    trained_until: date | None = None
    undertaking_signed_on: date | None = None

    def may(self, permission: Permission) -> bool:
        return self.status is PersonStatus.ACTIVE and any(
            permission in ROLE_PERMISSIONS[role] for role in self.roles
        )


@dataclass(frozen=True)
class Credential:
    """How a local account signs in. `failures` counts wrong passwords since the last right one."""

    username: str
    argon2_hash: str
    failures: int
    locked_until: datetime | None
