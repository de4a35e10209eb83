"""Requests to leave and to come in: files, reviews, sign-offs, releases, recalls, and what earlier releases held."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.requests import FileKind
from readingroom.db.tables.base import Base, together

FINAL = ", ".join(f"'{status.value}'" for status in (
    RequestStatus.RELEASED, RequestStatus.DELIVERED, RequestStatus.REJECTED, RequestStatus.WITHDRAWN))


ACTIVE = f"status NOT IN ({FINAL}) AND private_answer IS NULL"
FROZEN = "(status = 'frozen') = (thaws_to IS NOT NULL)"
STANDING = "status NOT IN ('rejected', 'withdrawn')"


class RequestRow(Base):
    """At most one request that is not final per author, project and direction, releases of private answers aside.

    Of each private answer there is at most one.
    """

    __tablename__ = "egress_request"
    __table_args__ = (
        Index("request_active_once", "author", "project", "direction", unique=True, sqlite_where=text(ACTIVE),
              postgresql_where=text(ACTIVE)),
        Index("private_answer_released_once", "private_answer", unique=True, sqlite_where=text(STANDING),
              postgresql_where=text(STANDING)),
        CheckConstraint(FROZEN, name="request_frozen"),
        Index("request_of_author", "author", "direction"),
    )

    number: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    author: Mapped[str] = mapped_column(ForeignKey("person.username"))
    title: Mapped[str]
    purpose: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(index=True)
    round: Mapped[int]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    checkers_required: Mapped[int]
    verified_checkers: Mapped[int | None]
    outcome_comment: Mapped[str] = mapped_column(Text, default="")
    private_answer: Mapped[int | None] = mapped_column(ForeignKey("private_answer.id"))
    sign_off_by: Mapped[list[Any]] = mapped_column(default=list)
    thaws_to: Mapped[str | None]
    direction: Mapped[str] = mapped_column(default=Direction.OUT.value)
    sent_as: Mapped[str | None] = mapped_column(String(64))

    files: Mapped[list[FileRow]] = relationship(order_by="FileRow.id")
    reviews: Mapped[list[ReviewRow]] = relationship(order_by="ReviewRow.id")
    sign_offs: Mapped[list[SignOffRow]] = relationship(order_by="SignOffRow.signed_at")


class SignOffRow(Base):
    """A custodian's sign-off of one round. `void` is the rule by which it counts no more, else "".

    Given again, it takes its place.
    """

    __tablename__ = "sign_off"

    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    custodian: Mapped[str] = mapped_column(ForeignKey("person.username"), primary_key=True)
    signed_at: Mapped[datetime]
    comment: Mapped[str] = mapped_column(Text, default="")
    void: Mapped[str] = mapped_column(default="")


class GroupRow(Base):
    """What was said of files together, in one round. Rows are added, never changed."""

    __tablename__ = "output_group"
    __table_args__ = (UniqueConstraint("request", "round", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), index=True)
    round: Mapped[int]
    name: Mapped[str]
    context: Mapped[str] = mapped_column(Text)
    controls: Mapped[str] = mapped_column(Text)


class FileRow(Base):
    __tablename__ = "output_file"
    __table_args__ = (UniqueConstraint("request", "round", "name"),
                      together("output_file_origin", "source", "licence"))

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), index=True)
    round: Mapped[int]
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    output_type: Mapped[str]
    assurance: Mapped[str]
    context: Mapped[str] = mapped_column(Text)
    controls: Mapped[str] = mapped_column(Text)
    evidence: Mapped[dict[str, Any] | None]
    verdict: Mapped[int | None]
    findings: Mapped[list[Any]] = mapped_column(default=list)
    kind: Mapped[str] = mapped_column(default=FileKind.OUTPUT.value)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("output_group.id"))
    source: Mapped[str | None] = mapped_column(Text)
    licence: Mapped[str | None] = mapped_column(Text)
    recomputed: Mapped[dict[str, Any] | None]

    group: Mapped[GroupRow | None] = relationship()


class ReviewRow(Base):
    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("request", "round", "checker"),
                      Index("review_of_checker", "checker", "submitted_at", "request"))

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), index=True)
    round: Mapped[int]
    checker: Mapped[str] = mapped_column(ForeignKey("person.username"))
    submitted_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
    void: Mapped[str] = mapped_column(default="")

    votes: Mapped[list[VoteRow]] = relationship(order_by="VoteRow.file_id", cascade="all, delete-orphan")


class VoteRow(Base):
    __tablename__ = "vote"

    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("output_file.id"), primary_key=True)
    decision: Mapped[str]
    comment: Mapped[str] = mapped_column(Text, default="")


class CommentRow(Base):
    """A checker's comment on a place in a file, and what stood there. Rows are added; one taken back is kept."""

    __tablename__ = "output_comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), index=True)
    round: Mapped[int]
    file_id: Mapped[int] = mapped_column(ForeignKey("output_file.id"))
    checker: Mapped[str] = mapped_column(ForeignKey("person.username"))
    written_at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)
    audience: Mapped[str]
    place: Mapped[str] = mapped_column(String(20))
    row_label: Mapped[str] = mapped_column(Text)
    column_name: Mapped[str] = mapped_column(Text)
    quote: Mapped[str] = mapped_column(Text)
    taken_back: Mapped[bool] = mapped_column(default=False)


class ReleaseRow(Base):
    """The package that left: its name and the hash of its bytes in the blob store."""

    __tablename__ = "release"

    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), primary_key=True)
    filename: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]


class DeliveryRow(Base):
    """What was brought in was put into its project's folder."""

    __tablename__ = "delivery"

    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), primary_key=True)
    delivered_at: Mapped[datetime]


class DownloadRow(Base):
    """One handing over of a release. Rows are added, never changed."""

    __tablename__ = "release_download"

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[int] = mapped_column(ForeignKey("release.request"), index=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.username"))
    at: Mapped[datetime]
    sha256: Mapped[str] = mapped_column(String(64))


class RecallRow(Base):
    """A release taken back; `rechecks` stays null until what was released since has been checked again."""

    __tablename__ = "recall"

    request: Mapped[int] = mapped_column(ForeignKey("release.request"), primary_key=True)
    recalled_by: Mapped[str] = mapped_column(ForeignKey("person.username"))
    recalled_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    incident: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    rechecks: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))


class MemoryRow(Base):
    """What a released file shows, once for each dataset of its project: what later outputs are compared with."""

    __tablename__ = "release_memory"

    file_id: Mapped[int] = mapped_column(ForeignKey("output_file.id"), primary_key=True)
    dataset: Mapped[str] = mapped_column(primary_key=True, index=True)
    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), index=True)
    shown: Mapped[dict[str, Any]]


class ResemblanceRow(Base):
    """Which released files an output resembles, as found when it was checked."""

    __tablename__ = "resemblance"

    file_id: Mapped[int] = mapped_column(ForeignKey("output_file.id"), primary_key=True)
    found: Mapped[list[Any]]
