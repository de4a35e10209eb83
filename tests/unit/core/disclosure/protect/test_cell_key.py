"""Cell keys: the same people, the same noise; and p-tables with the properties that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.protect import Protection, audit, make_system
from readingroom.core.disclosure.protect.cell_key import cell_keys, make_ptable, record_keys, seen_through_noise
from readingroom.errors import InvalidInput

SECRET = b"0123456789abcdef"
TABLES = st.integers(1, 8).flatmap(lambda most: st.tuples(
    st.just(most), st.floats(0.1, most**2 - 0.1), st.integers(0, most)))


@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_every_row_has_mean_zero_and_blocks_what_it_must(parameters):
    most, variance, small = parameters
    table = make_ptable(most, variance, small)
    noise = np.arange(-most, most + 1)
    for count, row in enumerate(table.rows):
        assert row.min() >= 0
        assert row.sum() == pytest.approx(1)
        assert row @ noise == pytest.approx(0, abs=1e-7)
        results = count + noise[row > 1e-12]
        assert (results >= 0).all()
        assert not ((results >= 1) & (results <= small)).any() or count == 0
    assert table.rows[0, most] == 1
    full = table.rows[-1]
    if small == 0:
        assert full @ noise**2 == pytest.approx(variance, rel=1e-6)


def test_of_all_such_distributions_it_has_the_largest_entropy():
    """Any small change that keeps sum, mean and variance makes it less even."""
    row = make_ptable(4, 3.0).rows[-1]
    noise = np.arange(-4, 5.0)
    free = np.linalg.svd(np.stack([np.ones(9), noise, noise**2]))[2][3:]
    entropy = -(row * np.log(row)).sum()
    for direction in np.concatenate([free, -free]):
        other = row + 1e-3 * direction
        assert -(other * np.log(other)).sum() < entropy


def test_the_same_people_get_the_same_noise_in_every_table_and_order():
    units = [f"person {number}" for number in range(500)]
    keys = record_keys(units, SECRET)
    by_region = np.arange(500) % 7
    found = cell_keys(keys, by_region, 7)
    shuffled = np.random.default_rng(1).permutation(500)
    assert (cell_keys(keys[shuffled], by_region[shuffled], 7) == found).all()
    alone = cell_keys(keys[by_region == 3], np.zeros((by_region == 3).sum(), dtype=np.int64), 1)
    assert alone[0] == found[3]
    table = make_ptable(3, 2.0, 2)
    counts = np.bincount(by_region)
    assert (table.perturb(counts, found) == table.perturb(counts, found)).all()


def test_keys_depend_on_the_secret_and_spread_evenly():
    keys = record_keys(range(20_000), SECRET)
    assert (record_keys(range(5), SECRET) == keys[:5]).all()
    assert not (record_keys(range(5), SECRET[::-1]) == keys[:5]).any()
    shares = np.histogram(keys.astype(float) / 2**64, bins=10, range=(0, 1))[0]
    assert abs(shares - 2000).max() < 250


def test_noise_follows_the_table():
    table = make_ptable(3, 2.0, 1)
    keys = np.linspace(0, 2**64 - 2**12, 200_000).astype(np.uint64)
    for count in (1, 2, 50):
        noise = table.noise(np.full(len(keys), count), keys)
        shares = np.bincount(noise + 3, minlength=7) / len(keys)
        assert shares == pytest.approx(table.rows[min(count, len(table.rows) - 1)], abs=1e-4)
    assert (table.perturb(np.zeros(5, dtype=np.int64), keys[:5]) == 0).all()


def test_the_last_key_gets_possible_noise():
    table = make_ptable(5, 2.0, 5)
    last = np.full(12, 2**64 - 1, dtype=np.uint64)
    counts = np.arange(12)
    assert ((table.perturb(counts, last) == 0) | (table.perturb(counts, last) > 5)).all()


def test_a_reader_of_noisy_counts_who_knows_the_table():
    """1 and 40 with noise up to 3 and no results of 1 or 2: what was published as 3 can have been 1 to 6."""
    table = make_ptable(3, 2.0, 2)
    assert table.behind(3) == (1, 6)
    assert table.behind(0) == (0, 3)
    system = make_system(["a", "b", "t"], [("sum", {2: 1.0, 0: -1.0, 1: -1.0})], value=[2, 40, 42])
    seen = seen_through_noise(system, np.array([3, 38, 39]), table)
    found = audit(seen, {0: Protection()})
    assert (found.inferences[0].range.lower, found.inferences[0].range.upper) == (1, 6)


@pytest.mark.parametrize("bad", [lambda: record_keys([1], b"short"), lambda: make_ptable(0, 1.0),
                                 lambda: make_ptable(3, 9.0), lambda: make_ptable(3, 0.0),
                                 lambda: make_ptable(3, 1.0, 4), lambda: make_ptable(3, float("nan")),
                                 lambda: make_ptable(3, 2.0).perturb(np.array([-1]), np.array([0], dtype=np.uint64)),
                                 lambda: make_ptable(3, 2.0, 2).behind(1)])
def test_bad_parameters_are_refused(bad):
    with pytest.raises(InvalidInput) as refused:
        bad()
    assert refused.value.next_step
