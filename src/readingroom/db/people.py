"""People, what they are qualified for, what they signed, and how they sign in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, String, bindparam, cast, delete, func, or_, select
from sqlalchemy.orm import Session

from readingroom.core.people import Credential, Person, Qualification, QualificationKind, Signature, Standing
from readingroom.core.roles import Permission, Role, roles_with
from readingroom.db.plain import plain
from readingroom.db.tables import (
    CredentialRow,
    InvitationRow,
    PersonRow,
    ProviderSubjectRow,
    QualificationRow,
    SignatureRow,
)
from readingroom.errors import NotFound


class People:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, person: Person) -> None:
        """A new person, with the qualifications that they come with."""
        self._session.add(PersonRow(username=person.username, **_columns(person)))
        self._session.flush()
        for one in person.qualifications:
            self.add_qualification(person.username, one)

    def save(self, person: Person) -> None:
        """Name, organisation, standing, roles, address; qualifications and signatures are only ever added."""
        row = self._row(person.username)
        for name, value in _columns(person).items():
            setattr(row, name, value)

    def find(self, username: str) -> Person | None:
        return next(iter(self._read(_ONE, username=username)), None)

    def get(self, username: str) -> Person:
        person = self.find(username)
        if person is None:
            raise _unknown(username)
        return person

    def who_may(self, permission: Permission) -> tuple[Person, ...]:
        """Everyone who may do this now, by username."""
        listed = cast(_PEOPLE.c.roles, String)  # a JSON list of plain words
        has_role = or_(*(listed.contains(f'"{role.value}"') for role in roles_with(permission)))
        return tuple(person for person in self._read(_WHOLE.where(has_role)) if person.may(permission))

    def among(self, usernames: Iterable[str]) -> dict[str, Person]:
        named = sorted(set(usernames))
        return {person.username: person for person in self._read(_AMONG, usernames=named)} if named else {}

    def of_subject(self, issuer: str, subject: str) -> Person | None:
        """Whom a provider's account is registered to."""
        row = self._session.get(ProviderSubjectRow, (issuer, subject))
        return None if row is None else self.find(row.username)

    def subject_of(self, issuer: str, username: str) -> str:
        """Which of a provider's accounts is registered to a person; empty if none."""
        return self._session.scalar(select(ProviderSubjectRow.subject).where(
            ProviderSubjectRow.issuer == issuer, ProviderSubjectRow.username == username)) or ""

    def set_subject(self, issuer: str, username: str, subject: str) -> None:
        """This one, and no other of the same provider; none for an empty one."""
        self._session.execute(delete(ProviderSubjectRow).where(
            ProviderSubjectRow.issuer == issuer, ProviderSubjectRow.username == username))
        if subject:
            self._session.add(ProviderSubjectRow(issuer=issuer, subject=subject, username=username))
        self._session.flush()

    def with_email(self, email: str) -> Person | None:
        """Whoever has that address, however it is written."""
        return next(iter(self._read(_WHOLE.where(func.lower(_PEOPLE.c.email) == email.lower()))), None)

    def search(self, words: str, count: int, skip: int = 0) -> tuple[Person, ...]:
        """Those whose name, username, organisation or address holds `words`, by name; all for empty words."""
        found = _matching(select(_PEOPLE.c.username), words).order_by(*_BY_NAME).limit(count).offset(skip)
        return self._read(_WHOLE.where(_PEOPLE.c.username.in_(found)).order_by(None).order_by(*_BY_NAME, _FACTS.c.id))

    def count(self, words: str = "") -> int:
        """How many `search` would find in all."""
        return self._session.scalar(_matching(select(func.count()).select_from(PersonRow), words)) or 0

    # what they are qualified for

    def add_qualification(self, username: str, one: Qualification) -> None:
        row = self._row(username)
        row.qualifications.append(QualificationRow(
            username=username, kind=one.kind.value, detail=one.detail, held_from=one.held_from,
            held_until=one.held_until, reference=one.reference, recorded_by=one.recorded_by,
            recorded_at=one.recorded_at))
        self._session.flush()

    def qualifications(self, username: str) -> tuple[Qualification, ...]:
        """All ever recorded, newest first."""
        return tuple(_qualification(row) for row in reversed(self._row(username).qualifications))

    def add_signature(self, username: str, signed: Signature, words: str) -> None:
        row = self._row(username)
        row.signatures.append(SignatureRow(
            username=username, organisation=signed.organisation, version=signed.version, sha256=signed.sha256,
            words=words, signed_at=signed.signed_at, held_until=signed.held_until))
        self._session.flush()

    def signatures(self, username: str) -> tuple[tuple[Signature, str], ...]:
        """All that a person signed, newest first, each with the very words."""
        return tuple((_signature(row), row.words) for row in reversed(self._row(username).signatures))

    # how they sign in

    def credential(self, username: str) -> Credential | None:
        row = self._session.get(CredentialRow, username)
        return None if row is None else Credential(row.username, row.argon2_hash, row.failures, row.locked_until)

    def set_credential(self, credential: Credential) -> None:
        row = self._session.get(CredentialRow, credential.username) or CredentialRow(username=credential.username)
        row.argon2_hash = credential.argon2_hash
        row.failures = credential.failures
        row.locked_until = credential.locked_until
        self._session.add(row)

    def remove_credential(self, username: str) -> None:
        row = self._session.get(CredentialRow, username)
        if row is not None:
            self._session.delete(row)

    def set_invitation(self, sha256: str, username: str, *, by: str, expires_at: datetime) -> None:
        """The one link with which a person may set their password; earlier ones are worth nothing any more."""
        for earlier in self._session.scalars(select(InvitationRow).where(InvitationRow.username == username)):
            self._session.delete(earlier)
        self._session.add(InvitationRow(sha256=sha256, username=username, invited_by=by, expires_at=expires_at))
        self._session.flush()

    def invited(self, sha256: str, now: datetime) -> str | None:
        """Whose link it is, while it is good."""
        row = self._session.get(InvitationRow, sha256)
        return row.username if row is not None and row.used_at is None and now < row.expires_at else None

    def use_invitation(self, sha256: str, now: datetime) -> None:
        row = self._session.get_one(InvitationRow, sha256)
        row.used_at = now

    def _read(self, statement: Select[Any], **values: Any) -> tuple[Person, ...]:
        """Everyone of a statement made of _WHOLE, in its order."""
        by_name = groupby(plain(self._session, statement, values), key=lambda row: row.username)
        return tuple(_person(list(rows)) for _, rows in by_name)

    def _row(self, username: str) -> PersonRow:
        row = self._session.get(PersonRow, username)
        if row is None:
            raise _unknown(username)
        return row


def _unknown(username: str) -> NotFound:
    return NotFound(f"There is no person {username!r}.", rule="person.exists", value=username,
                    next_step="Check the name.")


_PEOPLE, _FACTS, _SIGNED = PersonRow.__table__, QualificationRow.__table__, SignatureRow.__table__
_EVER_SIGNED = _SIGNED.alias("ever_signed")
_LAST = (select(func.max(_EVER_SIGNED.c.id)).where(_EVER_SIGNED.c.username == _PEOPLE.c.username)
         .correlate(_PEOPLE).scalar_subquery())
_WHOLE = (
    select(_PEOPLE, *(column for column in _FACTS.c if column.name not in ("id", "username")),
           *(column.label(f"undertaking_{column.name}") for column in _SIGNED.c if column.name != "words"))
    .outerjoin(_FACTS, _FACTS.c.username == _PEOPLE.c.username).outerjoin(_SIGNED, _SIGNED.c.id == _LAST)
    .order_by(_PEOPLE.c.username, _FACTS.c.id))
"""People, a row for each qualification ever recorded of them, in the order of recording, and what they signed last."""
_ONE = _WHOLE.where(_PEOPLE.c.username == bindparam("username"))
_AMONG = _WHOLE.where(_PEOPLE.c.username.in_(bindparam("usernames", expanding=True)))
_BY_NAME = (_PEOPLE.c.display_name, _PEOPLE.c.username)


def _matching(query: Select[Any], words: str) -> Select[Any]:
    for word in words.lower().split():
        query = query.where(or_(*(func.lower(column).contains(word, autoescape=True) for column in (
            PersonRow.username, PersonRow.display_name, PersonRow.organisation, PersonRow.email))))
    return query


def _columns(person: Person) -> dict[str, object]:
    return {
        "display_name": person.display_name,
        "organisation": person.organisation,
        "standing": person.standing.value,
        "roles": sorted(role.value for role in person.roles),
        "email": person.email,
        "signed_out_at": person.signed_out_at,
    }


def _person(rows: Sequence[Any]) -> Person:
    row = rows[0]
    latest = {one.kind: one for one in rows if one.kind is not None}  # the last of a kind stays
    return Person(
        username=row.username, display_name=row.display_name, organisation=row.organisation,
        standing=Standing(row.standing), roles=frozenset(Role(role) for role in row.roles),
        qualifications=tuple(_qualification(one) for one in latest.values()),
        undertaking=None if row.undertaking_id is None else Signature(
            row.undertaking_organisation, row.undertaking_version, row.undertaking_sha256, row.undertaking_signed_at,
            row.undertaking_held_until),
        email=row.email, signed_out_at=row.signed_out_at,
    )


def _qualification(row: Any) -> Qualification:
    return Qualification(QualificationKind(row.kind), row.detail, row.held_from, row.held_until, row.reference,
                         row.recorded_by, row.recorded_at)


def _signature(row: Any) -> Signature:
    return Signature(row.organisation, row.version, row.sha256, row.signed_at, row.held_until)
