"""Draws that follow from a name: the same on every machine and in every version, which no generator promises."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """Numbers from SHA-256 of a name and a counter. For made-up examples only: nothing here is secret or noise."""

    def __init__(self, name: str) -> None:
        self._name, self._count = name, 0

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1; of 256 bits, so that no limit here is favoured."""
        self._count += 1
        return int.from_bytes(hashlib.sha256(f"{self._name} {self._count}".encode()).digest(), "big") % limit

    def randrange(self, low: int, high: int) -> int:
        """From `low` to `high` - 1."""
        return low + self.below(high - low)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.below(10**6) / 10**6

    def choice(self, items: Sequence[Item]) -> Item:
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        left, found = list(items), []
        while left:
            found.append(left.pop(self.below(len(left))))
        return found
