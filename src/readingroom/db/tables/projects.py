"""Projects: members, applications in versions, grants, and the extracts made under them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from readingroom.db.tables.base import Base, together


class ProjectRow(Base):
    __tablename__ = "project"

    slug: Mapped[str] = mapped_column(String(30), primary_key=True)
    title: Mapped[str]
    programme: Mapped[str]
    aim: Mapped[str] = mapped_column(Text)
    public_benefit: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str]
    legal_gateway: Mapped[str]
    status: Mapped[str]
    expires_on: Mapped[date]
    image: Mapped[str] = mapped_column(server_default="notebook")
    tier: Mapped[str] = mapped_column(server_default="standard")
    lead: Mapped[str | None] = mapped_column(ForeignKey("person.username"))
    version: Mapped[int] = mapped_column(server_default="0")

    memberships: Mapped[list[MembershipRow]] = relationship()


class MembershipRow(Base):
    __tablename__ = "membership"

    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"), primary_key=True)


class SectionRow(Base):
    """One section of a project's application as it is being written; `revision` grows with each saving."""

    __tablename__ = "application_section"

    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), primary_key=True)
    section: Mapped[str] = mapped_column(String(60), primary_key=True)
    revision: Mapped[int]
    typed: Mapped[dict[str, Any]]
    saved_by: Mapped[str] = mapped_column(ForeignKey("person.username"))
    saved_at: Mapped[datetime]


class VersionRow(Base):
    """An application as submitted. At most one of a project waits for its answers."""

    __tablename__ = "application_version"
    __table_args__ = (
        together("version_accepted", "accepted_by", "accepted_at"),
        Index("version_waits_once", "project", unique=True, sqlite_where=text("outcome = 'waiting'"),
              postgresql_where=text("outcome = 'waiting'")),
    )

    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    application: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    submitted_by: Mapped[str] = mapped_column(ForeignKey("person.username"))
    submitted_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(index=True)
    settled_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None] = mapped_column(ForeignKey("person.username"))
    accepted_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]


class ApplicationCommentRow(Base):
    """What a decider said of one section of a version; `part` is the dataset of its custodian, empty for the owner."""

    __tablename__ = "application_comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    version: Mapped[int]
    section: Mapped[str] = mapped_column(String(60))
    part: Mapped[str]
    author: Mapped[str] = mapped_column(ForeignKey("person.username"))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


class RemovalRow(Base):
    """A member who left or was removed: no version up to `after_version`, the newest then, brings them back."""

    __tablename__ = "member_removal"

    id: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    username: Mapped[str] = mapped_column(ForeignKey("person.username"))
    removed_by: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    after_version: Mapped[int] = mapped_column(server_default="0")


class AfterReviewRow(Base):
    """The look back at a version that was decided in the urgent lane."""

    __tablename__ = "after_review"
    __table_args__ = (together("after_review_decided", "decided_by", "decided_at"),)

    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime]
    due_on: Mapped[date]
    outcome: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("person.username"))
    decided_at: Mapped[datetime | None]


class RowCountRow(Base):
    """How many rows of a table meet a condition, for its custodian: asked for by the portal, counted by the worker."""

    __tablename__ = "row_count"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    dataset: Mapped[str]
    table_name: Mapped[str]
    condition: Mapped[str] = mapped_column(Text)
    version: Mapped[str]
    rows: Mapped[int | None] = mapped_column(BigInteger)
    counted_at: Mapped[datetime | None]


class GrantRow(Base):
    """At most one grant of a dataset in a project is live, and at most one waits for its custodian."""

    __tablename__ = "dataset_grant"
    __table_args__ = (
        together("grant_decided", "decided_by", "decided_at"),
        CheckConstraint("budget_micro_rho >= 0", name="grant_budget"),
        Index("grant_live_once", "project", "dataset", unique=True,
              sqlite_where=text("status IN ('active', 'suspended')"),
              postgresql_where=text("status IN ('active', 'suspended')")),
        Index("grant_asked_once", "project", "dataset", unique=True,
              sqlite_where=text("status IN ('proposed', 'agreed')"),
              postgresql_where=text("status IN ('proposed', 'agreed')")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    dataset: Mapped[str] = mapped_column(index=True)
    status: Mapped[str]
    columns: Mapped[dict[str, Any]]
    row_filter: Mapped[dict[str, Any]]
    expires_on: Mapped[date]
    budget_micro_rho: Mapped[int]
    conditions: Mapped[str] = mapped_column(Text, default="")
    policy_hash: Mapped[str] = mapped_column(default="")
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("person.username"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(Text, default="")
    rules: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    version: Mapped[int] = mapped_column(server_default="0")


class ExtractRow(Base):
    """At most one extract of a grant and dataset version; `destroyed_at` set means its bytes are gone."""

    __tablename__ = "extract"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("dataset_grant.id"), index=True)
    version: Mapped[str]
    made_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]
