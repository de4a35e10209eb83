"""What is known of the walls: the last proof of a workspace, the canary's last run, and incidents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from readingroom.core.proof import Drift, fingerprint

HEARTBEAT = timedelta(hours=1)


@dataclass(frozen=True)
class Proof:
    """One comparison of a running workspace with what was demanded. `facts` is how many were compared."""

    at: datetime
    logged_at: datetime
    fingerprint: str
    facts: int
    drifts: tuple[str, ...]

    @property
    def held(self) -> bool:
        return not self.drifts

    def as_dict(self) -> dict[str, object]:
        return {"at": self.at.isoformat(), "logged_at": self.logged_at.isoformat(), "fingerprint": self.fingerprint,
                "facts": self.facts, "drifts": list(self.drifts)}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Proof:
        return cls(datetime.fromisoformat(found["at"]), datetime.fromisoformat(found["logged_at"]),
                   found["fingerprint"], found["facts"], tuple(found["drifts"]))


def next_proof(before: Proof | None, demanded: Mapping[str, Any], facts: int, drifts: tuple[Drift, ...],
               now: datetime) -> tuple[Proof, bool]:
    """The proof of this moment, and whether it belongs on the log: the first, each change, and one an hour."""
    found = Proof(now, now, fingerprint(demanded), facts, tuple(str(drift) for drift in drifts))
    if before is None or (before.drifts, before.fingerprint) != (found.drifts, found.fingerprint):
        return found, True
    if now - before.logged_at >= HEARTBEAT:
        return found, True
    return Proof(now, before.logged_at, found.fingerprint, facts, found.drifts), False


@dataclass(frozen=True)
class Finding:
    """One wall that the canary tried from inside: whether it held, and what was seen."""

    wall: str
    held: bool
    seen: str


@dataclass(frozen=True)
class Probe:
    """One run of the canary. It held if every wall did; a run without findings did not hold."""

    at: datetime
    held: bool
    findings: tuple[Finding, ...]

    @property
    def fallen(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.held)


@dataclass(frozen=True)
class Incident:
    """A wall that did not hold. `opening` is the workspace it closed, if it was one's."""

    id: int
    at: datetime
    rule: str
    subject: str
    project: str
    opening: int | None
    message: str
    detail: tuple[str, ...]


def stale(probe: Probe, now: datetime, every_seconds: float) -> bool:
    """Whether a run is too old to be believed: three were due since, and at least ten minutes passed."""
    return now - probe.at > max(timedelta(seconds=3 * every_seconds), timedelta(minutes=10))
