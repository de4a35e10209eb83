"""Counts rounded so that totals hold: controlled rounding, or totals added up from rounded cells."""

from __future__ import annotations

from dataclasses import replace

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.protect import round_table
from readingroom.core.disclosure.rounded import CONTROLLED, counts_people, number_shown
from readingroom.core.disclosure.rules.sums import Quantity, Sums, key_of, parts_of, quantities, system_of, titled
from readingroom.errors import InvalidInput


def round_controlled(tables: tuple[TableEvidence, ...], base: int) -> tuple[TableEvidence, ...]:
    """Every table of counts with each number at one of the two multiples of `base` beside it, so that all sums hold.

    Cells that several tables show get one number. Raises InvalidInput where totals are no sums, because people are in
    several cells, and where no such rounding exists.

    Source: Handbook on Statistical Disclosure Control, 2nd edition, ch. 5.4 (2024).
    """
    shown: dict[int, dict[object, int]] = {}
    has_titles = titled(tables)
    for quantity in quantities(tables):
        if not all(map(counts_people, quantity.tables)):
            continue
        sums = system_of(quantity)
        _check_sums(quantity, sums)
        values = round_table(sums.system, base, CONTROLLED, {}).values
        found: dict[object, int] = {key: round(values[at]) for key, at in sums.place.items()}
        shown |= {id(table): found for table in quantity.tables}
    return tuple(
        table if id(table) not in shown else replace(table, rounding=base, rounding_method=CONTROLLED, cells=tuple(
            replace(cell, shown=shown[id(table)][key_of(cell, titled=has_titles)]) for cell in table.cells))
        for table in tables)


def with_totals_added_up(table: TableEvidence) -> TableEvidence:
    """A rounded table of counts whose totals are the sums of what is shown of their parts; hidden ones count nothing.

    So totals tell nothing that the cells don't. Raises InvalidInput where people are in several cells.

    Source: OpenSAFELY documentation, redact and round before release (2026).
    """
    totals: dict[CellEvidence, int] = {}
    for total, parts in parts_of(table).items():
        if total.people != sum(part.people for part in parts) and total.value is None:
            raise _no_sum(total)
        totals[total] = sum(number_shown(part, table) for part in parts if not part.suppressed)
    return table.with_cells(tuple(
        replace(cell, shown=totals[cell]) if cell in totals else cell for cell in table.cells))


def without_added_totals(table: TableEvidence) -> TableEvidence:
    """The table with totals rounded by themselves again; the same table where none were added up."""
    bare = all(cell.shown is None for cell in table.cells)
    if bare or table.noise is not None or table.rounding_method == CONTROLLED:
        return table
    return table.with_cells(tuple(replace(cell, shown=None) for cell in table.cells))


def _check_sums(quantity: Quantity, sums: Sums) -> None:
    for key, at in sums.place.items():
        if sums.system.value[at] != quantity.numbers[key]:
            raise _no_sum(quantity.cells[key])


def _no_sum(total: CellEvidence) -> InvalidInput:
    return InvalidInput(
        f"{total.name} is not the sum of its cells, since people are in several of them.", rule="table.rounding",
        value=total.name, next_step="Round conventionally, or leave the totals out.")
