"""People, what they are qualified for, what they signed, and how they sign in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from readingroom.core.people import Credential, Person, Qualification, QualificationKind, Signature, Standing
from readingroom.core.roles import Role
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
        """Read column by column: it is asked at every access decision, and rows as objects take three times as long."""
        key = {"username": username}
        row = plain(self._session, _PERSON, key).first()
        if row is None:
            return None
        signature = plain(self._session, _SIGNATURE, key).first()
        return _of(row, plain(self._session, _QUALIFICATIONS, key).all(), signature)

    def get(self, username: str) -> Person:
        person = self.find(username)
        if person is None:
            raise _unknown(username)
        return person

    def all(self) -> tuple[Person, ...]:
        rows = self._session.scalars(select(PersonRow).order_by(PersonRow.username))
        return tuple(_person(row) for row in rows)

    def among(self, usernames: Iterable[str]) -> dict[str, Person]:
        rows = self._session.scalars(select(PersonRow).where(PersonRow.username.in_(list(usernames))))
        return {row.username: _person(row) for row in rows}

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
        row = self._session.scalars(select(PersonRow).where(func.lower(PersonRow.email) == email.lower())).first()
        return None if row is None else _person(row)

    def search(self, words: str, count: int, skip: int = 0) -> tuple[Person, ...]:
        """Those whose name, username, organisation or address holds `words`, by name; all for empty words."""
        query = _matching(select(PersonRow), words).order_by(PersonRow.display_name, PersonRow.username)
        return tuple(_person(row) for row in self._session.scalars(query.limit(count).offset(skip)))

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

    def _row(self, username: str) -> PersonRow:
        row = self._session.get(PersonRow, username)
        if row is None:
            raise _unknown(username)
        return row


def _unknown(username: str) -> NotFound:
    return NotFound(f"There is no person {username!r}.", rule="person.exists", value=username,
                    next_step="Check the name.")


_PEOPLE, _FACTS, _SIGNED = PersonRow.__table__, QualificationRow.__table__, SignatureRow.__table__
_PERSON = select(_PEOPLE).where(_PEOPLE.c.username == bindparam("username"))
_QUALIFICATIONS = select(_FACTS).where(_FACTS.c.username == bindparam("username")).order_by(_FACTS.c.id)
_SIGNATURE = (select(*(column for column in _SIGNED.c if column.name != "words"))
              .where(_SIGNED.c.username == bindparam("username")).order_by(_SIGNED.c.id.desc()).limit(1))


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


def _person(row: PersonRow) -> Person:
    return _of(row, row.qualifications, row.signatures[-1] if row.signatures else None)


def _of(row: Any, qualifications: Iterable[Any], signature: Any) -> Person:
    latest = {one.kind: one for one in qualifications}  # in the order of recording: the last of a kind stays
    return Person(
        username=row.username, display_name=row.display_name, organisation=row.organisation,
        standing=Standing(row.standing), roles=frozenset(Role(role) for role in row.roles),
        qualifications=tuple(_qualification(one) for one in latest.values()),
        undertaking=_signature(signature) if signature else None, email=row.email,
        signed_out_at=row.signed_out_at,
    )


def _qualification(row: Any) -> Qualification:
    return Qualification(QualificationKind(row.kind), row.detail, row.held_from, row.held_until, row.reference,
                         row.recorded_by, row.recorded_at)


def _signature(row: Any) -> Signature:
    return Signature(row.organisation, row.version, row.sha256, row.signed_at, row.held_until)
