"""Outputs as inert pictures of themselves: what core.inspection parsed, never the file's own active content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection import preview
from readingroom.core.inspection.preview import Preview, PreviewCell
from readingroom.core.requests import OutputFile
from readingroom.errors import NotFound
from readingroom.web.addresses import page

MARKS = {
    Verdict.FAIL: ("rr-flag", "✗", "fails a rule"),
    Verdict.REVIEW: ("rr-flag rr-flag--review", "?", "to be judged"),
    Verdict.PASS: ("", "", ""),
}
MOST_LINKS = 1_500
"""Places that can be followed: of a larger table only flagged cells and the first column, the others can be written."""


@dataclass(frozen=True)
class Places:
    """What is at places of one file: `said` counts comments by place; `action` is where the form around it is sent to
    have the form for another opened, with what was typed so far; "" if nobody may write one."""

    said: Mapping[str, int] = field(default_factory=dict)
    action: str = ""


NO_PLACES = Places()


@dataclass(frozen=True)
class Spot:
    """A cell or line that a comment can be about. `action` asks for the form for one, naming `place`; `said` is how
    many there are."""

    text: str
    at: str = ""
    id: str = ""
    action: str = ""
    place: str = ""
    said: int = 0
    classes: str = ""
    mark: str = ""
    why: str = ""
    first: bool = False


@dataclass(frozen=True)
class NotebookCell:
    number: int
    kind: str
    lines: tuple[Spot, ...]
    output_lines: tuple[Spot, ...]
    not_shown: str


@dataclass(frozen=True)
class Part:
    number: int
    href: str
    current: bool


@dataclass(frozen=True)
class Output:
    """`kind` picks the partial in templates/output/. `parts` lead to the rest; `unseen` says what is nowhere."""

    kind: str
    label: str
    header: tuple[Spot, ...] = ()
    rows: tuple[tuple[Spot, ...], ...] = ()
    image: str = ""
    lines: tuple[Spot, ...] = ()
    cells: tuple[NotebookCell, ...] = ()
    parts: tuple[Part, ...] = ()
    first: int = 0
    unseen: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Writer:
    """Makes the spots of one file."""

    file: int
    places: Places
    all_linked: bool

    def spot(self, text: str, at: str, finding: Finding | None = None, *, first: bool = False) -> Spot:
        said = self.places.said.get(at, 0)
        linked = self.all_linked or first or finding is not None
        action = self.places.action if linked else ""
        classes, mark, why = MARKS[finding.verdict] if finding else ("", "", "")
        return Spot(text, at, place_id(self.file, at) if said or action else "", action,
                    f"{self.file} {at}" if action else "", said, classes, mark,
                    f"{why}: {finding.message}" if finding and why else "", first)


def place_id(file: int, at: str) -> str:
    """The id of a place on a page."""
    return f"at-{file}-{at.replace(':', '-').replace(',', '-')}"


def _worst_by_position(findings: tuple[Finding, ...]) -> dict[tuple[int, int], Finding]:
    worst: dict[tuple[int, int], Finding] = {}
    for finding in findings:
        for cell in finding.cells:
            if cell.position is not None and (
                cell.position not in worst or finding.verdict > worst[cell.position].verdict
            ):
                worst[cell.position] = finding
    return worst


def output(
    number: int, file: OutputFile, content: bytes, *, part: int = 1, places: Places = NO_PLACES, base: str = ""
) -> Output:
    """What the pages show of one frozen file. What cannot be shown says so.

    `base` is the address under which its picture and its parts are; that of the request if not given.
    """
    found = preview(file.name, content, file.findings, part)
    base = base or f"/requests/{number}/files/{file.id}"
    return Output(
        kind=found.kind,
        label=f"{file.name} as it would be read",
        image=page(f"{base}/image.png") if found.image else "",
        parts=tuple(Part(one, page(base, part=one), one == found.part) for one in range(1, found.parts + 1))
        if found.parts > 1 else (),
        first=found.first,
        unseen=found.unseen,
        note=found.note,
        **_spots(file, found, places),
    )


def _spots(file: OutputFile, found: Preview, places: Places) -> dict[str, tuple]:  # type: ignore[type-arg]
    if found.kind == "table":
        worst = _worst_by_position(file.findings)
        writer = _Writer(file.id, places, len(found.rows) * len(found.header) <= MOST_LINKS)
        return {
            "header": tuple(writer.spot(name, f"cell:0,{column}") for column, name in enumerate(found.header, 1)),
            "rows": tuple(
                tuple(writer.spot(text, f"cell:{row},{column}", worst.get((row - 1, column - 1)), first=column == 1)
                      for column, text in enumerate(cells, 1))
                for row, cells in enumerate(found.rows, found.first + 1)),
        }
    writer = _Writer(file.id, places, True)
    return {
        "lines": tuple(writer.spot(line, f"line:{place}") for place, line in enumerate(found.lines, found.first + 1)),
        "cells": tuple(_notebook_cell(writer, place, cell) for place, cell in enumerate(found.cells, found.first + 1)),
    }


def _notebook_cell(writer: _Writer, number: int, cell: PreviewCell) -> NotebookCell:
    return NotebookCell(
        number, cell.kind,
        tuple(writer.spot(line, f"code:{number},{place}") for place, line in enumerate(cell.lines, 1)),
        tuple(writer.spot(line, f"print:{number},{place}") for place, line in enumerate(cell.output_lines, 1)),
        ", ".join(cell.not_shown))


def image(file: OutputFile, content: bytes) -> bytes:
    """A picture encoded again from its pixels. NotFound if the file is not one that can be shown."""
    found = preview(file.name, content, file.findings)
    if found.image is None:
        raise NotFound(f"{file.name} is not a picture that can be shown.", rule="output.image", value=file.name)
    return found.image
