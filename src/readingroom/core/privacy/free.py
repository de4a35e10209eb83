"""What may be done to a private answer for nothing: it sees noisy numbers only, so it costs no budget.

Each function returns new numbers and changes nothing it was given. Say on the page which of them was used: rounding and
lifting bias small numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

NON_NEGATIVE = "negative numbers were set to zero"
ROUNDED = "numbers were rounded to multiples of {}"
CONSISTENT = "cells and margins were adjusted to add up"


def non_negative(numbers: Sequence[int]) -> tuple[int, ...]:
    """Counts can't be negative; lifting them biases sums of small cells upwards."""
    return tuple(max(0, number) for number in numbers)


def rounded(numbers: Sequence[int], base: int) -> tuple[int, ...]:
    """To the nearest multiple of `base`, halves to the even one. Example: 7 and 13 to base 5 are 5 and 15."""
    if base < 1:
        raise ValueError("the base is a positive whole number")
    return tuple(base * round(Fraction(number, base)) for number in numbers)


def consistent(cells: Sequence[Sequence[float]], rows: Sequence[float], columns: Sequence[float],
               ) -> tuple[tuple[tuple[float, ...], ...], tuple[float, ...], tuple[float, ...]]:
    """A table and its margins, all measured with noise of one size, moved as little as possible to add up.

    Least squares: minimises the sum of squared changes of cells and margins under "each row of cells adds to its
    margin, each column too". (cells, rows, columns) as adjusted. Example: one cell of 10 with margins 13 and 13 becomes
    12 with margins 12 and 12.
    """
    r, c = len(rows), len(columns)
    if len(cells) != r or any(len(row) != c for row in cells):
        raise ValueError("one margin for each row and column of cells")
    over_row = [rows[i] - sum(cells[i]) for i in range(r)]
    over_column = [columns[j] - sum(cells[i][j] for i in range(r)) for j in range(c)]
    # Multipliers a, b of the constraints: cell += a_i + b_j, row margin -= a_i, column margin -= b_j.
    # (c + 1) a_i + sum(b) = over_row_i and (r + 1) b_j + sum(a) = over_column_j.
    whole = (c + 1) * (r + 1) - r * c
    total_a = ((r + 1) * sum(over_row) - r * sum(over_column)) / whole
    total_b = ((c + 1) * sum(over_column) - c * sum(over_row)) / whole
    a = [(over - total_b) / (c + 1) for over in over_row]
    b = [(over - total_a) / (r + 1) for over in over_column]
    return (tuple(tuple(cells[i][j] + a[i] + b[j] for j in range(c)) for i in range(r)),
            tuple(rows[i] - a[i] for i in range(r)), tuple(columns[j] - b[j] for j in range(c)))
