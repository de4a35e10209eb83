"""Reader for JSON: records and columns become a table; long lists anywhere are data."""

from __future__ import annotations

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.csv_table import MOST_COLUMNS, MOST_ROWS, check_shape
from readingroom.core.inspection.model import PublishedTable
from readingroom.core.inspection.recognise import parse_json

PLAIN = (str, int, float, bool, type(None))


def read_json(text: str, longest_list: int | None) -> tuple[PublishedTable | None, list[Finding]]:
    """The table in it (if it is one) and findings; lists longer than `longest_list` fail."""
    try:
        value = parse_json(text, str)  # as they are written: what more digits say is seen
    except (ValueError, RecursionError) as error:
        return None, [
            Finding(
                "json.unreadable",
                Verdict.FAIL,
                f"This is not JSON that can be read ({str(error)[:80]}).",
                "Save it again with json.dump; or save tables as csv.",
            )
        ]
    longest = _longest_list(value)
    if longest_list is not None and longest > longest_list:
        return None, [
            Finding(
                "people.many-rows",
                Verdict.FAIL,
                f"It holds a list of {longest:,} entries; {longest_list:,} is the longest that can be an "
                "aggregate.",
                "Send aggregated numbers, not rows of people.",
                parameters={"max_table_rows": longest_list},
            )
        ]
    table = _records(value) or _columns(value)
    if table is None:
        return None, [
            Finding(
                "json.structure",
                Verdict.REVIEW,
                "This JSON is not a plain table, so a person must read it.",
                "Save tables as csv, one file per table, with evidence from the SDK.",
            )
        ]
    return table, check_shape(table)


def _longest_list(value: object) -> int:
    longest, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict | list):
            longest = max(longest, len(item))
            waiting.extend(item.values() if isinstance(item, dict) else item)
    return longest


def _records(value: object) -> PublishedTable | None:
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        return None
    header = list(value[0])
    plain = all(
        list(item) == header and all(isinstance(field, PLAIN) for field in item.values()) for item in value
    )
    if not plain or not 0 < len(header) <= MOST_COLUMNS:
        return None
    rows = tuple(tuple(_text(field) for field in item.values()) for item in value[:MOST_ROWS])
    return PublishedTable(tuple(header), rows, len(value))


def _columns(value: object) -> PublishedTable | None:
    if not isinstance(value, dict) or not 0 < len(value) <= MOST_COLUMNS:
        return None
    columns = [list(item.values()) if isinstance(item, dict) else item for item in value.values()]
    if (
        not all(
            isinstance(column, list) and column and all(isinstance(field, PLAIN) for field in column)
            for column in columns
        )
        or len({len(column) for column in columns}) != 1
    ):
        return None
    rows = tuple(tuple(_text(field) for field in row) for row in zip(*columns, strict=True))
    labels = [list(item) if isinstance(item, dict) else None for item in value.values()]
    if labels[0] is not None:
        if any(other != labels[0] for other in labels):
            return None
        return PublishedTable(
            ("", *value), tuple((label, *row) for label, row in zip(labels[0], rows, strict=True)), len(rows)
        )
    return PublishedTable(tuple(value), rows[:MOST_ROWS], len(rows))


def _text(value: object) -> str:
    return "" if value is None else str(value)
