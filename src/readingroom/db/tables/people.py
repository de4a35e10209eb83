"""People: their record, their standing, and how they sign in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from readingroom.db.tables.base import Base


class PersonRow(Base):
    __tablename__ = "person"
    __table_args__ = (
        Index("person_email_once", text("lower(email)"), unique=True, sqlite_where=text("email <> ''"),
              postgresql_where=text("email <> ''")),
    )

    username: Mapped[str] = mapped_column(String(32), primary_key=True)
    display_name: Mapped[str]
    organisation: Mapped[str]
    standing: Mapped[str]
    roles: Mapped[list[Any]]
    email: Mapped[str] = mapped_column(default="")
    signed_out_at: Mapped[datetime | None]

    qualifications: Mapped[list[QualificationRow]] = relationship(order_by="QualificationRow.id")
    signatures: Mapped[list[SignatureRow]] = relationship(order_by="SignatureRow.id")


class QualificationRow(Base):
    """An identity verified, a training passed, an accreditation given. Rows are added, never changed."""

    __tablename__ = "qualification"
    __table_args__ = (CheckConstraint("held_until IS NULL OR held_until >= held_from", name="qualification_dates"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"), index=True)
    kind: Mapped[str]
    detail: Mapped[str] = mapped_column(Text)
    held_from: Mapped[date]
    held_until: Mapped[date | None]
    reference: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class SignatureRow(Base):
    """An undertaking as one person signed it, word for word. Rows are added, never changed."""

    __tablename__ = "undertaking_signature"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"), index=True)
    organisation: Mapped[str]
    version: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    words: Mapped[str] = mapped_column(Text, deferred=True)
    signed_at: Mapped[datetime]
    held_until: Mapped[date | None]


class InvitationRow(Base):
    """A link with which somebody sets their own password, once. Only the hash of what the link holds is kept."""

    __tablename__ = "invitation"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"), index=True)
    invited_by: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class CredentialRow(Base):
    """`failures` counts wrong passwords since the last right one; sign-in is refused until `locked_until`."""

    __tablename__ = "credential"

    username: Mapped[str] = mapped_column(ForeignKey("person.username"), primary_key=True)
    argon2_hash: Mapped[str]
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class SecondFactorRow(Base):
    """A secret shared with someone's app, sealed; in use once confirmed. Steps up to `last_step` count no more."""

    __tablename__ = "second_factor"

    username: Mapped[str] = mapped_column(ForeignKey("person.username"), primary_key=True)
    sealed: Mapped[bytes]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]


class RecoveryCodeRow(Base):
    """A code that lets someone in once instead of one from their app; only a keyed hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("username", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"))
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class SignInAddressRow(Base):
    """Wrong answers from one address; forgotten after a day without one."""

    __tablename__ = "sign_in_address"

    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    last_at: Mapped[datetime] = mapped_column(index=True)


class ProviderSubjectRow(Base):
    """An account at an OpenID Connect provider, registered to a person: the only way from there to a record."""

    __tablename__ = "provider_subject"
    __table_args__ = (UniqueConstraint("issuer", "username"),)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"))
