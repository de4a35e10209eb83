"""Outputs as they are checked and sent: a name, bytes, and what the SDK counted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readingroom.errors import InvalidInput

SIDECAR = ".evidence.json"
MOST_SIDECAR_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Output:
    """`evidence` is None for files that the SDK did not make."""

    name: str
    content: bytes
    evidence: dict[str, Any] | None
    context: str = ""
    controls: str = ""


def save(path: str | Path, content: bytes, evidence: dict[str, Any]) -> None:
    """Write a file, and beside it what was counted, which is of these bytes only and outlives the kernel."""
    path = Path(path)
    path.write_bytes(content)
    said = {"sha256": hashlib.sha256(content).hexdigest(), "evidence": evidence}
    _sidecar(path).write_text(json.dumps(said), encoding="utf-8")


def as_output(thing: object, number: int = 1) -> Output:
    """A Table, a Figure, or the path of a file; unsaved tables and figures are named by their number."""
    if isinstance(thing, Output):
        return thing
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
    if path.name.endswith(SIDECAR):
        raise InvalidInput(f"{path.name} holds unrounded counts for the checks; it is no output.",
                           rule="output.evidence", value=path.name,
                           next_step=f"Give {path.name.removesuffix(SIDECAR)}: its evidence comes along.")
    content = path.read_bytes()
    return Output(path.name, content, _evidence_beside(path, content))


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + SIDECAR)


def _evidence_beside(path: Path, content: bytes) -> dict[str, Any] | None:
    """The evidence saved with a file, unless either was changed so that they no longer belong together."""
    sidecar = _sidecar(path)
    if not sidecar.is_file() or sidecar.stat().st_size > MOST_SIDECAR_BYTES:
        return None
    try:
        said = json.loads(sidecar.read_text(encoding="utf-8"))
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("sha256") != hashlib.sha256(content).hexdigest():
        return None
    evidence = said.get("evidence")
    return evidence if isinstance(evidence, dict) else None
