"""Rounding the counts of a table, and totals that are added up anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from readingroom.core.disclosure.rounded import CONTROLLED
from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    from readingroom.core.disclosure.evidence import TableEvidence
    from readingroom.sdk._tables import Table

LARGEST_BASE = 100
METHODS = {"nearest": "to {base}", "midpoint": "to the midpoint of {base}", CONTROLLED: "to {base} so that they add up"}

Tables = tuple["TableEvidence", ...]


def rounded(made: Table, base: int, method: str, totals: str) -> tuple[str, Tables]:
    """How it was rounded, in words, and the tables. InvalidInput says what cannot be rounded so."""
    _check(made, base, method, totals)
    plain = tuple(one.with_cells(tuple(replace(cell, shown=None) for cell in one.cells)) for one in made.tables)
    how = METHODS[method].format(base=base)
    if method == CONTROLLED:
        return how, _controlled(plain, base)
    found = tuple(replace(one, rounding=base, rounding_method=method) if _is_counted(one) else one for one in plain)
    if totals == "rounded":
        return how, found
    from readingroom.core.disclosure.remedies import with_totals_added_up

    return f"{how}, totals added up from rounded cells", tuple(
        with_totals_added_up(one) if one.statistic == "count" else one for one in found)


def _check(made: Table, base: int, method: str, totals: str) -> None:
    if isinstance(base, bool) or not isinstance(base, int) or not 1 <= base <= LARGEST_BASE:
        raise InvalidInput(f"The base is a whole number from 1 to {LARGEST_BASE}.", rule="table.rounding", value=base,
                           next_step="Use 5 or 10, or 6 with method=\"midpoint\".")
    if method not in METHODS or (method == "midpoint" and base % 2):
        raise InvalidInput(f"There is no rounding {method!r} to {base}.", rule="table.rounding", value=method,
                           next_step='Use method="nearest", "controlled", or "midpoint" with an even base.')
    if totals not in ("rounded", "added"):
        raise InvalidInput(f"There are no totals {totals!r}.", rule="table.rounding", value=totals,
                           next_step='Use totals="rounded", or "added" for sums of the rounded cells.')
    if any(one.noise for one in made.tables):
        raise InvalidInput("The counts have noise already.", rule="table.rounding", value=base,
                           next_step="Round the table before noise, or do one of both.")
    if not any(_is_counted(one) for one in made.tables) or made.recipe.weight:
        raise InvalidInput(f"Only counts are rounded to a base; this is a {made.statistic}.", rule="table.rounding",
                           value=made.statistic, next_step="It is already shown with few digits.")


def _is_counted(one: TableEvidence) -> bool:
    """Whether its numbers are counts of people, or shares of such."""
    return one.statistic == "count" or (one.statistic == "share" and all(cell.total is None for cell in one.cells))


def _controlled(tables: Tables, base: int) -> Tables:
    from readingroom.core.disclosure.remedies import round_controlled

    if any(one.statistic == "share" for one in tables):
        raise InvalidInput("Shares are made of counts that are rounded each by itself.", rule="table.rounding",
                           value="share", next_step='Leave out the shares, or use method="nearest".')
    return round_controlled(tables, base)


def added_as(before: Tables, after: Tables) -> Tables:
    """Changed tables with totals added up anew, where they were before."""
    from readingroom.core.disclosure.remedies import with_totals_added_up, without_added_totals

    return tuple(with_totals_added_up(now) if without_added_totals(was) is not was else now
                 for was, now in zip(before, after, strict=True))
