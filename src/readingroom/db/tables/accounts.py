"""Privacy accounts and the answers paid from them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from readingroom.db.tables.base import Base


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
