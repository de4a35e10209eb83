"""The number that a cell shows: rounded as the table says, with few digits."""

from __future__ import annotations

import math
from dataclasses import replace

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rounded import as_rounded, number_shown

FIGURES = 3


def shown(cell: CellEvidence, table: TableEvidence) -> int | float | str | None:
    """What the table publishes of a cell; None where it is suppressed or there is nothing to show."""
    if cell.suppressed:
        return None
    if cell.label is not None:
        return cell.label
    if table.statistic == "count" and cell.weighted_total is None:
        return number_shown(cell, table)
    if table.statistic == "share" and table.rounding > 1 and cell.value is not None:
        return _share(cell, table)
    value = cell.value if cell.value is not None else cell.total
    if value is None or (isinstance(value, int) and not table.decimals):
        return value  # type: ignore[return-value]
    return round(float(value), table.decimals or 0) if table.decimals else round(value)


def _share(cell: CellEvidence, table: TableEvidence) -> float | None:
    """Of rounded counts, on the scale of the exact one."""
    above, below = cell.numerator_people or 0, cell.denominator_people or 0
    part, whole = (as_rounded(count, table.rounding, table.rounding_method) for count in (above, below))
    if not whole or cell.value is None:
        return None
    scale = 100.0 if above and math.isclose(cell.value * below, 100 * above) else 1.0
    return round(scale * part / whole, table.decimals or 0)


def with_digits(table: TableEvidence) -> TableEvidence:
    """Few digits: whole numbers where all are whole, others to about three figures."""
    if table.decimals is not None:
        return table
    values = [cell.value if cell.value is not None else cell.total for cell in table.cells if not cell.suppressed]
    filled = [float(value) for value in values if value is not None]
    if (table.statistic == "count" and all(cell.weighted_total is None for cell in table.cells)) or not filled:
        return replace(table, decimals=0)
    if table.statistic in ("sum", "min", "max", "range", "mode") and all(value.is_integer() for value in filled):
        return replace(table, decimals=0)
    largest = max(map(abs, filled))
    whole = math.floor(math.log10(largest)) + 1 if largest >= 1 else 0
    return replace(table, decimals=min(max(0, FIGURES - whole) if whole else FIGURES, FIGURES))
