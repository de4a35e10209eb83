"""Outputs as they are checked and sent: a name, bytes, and what the SDK counted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readingroom.errors import InvalidInput

_MADE: dict[str, dict[str, Any]] = {}  # evidence by SHA-256 of the bytes that this session saved


@dataclass(frozen=True)
class Output:
    """`evidence` is None for files that the SDK did not make."""

    name: str
    content: bytes
    evidence: dict[str, Any] | None
    context: str = ""
    controls: str = ""


def remember(content: bytes, evidence: dict[str, Any]) -> None:
    """So that a saved file, given by its path, still has its evidence: only while its bytes are the same."""
    _MADE[hashlib.sha256(content).hexdigest()] = evidence


def as_output(thing: object, number: int = 1) -> Output:
    """A Table, a Figure, or the path of a file; unsaved tables and figures are named by their number."""
    make = getattr(thing, "output", None)
    if callable(make):
        made: Output = make(number)
        return made
    if not isinstance(thing, str | Path):
        raise InvalidInput(f"A {type(thing).__name__} is no output.", rule="output.kind", value=type(thing).__name__,
                           next_step="Give tables of rr.table(), figures of rr.figure(), or paths of files.")
    path = Path(thing)
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.", rule="output.file", value=path, next_step="Save it first.")
    content = path.read_bytes()
    return Output(path.name, content, _MADE.get(hashlib.sha256(content).hexdigest()))
