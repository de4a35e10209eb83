"""Reading and proving the audit log."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from readingroom.core.audit import (
    Checkpoint,
    Event,
    faults_of_chain,
    faults_of_checkpoints,
    sign_checkpoint,
)
from readingroom.core.permissions import check_can_read_audit
from readingroom.errors import IntegrityError
from readingroom.services.room import ReadingRoom
from readingroom.services.workshop import Workshop


def story(room: ReadingRoom, viewer: str, subject: str) -> tuple[Event, ...]:
    """Everything that happened to one subject (`request:3`, `grant:1`, `person:ada`), oldest first."""
    with room.store.reading() as tx:
        check_can_read_audit(tx.people.get(viewer))
        events: tuple[Event, ...] = tx.events.of_subject(subject)
        return events


def latest(room: ReadingRoom, viewer: str, count: int = 50, before: int | None = None) -> tuple[Event, ...]:
    """The newest events, newest first."""
    with room.store.reading() as tx:
        check_can_read_audit(tx.people.get(viewer))
        events: tuple[Event, ...] = tx.events.latest(count, before)
        return events


def read_checkpoints(file: Path) -> tuple[Checkpoint, ...]:
    """The checkpoints in a file, oldest first. A last line torn by a crash is left out.

    IntegrityError if they are unreadable.
    """
    if not file.exists():
        return ()
    lines = file.read_text().split("\n")
    try:
        return tuple(Checkpoint(**json.loads(line)) for line in lines[:-1] if line)
    except (ValueError, TypeError) as error:
        raise IntegrityError(f"{file} is not a list of checkpoints: {error}.", rule="audit.checkpoints",
                             next_step="Verify with a copy that a custodian kept.") from error


def faults(room: ReadingRoom, checkpoints: tuple[Checkpoint, ...], key: Ed25519PublicKey) -> tuple[int, list[str]]:
    """How many events there are, and everything wrong with them; an empty list means the log holds."""
    with room.store.reading() as tx:
        events = list(tx.events.all())
    return len(events), faults_of_chain(events) + faults_of_checkpoints(events, checkpoints, key)


def checkpoint(workshop: Workshop) -> Checkpoint | None:
    """Witness the head of the chain, if it moved since the last time; None if it did not."""
    with workshop.store.reading() as tx:
        head = tx.events.head()
    file = workshop.settings.checkpoints_file
    known = read_checkpoints(file)
    if head is None or (known and known[-1].seq == head.seq):
        return None
    made = sign_checkpoint(head, workshop.now().isoformat(timespec="microseconds"), workshop.audit_key)
    _append(file, json.dumps(asdict(made), sort_keys=True))
    return made


def _append(file: Path, line: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    whole = file.read_bytes().rpartition(b"\n")[0:2] if file.exists() else (b"", b"")
    with file.open("r+b" if file.exists() else "wb") as stream:
        stream.seek(sum(map(len, whole)))  # a line torn by a crash is written over
        stream.truncate()
        stream.write(line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
