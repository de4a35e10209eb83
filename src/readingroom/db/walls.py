"""The canary's runs, and incidents."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from readingroom.core.walls import Finding, Incident, Probe
from readingroom.db.tables import IncidentRow, ProbeRow

PROBES_KEPT = 200


class Walls:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add_probe(self, probe: Probe) -> None:
        """Keep it, and forget the oldest ones: what matters of them is on the log."""
        row = ProbeRow(at=probe.at, held=probe.held, findings=[asdict(finding) for finding in probe.findings])
        self._session.add(row)
        self._session.flush()
        self._session.execute(delete(ProbeRow).where(ProbeRow.id <= row.id - PROBES_KEPT))

    def last_probe(self) -> Probe | None:
        row = self._session.scalars(select(ProbeRow).order_by(ProbeRow.id.desc()).limit(1)).first()
        if row is None:
            return None
        return Probe(row.at, row.held, tuple(Finding(**finding) for finding in row.findings))

    def add_incident(self, at: datetime, rule: str, subject: str, message: str, detail: tuple[str, ...],
                     project: str = "", opening: int | None = None) -> Incident:
        row = IncidentRow(at=at, rule=rule, subject=subject, project=project, opening=opening, message=message,
                          detail=list(detail))
        self._session.add(row)
        self._session.flush()
        return _incident(row)

    def incident_of_opening(self, opening: int) -> Incident | None:
        row = self._session.scalars(
            select(IncidentRow).where(IncidentRow.opening == opening).order_by(IncidentRow.id)).first()
        return None if row is None else _incident(row)

    def incidents(self, limit: int = 50) -> tuple[Incident, ...]:
        """The newest first."""
        return tuple(_incident(row) for row in self._session.scalars(
            select(IncidentRow).order_by(IncidentRow.id.desc()).limit(limit)))


def _incident(row: IncidentRow) -> Incident:
    return Incident(row.id, row.at, row.rule, row.subject, row.project, row.opening, row.message, tuple(row.detail))
