"""Private answers as records: paid for first, then answered or failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

RESERVED, ANSWERED, FAILED = "reserved", "answered", "failed"


@dataclass(frozen=True)
class PrivateAnswer:
    """`status` is reserved (paid, being computed), answered or failed (paid, nothing was learned)."""

    id: int
    project: str
    dataset: str
    version: str
    query: dict[str, Any]
    asked_by: str
    asked_at: datetime
    cost_micro_rho: int
    status: str
    answer: dict[str, Any] | None
    answered_at: datetime | None
