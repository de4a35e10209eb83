"""Notices, the mail that carries them, and what was told of an end."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from readingroom.db.tables.base import Base


class NoticeRow(Base):
    """What a person was told: a kind and its identifiers, from which the words are made."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("notice_of_person", "username", "id"),
        Index("notice_unread", "username", sqlite_where=text("read_at IS NULL"),
              postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"))
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]]
    project: Mapped[str]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class MailAddressRow(Base):
    """Where a person wants notices sent, besides the portal."""

    __tablename__ = "mail_address"

    username: Mapped[str] = mapped_column(ForeignKey("person.username"), primary_key=True)
    address: Mapped[str] = mapped_column(String(254))


class MailRow(Base):
    """The outbox: to be tried at `due_at`; without one it was sent at `sent_at`, or given up for `problem`."""

    __tablename__ = "mail"
    __table_args__ = (Index("mail_due", "due_at"),)

    notice: Mapped[int] = mapped_column(ForeignKey("notice.id"), primary_key=True)
    due_at: Mapped[datetime | None]
    tries: Mapped[int]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(Text, default="")


class LapseRow(Base):
    """What was told last of a term's end (core.lapsing.Told). `means` and `key` name the term."""

    __tablename__ = "lapse"

    means: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    ends_on: Mapped[date]
    stage: Mapped[int | None]
