"""Noise that was drawn twice: of two tables of the same people, whoever averages them has less of it."""

from __future__ import annotations

from collections.abc import Mapping

from readingroom.core.disclosure.evidence import TableEvidence, readable, tables_of
from readingroom.core.disclosure.verdict import Finding, Verdict

SOURCE = ("ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 5.4, cell key method (2024): the "
          "same cell has the same noise wherever it is published")


def is_redrawn(evidence: object, before: object) -> bool:
    """Whether counts of one dataset and unit have other noise in `evidence` than in `before`: key, size or variance.

    Both are evidence as an output carries it. Of the outputs of one request `check_redrawn` asks; whoever remembers
    what was released asks the same of a new output and each released one. Evidence that can't be read, or is of
    something without noise, is not redrawn: its own check says what it is.
    """
    return any(_of(one) == _of(other) and one.noise != other.noise
               for one in _noisy(evidence) for other in _noisy(before))


def check_redrawn(evidence: object, others: Mapping[str, object]) -> list[Finding]:
    """FAIL for counts with noise whose people have other noise in another file of the request, or in this one.

    Formula: cell-key noise is a function of the people in a cell and one secret; two secrets, or two tables of
    chances, give independent noise, and the mean of k draws has a k-th of the variance.
    """
    twice = ["this file"] if is_redrawn(evidence, evidence) else []
    twice += [name for name, said in others.items() if is_redrawn(evidence, said)]
    if not twice:
        return []
    return [Finding(
        "noise.redrawn", Verdict.FAIL,
        f"The noise on these counts is another than that in {', '.join(twice)}, of the same people: averaged, the two "
        "tell more than either.",
        "Make all tables with noise of the dataset's own secret, or one key=, and with the same noise, variance and "
        "small.", parameters={"files": twice}, source=SOURCE)]


def _of(table: TableEvidence) -> tuple[str, str]:
    """Whose counts they are: the unit and the dataset, whatever its version."""
    return table.unit, dict(table.source).get("dataset", "")


def _noisy(evidence: object) -> list[TableEvidence]:
    said = readable(evidence)
    return [table for table in tables_of(said) if table.noise is not None] if said else []
