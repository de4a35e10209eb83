"""Private answers as records: paid for first, then computed, and shown when their time has come."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from readingroom.core.datasets import TWIN, is_twin
from readingroom.core.lifecycle import AnswerStatus
from readingroom.core.privacy.ledger import Cost

DRY_RUN = ("Synthetic, not an answer: this comes from made-up people, with the noise that the answer would have. It "
           "cost nothing, says nothing about the data, and cannot leave.")


@dataclass(frozen=True)
class PrivateAnswer:
    """`answered_at` is when it was settled; nobody sees more than "being computed" before `deliver_at`."""

    id: int
    project: str
    dataset: str
    version: str
    query: dict[str, Any]
    asked_by: str
    asked_at: datetime
    deliver_at: datetime
    cost: Cost
    status: AnswerStatus
    answer: dict[str, Any] | None
    answered_at: datetime | None

    @property
    def cost_micro_rho(self) -> int:
        return self.cost.micro_rho

    @property
    def dry_run(self) -> bool:
        """Of the dataset's synthetic twin: free, and no answer."""
        return is_twin(self.dataset)

    @property
    def waiting(self) -> bool:
        return self.status in (AnswerStatus.RESERVED, AnswerStatus.COMPUTING)

    def as_seen_at(self, now: datetime) -> PrivateAnswer:
        """What people may know of it now: how long a computation took could tell of the data.

        A refund is told at once, since nothing was computed.
        """
        if self.waiting or self.status is AnswerStatus.REFUNDED:
            return replace(self, status=AnswerStatus.RESERVED) if self.waiting else self
        if now >= self.deliver_at:
            return self
        return replace(self, status=AnswerStatus.RESERVED, answer=None, answered_at=None)


def delivery_time(asked_at: datetime, slot_seconds: float) -> datetime:
    """The first multiple of `slot_seconds` (since 1970) that leaves at least one whole slot for computing.

    Source: Wei et al., "Timing side channels in differentially private systems", arXiv 2112.05307 (2021): the time
    of an answer must not follow the data or the noise.
    Example: slots of 60 s, asked at 12:00:10: at 12:02:00.
    """
    slots = math.floor(asked_at.timestamp() / slot_seconds) + 2
    return datetime.fromtimestamp(slots * slot_seconds, UTC)


def labelled_dry_run(result: Mapping[str, Any]) -> dict[str, Any]:
    """What was computed from a synthetic twin, with nothing in it that could be read as a promise or be cited."""
    asked = {**result["query"], "dataset": str(result["query"]["dataset"]).removesuffix(TWIN)}
    return {**result, "dry_run": True, "query": asked, "statement": f"{DRY_RUN} {result['leaves_out']}",
            "guarantee": "", "citation": "Not to be cited: a dry run on made-up people.", "rho_micro": 0,
            "femto_delta": 0}
