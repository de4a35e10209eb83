"""Rounded tables: additive, within their base, and audited."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.protect import Protection, make_system, round_table
from readingroom.core.disclosure.protect.rounding import behind, midpoint, nearest
from readingroom.errors import InvalidInput
from tests.property.disclosure.test_protect_laws import system_of, with_margins

FEW = settings(max_examples=60, deadline=None)


def table(shape, seed, most=40):
    return _system(np.random.default_rng(seed).integers(0, most, shape))


def _system(inner):
    full = with_margins(inner)
    number = np.arange(full.size).reshape(full.shape)
    lines = [line for axis in range(full.ndim)
             for line in np.moveaxis(number, axis, -1).reshape(-1, full.shape[axis])]
    return make_system([str(cell) for cell in range(full.size)],
                       [(f"line {at}", {int(line[-1]): 1.0, **{int(cell): -1.0 for cell in line[:-1]}})
                        for at, line in enumerate(lines)], value=full.ravel())


@FEW
@given(st.integers(0, 2**31), st.sampled_from([(5,), (3, 4), (6, 2), (2, 2, 2), (3, 2, 2)]),
       st.sampled_from([3, 5, 10]))
def test_controlled_rounding_adds_up_and_stays_within_the_base(seed, shape, base):
    system = table(shape, seed)
    found = round_table(system, base, "controlled", {})
    assert found.additive
    assert (found.values % base == 0).all()
    away = np.abs(found.values - system.value)
    assert (away < base)[[cell for cell in range(system.size) if cell not in found.moved]].all()
    assert (away < 2 * base).all()
    if not found.moved:
        assert (away[system.value % base == 0] == 0).all()
    if len(shape) < 3:  # always possible in two dimensions
        assert not found.moved


@FEW
@given(st.integers(0, 2**31), st.sampled_from(["nearest", "midpoint", "controlled"]))
def test_true_values_lie_in_the_range_that_the_reader_infers(seed, method):
    system = table((3, 3), seed)
    found = round_table(system, 6, method, {cell: Protection() for cell in range(system.size)})
    for one in found.audit.inferences:
        assert one.range.lower <= system.value[one.cell] <= one.range.upper


def test_nearest_is_no_further_than_half_and_midpoint_hides_one_to_six():
    assert nearest(np.array([0.0, 2, 2.5, 3, 7.5, 12]), 5).tolist() == [0, 0, 5, 5, 10, 10]
    assert midpoint(np.arange(14.0)).tolist() == [0, 3, 3, 3, 3, 3, 3, 9, 9, 9, 9, 9, 9, 15]


@FEW
@given(st.integers(0, 500), st.integers(2, 20), st.sampled_from(["nearest", "midpoint"]))
def test_behind_is_exactly_what_rounds_there(value, base, method):
    by = {"nearest": nearest, "midpoint": midpoint}[method]
    published = float(by(np.array([float(value)]), base)[0])
    low, high = behind(published, base, method, whole=True)
    every = by(np.arange(600.0), base)
    same = np.flatnonzero(every == published)
    assert max(low, 0) == same.min()
    if high < 600:
        assert high == same.max()


def test_conventional_rounding_that_margins_undo_is_found():
    """3 + 3 = 6 rounds to 5 + 5 and 5: the inner cells can only be 3 or 4."""
    system = _system(np.array([3, 3]))
    found = round_table(system, 5, "nearest", {0: Protection(sliding=4)})
    assert (found.audit.inferences[0].range.lower, found.audit.inferences[0].range.upper) == (3, 4)
    assert not found.additive


def test_cells_that_everybody_knows_must_be_multiples():
    system = make_system(["a", "b", "t"], [("sum", {2: 1.0, 0: -1.0, 1: -1.0})], value=[7, 3, 10], lower=[7, 0, 0],
                         upper=[7, np.inf, np.inf])
    with pytest.raises(InvalidInput, match="no multiple"):
        round_table(system, 5, "controlled", {})


@pytest.mark.parametrize("base", [0, -5, float("inf"), float("nan")])
def test_bases_that_cannot_be(base):
    with pytest.raises(InvalidInput, match="base"):
        round_table(system_of(np.array([1, 2])), base, "nearest", {})
