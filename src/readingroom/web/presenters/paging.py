"""Long lists a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from readingroom.web.addresses import page

Item = TypeVar("Item")
SIZE = 25


@dataclass(frozen=True)
class Pager:
    """Where one is in a list, and the pages beside it; an empty address is no page."""

    number: int
    pages: int
    total: int
    previous: str
    following: str


def pager(path: str, key: str, number: int, total: int, size: int, **query: object) -> Pager:
    """`key` is the name of the page number in the address; `query` is what else stays in it."""
    pages = max(1, -(-total // size))

    def at(other: int) -> str:
        return page(path, **{**query, key: other}) if 1 <= other <= pages else ""

    return Pager(number, pages, total, at(number - 1), at(number + 1))


def part(path: str, key: str, number: int, items: Sequence[Item], size: int = SIZE, **query: object
         ) -> tuple[Sequence[Item], Pager]:
    """The `number`-th page of a list that is at hand whole, and the pages beside it."""
    return items[(number - 1) * size:number * size], pager(path, key, number, len(items), size, **query)
