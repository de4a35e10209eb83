"""Training of checkers: apart from requests, with no key into them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from readingroom.db.tables.base import Base

ANSWERED = "(answered_at IS NULL) = (decisions IS NULL)"


class TrainingRow(Base):
    """One person's turn at one set; both null until it was answered."""

    __tablename__ = "training_session"
    __table_args__ = (CheckConstraint(ANSWERED, name="training_answered"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.username"), index=True)
    edition: Mapped[int]
    number: Mapped[int]
    begun_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    decisions: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
