"""What all tables share: moments stored as text in UTC."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, String
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator


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
