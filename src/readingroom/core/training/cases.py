"""The sets that checkers are trained on: twelve made-up outputs each, half of them with a fault, all from a number."""

from __future__ import annotations

from readingroom.core.training.amounts import dominated, longest, model, percentile
from readingroom.core.training.counts import against_earlier, one_category, rounded, secondary, small
from readingroom.core.training.draws import Draws
from readingroom.core.training.files import notebook, picture, rows
from readingroom.core.training.model import Case, Fault

EDITION = 1
"""Raised when the cases change: answers to another edition can't be shown beside them any more."""
KINDS = (small, rounded, secondary, against_earlier, one_category, dominated, percentile, longest, model, notebook,
         picture, rows)


def cases_of(number: int) -> tuple[Case, ...]:
    """The cases of one set: the same for everyone who takes it, so that their answers can be compared.

    Half of the kinds have their fault and half have not, drawn by the set's number; so is their order.
    """
    random = Draws(f"training {EDITION} {number}")
    bad = random.shuffled([place % 2 == 0 for place in range(len(KINDS))])
    return tuple(random.shuffled([kind(random, faulty) for kind, faulty in zip(KINDS, bad, strict=True)]))


__all__ = ["EDITION", "KINDS", "Case", "Fault", "cases_of"]
