"""The audit chain: each event's hash covers the one before it, and signed checkpoints witness the head.

Editing, deleting or reordering an event breaks the chain; cutting its end off, or rewriting all of it, breaks
the checkpoints, which are kept (and handed out) apart from the database (promise P5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

GENESIS = "0" * 64


@dataclass(frozen=True)
class Event:
    """One line of the log. `subject` is `noun:key`; `detail` is plain JSON and never holds rows or cell values."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    project: str
    detail: dict[str, object]
    previous: str
    hash: str


@dataclass(frozen=True)
class Happening:
    """What an event tells of; who did it, and when, is said once of all that are recorded together."""

    action: str
    subject: str
    project: str
    detail: dict[str, object]


def event_hash(seq: int, at: str, actor: str, action: str, subject: str, project: str,
               detail: dict[str, object], previous: str) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of everything but the hash itself."""
    return hashlib.sha256(rfc8785.dumps({
        "seq": seq, "at": at, "actor": actor, "action": action, "subject": subject,
        "project": project, "detail": detail, "previous": previous,  # type: ignore[dict-item]  # plain JSON
    })).hexdigest()


def following(previous: Event | None, *, at: str, actor: str, action: str, subject: str, project: str,
              detail: dict[str, object]) -> Event:
    """The event that comes after `previous` (None for the first)."""
    seq = previous.seq + 1 if previous else 1
    link = previous.hash if previous else GENESIS
    digest = event_hash(seq, at, actor, action, subject, project, detail, link)
    return Event(seq, at, actor, action, subject, project, detail, link, digest)


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement that the chain's event number `seq` had this hash. Signature is hex Ed25519."""

    seq: int
    hash: str
    at: str
    signature: str

    @property
    def signed_bytes(self) -> bytes:
        return rfc8785.dumps({"seq": self.seq, "hash": self.hash, "at": self.at})


@dataclass(frozen=True)
class Verification:
    """A signed statement that the whole log was verified: how many `events` it had, and what was wrong with them."""

    events: int
    at: str
    faults: tuple[str, ...]
    signature: str

    @property
    def signed_bytes(self) -> bytes:
        return rfc8785.dumps({"events": self.events, "at": self.at, "faults": list(self.faults)})


Statement = TypeVar("Statement", Checkpoint, Verification)


def signed(statement: Statement, key: Ed25519PrivateKey) -> Statement:
    return replace(statement, signature=key.sign(statement.signed_bytes).hex())


def is_signed(statement: Checkpoint | Verification, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(bytes.fromhex(statement.signature), statement.signed_bytes)
    except (InvalidSignature, ValueError):
        return False
    return True


def sign_checkpoint(head: Event, at: str, key: Ed25519PrivateKey) -> Checkpoint:
    return signed(Checkpoint(head.seq, head.hash, at, ""), key)


def faults_of_chain(events: Iterable[Event], after: Event | None = None) -> list[str]:
    """Everything wrong with the chain itself, as sentences naming the event; empty when it holds.

    The events are all there are, or all that came after one that is known to be as it was.
    """
    faults = []
    previous, expected = (after.hash, after.seq + 1) if after else (GENESIS, 1)
    for event in events:
        if event.seq != expected:
            faults.append(f"event {expected} is missing: the next one present is {event.seq}")
            expected = event.seq
        if event.previous != previous:
            faults.append(f"event {event.seq} does not follow from the event before it")
        digest = event_hash(event.seq, event.at, event.actor, event.action, event.subject, event.project,
                            event.detail, event.previous)
        if digest != event.hash:
            faults.append(f"event {event.seq} ({event.action} by {event.actor}) was changed after it was written")
        previous = event.hash
        expected += 1
    return faults


def faults_of_checkpoints(events: Sequence[Event], checkpoints: Iterable[Checkpoint],
                          key: Ed25519PublicKey) -> list[str]:
    """Every checkpoint that is not signed by `key` or that the chain contradicts."""
    by_seq = {event.seq: event for event in events}
    last = max(by_seq, default=0)
    faults = []
    for checkpoint in checkpoints:
        if not is_signed(checkpoint, key):
            faults.append(f"the checkpoint of event {checkpoint.seq} is not signed by this installation's key")
            continue
        event = by_seq.get(checkpoint.seq)
        if event is None:
            faults.append(f"the log ends at event {last}, but event {checkpoint.seq} was witnessed at {checkpoint.at}")
        elif event.hash != checkpoint.hash:
            faults.append(f"event {checkpoint.seq} is not the one witnessed at {checkpoint.at}")
    return faults
