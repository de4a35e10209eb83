"""What changed since a duty looked last, so that what is asked all the time is asked about little.

Whatever a duty acts on is on the audit log in the transaction of its change (promise P5), so the log says which
projects have to be looked at. What is not on the log (the day, the versions in the vault, a file that was lost) makes
it look at everything; so does a minute without having done so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

WHOLE_EVERY = timedelta(seconds=60)


@dataclass
class Changes:
    """One duty's memory. `look` says what to look at, `looked` that it was dealt with; what failed comes again."""

    _seq: int = 0
    _besides: object = None
    _whole_at: datetime | None = None
    _pending: tuple[int, object, datetime | None] = field(default=(0, None, None))

    def look(self, tx: Any, now: datetime, besides: object) -> Collection[str] | None:
        """The projects to look at; None for all. `besides` is what else decides: a change of it means all."""
        head = tx.events.head()
        seq = head.seq if head else 0
        whole = (self._whole_at is None or besides != self._besides or seq < self._seq
                 or not timedelta(0) <= now - self._whole_at < WHOLE_EVERY)
        self._pending = (seq, besides, now if whole else self._whole_at)
        return None if whole else () if seq == self._seq else tx.events.projects_since(self._seq)

    def looked(self) -> None:
        self._seq, self._besides, self._whole_at = self._pending
