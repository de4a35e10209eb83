"""What the checker's page shows of a file: inert structures, never the file itself.

A file is shown in parts, of which each fits a page, and all together are the whole file. Where something of a file is
in no part, `unseen` says what: such a file can't be approved (promise P9).
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from readingroom.core.disclosure.verdict import Finding
from readingroom.core.inspection.archives import is_package, unpacked
from readingroom.core.inspection.code import is_code
from readingroom.core.inspection.csv_table import read_csv
from readingroom.core.inspection.images import encoded, read
from readingroom.core.inspection.json_values import read_json
from readingroom.core.inspection.model import LARGEST_FILE, PublishedTable
from readingroom.core.inspection.notebooks import beside_the_cells, read_notebook
from readingroom.core.inspection.recognise import IMAGES, recognise
from readingroom.core.inspection.textual import decode, visible
from readingroom.core.kept import Kept

PART_ROWS = 200
PART_CELLS = 8_000
PART_LINES = 500
PART_NOTEBOOK_CELLS = 100
LONGEST_TEXT = 5_000
"""Characters of one cell or line that are shown."""
MOST_CELL_LINES = 2_000
MOST_KEPT = 4 * 1024 * 1024
"""Bytes of pictures kept as they are shown, some fifty figures: to decode one took half the time of its page."""
ALL = 0
Shown = TypeVar("Shown")


@dataclass(frozen=True)
class PreviewCell:
    """One notebook cell: `kind` is code, markdown, raw, or metadata (what stands beside the cells, at the end).

    Rich outputs are named in `not_shown`, never shown.
    """

    kind: str
    lines: tuple[str, ...]
    output_lines: tuple[str, ...] = ()
    not_shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """`kind` is table, image, text, notebook or unknown; the fields of other kinds are empty.

    Text has control, direction and invisible characters spelled out, but is not HTML-escaped: templates do
    that.
    This is part `part` of `parts`; its rows, lines or cells begin at the `first`-th of the file, counted from 0.
    `flagged` holds 0-based (row, column) positions in the file. `image` is a PNG encoded here from the pixels.
    `note` says why something cannot be shown; `unseen` what of the file is in no part, "" if nothing.
    """

    kind: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    flagged: frozenset[tuple[int, int]] = frozenset()
    image: bytes | None = None
    lines: tuple[str, ...] = ()
    cells: tuple[PreviewCell, ...] = ()
    note: str = ""
    unseen: str = ""
    part: int = 1
    parts: int = 1
    first: int = 0


def preview(name: str, content: bytes, findings: Iterable[Finding] = (), part: int = 1) -> Preview:
    """One part of a file (the nearest, if there is none of this number), or with part=ALL all that is shown of it.

    Never raises on any bytes; what is not recognised is "unknown" with a note.
    """
    if len(content) > LARGEST_FILE:
        return _unknown("The file is too large to be shown.")
    output_type = recognise(name, content)
    if is_package(name, content):
        return _package(name, content, part)
    if output_type is None and is_code(name, content):
        return _text(decode(content) or "", part)
    if output_type is None:
        return _unknown("The content is not of a type that can be shown safely.")
    if output_type in IMAGES:
        return _PICTURES(content, output_type)
    text = decode(content) or ""
    if output_type == "ipynb":
        return _notebook(text, part)
    table = None
    if output_type == "csv":
        table, _ = read_csv(text)
    elif output_type == "json":
        table, _ = read_json(text, None)
    return _table(table, findings, part) if table is not None else _text(text, part)


def _unknown(note: str) -> Preview:
    return Preview("unknown", note=note, unseen="all of it")


def _image(content: bytes, output_type: str) -> Preview:
    try:
        shown, beside = read(content, output_type)
    except (struct.error, IndexError, zlib.error):
        return _unknown("The image is damaged or cut short.")
    if shown is None:
        return _unknown("The image cannot be decoded safely.")
    return Preview("image", image=encoded(shown), unseen=f"what the image file holds beside the picture: it {beside}"
                   if beside else "")


_PICTURES = Kept(_image, lambda found: len(found.image or b""), MOST_KEPT)


def _table(table: PublishedTable, findings: Iterable[Finding], part: int) -> Preview:
    width = max(len(table.header), *(len(row) for row in table.rows))
    rows, place = _part(table.rows, max(1, min(PART_ROWS, PART_CELLS // max(1, width))), part)
    flagged = {cell.position for finding in findings for cell in finding.cells if cell.position is not None}
    unseen = [f"{table.row_count - len(table.rows):,} rows after the first {len(table.rows):,}"] * (
        table.row_count > len(table.rows))
    unseen += _too_long(text for row in (table.header, *table.rows) for text in row)
    return Preview(
        "table",
        header=tuple(_short(name) for name in table.header),
        rows=tuple(tuple(_short(field) for field in row) for row in rows),
        flagged=frozenset((row, column) for row, column in flagged
                          if place.first <= row < place.first + len(rows) and 0 <= column < width),
        unseen=" and ".join(unseen),
        part=place.part, parts=place.parts, first=place.first,
    )


def _text(text: str, part: int) -> Preview:
    every = text.splitlines()
    lines, place = _part(every, PART_LINES, part)
    return Preview("text", lines=tuple(map(_short, lines)), unseen=" and ".join(_too_long(every)),
                   part=place.part, parts=place.parts, first=place.first)


def _package(name: str, content: bytes, part: int) -> Preview:
    """What a package holds, as if it were one text: the names of its files, then each. Others than texts are named."""
    entries = unpacked(name, content)
    if entries is None:
        return _unknown("This package can't be opened safely.")
    texts = {entry.name: decode(entry.content) for entry in entries}
    every = [f"{entry.name}  {len(entry.content):,} bytes{'' if texts[entry.name] is not None else ', not text'}"
             for entry in entries]
    for file, text in texts.items():
        every += [] if text is None else ["", f"===== {file} =====", *text.splitlines()]
    lines, place = _part(every, PART_LINES, part)
    return Preview("text", lines=tuple(map(_short, lines)), part=place.part, parts=place.parts, first=place.first)


def _notebook(text: str, part: int) -> Preview:
    cells = read_notebook(text)
    if cells is None:
        return _unknown("This is not a notebook that can be read.")
    every = [PreviewCell(
        cell.kind, _lines(cell.source), _lines("\n".join(cell.outputs)),
        tuple(_short(kind) for kind in cell.rich) + (("attachments",) if cell.attachments else ())) for cell in cells]
    if beside := beside_the_cells(text):
        every.append(PreviewCell("metadata", _lines(beside)))
    shown, place = _part(every, PART_NOTEBOOK_CELLS, part)
    kinds = sorted({kind for cell in every for kind in cell.not_shown})
    unseen = [f"outputs that are not text ({', '.join(kinds[:6])})"] if kinds else []
    texts = [each for cell in cells for each in (cell.source, *cell.outputs)] + [beside]
    unseen += _too_long(line for each in texts for line in each.splitlines())
    if any(len(each.splitlines()) > MOST_CELL_LINES for each in texts):
        unseen.append(f"lines after the first {MOST_CELL_LINES:,} of a cell")
    return Preview("notebook", cells=tuple(shown), unseen=" and ".join(unseen),
                   part=place.part, parts=place.parts, first=place.first)


@dataclass(frozen=True)
class _Place:
    part: int
    parts: int
    first: int


def _part(every: Sequence[Shown], size: int, wanted: int) -> tuple[Sequence[Shown], _Place]:
    if wanted == ALL:
        return every, _Place(1, 1, 0)
    parts = max(1, math.ceil(len(every) / size))
    part = min(max(1, wanted), parts)
    first = (part - 1) * size
    return every[first : first + size], _Place(part, parts, first)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(_short(line) for line in text.splitlines()[:MOST_CELL_LINES])


def _too_long(texts: Iterable[str]) -> list[str]:
    longest = max(map(len, texts), default=0)
    return [f"what comes after {LONGEST_TEXT:,} characters of a cell or line"] if longest > LONGEST_TEXT else []


def _short(text: str) -> str:
    return visible(text[:LONGEST_TEXT]) + ("…" if len(text) > LONGEST_TEXT else "")
