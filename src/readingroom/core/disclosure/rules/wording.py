"""How rules say things, so that they all say them alike."""

from __future__ import annotations

from collections.abc import Sequence

from readingroom.core.disclosure.evidence import CellEvidence
from readingroom.core.disclosure.verdict import Finding, Verdict

NAMED = 3


def number(value: float) -> str:
    """As people write it: 1,234 or 12.5."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def listing(descriptions: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = len(descriptions) - NAMED
    return "; ".join(descriptions[:NAMED]) + (f"; and {more:,} more" if more > 0 else "")


def plural(count: int, noun: str, nouns: str = "") -> str:
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def missing_parameter(*names: str) -> Finding:
    """REVIEW: the policy does not say, so nobody may assume."""
    quoted = ", ".join(names)
    return Finding(
        "policy.incomplete",
        Verdict.REVIEW,
        f"The policy does not set {quoted}, so this could not be checked fully.",
        f"Ask an administrator to set {quoted} in the site policy.",
        parameters={"missing": list(names)},
    )


def unchecked(rule: str, cells: Sequence[CellEvidence], lacking: str, source: str) -> list[Finding]:
    """REVIEW of cells whose evidence does not say what the rule needs; nothing of no cells."""
    if not cells:
        return []
    ordered = in_reading_order(cells)
    lack = plural(len(ordered), "cell lacks", "cells lack")
    return [
        Finding(
            f"{rule}.unchecked",
            Verdict.REVIEW,
            f"{lack} {lacking}: {listing([cell.name for cell in ordered])}.",
            "Make the table with the readingroom SDK, which records it.",
            tuple(cell.place for cell in ordered),
            source=source,
        )
    ]


def in_reading_order(cells: Sequence[CellEvidence]) -> list[CellEvidence]:
    """So that the order in which evidence arrives never shows."""
    return sorted(cells, key=lambda cell: (cell.row, cell.column))
