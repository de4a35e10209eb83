"""Protection against a slow, obvious reference: every table of whole numbers is written out and looked at."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.protect import Exposure, Protection, audit, costs_of, make_system, suppress
from readingroom.core.disclosure.verdict import Verdict
from readingroom.errors import InvalidInput

SHAPES = [(2,), (4,), (2, 2), (2, 3), (2, 2, 2)]
MOST = {(2,): 6, (4,): 6, (2, 2): 6, (2, 3): 4, (2, 2, 2): 3}
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def with_margins(inner):
    """The table with a total at the end of every dimension."""
    for axis in range(inner.ndim):
        inner = np.concatenate([inner, inner.sum(axis=axis, keepdims=True)], axis=axis)
    return inner


def every_table(shape):
    """All tables of whole numbers from 0 to MOST with their margins, one a row."""
    inner = itertools.product(range(MOST[shape] + 1), repeat=int(np.prod(shape)))
    tables = np.array(list(inner)).reshape(-1, *shape)
    for axis in range(1, tables.ndim):
        tables = np.concatenate([tables, tables.sum(axis=axis, keepdims=True)], axis=axis)
    return tables.reshape(len(tables), -1)


EVERY = {shape: every_table(shape) for shape in SHAPES}


def system_of(inner):
    """The system of one table: inner cells from 0 to MOST, equations along each dimension."""
    full = with_margins(inner)
    number = np.arange(full.size).reshape(full.shape)
    equations = []
    for axis in range(full.ndim):
        for line in np.moveaxis(number, axis, -1).reshape(-1, full.shape[axis]):
            equations.append((f"line {line[-1]}", {int(line[-1]): 1.0, **{int(cell): -1.0 for cell in line[:-1]}}))
    is_inner = np.zeros(full.shape, dtype=bool)
    is_inner[tuple(slice(0, length) for length in inner.shape)] = True
    upper = np.where(is_inner, MOST[inner.shape], np.inf).ravel()
    return make_system([f"c{cell}" for cell in range(full.size)], equations, value=full.ravel(), upper=upper)


@st.composite
def tables(draw):
    shape = draw(st.sampled_from(SHAPES))
    cells = draw(st.lists(st.integers(0, MOST[shape]), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return np.array(cells).reshape(shape)


@st.composite
def tables_and_hidden(draw):
    inner = draw(tables())
    size = with_margins(inner).size
    return inner, draw(st.sets(st.integers(0, size - 1), min_size=1))


def consistent(inner, hidden, known=()):
    """Every table that agrees with what is published."""
    full = with_margins(inner).ravel()
    shown = np.array([cell not in hidden or cell in known for cell in range(full.size)])
    every = EVERY[inner.shape]
    return every[(every[:, shown] == full[shown]).all(axis=1)]


class TestTheAuditFindsExactlyWhatAReaderCouldFindByTryingAllTables:
    @FEW
    @given(tables_and_hidden())
    def test_ranges(self, given_case):
        inner, hidden = given_case
        system = system_of(inner)
        found = audit(system.hiding(hidden), {cell: Protection() for cell in hidden})
        possible = consistent(inner, hidden)
        for one in found.inferences:
            assert one.range.settled
            assert (one.range.lower, one.range.upper) == (possible[:, one.cell].min(), possible[:, one.cell].max())

    @FEW
    @given(tables_and_hidden(), st.data())
    def test_insiders(self, given_case, data):
        inner, hidden = given_case
        single = data.draw(st.sampled_from(sorted(hidden)))
        others = hidden - {single}
        system = system_of(inner)
        found = audit(system.hiding(hidden), {cell: Protection() for cell in others}, singles=[single])
        possible = consistent(inner, hidden, known={single})
        broken = {one.cell for one in found.exposed}
        assert broken == {cell for cell in others if possible[:, cell].min() == possible[:, cell].max()}

    @FEW
    @given(tables_and_hidden(), st.data())
    def test_publishing_more_never_widens_a_range(self, given_case, data):
        inner, hidden = given_case
        fewer = data.draw(st.sets(st.sampled_from(sorted(hidden)), min_size=1))
        system = system_of(inner)
        wide = audit(system.hiding(hidden), {cell: Protection() for cell in fewer}).inferences
        narrow = audit(system.hiding(fewer), {cell: Protection() for cell in fewer}).inferences
        for before, after in zip(wide, narrow, strict=True):
            assert before.range.lower <= after.range.lower <= after.range.upper <= before.range.upper


def safe(inner, hidden, needed, singles=()):
    """Whether all tables that remain spread as widely as every level asks, and to insiders over its width."""
    full = with_margins(inner).ravel()
    for knows in [(), *((single,) for single in singles if single in hidden)]:
        possible = consistent(inner, hidden, known=knows)
        for cell, level in needed.items():
            if cell in knows:
                continue
            low, high = possible[:, cell].min(), possible[:, cell].max()
            if knows:
                if low == high or high - low < (level.upper or level.lower):
                    return False
                continue
            if low == high or high - full[cell] < level.upper or full[cell] - low < level.lower:
                return False
    return True


@st.composite
def tables_to_protect(draw):
    shape = draw(st.sampled_from([(4,), (2, 2), (2, 3)]))
    cells = draw(st.lists(st.integers(0, MOST[shape]), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    inner = np.array(cells).reshape(shape)
    full = with_margins(inner).ravel()
    sensitive = draw(st.sets(st.integers(0, full.size - 1), min_size=1, max_size=2))
    needed = {cell: Protection(upper=draw(st.integers(0, 2)), lower=draw(st.integers(0, 1))) for cell in sensitive}
    singles = [cell for cell in range(full.size) if full[cell] == 1] if draw(st.booleans()) else []
    return inner, needed, singles


def cheapest(inner, needed, singles, cost):
    """The least cost over all sets of further cells, or None if no set is enough."""
    others = [cell for cell in range(len(cost)) if cell not in needed]
    choices = sorted((sum(cost[list(more)]), more) for length in range(len(others) + 1)
                     for more in itertools.combinations(others, length))
    return next((price for price, more in choices if safe(inner, {*needed, *more}, needed, singles)), None)


class TestAPatternIsSafeAndNoneIsCheaper:
    @settings(FEW, max_examples=25)
    @given(tables_to_protect(), st.sampled_from(["log", "count", "value"]))
    def test_against_all_patterns(self, given_case, by):
        inner, needed, singles = given_case
        system = system_of(inner)
        least = cheapest(inner, needed, singles, costs_of(system, by))
        if least is None:
            with pytest.raises(InvalidInput):
                suppress(system, needed, cost=by, singles=singles)
            return
        pattern = suppress(system, needed, cost=by, singles=singles)
        assert pattern.audit.verdict is Verdict.PASS
        assert safe(inner, set(pattern.hidden), needed, singles)
        assert pattern.optimal
        assert pattern.cost == pytest.approx(least)

    @settings(FEW, max_examples=25)
    @given(tables_to_protect())
    def test_the_heuristic_is_safe_too(self, given_case):
        inner, needed, singles = given_case
        try:
            pattern = suppress(system_of(inner), needed, singles=singles, method="heuristic")
        except InvalidInput:
            assert cheapest(inner, needed, singles, costs_of(system_of(inner), "log")) is None
            return
        assert safe(inner, set(pattern.hidden), needed, singles)

    @FEW
    @given(st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
    def test_order_never_matters(self, seed, shuffled):
        """A pattern that passes still passes when the cells come in another order."""
        inner = np.random.default_rng(seed).integers(0, 30, (4, 5))
        full = with_margins(inner)
        number = np.arange(full.size).reshape(full.shape)
        lines = [*number, *number.T]
        needed = {int(cell): Protection(upper=5, lower=1) for cell in number[:4, :5][(inner > 0) & (inner < 5)][:4]}
        pattern = suppress(_system(full.ravel(), lines), needed)
        place = list(range(full.size))
        shuffled.shuffle(place)
        values = np.empty(full.size)
        values[place] = full.ravel()
        moved = _system(values, [[place[cell] for cell in line] for line in lines])
        again = audit(moved.hiding(place[cell] for cell in pattern.hidden),
                      {place[cell]: level for cell, level in needed.items()})
        assert again.verdict is Verdict.PASS
        assert all(one.exposure is Exposure.PROTECTED for one in again.inferences)


def _system(values, lines):
    return make_system([str(cell) for cell in range(len(values))],
                       [(f"line {at}", {int(line[-1]): 1.0, **{int(cell): -1.0 for cell in line[:-1]}})
                        for at, line in enumerate(lines)], value=values)
