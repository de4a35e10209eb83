"""Free post-processing: what it says it does, for any noisy table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.privacy.free import consistent, non_negative, rounded

NUMBERS = st.integers(-1000, 1000)


@st.composite
def tables(draw):
    r, c = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    cells = draw(st.lists(st.lists(NUMBERS, min_size=c, max_size=c), min_size=r, max_size=r))
    return cells, draw(st.lists(NUMBERS, min_size=r, max_size=r)), draw(st.lists(NUMBERS, min_size=c, max_size=c))


@given(tables())
def test_consistent_tables_add_up_and_stay_as_they_are(table):
    cells, rows, columns = consistent(*table)
    assert [sum(row) for row in cells] == pytest.approx(rows, abs=1e-6)
    assert [sum(column) for column in zip(*cells, strict=True)] == pytest.approx(columns, abs=1e-6)
    again, _, _ = consistent(cells, rows, columns)
    assert [one for row in again for one in row] == pytest.approx([one for row in cells for one in row], abs=1e-6)


@given(tables(), st.floats(-1, 1), st.integers(0, 3), st.integers(0, 3))
def test_no_other_consistent_table_is_nearer(table, step, i, j):
    """Moving a cell, with its margins, away from the solution never brings it nearer to what was measured."""
    cells, rows, columns = consistent(*table)
    i, j = i % len(rows), j % len(columns)

    def distance(moved):
        there = sum((cells[x][y] + (moved if (x, y) == (i, j) else 0) - table[0][x][y]) ** 2
                    for x in range(len(rows)) for y in range(len(columns)))
        there += sum((rows[x] + (moved if x == i else 0) - table[1][x]) ** 2 for x in range(len(rows)))
        return there + sum((columns[y] + (moved if y == j else 0) - table[2][y]) ** 2 for y in range(len(columns)))

    assert distance(step) >= distance(0.0) - 1e-6


def test_the_example_of_the_docstring():
    assert consistent([[10]], [13], [13]) == (((12.0,),), (12.0,), (12.0,))
    with pytest.raises(ValueError, match="margin"):
        consistent([[1]], [1, 2], [1])


@given(st.lists(NUMBERS, max_size=9), st.integers(1, 20))
def test_rounding_and_lifting(numbers, base):
    near = rounded(numbers, base)
    assert all(one % base == 0 and abs(one - number) * 2 <= base for one, number in zip(near, numbers, strict=True))
    assert all(one == max(number, 0) for one, number in zip(non_negative(numbers), numbers, strict=True))
    with pytest.raises(ValueError, match="positive"):
        rounded(numbers, 0)
