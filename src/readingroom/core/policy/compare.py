"""What a change of policy does, field by field: does it tighten, loosen, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from readingroom.core.policy.model import DIRECTIONS, Policy, strictest


class Change(Enum):
    """How the new value of one field relates to the old one."""

    TIGHTER = "tighter"
    LOOSER = "looser"
    OTHER = "tighter in part, looser in part"


@dataclass(frozen=True)
class Difference:
    """One field that changed. None means "no opinion"."""

    field: str
    before: object
    after: object
    change: Change


def at_least_as_tight(one: Policy, other: Policy) -> bool:
    """Whether `one` forbids all that `other` forbids: the definition of the meet, one = strictest(one, other)."""
    return strictest(one, other) == one


def diff(before: Policy, after: Policy) -> tuple[Difference, ...]:
    """Every field in which the two differ, in the model's order; equal policies have none.

    Example: threshold 10 -> 5 is LOOSER; output types {csv, png} -> {csv, txt} is OTHER, because csv stays, png
    goes and txt comes.
    """
    return tuple(
        Difference(name, old, new, _change(name, old, new))
        for name in DIRECTIONS
        if (old := getattr(before, name)) != (new := getattr(after, name))
    )


def loosened(differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Those that allow anything that was not allowed before."""
    return tuple(one for one in differences if one.change is not Change.TIGHTER)


def _change(name: str, before: Any, after: Any) -> Change:
    old, new = Policy.model_construct(**{name: before}), Policy.model_construct(**{name: after})
    if at_least_as_tight(new, old):
        return Change.TIGHTER
    return Change.LOOSER if at_least_as_tight(old, new) else Change.OTHER
