"""What released files show, and what was found to resemble them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from readingroom.core.lifecycle import RequestStatus
from readingroom.core.resemblance import Difference, Resemblance, Shown
from readingroom.db.tables import FileRow, MemoryRow, RequestRow, ResemblanceRow


class Memory:
    def __init__(self, session: Session) -> None:
        self._session = session

    def forgotten(self) -> tuple[int, ...]:
        """Released requests of which nothing is remembered yet."""
        known = select(MemoryRow.request)
        return tuple(self._session.scalars(
            select(RequestRow.number).where(RequestRow.status == RequestStatus.RELEASED.value,
                                            RequestRow.number.not_in(known)).order_by(RequestRow.number)))

    def remember(self, request: int, file_id: int, datasets: Iterable[str], shown: Shown | None) -> None:
        """Once; a file that shows no numbers is remembered as such. Of no dataset: under an empty name."""
        content = {} if shown is None else shown.as_dict()
        for dataset in datasets:
            if self._session.get(MemoryRow, (file_id, dataset)) is None:
                self._session.add(MemoryRow(file_id=file_id, dataset=dataset, request=request, shown=content))
        self._session.flush()

    def of_datasets(self, datasets: Collection[str]) -> tuple[tuple[int, int, str, Shown], ...]:
        """Request, id and name of each file released from one of these, with what it shows; oldest first."""
        rows = self._session.execute(
            select(MemoryRow.request, MemoryRow.file_id, FileRow.name, MemoryRow.shown)
            .join(FileRow, FileRow.id == MemoryRow.file_id).where(MemoryRow.dataset.in_(datasets))
            .order_by(MemoryRow.file_id))
        found = {file_id: (request, file_id, name, Shown.from_dict(shown))
                 for request, file_id, name, shown in rows if shown}
        return tuple(found.values())

    def evidence_of(self, datasets: Collection[str], but: int, most: int) -> tuple[dict[str, object], ...]:
        """The evidence of files released from one of these, newest first; of other requests than `but`."""
        known = select(MemoryRow.file_id).where(MemoryRow.dataset.in_(datasets), MemoryRow.request != but)
        rows = self._session.scalars(
            select(FileRow.evidence).where(FileRow.id.in_(known), FileRow.evidence.is_not(None))
            .order_by(FileRow.id.desc()).limit(most))
        return tuple(evidence for evidence in rows if evidence)

    def set_resemblances(self, file_id: int, found: Sequence[Resemblance]) -> None:
        content = [_as_dict(one) for one in found]
        row = self._session.get(ResemblanceRow, file_id)
        if row is None:
            self._session.add(ResemblanceRow(file_id=file_id, found=content))
        else:
            row.found = content

    def resemblances(self, file_ids: Collection[int]) -> dict[int, tuple[Resemblance, ...]]:
        """Of those files that were compared."""
        rows = self._session.scalars(select(ResemblanceRow).where(ResemblanceRow.file_id.in_(file_ids)))
        return {row.file_id: tuple(_from_dict(one) for one in row.found) for row in rows}


def _as_dict(one: Resemblance) -> dict[str, Any]:
    return {"request": one.request, "file": one.file, "file_id": one.file_id, "statistic": one.statistic,
            "shared": one.shared, "equal": one.equal, "numbers": one.numbers,
            "looks": one.looks, "counts": one.counts,
            "differences": [[each.row, each.column, each.before, each.now, each.few] for each in one.differences]}


def _from_dict(found: dict[str, Any]) -> Resemblance:
    return Resemblance(**{**found, "differences": tuple(Difference(*one) for one in found["differences"])})
