"""What the checker's page shows of a file: inert structures, never the file itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readingroom.core.disclosure.verdict import Finding
from readingroom.core.inspection.code import is_code
from readingroom.core.inspection.csv_table import read_csv
from readingroom.core.inspection.images import decoded
from readingroom.core.inspection.json_values import read_json
from readingroom.core.inspection.model import LARGEST_FILE, PublishedTable
from readingroom.core.inspection.notebooks import read_notebook
from readingroom.core.inspection.recognise import IMAGES, recognise
from readingroom.core.inspection.textual import decode, visible

MOST_ROWS = 200
MOST_COLUMNS = 40
MOST_LINES = 500
LONGEST_TEXT = 400
MOST_NOTEBOOK_CELLS = 100


@dataclass(frozen=True)
class PreviewCell:
    """One notebook cell: `kind` is code, markdown or raw; rich outputs are named, never shown."""

    kind: str
    lines: tuple[str, ...]
    output_lines: tuple[str, ...]
    not_shown: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """`kind` is table, image, text, notebook or unknown; the fields of other kinds are empty.

    Text has control, direction and invisible characters spelled out, but is not HTML-escaped: templates do
    that.
    `flagged` holds 0-based (row, column) positions in `rows`. `more_*` count what is not shown. `image` is a
    PNG
    encoded here from the pixels. `note` says why something cannot be shown.
    """

    kind: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    flagged: frozenset[tuple[int, int]] = frozenset()
    more_rows: int = 0
    more_columns: int = 0
    image: bytes | None = None
    lines: tuple[str, ...] = ()
    more_lines: int = 0
    cells: tuple[PreviewCell, ...] = ()
    more_cells: int = 0
    note: str = ""


def preview(name: str, content: bytes, findings: Iterable[Finding] = ()) -> Preview:
    """Never raises on any bytes; what is not recognised is "unknown" with a note."""
    if len(content) > LARGEST_FILE:
        return Preview("unknown", note="The file is too large to be shown.")
    output_type = recognise(name, content)
    if output_type is None and is_code(name, content):
        return _text(decode(content) or "")
    if output_type is None:
        return Preview("unknown", note="The content is not of a type that can be shown safely.")
    if output_type in IMAGES:
        image = decoded(content, output_type)
        return (
            Preview("image", image=image)
            if image
            else Preview("unknown", note="The image cannot be decoded safely.")
        )
    text = decode(content) or ""
    if output_type == "ipynb":
        return _notebook(text)
    table = None
    if output_type == "csv":
        table, _ = read_csv(text)
    elif output_type == "json":
        table, _ = read_json(text, None)
    return _table(table, findings) if table is not None else _text(text)


def _table(table: PublishedTable, findings: Iterable[Finding]) -> Preview:
    width = max(len(table.header), *(len(row) for row in table.rows))
    rows = tuple(tuple(_short(field) for field in row[:MOST_COLUMNS]) for row in table.rows[:MOST_ROWS])
    flagged = {cell.position for finding in findings for cell in finding.cells if cell.position is not None}
    shown = frozenset(
        (row, column) for row, column in flagged if 0 <= row < len(rows) and 0 <= column < MOST_COLUMNS
    )
    return Preview(
        "table",
        header=tuple(_short(name) for name in table.header[:MOST_COLUMNS]),
        rows=rows,
        flagged=shown,
        more_rows=max(0, table.row_count - len(rows)),
        more_columns=max(0, width - MOST_COLUMNS),
    )


def _text(text: str) -> Preview:
    lines, more = _lines(text)
    return Preview("text", lines=lines, more_lines=more)


def _notebook(text: str) -> Preview:
    cells = read_notebook(text)
    if cells is None:
        return Preview("unknown", note="This is not a notebook that can be read.")
    shown = tuple(
        PreviewCell(
            cell.kind,
            _lines(cell.source)[0],
            _lines("\n".join(cell.outputs))[0],
            tuple(_short(kind) for kind in cell.rich) + (("attachments",) if cell.attachments else ()),
        )
        for cell in cells[:MOST_NOTEBOOK_CELLS]
    )
    return Preview("notebook", cells=shown, more_cells=len(cells) - len(shown))


def _lines(text: str) -> tuple[tuple[str, ...], int]:
    lines = text.splitlines()
    return tuple(_short(line) for line in lines[:MOST_LINES]), max(0, len(lines) - MOST_LINES)


def _short(text: str) -> str:
    return visible(text[:LONGEST_TEXT]) + ("…" if len(text) > LONGEST_TEXT else "")
