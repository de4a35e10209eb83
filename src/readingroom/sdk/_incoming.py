"""`rr.incoming()`: what was brought into this project from outside, and where it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from readingroom.sdk import _door


@dataclass(frozen=True)
class IncomingFile:
    """`path` is where it is, set to be read only: copy what you want to change."""

    name: str
    path: Path
    kind: str
    sha256: str
    source: str
    licence: str


@dataclass(frozen=True)
class Incoming:
    """One request to bring files in, which arrived."""

    number: int
    title: str
    author: str
    folder: Path
    delivered_at: str
    files: tuple[IncomingFile, ...]

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import definitions

        said = {file.name: f"{file.kind}, from {file.source} ({file.licence})" for file in self.files}
        return definitions({"Arrived": f"{self.number}. {self.title}", "In": str(self.folder)} | said)


def incoming() -> tuple[Incoming, ...]:
    """Everything that arrived in this project, newest first. Files are asked for on the portal's pages."""
    return tuple(Incoming(
        one["number"], one["title"], one["author"], Path(one["folder"]), one["delivered_at"],
        tuple(IncomingFile(file["name"], Path(one["folder"]) / file["name"], file["kind"], file["sha256"],
                           file["source"], file["licence"]) for file in one["files"]))
        for one in _door.get("/incoming"))
