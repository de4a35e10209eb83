"""Workspaces: openings, turns, probes of their walls, incidents, bytes shown, and packages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from readingroom.db.tables.base import Base, together


class WorkspaceRow(Base):
    """One opening of a workspace. At most one is open per person and project."""

    __tablename__ = "workspace"
    __table_args__ = (
        Index("workspace_open_once", "username", "project", unique=True,
              sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"))
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"))
    container: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str] = mapped_column(Text, default="")
    demand: Mapped[dict[str, Any] | None]
    proof: Mapped[dict[str, Any] | None]
    used_at: Mapped[datetime | None]


class TurnRow(Base):
    """A workspace's claim on the machine's memory: waiting in the order of `id` until `admitted_at` is set."""

    __tablename__ = "workspace_turn"
    __table_args__ = (UniqueConstraint("username", "project"), CheckConstraint("memory_bytes > 0", name="turn_memory"))

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"))
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"))
    memory_bytes: Mapped[int] = mapped_column(BigInteger)
    asked_at: Mapped[datetime]
    admitted_at: Mapped[datetime | None]


class ProbeRow(Base):
    """One run of the canary: what it tried from inside, and whether every wall held."""

    __tablename__ = "wall_probe"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    held: Mapped[bool]
    findings: Mapped[list[Any]]


class IncidentRow(Base):
    """A wall that did not hold: what was found, where, and which workspace it closed."""

    __tablename__ = "incident"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    rule: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    project: Mapped[str] = mapped_column(index=True)
    opening: Mapped[int | None] = mapped_column(ForeignKey("workspace.id"), index=True)
    message: Mapped[str] = mapped_column(Text)
    detail: Mapped[list[Any]]


class ShownHourRow(Base):
    """Bytes that the door let through towards one person of one project in the hour that begins at `hour`."""

    __tablename__ = "shown_hour"
    __table_args__ = (CheckConstraint("bytes >= 0", name="shown_bytes"),)

    username: Mapped[str] = mapped_column(ForeignKey("person.username"), primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    logged: Mapped[bool]


class DoorCounterRow(Base):
    """The door's counter as last read, so that what it grew by is counted once; and when an alert was last raised."""

    __tablename__ = "door_counter"

    username: Mapped[str] = mapped_column(ForeignKey("person.username"), primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), primary_key=True)
    boot: Mapped[str]
    counter: Mapped[int] = mapped_column(BigInteger)
    alerted_at: Mapped[datetime | None]


class PackageRow(Base):
    """A file that a project may install, by hash."""

    __tablename__ = "package"

    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    ecosystem: Mapped[str]
    name: Mapped[str]
    version: Mapped[str]
    filename: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    index: Mapped[str] = mapped_column(Text)
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class PackageRequestRow(Base):
    """A member's wish for a package, and the answer."""

    __tablename__ = "package_request"
    __table_args__ = (together("package_request_decided", "decided_by", "decided_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"))
    ecosystem: Mapped[str]
    name: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str] = mapped_column(Text)
