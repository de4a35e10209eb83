"""Files as they arrive with a request, and what they become: bytes kept by hash, with what was said of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from readingroom.core import egress
from readingroom.core.groups import check_groups
from readingroom.core.incoming import Described, check_incoming
from readingroom.core.lifecycle import Direction
from readingroom.core.policy import Policy
from readingroom.core.requests import KINDS, AirlockRequest, Assurance, FileKind, Group, Origin, OutputFile
from readingroom.errors import InvalidInput
from readingroom.services.room import ReadingRoom


@dataclass(frozen=True)
class Upload:
    """One file as it arrives: hostile bytes, and what the researcher says of them."""

    name: str
    content: bytes
    context: str = ""
    controls: str = ""
    evidence: dict[str, object] | None = None
    kind: FileKind = FileKind.OUTPUT
    group: str = ""
    source: str = ""
    licence: str = ""


def further_round(room: ReadingRoom, request: AirlockRequest, uploads: Sequence[Upload], groups: Sequence[Group],
                  keep: Sequence[str]) -> tuple[tuple[Upload, ...], tuple[Group, ...]]:
    """What answers a returned round: its files named in `keep`, as they are and in their groups, then those sent.

    What was counted for bytes is true of the same bytes: a file that is sent again without evidence keeps it.
    """
    if unknown := sorted(set(keep) - {file.name for file in request.files}):
        raise InvalidInput(f"Request {request.number} has no file {unknown[0][:100]!r} to keep.", rule="request.keep",
                           value=unknown[0][:100],
                           next_step=f"Its last round has: {', '.join(file.name for file in request.files)}.")
    kept = [file for file in request.files if file.name in keep]
    named = {group.name for group in groups}
    beside = dict.fromkeys(file.group for file in kept if file.group.name and file.group.name not in named)
    files = (*(_as_sent(room, file) for file in kept), *(_with_evidence(request, upload) for upload in uploads))
    return files, (*beside, *groups)


def _as_sent(room: ReadingRoom, file: OutputFile) -> Upload:
    origin = file.origin or Origin("", "")
    return Upload(file.name, room.blobs.get(file.sha256), file.context, file.controls, file.evidence, file.kind,
                  file.group.name, origin.source, origin.licence)


def _with_evidence(request: AirlockRequest, upload: Upload) -> Upload:
    """Of several earlier files with these bytes, the newest of this name counts, else the newest."""
    if upload.evidence is not None or request.direction is Direction.IN:
        return upload
    sha256 = hashlib.sha256(upload.content).hexdigest()
    same = [file for file in (*request.earlier, *request.files) if file.sha256 == sha256 and file.evidence]
    newest = max(same, key=lambda file: (file.name == upload.name, file.round), default=None)
    return upload if newest is None else replace(upload, evidence=newest.evidence)


def _freeze_outputs(room: ReadingRoom, uploads: Sequence[Upload], groups: Sequence[Group],
                    policy: Policy) -> tuple[OutputFile, ...]:
    if wrong := [upload.name for upload in uploads if upload.kind not in KINDS[Direction.OUT]]:
        raise InvalidInput(f"{wrong[0][:100]} is of a kind that does not leave or go with what leaves.",
                           rule="request.kind", value=wrong[0][:100],
                           next_step="Choose output, supporting file or code.")
    described = tuple(Group(group.name, group.context.strip(), group.controls.strip()) for group in groups)
    check_groups(described, [(upload.kind, upload.group) for upload in uploads], policy.max_files or 0)
    named = {"": Group(), **{group.name: group for group in described}}
    egress.check_files([(upload.name, len(upload.content), upload.context.strip() or named[upload.group].context)
                        for upload in uploads], policy)
    return tuple(
        OutputFile(id=0, name=upload.name, sha256=room.blobs.put(upload.content), size_bytes=len(upload.content),
                   output_type="", assurance=Assurance.EVIDENCED if upload.evidence else Assurance.DECLARED,
                   context=upload.context.strip(), controls=upload.controls.strip(), evidence=upload.evidence,
                   kind=upload.kind, group=named[upload.group])
        for upload in uploads)


def _freeze_incoming(room: ReadingRoom, uploads: Sequence[Upload], groups: Sequence[Group],
                     policy: Policy) -> tuple[OutputFile, ...]:
    if groups:
        raise InvalidInput("Files that are brought in have no groups.", rule="incoming.groups", value=len(groups),
                           next_step="Say of each file what it is for.")
    described = [Described(upload.name, upload.content, upload.kind, upload.context.strip(), upload.source.strip(),
                           upload.licence.strip()) for upload in uploads]
    check_incoming(described, policy)
    return tuple(OutputFile(
        id=0, name=one.name, sha256=room.blobs.put(one.content), size_bytes=len(one.content), output_type="",
        assurance=Assurance.DECLARED, context=one.purpose, controls="", kind=one.kind,
        origin=Origin(one.source, one.licence)) for one in described)


FREEZE = {Direction.OUT: _freeze_outputs, Direction.IN: _freeze_incoming}
