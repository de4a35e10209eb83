"""What changed in a file from one round to the next: tables cell by cell, text, code and notebooks line by line.

Works on previews, which are inert, and compares all that they show. What is shown of a comparison is bounded, and then
it says how much more there is; nor does it ever say that nothing changed where bytes did.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from typing import TypeVar

from readingroom.core.inspection.preview import Preview

CONTEXT = 2
"""Rows or lines that are the same and shown on either side of a change."""
MOST_SHOWN = 300
"""Rows or lines of a comparison that are shown, those that are the same among them."""
MOST_PLACES = 12
CLOSELY = 2_000
"""Up to so many rows or lines between the first and the last change are matched by the longest common runs, which reads
best and can take the square of them; more by their order, which cannot."""
CLOSELY_EQUAL = 20_000


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
    """A row with its number in the file as it is now; 0 for one that is not in it. A GAP holds one cell of words."""

    cells: tuple[ChangedCell, ...]
    mark: Mark = Mark.SAME
    number: int = 0


@dataclass(frozen=True)
class ChangedLine:
    """A line with its mark and number, as a row. A GAP stands for lines that are the same; its text says how many."""

    text: str
    mark: Mark
    number: int = 0


Row = TypeVar("Row", ChangedRow, ChangedLine)


@dataclass(frozen=True)
class Changes:
    """`count` is how many cells or lines differ in all of the file, `rows_changed` in how many rows or lines.

    `more` says how many of these are not shown and where they are, "" if all are. Neither rows nor lines: `note` says
    what is known. `count` is 0 only of what is shown: `note` says then that the bytes differ all the same.
    """

    count: int
    header: tuple[ChangedCell, ...] = ()
    rows: tuple[ChangedRow, ...] = ()
    lines: tuple[ChangedLine, ...] = ()
    note: str = ""
    rows_changed: int = 0
    more: str = ""


def changes(before: Preview, now: Preview) -> Changes:
    """Compare two whole previews of one file whose bytes differ. Example: a cell that was 4 and is "suppressed": one
    change."""
    found = _compared(before, now)
    unseen = [f"{one.unseen} of {which} can't be shown and was not compared"
              for which, one in (("the earlier version", before), ("this version", now)) if one.unseen]
    if not found.count:
        unseen.insert(0, "Nothing that is shown differs, and the bytes do: in how they are written (ends of lines, "
                         "quotes, encoding, metadata), or in what can't be shown")
    return replace(found, note=" ".join(filter(None, [found.note, *(f"{words}." for words in unseen)])))


def _compared(before: Preview, now: Preview) -> Changes:
    if before.kind != now.kind:
        return Changes(1, note=f"It was shown as {before.kind} and is now {now.kind}.")
    if now.kind == "table":
        return _of_tables(before, now)
    if now.kind in ("text", "notebook"):
        return _of_lines(_lines(before), _lines(now))
    if now.kind == "image":
        same = before.image == now.image
        return Changes(0 if same else 1, note="" if same else "Its pixels differ.")
    return Changes(1, note="It can't be shown, so what changed can't be either.")


def _of_tables(before: Preview, now: Preview) -> Changes:
    """Rows are matched by their labels (first column) in order, cells by the names of their columns."""
    from_place = _columns(before.header, now.header)
    header = tuple(ChangedCell(name, Mark.ADDED if place is None else Mark.SAME)
                   for name, place in zip(now.header, from_place, strict=True))
    gone = [name for place, name in enumerate(before.header) if place not in from_place]
    rows = []
    for old, new in matched([row[:1] for row in before.rows], [row[:1] for row in now.rows]):
        if new is None:
            rows.append(_whole(before.rows[old or 0], Mark.REMOVED, 0))
        elif old is None:
            rows.append(_whole(now.rows[new], Mark.ADDED, new + 1))
        else:
            rows.append(_row(before.rows[old], now.rows[new], from_place, len(before.header), new + 1))
    differing = [row for row in rows if row.mark is not Mark.SAME]
    headings = sum(cell.mark is not Mark.SAME for cell in header) + len(gone)
    shown, more = _shown(rows, "row", lambda words: ChangedRow((ChangedCell(words),), Mark.GAP))
    note = f"Columns left out: {', '.join(gone)}." if gone else ""
    if len(set(now.header)) < len(now.header) or len(set(before.header)) < len(before.header):
        note = f"{note} Columns of one name were matched in order.".strip()
    return Changes(headings + sum(cell.mark is not Mark.SAME for row in differing for cell in row.cells), header,
                   shown, note=note, rows_changed=len(differing), more=more)


def _columns(before: Sequence[str], now: Sequence[str]) -> list[int | None]:
    """For each column now the place of its name before; the n-th of a name is the n-th then."""
    places = {key: place for place, key in enumerate(_numbered(before))}
    return [places.get(key) for key in _numbered(now)]


def _row(old: Sequence[str], new: Sequence[str], from_place: Sequence[int | None], width: int, number: int
         ) -> ChangedRow:
    """`width` columns had a name before; cells beyond the named ones are matched by their place there."""
    beyond = width - len(from_place)
    cells, met = [], set()
    for place, text in enumerate(new):
        origin = from_place[place] if place < len(from_place) else place + beyond
        was = old[origin] if origin is not None and origin < len(old) else None
        mark = Mark.ADDED if was is None else Mark.SAME if was == text else Mark.CHANGED
        cells.append(ChangedCell(text, mark, was if mark is Mark.CHANGED and was is not None else ""))
        met.add(origin)
    cells += [ChangedCell(text, Mark.REMOVED) for place, text in enumerate(old)
              if place not in met and (place >= width or place in from_place)]
    changed = any(cell.mark is not Mark.SAME for cell in cells)
    return ChangedRow(tuple(cells), Mark.CHANGED if changed else Mark.SAME, number)


def _whole(row: Sequence[str], mark: Mark, number: int) -> ChangedRow:
    return ChangedRow(tuple(ChangedCell(text, mark) for text in row) or (ChangedCell("", mark),), mark, number)


def _lines(shown: Preview) -> tuple[str, ...]:
    if shown.kind == "text":
        return shown.lines
    return tuple(line for place, cell in enumerate(shown.cells, 1)
                 for line in (f"[{place}] {cell.kind}", *cell.lines, *cell.output_lines, *cell.not_shown))


def _of_lines(before: Sequence[str], now: Sequence[str]) -> Changes:
    lines = [ChangedLine(before[old or 0], Mark.REMOVED) if new is None
             else ChangedLine(now[new], Mark.ADDED if old is None else Mark.SAME, new + 1)
             for old, new in matched(before, now)]
    count = sum(line.mark is not Mark.SAME for line in lines)
    shown, more = _shown(lines, "line", lambda words: ChangedLine(words, Mark.GAP))
    return Changes(count, lines=shown, rows_changed=count, more=more)


def matched(before: Sequence[Hashable], now: Sequence[Hashable]) -> list[tuple[int | None, int | None]]:
    """Pairs of places of what is the same in both, in order; None for what is only in the other. Any sizes, in time.

    Example: of "abc" and "axc": (0, 0), (1, None), (None, 1), (2, 2).
    """
    most = min(len(before), len(now))
    head = next((place for place in range(most) if before[place] != now[place]), most)
    tail = next((place for place in range(most - head) if before[-1 - place] != now[-1 - place]), most - head)
    old, new = before[head:len(before) - tail], now[head:len(now) - tail]
    common = [*((place, place) for place in range(head)),
              *((head + a, head + b) for a, b in (_closely(old, new) if _is_small(old, new) else _in_order(old, new))),
              *((len(before) - place, len(now) - place) for place in range(tail, 0, -1))]
    found: list[tuple[int | None, int | None]] = []
    a = b = 0
    for next_a, next_b in (*common, (len(before), len(now))):
        found += [(place, None) for place in range(a, next_a)]
        found += [(None, place) for place in range(b, next_b)]
        found.append((next_a, next_b))
        a, b = next_a + 1, next_b + 1
    return found[:-1]


def _is_small(old: Sequence[Hashable], new: Sequence[Hashable]) -> bool:
    if len(old) + len(new) > CLOSELY:
        return False
    counted = Counter(old)
    return sum(counted[one] for one in new) <= CLOSELY_EQUAL


def _closely(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterable[tuple[int, int]]:
    for match in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        yield from ((match.a + step, match.b + step) for step in range(match.size))


def _in_order(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The longest series of pairs that is in order in both, where the n-th of an equal is paired with the n-th.

    Longest increasing subsequence by patience sorting, n log n. Source: Hunt and Szymanski, CACM 20 (1977).
    """
    places = {key: place for place, key in enumerate(_numbered(old))}
    pairs = [(places[key], place) for place, key in enumerate(_numbered(new)) if key in places]
    ends: list[int] = []
    tops: list[int] = []
    before: list[int] = []
    for number, (place, _) in enumerate(pairs):
        at = bisect_left(ends, place)
        before.append(tops[at - 1] if at else -1)
        if at == len(ends):
            ends.append(place)
            tops.append(number)
        else:
            ends[at], tops[at] = place, number
    chain, number = [], tops[-1] if tops else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _numbered(values: Iterable[Hashable]) -> list[tuple[Hashable, int]]:
    """Each with how many equal ones stand before it."""
    seen: Counter[Hashable] = Counter()
    found = []
    for value in values:
        found.append((value, seen[value]))
        seen[value] += 1
    return found


def _shown(rows: Sequence[Row], noun: str, gap: Callable[[str], Row]) -> tuple[tuple[Row, ...], str]:
    """Changes with what stands beside them, up to a limit; and how many more there are, and where."""
    changed = [place for place, row in enumerate(rows) if row.mark is not Mark.SAME]
    near = sorted({place for at in changed for place in range(at - CONTEXT, at + CONTEXT + 1)
                   if 0 <= place < len(rows)})
    found: list[Row] = []
    after = 0
    for place in near[:MOST_SHOWN]:
        found.extend(_same(rows[after:place], noun, gap))
        found.append(rows[place])
        after = place + 1
    left = [rows[place] for place in changed if place >= after]
    if not left:
        found.extend(_same(rows[after:], noun, gap))
        return tuple(found), ""
    what = f"{len(left):,} more {noun}s differ and are" if len(left) > 1 else f"1 more {noun} differs and is"
    return tuple(found), f"{what} not shown here{_where(left)}."


def _same(rows: Sequence[Row], noun: str, gap: Callable[[str], Row]) -> list[Row]:
    """What is the same between two changes, as how many there are of it where that is shorter."""
    return [gap(f"{len(rows):,} {noun}s are the same")] if len(rows) > 1 else list(rows)


def _where(rows: Sequence[ChangedRow | ChangedLine]) -> str:
    """The numbers of rows or lines in the file as it is now; some may be in it no more."""
    numbers = [row.number for row in rows if row.number]
    if not numbers:
        return ": all are in it no more"
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = ", ".join(f"{first:,}" if first == last else f"{first:,} to {last:,}" for first, last in runs[:MOST_PLACES])
    others = f", and {len(runs) - MOST_PLACES:,} further places" if len(runs) > MOST_PLACES else ""
    gone = f"; {len(rows) - len(numbers):,} are in it no more" if len(numbers) < len(rows) else ""
    return f": {said}{others}{gone}"
