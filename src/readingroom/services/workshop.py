"""What only the worker may hold: what the vault has, the means to answer from it, and the signing keys."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readingroom.ports import Arrivals, Hub, Meter, PrivateAnswerer, Recomputer, Scanner, Versions
from readingroom.services.room import ReadingRoom


@dataclass(frozen=True)
class Workshop(ReadingRoom):
    """The room with its back rooms open. Portal and Hub never build one."""

    vault: Versions
    answerer: PrivateAnswerer
    hub: Hub
    meter: Meter
    audit_key: Ed25519PrivateKey
    release_key: Ed25519PrivateKey
    arrivals: Arrivals
    scanner: Scanner | None = None
    recomputer: Recomputer | None = None
