"""Whether a checker opened all of a file that they approve: a long one is shown in parts, and each is on the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from readingroom.core.inspection.preview import preview
from readingroom.core.inspection.recognise import IMAGES
from readingroom.core.requests import AirlockRequest, Assurance, Decision, OutputFile, Vote
from readingroom.errors import InvalidInput
from readingroom.services.room import ReadingRoom

MADE_HERE = frozenset({Assurance.PRIVATE})
"""Files of which the platform chose every word. In a verified table the names of merged categories are people's."""
ONE_PART_BYTES = 400
"""No file so small has more than one part: each row or line takes at least two bytes."""


def check(room: ReadingRoom, tx: Any, request: AirlockRequest, checker: str, votes: Sequence[Vote]) -> None:
    """Refuse to approve a file of several parts before each was opened by this checker, as the log says."""
    approved = {vote.file_id for vote in votes if vote.decision is Decision.APPROVE}
    for file in request.files:
        parts = _parts(room, file) if file.id in approved else 1
        if parts == 1:
            continue
        opened = {event.detail.get("part", 1) for event in tx.events.of_subject(f"request:{request.number}")
                  if (event.actor, event.action, event.detail.get("sha256")) == (checker, "file.viewed", file.sha256)}
        missing = [part for part in range(2, parts + 1) if part not in opened]
        if missing:
            which = f"part {missing[0]}" if len(missing) == 1 else f"{len(missing)} parts, the first of them part " \
                    f"{missing[0]},"
            raise InvalidInput(f"{file.name} is shown in {parts} parts and you have not opened {which} yet.",
                               rule="review.unopened", value=file.name,
                               next_step="Open every part from the file's sheet, or ask for a shorter file.")


def _parts(room: ReadingRoom, file: OutputFile) -> int:
    if file.size_bytes <= ONE_PART_BYTES or file.assurance in MADE_HERE or file.output_type in IMAGES:
        return 1
    return preview(file.name, room.blobs.get(file.sha256)).parts
