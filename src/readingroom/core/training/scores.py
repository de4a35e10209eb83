"""How far a checker's answers agree: with what was planted, and with other checkers.

Source: Cohen, Educational and Psychological Measurement 20 (1960).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from readingroom.core.requests import Decision


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa of `pairs` of decisions; `share` is how many of them are the same. None: nothing to tell from."""

    pairs: int
    share: float | None
    kappa: float | None


@dataclass(frozen=True)
class Score:
    """`missed` are faults that were approved, the mistake that harms people; `false_alarms` good outputs sent back.

    `others` is over the `people` who answered the same set.
    """

    cases: int
    right: int
    missed: int
    false_alarms: int
    answer: Kappa
    others: Kappa
    people: int


def kappa(pairs: Sequence[tuple[Decision, Decision]]) -> Kappa:
    """Agreement beyond chance of two people with fixed seats: (p_o - p_e) / (1 - p_e), where p_e multiplies how often
    each chose each.

    Example: of 10 pairs 8 agree; one approves 5 of 10, the other 7: p_e = 0.5 x 0.7 + 0.5 x 0.3 = 0.5, kappa = 0.6.
    None where both always chose the same one: then chance explains all.
    """
    if not pairs:
        return Kappa(0, None, None)
    count = len(pairs)
    same = sum(one is other for one, other in pairs) / count
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(first[choice] * second[choice] for choice in Decision) / count**2
    return Kappa(count, same, None if chance == 1 else (same - chance) / (1 - chance))


def score(answers: Sequence[Decision], own: Sequence[Decision], others: Mapping[str, Sequence[Decision]]) -> Score:
    """Of one set: what is right, what was decided, and what others decided on the same cases."""
    pairs = [(mine, theirs) for given in others.values() for mine, theirs in zip(own, given, strict=True)]
    return Score(
        len(answers), sum(mine is right for mine, right in zip(own, answers, strict=True)),
        sum(mine is Decision.APPROVE and right is Decision.CHANGE for mine, right in zip(own, answers, strict=True)),
        sum(mine is Decision.CHANGE and right is Decision.APPROVE for mine, right in zip(own, answers, strict=True)),
        kappa(list(zip(own, answers, strict=True))), kappa(pairs), len(others))
