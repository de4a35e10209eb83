"""A system: cells, what a reader knows of each, and the equations that tie them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from readingroom.errors import InvalidInput

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Equation = tuple[str, Mapping[int, float]]

LARGEST = 1e15  # above this a float no longer holds every whole number, and solvers call it infinite
MAX_CELLS = 250_000
RELATIVE = 1e-9  # how far sums of decimals may be from their total before they count as wrong


@dataclass(frozen=True, eq=False)
class System:
    """Cells x with `lower <= x <= upper` (what a reader knows of each alone) and `equations @ x = 0`.

    `value` is the true value where known, else NaN: it is what verdicts are measured from, never what a reader knows.
    `whole` marks counts, which a reader knows to be integers. One row of `equations` is one total: +1 for the total,
    -1 for each part. A published cell has `lower == upper`.
    """

    names: tuple[str, ...]
    value: Floats
    lower: Floats
    upper: Floats
    whole: Bools
    equations: sparse.csr_array
    rows: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.names)

    def hiding(self, hidden: Iterable[int]) -> System:
        """What a reader knows once every cell but `hidden` is published exactly; hidden ones keep their bounds."""
        shown = np.ones(self.size, dtype=bool)
        shown[list(hidden)] = False
        unknown = np.flatnonzero(shown & np.isnan(self.value))
        if unknown.size:
            raise InvalidInput(f"{self.names[unknown[0]]} has no value, so it can't be published.",
                               rule="protect.value", value=self.names[unknown[0]],
                               next_step="Give every cell its true value.")
        return self.knowing(np.where(shown, self.value, self.lower), np.where(shown, self.value, self.upper))

    def knowing(self, lower: Floats, upper: Floats) -> System:
        """The same cells with other bounds."""
        return replace(self, lower=lower, upper=upper)


def make_system(
    names: Sequence[str], equations: Iterable[Equation], *, value: Sequence[float] | Floats | None = None,
    lower: Sequence[float] | Floats | None = None, upper: Sequence[float] | Floats | None = None,
    whole: bool | Sequence[bool] = True,
) -> System:
    """A checked system. Each equation is (its name, {cell: coefficient}) and says that the sum is zero.

    Defaults: no value known, bounds 0 to infinity, counts. Refuses infinite or huge values, bounds the wrong way
    round, and more than MAX_CELLS cells. An empty system is one without cells.

    Example: `make_system(("a", "b", "a+b"), [("sum", {2: 1, 0: -1, 1: -1})], value=[3, 4, 7])`.
    """
    size = len(names)
    if size > MAX_CELLS:
        raise InvalidInput(f"{size:,} cells are more than {MAX_CELLS:,}.", rule="protect.size", value=size,
                           next_step="Check smaller sets of tables, or merge categories.")
    wholes = np.full(size, whole) if isinstance(whole, bool) else np.asarray(whole, dtype=bool)
    low = np.zeros(size) if lower is None else np.asarray(lower, dtype=float)
    high = np.full(size, np.inf) if upper is None else np.asarray(upper, dtype=float)
    values = np.full(size, np.nan) if value is None else np.asarray(value, dtype=float)
    _check(names, values, low, high, wholes)
    low, high = np.where(wholes, np.ceil(low - 1e-9), low) + 0.0, np.where(wholes, np.floor(high + 1e-9), high)
    rows, matrix = _matrix(list(equations), size)
    return System(tuple(names), values, low, high, wholes, matrix, rows)


def _check(names: Sequence[str], value: Floats, lower: Floats, upper: Floats, whole: Bools) -> None:
    def refuse(faulty: Bools, what: str, step: str, shown: Floats) -> None:
        if faulty.any():
            first = int(np.flatnonzero(faulty)[0])
            raise InvalidInput(f"{names[first]}: {what} ({shown[first]:g}).", rule="protect.value",
                               value=float(shown[first]), next_step=step)

    refuse(np.isinf(value) | (np.abs(np.nan_to_num(value, posinf=0, neginf=0)) > LARGEST),
           "a value is infinite or too large", f"Values go up to {LARGEST:g}: use a larger unit.", value)
    refuse(np.isnan(lower), "a lower bound is not a number", "Leave it out, or give a number.", lower)
    refuse(np.isnan(upper), "an upper bound is not a number", "Leave it out, or give a number.", upper)
    refuse(np.isposinf(lower) | (np.abs(np.where(np.isinf(lower), 0, lower)) > LARGEST), "a lower bound is too large",
           f"Bounds go up to {LARGEST:g}.", lower)
    refuse(np.isneginf(upper) | (np.abs(np.where(np.isinf(upper), 0, upper)) > LARGEST), "an upper bound is too large",
           f"Bounds go up to {LARGEST:g}.", upper)
    refuse(lower > upper, "the lower bound is above the upper", "Swap or correct them.", lower)
    refuse(whole & ~np.isnan(value) & (value != np.round(value)), "a count is not a whole number",
           "Say that the table holds magnitudes (\"kind\": \"magnitude\"), or correct the count.", value)
    known = ~np.isnan(value)
    refuse(known & (value < lower - RELATIVE * np.maximum(1, np.abs(lower))), "the value is below its lower bound",
           "Counts are 0 or more; for magnitudes that may be negative say so (\"negative\": true).", value)
    refuse(known & (value > upper + RELATIVE * np.maximum(1, np.abs(upper))), "the value is above its upper bound",
           "Correct the value or the bound.", value)


def _matrix(equations: list[Equation], size: int) -> tuple[tuple[str, ...], sparse.csr_array]:
    data: list[float] = []
    columns: list[int] = []
    starts = [0]
    for _, terms in equations:
        columns.extend(terms)
        data.extend(terms.values())
        starts.append(len(columns))
    matrix = sparse.csr_array((np.asarray(data, dtype=float), np.asarray(columns, dtype=np.int64),
                               np.asarray(starts, dtype=np.int64)), shape=(len(equations), size))
    return tuple(name for name, _ in equations), matrix


def check_additive(system: System) -> None:
    """Raises InvalidInput naming the first equation that the true values break, with both sides."""
    if np.isnan(system.value).any():
        return
    off = np.abs(system.equations @ system.value)
    size = abs(system.equations) @ np.abs(system.value)
    wrong = np.flatnonzero(off > RELATIVE * np.maximum(1, size))
    if wrong.size:
        raise broken(system, int(wrong[0]), system.value, more=wrong.size - 1)


def broken(system: System, row: int, known: Floats, *, more: int = 0) -> InvalidInput:
    """The error for an equation whose cells are all known and don't add up."""
    terms: Any = system.equations[[row], :].tocoo()
    cells = [(int(cell), float(by)) for cell, by in zip(terms.col, terms.data, strict=True)]
    totals = [cell for cell, by in cells if by > 0]
    parts = [cell for cell, by in cells if by < 0]
    total = sum(known[cell] * by for cell, by in cells if by > 0)
    summed = -sum(known[cell] * by for cell, by in cells if by < 0)
    also = f" {more} other equations are broken too." if more else ""
    return InvalidInput(
        f"{system.rows[row]}: the parts add up to {number(summed)}, but "
        f"{' + '.join(system.names[cell] for cell in totals[:5])} is {number(total)} ({len(parts)} parts).{also}",
        rule="published.inconsistent", value=system.rows[row],
        next_step="Correct the cell or the total; if the table was rounded, say how (\"rounding\").")


def number(value: float) -> str:
    """A value as people write it: 3, 12.5, unlimited."""
    if np.isinf(value):
        return "unlimited" if value > 0 else "minus unlimited"
    value += 0.0  # no minus zero
    return f"{value:.0f}" if value == round(value) and abs(value) < LARGEST else f"{value:.6g}"
