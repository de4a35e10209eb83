"""Verdicts and findings: what a check says of one output."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum


class Verdict(IntEnum):
    """Ordered: combining verdicts is `max`. PASS must be earned (promise P9)."""

    PASS = 0
    REVIEW = 1
    FAIL = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Cell:
    """A place in an output: labels for people, 0-based body position for highlighting where known."""

    row: tuple[str, ...] = ()
    column: tuple[str, ...] = ()
    position: tuple[int, int] | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that one rule noticed.

    `message` is a plain sentence with the number and the limit; `next_step` the shortest way to a PASS;
    `source` the guide, section and year of the rule.
    """

    rule: str
    verdict: Verdict
    message: str
    next_step: str = ""
    cells: tuple[Cell, ...] = ()
    parameters: dict[str, object] = field(default_factory=dict)
    source: str = ""

    def as_dict(self) -> dict[str, object]:
        return {
            "rule": self.rule,
            "verdict": self.verdict.word,
            "message": self.message,
            "next_step": self.next_step,
            "cells": [
                {"row": list(cell.row), "column": list(cell.column),
                 "position": None if cell.position is None else list(cell.position)}
                for cell in self.cells
            ],
            "parameters": dict(self.parameters),
            "source": self.source,
        }


def combine(findings: Iterable[Finding], *, checked: bool) -> Verdict:
    """The verdict over all findings; REVIEW at best when no rule was able to check the output."""
    worst = max((finding.verdict for finding in findings), default=Verdict.PASS)
    return worst if checked else max(worst, Verdict.REVIEW)
