"""Reading and proving the audit log."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from readingroom.core.audit import (
    Checkpoint,
    Event,
    Verification,
    faults_of_chain,
    faults_of_checkpoints,
    is_signed,
    sign_checkpoint,
    signed,
)
from readingroom.core.permissions import check_can_read_audit
from readingroom.durable import write_whole
from readingroom.errors import IntegrityError
from readingroom.services.room import ReadingRoom
from readingroom.services.workshop import Workshop

log = logging.getLogger(__name__)
TAIL_BYTES = 4096
"""Of the file of checkpoints: more than its last line and one that a crash tore."""
MOST_FAULTS = 20
"""Faults that a verification names; the command names all."""


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


@dataclass(frozen=True)
class Standing:
    """Whether the log holds, as far as this machine can tell.

    `whole`: when all of it was verified last; None: just now. Since then it was followed up whenever its head was
    witnessed, the last time at event `witnessed` (0: never), and just now to the last of `events`.
    """

    events: int
    witnessed: int
    whole: Verification | None
    faults: tuple[str, ...]


def read_checkpoints(file: Path) -> tuple[Checkpoint, ...]:
    """The checkpoints in a file, oldest first. A last line torn by a crash is left out.

    IntegrityError if they are unreadable.
    """
    return _parsed(file, file.read_bytes().split(b"\n")[:-1]) if file.exists() else ()


def last_checkpoint(file: Path) -> Checkpoint | None:
    """The newest of them, however many there are."""
    if not file.exists():
        return None
    with file.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - TAIL_BYTES))
        whole_lines = stream.read().split(b"\n")[:-1]
    return next(iter(_parsed(file, whole_lines[-1:])), None)


def _parsed(file: Path, lines: Iterable[bytes]) -> tuple[Checkpoint, ...]:
    try:
        return tuple(Checkpoint(**json.loads(line)) for line in lines if line)
    except (ValueError, TypeError) as error:
        raise IntegrityError(f"{file} is not a list of checkpoints: {error}.", rule="audit.checkpoints",
                             next_step="Verify with a copy that a custodian kept.") from error


def faults(room: ReadingRoom, checkpoints: tuple[Checkpoint, ...], key: Ed25519PublicKey) -> tuple[int, list[str]]:
    """How many events there are, and everything wrong with them; an empty list means the log holds."""
    places, witnessed, count, last = {one.seq for one in checkpoints}, [], 0, None

    def noted(events: Iterable[Event]) -> Iterator[Event]:
        nonlocal count, last
        for event in events:
            count, last = count + 1, event
            if event.seq in places:
                witnessed.append(event)
            yield event

    with room.store.reading() as tx:
        found = faults_of_chain(noted(tx.events.all()))
    return count, found + faults_of_checkpoints([*witnessed, *([last] if last else [])], checkpoints, key)


def _faults_since(tx: Any, known: Checkpoint, key: Ed25519PublicKey) -> tuple[Event | None, list[str]]:
    """The last event, and what is wrong with the witnessed one and with all that came after it."""
    head: Event | None = tx.events.head()
    events = list(tx.events.all(since=known.seq))
    found = faults_of_checkpoints([*events[:1], *([head] if head else [])], [known], key)
    return head, found + (faults_of_chain(events[1:], after=events[0]) if events else [])


def standing(room: ReadingRoom, key: Ed25519PublicKey) -> Standing:
    """Whether the log holds: what was found when all of it was verified last, and what came since the last witness.

    It is all verified now where either is missing, or not signed by this installation.
    """
    known, whole = last_checkpoint(room.settings.checkpoints_file), read_verification(room, key)
    if known is None or whole is None:
        count, found = faults(room, read_checkpoints(room.settings.checkpoints_file), key)
        return Standing(count, known.seq if known else 0, None, tuple(found))
    with room.store.reading() as tx:
        head, new = _faults_since(tx, known, key)
    return Standing(head.seq if head else 0, known.seq, whole, (*whole.faults, *new))


def read_verification(room: ReadingRoom, key: Ed25519PublicKey) -> Verification | None:
    """What was found when the whole log was verified last; None if that is not told by this installation."""
    try:
        told = json.loads(room.settings.verification_file.read_bytes())
        found = Verification(**told | {"faults": tuple(told["faults"])})
        return found if is_signed(found, key) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def verify_daily(workshop: Workshop) -> Verification | None:
    """Verify the whole log and keep what was found; None if that was done less than a day ago."""
    key, now = workshop.audit_key.public_key(), workshop.now()
    before = read_verification(workshop, key)
    if before is not None and now - datetime.fromisoformat(before.at) < timedelta(days=1):
        return None
    count, found = faults(workshop, read_checkpoints(workshop.settings.checkpoints_file), key)
    made = signed(Verification(count, now.isoformat(timespec="microseconds"), tuple(found[:MOST_FAULTS]), ""),
                  workshop.audit_key)
    file = workshop.settings.verification_file
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(file, json.dumps(asdict(made)).encode())
    if found:
        log.error("the audit log does not hold: %s", "; ".join(found[:MOST_FAULTS]))
    return made


def checkpoint(workshop: Workshop) -> Checkpoint | None:
    """Witness the head of the chain, if it moved since the last time; None if it did not.

    IntegrityError if what came since the last witness does not follow from it: that is nothing to be a witness of.
    """
    file, key = workshop.settings.checkpoints_file, workshop.audit_key
    known = last_checkpoint(file)
    with workshop.store.reading() as tx:
        head, found = _faults_since(tx, known, key.public_key()) if known else (tx.events.head(), [])
    if found:
        raise IntegrityError(f"The audit log does not hold: {found[0]}.", rule="audit.chain", value=len(found),
                             next_step="Stop, keep this machine as it is, and compare with a custodian's checkpoints.")
    if head is None or (known and known.seq == head.seq):
        return None
    made = sign_checkpoint(head, workshop.now().isoformat(timespec="microseconds"), key)
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
