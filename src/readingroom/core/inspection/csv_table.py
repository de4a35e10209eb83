"""Reader for delimited text."""

from __future__ import annotations

import csv
import io
import itertools
import re

from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.inspection.model import PublishedTable

DELIMITERS = (",", "\t", ";", "|")
MOST_ROWS = 20_000
MOST_COLUMNS = 500
LONGEST_FIELD = 2_000
NUMBER = re.compile(r"[+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?%?\Z")


def is_number(text: str) -> bool:
    text = text.strip()
    return len(text) <= 40 and any(char.isdigit() for char in text) and NUMBER.match(text) is not None


def _delimiter(text: str) -> str:
    """The one that splits the first rows into equally many (and most) fields, quoted ones respected."""

    def score(delimiter: str) -> tuple[bool, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = [len(row) for row in itertools.islice(reader, 20) if row]
        except csv.Error:  # said properly when the whole text is read
            return False, 0
        narrowest = min(widths, default=0)
        return narrowest > 1 and len(set(widths)) == 1, narrowest

    return max(DELIMITERS, key=score)


def read_csv(text: str) -> tuple[PublishedTable | None, list[Finding]]:
    """The table, or a finding saying why it cannot be read as one. The first line is the header."""
    delimiter = _delimiter(text)
    rows: list[tuple[str, ...]] = []
    row_count = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if not row:
                continue
            row_count += 1
            if len(row) > MOST_COLUMNS or any(len(field) > LONGEST_FIELD for field in row):
                return None, [
                    _unreadable(
                        f"line {row_count} has over {MOST_COLUMNS} columns or a field over "
                        f"{LONGEST_FIELD:,} characters"
                    )
                ]
            if len(rows) <= MOST_ROWS:
                rows.append(tuple(row))
    except csv.Error as error:
        return None, [_unreadable(str(error)[:100])]
    if len(rows) < 2:
        return None, [_unreadable("it has no rows below its header")]
    table = PublishedTable(rows[0], tuple(rows[1:]), row_count - 1)
    return table, check_shape(table)


def _unreadable(why: str) -> Finding:
    return Finding(
        "table.unreadable",
        Verdict.FAIL,
        f"This cannot be read as a table: {why}.",
        "Save it as plain csv: one header line, then one line per row.",
    )


def check_shape(table: PublishedTable) -> list[Finding]:
    """Header, evenness and active content of a table."""
    findings = []
    ragged = [number for number, row in enumerate(table.rows) if len(row) != len(table.header)]
    if ragged:
        findings.append(
            Finding(
                "table.ragged",
                Verdict.REVIEW,
                f"{len(ragged):,} of {len(table.rows):,} rows have more or fewer fields than the header.",
                "Give every row as many fields as the header.",
                tuple(Cell(position=(number, 0)) for number in ragged[:50]),
            )
        )
    names = [name.strip() for name in table.header]
    if (
        len(names) > 1
        and all(is_number(name) for name in names[1:])
        and is_number(names[0] or "0")
        and names[0]
    ):
        findings.append(
            Finding(
                "table.no-header",
                Verdict.REVIEW,
                "The first line is all numbers: the header is missing.",
                "Put the names of the columns in the first line.",
            )
        )
    if len(set(names)) != len(names):
        findings.append(
            Finding(
                "table.repeated-header",
                Verdict.REVIEW,
                "Several columns have the same name.",
                "Give every column a name of its own.",
            )
        )
    active = [
        (row, column)
        for row, fields in enumerate((table.header, *table.rows), start=-1)
        for column, field in enumerate(fields)
        if field.lstrip()[:1] in {"=", "@", "+", "-"}
        and len(field.strip()) > 1
        and not is_number(field)
        and field.strip() not in {"--", "---"}
    ]
    if active:
        findings.append(
            Finding(
                "table.formula",
                Verdict.FAIL,
                f"{len(active):,} cells begin like a spreadsheet formula (=, +, - or @), which would "
                "run when "
                "opened.",
                "Write such labels with a letter first.",
                tuple(Cell(position=place) for place in active[:50] if place[0] >= 0),
            )
        )
    return findings
