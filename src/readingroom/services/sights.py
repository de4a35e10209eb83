"""What is to be seen of the files of a request: their frozen bytes, and those of the round before."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.requests import AirlockRequest, OutputFile
from readingroom.services.room import ReadingRoom


@dataclass(frozen=True)
class Sight:
    """The frozen bytes of one file, and of the file of its name in the newest earlier round that had one."""

    content: bytes
    earlier: OutputFile | None
    earlier_content: bytes


def sights_of(room: ReadingRoom, request: AirlockRequest) -> dict[int, Sight]:
    """By file id. Who asks puts on the log that they are seen."""
    before = {file.name: file for file in sorted(request.earlier, key=lambda file: file.round)}
    return {file.id: Sight(room.blobs.get(file.sha256), earlier := before.get(file.name),
                           room.blobs.get(earlier.sha256) if earlier else b"") for file in request.files}
