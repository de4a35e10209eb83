"""One made-up output, and what was planted in it."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.policy import Policy
from readingroom.core.requests import Decision

POLICY = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=False, dominance=frozenset({(2, 90.0)}), p_percent=10.0,
    group_disclosure=True, extremes_forbidden=True, residual_degrees_of_freedom=10,
    output_types=frozenset({"csv", "png", "txt", "ipynb"}), max_file_bytes=1_000_000, max_table_rows=1_000)
"""The rules in force in training: fixed, so that everyone's answers to a set can be compared."""


@dataclass(frozen=True)
class Fault:
    """What was planted: the rule that it breaks, why in words with the numbers, and where the rule comes from."""

    rule: str
    why: str
    source: str


@dataclass(frozen=True)
class Case:
    """One output as a researcher would send it. `fault` is None for a good one, of which `lesson` says why it is.

    `evidence` is what the rules need to find it; people are not shown it, as they are not at the desk. `earlier` is a
    table released before, of the same data.
    """

    name: str
    content: bytes
    context: str
    controls: str
    fault: Fault | None
    lesson: str
    evidence: dict[str, object] | None = None
    earlier: bytes = b""
    policy: Policy = POLICY

    @property
    def answer(self) -> Decision:
        return Decision.APPROVE if self.fault is None else Decision.CHANGE


def csv(header: str, rows: list[list[object]]) -> bytes:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]).encode() + b"\n"


def cell(row: str, column: str, people: int, **more: object) -> dict[str, object]:
    return {"row": [row], "column": [column], "people": people, "records": people, **more}


def table(statistic: str, cells: list[dict[str, object]], **more: object) -> dict[str, object]:
    return {"kind": "table", "statistic": statistic, "unit": "person_id", "cells": cells, **more}
