"""Patterns and their audit at the edges: what is refused, what grows until it is safe, and what time leaves undone."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.core.disclosure.protect import audit, make_system, suppress
from readingroom.core.disclosure.protect import pattern as pattern_module
from readingroom.core.disclosure.protect import repair as repair_module
from readingroom.core.disclosure.protect.attack import insiders_of, needs_of
from readingroom.core.disclosure.protect.pattern import costs_of
from readingroom.core.disclosure.protect.protection import protection_of_count
from readingroom.core.disclosure.protect.repair import Repair, repair, thin
from readingroom.core.disclosure.verdict import Verdict
from readingroom.errors import InvalidInput


def table(values):
    """Counts with their totals as a system, and its cells by row and column."""
    inner = np.asarray(values, dtype=float)
    full = np.pad(inner, ((0, 1), (0, 1)))
    full[-1, :-1], full[:-1, -1], full[-1, -1] = inner.sum(0), inner.sum(1), inner.sum()
    place = np.arange(full.size).reshape(full.shape)
    equations = [(f"line {at}", {int(line[-1]): 1.0, **{int(cell): -1.0 for cell in line[:-1]}})
                 for at, line in enumerate([*place, *place.T])]
    return make_system([str(cell) for cell in range(full.size)], equations, value=full.ravel()), place


def drawn(seed, shape=(6, 7)):
    draw = np.random.default_rng(seed)
    return table(np.where(draw.random(shape) < 0.15, draw.integers(1, 10, shape), draw.integers(10, 200, shape)))


def needed_in(system):
    return {int(cell): protection_of_count(float(system.value[cell]), 10)
            for cell in np.flatnonzero((system.value >= 1) & (system.value < 10))}


SMALL, PLACE = table([[4, 30, 40], [50, 60, 70], [80, 90, 20]])
FOUR = {int(PLACE[0, 0]): protection_of_count(4, 10)}


@pytest.mark.parametrize(("change", "said"), [
    ({"keep": [int(PLACE[0, 0])]}, "is sensitive and must stay published"),
    ({"cost": -np.ones(SMALL.size)}, "negative or not a number"),
    ({"cost": np.full(SMALL.size, np.nan)}, "negative or not a number"),
])
def test_what_cannot_be_asked_is_refused(change, said):
    with pytest.raises(InvalidInput, match=said):
        suppress(SMALL, FOUR, **change)


def test_values_that_are_not_known_are_refused():
    unknown = make_system(SMALL.names, [], value=[float("nan"), *SMALL.value[1:]])
    with pytest.raises(InvalidInput, match="0 has no value"):
        suppress(unknown, FOUR)


def test_a_pattern_that_its_audit_finds_too_small_grows_until_it_is_safe():
    """As where whole numbers reveal more than the levels of the programme did: one more cell of a line each time."""
    price = costs_of(SMALL, "log")
    primary = np.zeros(SMALL.size, dtype=bool)
    primary[PLACE[0, 0]] = True
    grown = pattern_module._audited(SMALL, FOUR, primary, primary, price, 0.0, (), lambda: False)
    assert grown.audit.verdict is Verdict.PASS
    assert len(grown.secondary) >= 3
    assert audit(SMALL.hiding(grown.hidden), FOUR).verdict is Verdict.PASS
    kept = np.where(primary, price, np.inf)  # nothing else may be hidden
    with pytest.raises(InvalidInput, match="With everything hidden that may be, 0: 4, exposed"):
        pattern_module._audited(SMALL, FOUR, primary, primary, kept, 0.0, (), lambda: False)
    stopped = pattern_module._audited(SMALL, FOUR, primary, primary, price, 0.0, (), iter([False, True] * 50).__next__)
    assert stopped.audit.verdict is not Verdict.PASS  # what time leaves is never called safe


@pytest.mark.parametrize("seed", range(4))
def test_near_cells_are_tried_first_and_are_enough(monkeypatch, seed):
    system, _ = drawn(seed)
    needed = needed_in(system)
    usual = suppress(system, needed, method="heuristic")
    monkeypatch.setattr(repair_module, "WIDE", 5)
    near = suppress(system, needed, method="heuristic")
    assert usual.audit.verdict is near.audit.verdict is Verdict.PASS
    assert audit(system.hiding(near.hidden), needed).verdict is Verdict.PASS


@pytest.mark.parametrize("seed", range(3))
def test_without_time_nothing_is_shown_again_and_all_stays_safe(seed):
    system, _ = drawn(seed)
    needed = needed_in(system)
    needs, primary = needs_of(system, needed), np.zeros(system.size, dtype=bool)
    primary[list(needed)] = True
    work = Repair(system, costs_of(system, "log"), lambda: False)
    found = repair(work, needs, primary, lambda _: insiders_of(needs, ()))
    assert isinstance(found, np.ndarray)
    everything = np.ones(system.size, dtype=bool)
    assert (thin(work, needs, everything, primary, lambda _: (), lambda: True) == everything).all()
    left = thin(work, needs, found, primary, lambda _: ())
    assert (left <= found).all() and (left >= primary).all()
    assert audit(system.hiding(np.flatnonzero(left)), needed).verdict is Verdict.PASS
    for cell in np.flatnonzero(left & ~primary):  # none of them is hidden for nothing
        less = left.copy()
        less[cell] = False
        assert audit(system.hiding(np.flatnonzero(less)), needed).verdict is not Verdict.PASS
