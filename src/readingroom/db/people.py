"""People and their credentials."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from readingroom.core.people import Credential, Person, PersonStatus
from readingroom.core.roles import Role
from readingroom.db.tables import CredentialRow, PersonRow
from readingroom.errors import NotFound


class People:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, person: Person) -> None:
        self._session.add(PersonRow(username=person.username, **_columns(person)))
        self._session.flush()

    def save(self, person: Person) -> None:
        row = self._row(person.username)
        for name, value in _columns(person).items():
            setattr(row, name, value)

    def find(self, username: str) -> Person | None:
        row = self._session.get(PersonRow, username)
        return None if row is None else _person(row)

    def get(self, username: str) -> Person:
        return _person(self._row(username))

    def all(self) -> tuple[Person, ...]:
        rows = self._session.scalars(select(PersonRow).order_by(PersonRow.username))
        return tuple(_person(row) for row in rows)

    def among(self, usernames: Iterable[str]) -> dict[str, Person]:
        rows = self._session.scalars(select(PersonRow).where(PersonRow.username.in_(list(usernames))))
        return {row.username: _person(row) for row in rows}

    def credential(self, username: str) -> Credential | None:
        row = self._session.get(CredentialRow, username)
        return None if row is None else Credential(row.username, row.argon2_hash, row.failures, row.locked_until)

    def set_credential(self, credential: Credential) -> None:
        row = self._session.get(CredentialRow, credential.username) or CredentialRow(username=credential.username)
        row.argon2_hash = credential.argon2_hash
        row.failures = credential.failures
        row.locked_until = credential.locked_until
        self._session.add(row)

    def _row(self, username: str) -> PersonRow:
        row = self._session.get(PersonRow, username)
        if row is None:
            raise NotFound(f"There is no person {username!r}.", rule="person.exists", value=username,
                           next_step="Check the name.")
        return row


def _columns(person: Person) -> dict[str, object]:
    return {
        "display_name": person.display_name,
        "organisation": person.organisation,
        "status": person.status.value,
        "roles": sorted(role.value for role in person.roles),
        "accredited_until": person.accredited_until,
        "trained_until": person.trained_until,
        "undertaking_signed_on": person.undertaking_signed_on,
    }


def _person(row: PersonRow) -> Person:
    return Person(
        username=row.username, display_name=row.display_name, organisation=row.organisation,
        status=PersonStatus(row.status), roles=frozenset(Role(role) for role in row.roles),
        accredited_until=row.accredited_until, trained_until=row.trained_until,
        undertaking_signed_on=row.undertaking_signed_on,
    )
