"""Long lists a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.web.addresses import page


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
