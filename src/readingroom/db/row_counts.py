"""Counts of rows, for custodians only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from readingroom.core.simulation import Counted
from readingroom.db.tables import RowCountRow


class RowCounts:
    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, dataset: str, table: str, condition: str) -> None:
        """Have it counted. Asking again changes nothing."""
        key = _key(dataset, table, condition)
        if self._session.get(RowCountRow, key) is None:
            self._session.add(RowCountRow(key=key, dataset=dataset, table_name=table, condition=condition, version=""))
            self._session.flush()

    def of(self, dataset: str, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Counted]:
        """What is known of these (table, condition); what was never asked for is left out."""
        keys = {_key(dataset, table, condition) for table, condition in wanted}
        rows = self._session.scalars(select(RowCountRow).where(RowCountRow.key.in_(sorted(keys))))
        return {(row.table_name, row.condition): _counted(row) for row in rows}

    def all(self) -> tuple[Counted, ...]:
        return tuple(_counted(row) for row in self._session.scalars(select(RowCountRow).order_by(RowCountRow.key)))

    def save(self, counted: Counted, at: datetime) -> None:
        row = self._session.get_one(RowCountRow, _key(counted.dataset, counted.table, counted.condition))
        row.version, row.rows, row.counted_at = counted.version, counted.rows, at


def _key(dataset: str, table: str, condition: str) -> str:
    return hashlib.sha256(json.dumps([dataset, table, condition]).encode()).hexdigest()


def _counted(row: RowCountRow) -> Counted:
    return Counted(row.dataset, row.table_name, row.condition, row.version, row.rows)
