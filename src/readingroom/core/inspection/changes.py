"""What changed in a file from one round to the next: tables cell by cell, text, code and notebooks line by line.

Works on previews, which are inert and bounded: what a preview does not show is not compared, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from readingroom.core.inspection.preview import Preview

CONTEXT_LINES = 2
MOST_LINES = 300


class Mark(StrEnum):
    """How a row, cell or line stands to the round before."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    GAP = "gap"


@dataclass(frozen=True)
class ChangedCell:
    """A cell now; `was` is its text before where it changed."""

    text: str
    mark: Mark = Mark.SAME
    was: str = ""


@dataclass(frozen=True)
class ChangedRow:
    cells: tuple[ChangedCell, ...]
    mark: Mark = Mark.SAME


@dataclass(frozen=True)
class ChangedLine:
    """A line with its mark. A GAP stands for lines that are the same; its text says how many."""

    text: str
    mark: Mark


@dataclass(frozen=True)
class Changes:
    """`count` is how many cells or lines differ. Neither rows nor lines: `note` says what is known."""

    count: int
    header: tuple[ChangedCell, ...] = ()
    rows: tuple[ChangedRow, ...] = ()
    lines: tuple[ChangedLine, ...] = ()
    note: str = ""


def changes(before: Preview, now: Preview) -> Changes:
    """Compare two previews of one file. Example: a cell that was 4 and is "suppressed": one change."""
    if before.kind != now.kind:
        return Changes(1, note=f"It was shown as {before.kind} and is now {now.kind}.")
    if now.kind == "table":
        return _of_tables(before, now)
    if now.kind in ("text", "notebook"):
        return _of_lines(_lines(before), _lines(now), _unshown(before, now))
    if now.kind == "image":
        same = before.image == now.image
        return Changes(0 if same else 1, note="The same picture." if same else "Its pixels differ.")
    return Changes(1, note="It can't be shown, so what changed can't be either.")


def _unshown(before: Preview, now: Preview) -> str:
    longer = any(one.parts > 1 or one.unseen for one in (before, now))
    return "Only the first part of each was compared." if longer else ""


def _of_tables(before: Preview, now: Preview) -> Changes:
    """Rows are matched by their labels (first column) in order, cells by the names of their columns."""
    places = {name: place for place, name in enumerate(before.header)}
    from_place = [places.get(name) for name in now.header]
    header = tuple(ChangedCell(name, Mark.SAME if name in places else Mark.ADDED) for name in now.header)
    gone = [name for name in before.header if name not in now.header]
    rows: list[ChangedRow] = []
    matcher = SequenceMatcher(None, [row[:1] for row in before.rows], [row[:1] for row in now.rows], autojunk=False)
    for tag, old_first, old_last, new_first, new_last in matcher.get_opcodes():
        if tag == "equal":
            rows += [_row(before.rows[old_first + step], now.rows[new_first + step], from_place)
                     for step in range(new_last - new_first)]
        else:
            rows += [_whole(row, Mark.REMOVED) for row in before.rows[old_first:old_last]]
            rows += [_whole(row, Mark.ADDED) for row in now.rows[new_first:new_last]]
    count = sum(cell.mark is not Mark.SAME for row in rows for cell in row.cells) + len(gone)
    note = f"Columns left out: {', '.join(gone)}. " if gone else ""
    return Changes(count, header, tuple(rows), note=(note + _unshown(before, now)).strip())


def _row(old: Sequence[str], new: Sequence[str], from_place: Sequence[int | None]) -> ChangedRow:
    cells = []
    for place, text in enumerate(new):
        origin = from_place[place] if place < len(from_place) else place
        was = old[origin] if origin is not None and origin < len(old) else None
        mark = Mark.ADDED if was is None else Mark.SAME if was == text else Mark.CHANGED
        cells.append(ChangedCell(text, mark, was if mark is Mark.CHANGED and was is not None else ""))
    changed = any(cell.mark is not Mark.SAME for cell in cells)
    return ChangedRow(tuple(cells), Mark.CHANGED if changed else Mark.SAME)


def _whole(row: Sequence[str], mark: Mark) -> ChangedRow:
    return ChangedRow(tuple(ChangedCell(text, mark) for text in row), mark)


def _lines(shown: Preview) -> tuple[str, ...]:
    if shown.kind == "text":
        return shown.lines
    return tuple(line for place, cell in enumerate(shown.cells, 1)
                 for line in (f"[{place}] {cell.kind}", *cell.lines, *cell.output_lines, *cell.not_shown))


def _of_lines(before: Sequence[str], now: Sequence[str], note: str) -> Changes:
    found: list[ChangedLine] = []
    for tag, old_first, old_last, new_first, new_last in SequenceMatcher(None, before, now, False).get_opcodes():
        if tag == "equal":
            found += _folded(now[new_first:new_last], first=new_first == 0, last=new_last == len(now))
        else:
            found += [ChangedLine(line, Mark.REMOVED) for line in before[old_first:old_last]]
            found += [ChangedLine(line, Mark.ADDED) for line in now[new_first:new_last]]
    count = sum(line.mark in (Mark.ADDED, Mark.REMOVED) for line in found)
    if len(found) > MOST_LINES:
        note = f"{len(found) - MOST_LINES} more lines of the comparison are not shown. {note}".strip()
    return Changes(count, lines=tuple(found[:MOST_LINES]), note=note)


def _folded(lines: Sequence[str], *, first: bool, last: bool) -> list[ChangedLine]:
    """Lines that are the same, but for those next to a change replaced by how many they are."""
    head = 0 if first else CONTEXT_LINES
    tail = 0 if last else CONTEXT_LINES
    hidden = len(lines) - head - tail
    if hidden <= 1:
        return [ChangedLine(line, Mark.SAME) for line in lines]
    gap = ChangedLine(f"{hidden} lines are the same", Mark.GAP)
    after = lines[len(lines) - tail:] if tail else ()
    return [*(ChangedLine(line, Mark.SAME) for line in lines[:head]), gap,
            *(ChangedLine(line, Mark.SAME) for line in after)]
