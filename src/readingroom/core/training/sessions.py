"""One person's turn at one set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from readingroom.core.requests import Decision


@dataclass(frozen=True)
class TrainingSession:
    """`decisions` are in the order of the set's cases; empty, and `answered_at` None, until it was answered."""

    id: int
    person: str
    edition: int
    number: int
    begun_at: datetime
    answered_at: datetime | None
    decisions: tuple[Decision, ...]


def next_number(own: Iterable[TrainingSession], edition: int) -> int:
    """The lowest set that a person has not taken: everybody takes the same ones first, so that answers compare."""
    taken = {one.number for one in own if one.edition == edition}
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def answers_of_others(answered: Iterable[TrainingSession], edition: int, number: int, but: str
                      ) -> dict[str, tuple[Decision, ...]]:
    """What others answered to a set, by person."""
    return {one.person: one.decisions for one in answered
            if (one.edition, one.number) == (edition, number) and one.person != but and one.answered_at is not None}
