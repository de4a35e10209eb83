"""What inspecting a file yields."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.disclosure.verdict import Finding

LARGEST_FILE = 64 * 2**20
"""Bytes beyond which nothing is even parsed, whatever the policy."""


@dataclass(frozen=True)
class PublishedTable:
    """A table as a reader of the file sees it: text cells, one header line. Rows may be ragged.

    `rows` stops at the reader's limit; `row_count` counts all lines of the file.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int

    def column(self, index: int) -> tuple[str, ...]:
        """The cells of one column; "" where a row is too short."""
        return tuple(row[index] if index < len(row) else "" for row in self.rows)


@dataclass(frozen=True)
class Inspection:
    """`output_type` is what the content is ("unknown" if not on the list); `table` if there is one."""

    output_type: str
    findings: tuple[Finding, ...]
    table: PublishedTable | None = None
