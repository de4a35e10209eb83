"""The records, as tables. What must never happen is a constraint, not a convention.

Times are UTC text in ISO 8601 so that SQLite and PostgreSQL order and compare them alike.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from readingroom.core.lifecycle import RequestStatus


class UtcText(TypeDecorator[datetime]):
    """An aware UTC datetime stored as ISO 8601 text."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Base(DeclarativeBase):
    type_annotation_map = {datetime: UtcText, dict[str, Any]: JSON, list[Any]: JSON, date: Date}  # noqa: RUF012


def together(name: str, one: str, other: str) -> CheckConstraint:
    """Who and when: both set or both null."""
    return CheckConstraint(f"({one} IS NULL) = ({other} IS NULL)", name=name)


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

    qualifications: Mapped[list[QualificationRow]] = relationship(lazy="selectin", order_by="QualificationRow.id")
    signatures: Mapped[list[SignatureRow]] = relationship(lazy="selectin", order_by="SignatureRow.id")


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

    memberships: Mapped[list[MembershipRow]] = relationship(lazy="selectin")


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


FINAL = ", ".join(f"'{status.value}'" for status in (
    RequestStatus.RELEASED, RequestStatus.REJECTED, RequestStatus.WITHDRAWN))


ACTIVE = f"status NOT IN ({FINAL}) AND private_answer IS NULL"
FROZEN = "(status = 'frozen') = (thaws_to IS NOT NULL)"
STANDING = "status NOT IN ('rejected', 'withdrawn')"


class RequestRow(Base):
    """At most one request that is not final per author and project, releases of private answers aside.

    Of each private answer there is at most one.
    """

    __tablename__ = "egress_request"
    __table_args__ = (
        Index("request_active_once", "author", "project", unique=True, sqlite_where=text(ACTIVE),
              postgresql_where=text(ACTIVE)),
        Index("private_answer_released_once", "private_answer", unique=True, sqlite_where=text(STANDING),
              postgresql_where=text(STANDING)),
        CheckConstraint(FROZEN, name="request_frozen"),
    )

    number: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    author: Mapped[str] = mapped_column(ForeignKey("person.username"), index=True)
    title: Mapped[str]
    purpose: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(index=True)
    round: Mapped[int]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    checkers_required: Mapped[int]
    outcome_comment: Mapped[str] = mapped_column(Text, default="")
    private_answer: Mapped[int | None] = mapped_column(ForeignKey("private_answer.id"))
    sign_off_by: Mapped[list[Any]] = mapped_column(default=list)
    thaws_to: Mapped[str | None]

    files: Mapped[list[FileRow]] = relationship(lazy="selectin", order_by="FileRow.id")
    reviews: Mapped[list[ReviewRow]] = relationship(lazy="selectin", order_by="ReviewRow.id")
    sign_offs: Mapped[list[SignOffRow]] = relationship(lazy="selectin", order_by="SignOffRow.signed_at")


class SignOffRow(Base):
    """A custodian's sign-off of one round, once. Rows are added, never changed."""

    __tablename__ = "sign_off"

    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    custodian: Mapped[str] = mapped_column(ForeignKey("person.username"), primary_key=True)
    signed_at: Mapped[datetime]
    comment: Mapped[str] = mapped_column(Text, default="")


class FileRow(Base):
    __tablename__ = "output_file"
    __table_args__ = (UniqueConstraint("request", "round", "name"),)

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


class ReviewRow(Base):
    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("request", "round", "checker"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), index=True)
    round: Mapped[int]
    checker: Mapped[str] = mapped_column(ForeignKey("person.username"))
    submitted_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")

    votes: Mapped[list[VoteRow]] = relationship(
        lazy="selectin", order_by="VoteRow.file_id", cascade="all, delete-orphan")


class VoteRow(Base):
    __tablename__ = "vote"

    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("output_file.id"), primary_key=True)
    decision: Mapped[str]
    comment: Mapped[str] = mapped_column(Text, default="")


class ReleaseRow(Base):
    """The package that left: its name and the hash of its bytes in the blob store."""

    __tablename__ = "release"

    request: Mapped[int] = mapped_column(ForeignKey("egress_request.number"), primary_key=True)
    filename: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]


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


class AccountRow(Base):
    """Privacy loss spent. `project` is empty for the account of the dataset as a whole, all versions together."""

    __tablename__ = "privacy_account"
    __table_args__ = (CheckConstraint("spent_micro_rho >= 0", name="account_spent"),
                      CheckConstraint("spent_femto_delta >= 0", name="account_spent_delta"))

    dataset: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(primary_key=True)
    spent_micro_rho: Mapped[int] = mapped_column(default=0)
    spent_femto_delta: Mapped[int] = mapped_column(BigInteger, default=0)


class AnswerRow(Base):
    """A private answer: paid for, then computed. The same `key` is never paid for twice, unless it was refunded."""

    __tablename__ = "private_answer"
    __table_args__ = (
        Index("private_answer_paid_once", "key", unique=True,
              sqlite_where=text("status <> 'refunded'"), postgresql_where=text("status <> 'refunded'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    project: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    dataset: Mapped[str]
    version: Mapped[str]
    query: Mapped[dict[str, Any]]
    asked_by: Mapped[str] = mapped_column(ForeignKey("person.username"))
    asked_at: Mapped[datetime]
    deliver_at: Mapped[datetime]
    cost_micro_rho: Mapped[int]
    cost_femto_delta: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[str] = mapped_column(index=True)
    answer: Mapped[dict[str, Any] | None]
    answered_at: Mapped[datetime | None]


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


class EventRow(Base):
    """The audit log: append-only, no foreign keys, written in the transaction it describes."""

    __tablename__ = "audit_event"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    project: Mapped[str] = mapped_column(index=True)
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
