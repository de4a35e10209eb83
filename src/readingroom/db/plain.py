"""Reading columns past the mapper: for what every page and every access decision asks, where it took half the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Select
from sqlalchemy.orm import Session


def plain(session: Session, statement: Select[Any], values: Mapping[str, Any] | None = None) -> CursorResult[Any]:
    """The rows of a statement over tables (not mapped classes), with what the session holds unsaved written first."""
    session.flush()
    return session.connection().execute(statement, values)
