"""Outputs as inert pictures of themselves: what core.inspection parsed, never the file's own active content."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection import preview
from readingroom.core.requests import OutputFile
from readingroom.errors import NotFound
from readingroom.web.addresses import page
from readingroom.web.presenters.times import plural

MARKS = {
    Verdict.FAIL: ("rr-flag", "✗", "fails a rule"),
    Verdict.REVIEW: ("rr-flag rr-flag--review", "?", "to be judged"),
    Verdict.PASS: ("", "", ""),
}


@dataclass(frozen=True)
class GridCell:
    text: str
    classes: str = ""
    mark: str = ""
    why: str = ""


@dataclass(frozen=True)
class NotebookCell:
    kind: str
    lines: tuple[str, ...]
    output_lines: tuple[str, ...]
    not_shown: str


@dataclass(frozen=True)
class Output:
    """`kind` picks the partial in templates/output/; `more` says in words what is not shown."""

    kind: str
    label: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[GridCell, ...], ...] = ()
    image: str = ""
    lines: tuple[str, ...] = ()
    cells: tuple[NotebookCell, ...] = ()
    more: str = ""
    note: str = ""


def _worst_by_position(findings: tuple[Finding, ...]) -> dict[tuple[int, int], Finding]:
    worst: dict[tuple[int, int], Finding] = {}
    for finding in findings:
        for cell in finding.cells:
            if cell.position is not None and (
                cell.position not in worst or finding.verdict > worst[cell.position].verdict
            ):
                worst[cell.position] = finding
    return worst


def _grid_cell(text: str, finding: Finding | None) -> GridCell:
    if finding is None:
        return GridCell(text)
    classes, mark, why = MARKS[finding.verdict]
    return GridCell(text, classes, mark, f"{why}: {finding.message}" if why else "")


def output(number: int, file: OutputFile, content: bytes) -> Output:
    """What the pages show of one frozen file. What cannot be shown says so."""
    found = preview(file.name, content, file.findings)
    worst = _worst_by_position(file.findings)
    more = [
        plural(count, f"more {noun}")
        for count, noun in (
            (found.more_rows, "row"),
            (found.more_columns, "column"),
            (found.more_lines, "line"),
            (found.more_cells, "cell"),
        )
        if count
    ]
    return Output(
        kind=found.kind,
        label=f"{file.name} as it would be read",
        header=found.header,
        rows=tuple(
            tuple(
                _grid_cell(text, worst.get((row, column)) if (row, column) in found.flagged else None)
                for column, text in enumerate(cells)
            )
            for row, cells in enumerate(found.rows)
        ),
        image=page(f"/requests/{number}/files/{file.id}/image.png") if found.image else "",
        lines=found.lines,
        cells=tuple(
            NotebookCell(cell.kind, cell.lines, cell.output_lines, ", ".join(cell.not_shown)) for cell in found.cells
        ),
        more=f"Not shown here: {' and '.join(more)}." if more else "",
        note=found.note,
    )


def image(file: OutputFile, content: bytes) -> bytes:
    """A picture encoded again from its pixels. NotFound if the file is not one that can be shown."""
    found = preview(file.name, content, file.findings)
    if found.image is None:
        raise NotFound(f"{file.name} is not a picture that can be shown.", rule="output.image", value=file.name)
    return found.image
