"""The Hub's way to the records: who may sign in, what a workspace mounts, and that it opened and closed.

Calls block (database, extracts), so authenticator and spawner run them in a thread. The records are built at
the first call, not on import, because the Hub reads its configuration before anything else is up.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from readingroom.core.people import Person
from readingroom.core.volumes import Volume
from readingroom.hub.containers import Plan
from readingroom.ports import Held
from readingroom.services import sign_in
from readingroom.services.sign_in import Enrolment, FirstStep, SignedIn
from readingroom.settings import Settings


class Records(Protocol):
    """What authenticator and spawner need of the services. All raise ReadingRoomError."""

    def first_step(self, username: str, password: str, address: str) -> FirstStep:
        """The person and what comes next; PermissionDenied, saying no more, for a wrong pair, a stranger, too many."""

    def enrolment(self, username: str) -> Enrolment:
        """What an app needs to make codes; PermissionDenied once it has been confirmed."""

    def second_step(self, username: str, code: str, address: str, since: datetime) -> SignedIn:
        """The person, and new recovery codes if any; PermissionDenied, saying no more, for a code that won't do."""

    def provider_step(self, issuer: str, subject: str, second_factor: bool) -> FirstStep:
        """Whom a provider's subject is registered to, and what comes next; PermissionDenied for anybody else."""

    def person(self, username: str) -> Person:
        """The person as the records have them now; NotFound for a stranger."""

    def most_browser_tokens(self) -> int | None:
        """How many tokens the browsers of one person may hold; None: any number."""

    def plan(self, username: str, project: str) -> Plan:
        """What to mount; AccessDenied with every reason; Unavailable while an extract is being made."""

    def check_turn(self, username: str, project: str, memory_bytes: int | None, beside_bytes: int) -> None:
        """Unavailable while the machine is full, naming the place in the queue."""

    def gave_up(self, username: str, project: str) -> None:
        """It did not start: what was kept free for it is free again."""

    def provide(self, wanted: Sequence[Volume]) -> Held:
        """Homes and shared folders, mounted and of their size, for as long as the answer is not closed."""

    def opened(self, username: str, project: str, container_id: str, demanded: Mapping[str, Any],
               found: Mapping[str, Any]) -> None:
        """It runs. AccessDenied if what the engine says of it (`found`) is not what was demanded."""

    def closed(self, username: str, project: str, reason: str) -> None: ...


class RoomRecords:
    """`Records` from the services, on a room built once for this process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._built: Any = None

    def __deepcopy__(self, memo: object) -> RoomRecords:
        """Traitlets copies configuration values; one room for the process is the point of this class."""
        return self

    @property
    def _room(self) -> Any:
        from readingroom import bootstrap

        with self._lock:
            if self._built is None:
                self._built = bootstrap.build(self._settings)
            return self._built

    def first_step(self, username: str, password: str, address: str) -> FirstStep:
        return sign_in.first_step(self._room, username, password, address)

    def enrolment(self, username: str) -> Enrolment:
        return sign_in.enrolment(self._room, username)

    def second_step(self, username: str, code: str, address: str, since: datetime) -> SignedIn:
        return sign_in.second_step(self._room, username, code, address, since)

    def provider_step(self, issuer: str, subject: str, second_factor: bool) -> FirstStep:
        return sign_in.provider_step(self._room, issuer, subject, second_factor)

    def person(self, username: str) -> Person:
        from readingroom.services import accounts

        return accounts.person(self._room, username)

    def most_browser_tokens(self) -> int | None:
        most: int | None = self._room.policies.site.policy.tokens
        return most

    def plan(self, username: str, project: str) -> Plan:
        from readingroom.services import workspaces

        return workspaces.plan(self._room, username, project)

    def check_turn(self, username: str, project: str, memory_bytes: int | None, beside_bytes: int) -> None:
        from readingroom.services import turns

        turns.check_turn(self._room, username, project, memory_bytes, beside_bytes)

    def gave_up(self, username: str, project: str) -> None:
        from readingroom.services import turns

        turns.gave_up(self._room, username, project)

    def provide(self, wanted: Sequence[Volume]) -> Held:
        from readingroom import bootstrap

        return bootstrap.volumes(self._settings).provide(wanted)

    def opened(self, username: str, project: str, container_id: str, demanded: Mapping[str, Any],
               found: Mapping[str, Any]) -> None:
        from readingroom.services import workspaces

        workspaces.opened(self._room, username, project, container_id, demanded, found)

    def closed(self, username: str, project: str, reason: str) -> None:
        from readingroom.services import workspaces

        workspaces.closed(self._room, username, project, reason)
