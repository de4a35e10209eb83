"""Places in an output that a comment can be about: a cell, a line, or the file.

A place is written as people count: `cell:3,2` is the second column of the third row below the header (`cell:0,2` its
header), `line:7` a line of text, `code:2,5` the fifth line of a notebook's second cell and `print:2,1` the first line
that it printed; "" is the file. Only what a preview shows has a place, so that nobody comments on what nobody saw.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from readingroom.core.inspection.preview import Preview
from readingroom.errors import InvalidInput

WRITTEN = re.compile(r"(cell|line|code|print):(0|[1-9][0-9]{0,5})(?:,([1-9][0-9]{0,5}))?")
LONGEST_QUOTE = 200


@dataclass(frozen=True)
class Anchor:
    """A place, and what stood there: `quote` as it was shown, `row` and `column` the labels of a cell.

    These keep the place meaningful when the file changes. All are "" for a whole file.
    """

    at: str = ""
    row: str = ""
    column: str = ""
    quote: str = ""

    @property
    def words(self) -> str:
        """The place as people point at it: `row 3 (Robbery), column 2 (F)`."""
        kind, first, second = _parts(self.at)
        if kind == "":
            return "the whole file"
        if kind == "line":
            return f"line {first}"
        if kind in ("code", "print"):
            return f"cell {first}, line {second}" + (" of what it printed" if kind == "print" else "")
        row = "header" if first == 0 else f"row {first}" + (f" ({self.row})" if self.row else "")
        return f"{row}, column {second}" + (f" ({self.column})" if self.column else "")


def anchored(shown: Preview, written: str) -> Anchor:
    """The place in what is shown. InvalidInput if there is none such: hostile text ends here."""
    at = "".join(written.split()).lower()
    kind, first, second = _parts(at)
    if kind == "":
        return Anchor()
    if kind == "cell" and shown.kind == "table":
        return _cell(shown, at, first - 1, second - 1)
    lines = _lines(shown, kind, first)
    place = (first if kind == "line" else second) - 1
    if not 0 <= place < len(lines):
        raise _nowhere(written)
    return Anchor(at, quote=_short(lines[place]))


def standing(before: Anchor, shown: Preview) -> Anchor | None:
    """Where the same place is in another version: a cell by its labels, a line by its words. None: it is not there.

    Example: the row Robbery was the third and is the second now: `cell:3,2` becomes `cell:2,2`.
    """
    kind, first, _ = _parts(before.at)
    if kind == "":
        return before
    if kind == "cell":
        return _by_labels(before, shown, header=first == 0)
    for number, _cell_shown in enumerate(shown.cells if kind != "line" else (None,), 1):
        lines = _lines(shown, kind, number)
        places = [place for place, line in enumerate(lines, 1) if _short(line) == before.quote]
        if len(places) == 1:
            at = f"line:{places[0]}" if kind == "line" else f"{kind}:{number},{places[0]}"
            return Anchor(at, quote=before.quote)
    return None


def _by_labels(before: Anchor, shown: Preview, *, header: bool) -> Anchor | None:
    columns = [place for place, name in enumerate(shown.header) if _short(name) == before.column]
    rows = [-1] if header else [place for place, row in enumerate(shown.rows) if _label(row) == before.row]
    if len(columns) != 1 or len(rows) != 1 or (not header and columns[0] >= len(shown.rows[rows[0]])):
        return None
    return _cell(shown, f"cell:{rows[0] + 1},{columns[0] + 1}", rows[0], columns[0])


def _cell(shown: Preview, at: str, row: int, column: int) -> Anchor:
    fields = shown.header if row == -1 else shown.rows[row] if row < len(shown.rows) else ()
    if not 0 <= column < len(fields):
        raise _nowhere(at)
    name = shown.header[column] if column < len(shown.header) else ""
    return Anchor(at, "" if row == -1 else _label(fields), _short(name), _short(fields[column]))


def _lines(shown: Preview, kind: str, number: int) -> Sequence[str]:
    """The lines in which a place of this kind is counted; none where the file has no such."""
    if kind == "line":
        return shown.lines if shown.kind == "text" else ()
    if kind not in ("code", "print") or not 0 < number <= len(shown.cells):
        return ()
    cell = shown.cells[number - 1]
    return cell.lines if kind == "code" else cell.output_lines


def _parts(at: str) -> tuple[str, int, int]:
    """Kind and numbers; InvalidInput for what is not written as a place."""
    if not at:
        return "", 0, 0
    found = WRITTEN.fullmatch(at)
    if found is None or (found[1] == "line") != (found[3] is None) or (found[2] == "0" and found[1] != "cell"):
        raise _nowhere(at)
    return found[1], int(found[2]), int(found[3] or 0)


def _label(row: Sequence[str]) -> str:
    return _short(row[0]) if row else ""


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…"


def _nowhere(written: str) -> InvalidInput:
    return InvalidInput(
        f"There is no place {written[:40]!r} in what is shown of this file.", rule="comment.place", value=written[:40],
        next_step="Write cell:ROW,COLUMN for a table, line:NUMBER for text, or leave it empty for the whole file.")
