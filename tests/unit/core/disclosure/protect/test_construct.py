"""Patterns without solvers: every deviation holds, and what they show to be safe is what the full audit finds safe."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.core.disclosure.protect import Exposure, audit, check_additive, make_system, suppress
from readingroom.core.disclosure.protect import pattern as pattern_module
from readingroom.core.disclosure.protect.attack import needs_of
from readingroom.core.disclosure.protect.closing import Closing, Shift
from readingroom.core.disclosure.protect.construct import Builder
from readingroom.core.disclosure.protect.pattern import costs_of
from readingroom.core.disclosure.protect.protection import Protection, protection_of_count
from readingroom.core.disclosure.verdict import Verdict


def table(shape, seed, *, small=0.15, whole=True):
    """A table with all its margins, and its cells in the order of a flattened array."""
    draw = np.random.default_rng(seed)
    inner = np.where(draw.random(shape) < small, draw.integers(0, 10, shape), draw.integers(10, 200, shape))
    values = inner.astype(float)
    for axis in range(len(shape)):
        values = np.concatenate([values, values.sum(axis, keepdims=True)], axis)
    place = np.arange(values.size).reshape(values.shape)
    equations = []
    for axis in range(len(shape)):
        lines = np.moveaxis(place, axis, -1).reshape(-1, place.shape[axis])
        equations += [(f"line {line[-1]}", {int(line[-1]): 1.0, **{int(one): -1.0 for one in line[:-1]}})
                      for line in lines]
    system = make_system([str(one) for one in range(values.size)], equations, value=values.ravel(), whole=whole)
    check_additive(system)
    return system


def sensitive(system):
    return {int(cell): protection_of_count(float(system.value[cell]), 10)
            for cell in np.flatnonzero((system.value >= 1) & (system.value < 10))}


@pytest.mark.parametrize("shape", [(12, 14), (6, 5, 7), (4, 3, 4, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_built_passes_the_full_audit(shape, seed):
    system = table(shape, seed)
    protected = sensitive(system)
    singles = [int(cell) for cell in np.flatnonzero(system.value == 1)]
    primary = np.zeros(system.size, dtype=bool)
    primary[list(protected)] = True
    made = Builder(system, costs_of(system, "log"), primary, singles).run(needs_of(system, protected))
    left = {need.cell for need in made.unmet}  # for programmes; in tables of more dimensions a few
    assert len(left) < len(protected) / 2
    assert len(shape) > 2 or not left
    for shift in (one for shifts in made.shifts.values() for one in shifts):
        moved = np.zeros(system.size)
        moved[list(shift.moves)] = list(shift.moves.values())
        assert not (system.equations @ moved).any()
        assert (system.value + moved >= system.lower).all()
        assert made.hidden[moved != 0].all()
    lone = [single for single in singles if made.hidden[single]]
    found = audit(system.hiding(np.flatnonzero(made.hidden)),
                  {cell: needed for cell, needed in protected.items() if cell not in left}, singles=lone)
    assert found.verdict is Verdict.PASS


@pytest.mark.parametrize("seed", range(8))
def test_a_brief_audit_calls_nothing_safe_that_the_full_one_does_not(seed):
    """Of patterns that hide too little, too."""
    system = table((5, 6), seed, small=0.4)
    protected = sensitive(system)
    draw = np.random.default_rng(seed)
    hidden = {*protected, *map(int, draw.choice(system.size, 8))}
    singles = [cell for cell in hidden if system.value[cell] == 1]
    seen = system.hiding(hidden)
    full, brief = (audit(seen, protected, singles=singles, briefly=briefly) for briefly in (False, True))
    assert [one.exposure for one in brief.inferences] == [one.exposure for one in full.inferences]
    assert brief.verdict is full.verdict
    assert any(one.exposure is Exposure.EXPOSED for one in full.inferences) or full.insiders or seed


def test_an_insider_who_sees_through_the_only_deviation_is_found():
    """Two hidden cells in a line: whoever is one of them knows the other."""
    system = make_system(["a", "b", "total"], [("total", {2: 1.0, 0: -1.0, 1: -1.0})], value=[1.0, 20.0, 21.0])
    found = audit(system.hiding([0, 1]), {0: Protection(upper=9), 1: Protection(upper=1)}, singles=[0], briefly=True)
    assert [(one.name, one.insider) for one in found.insiders] == [("b", "a")]
    assert found.verdict is Verdict.FAIL


def test_a_deviation_that_breaks_a_sum_or_a_bound_is_no_witness():
    system = table((3, 3), 1)
    closing = Closing(system)
    square = {0: 1.0, 1: -1.0, 4: -1.0, 5: 1.0}
    assert closing.holds(Shift(square)) == bool(system.value[1] >= 1 and system.value[4] >= 1)
    assert not closing.holds(Shift({0: 1.0, 1: -1.0}))
    assert not closing.holds(Shift({cell: by * 1e6 for cell, by in square.items()}))
    assert not closing.holds(Shift({cell: by / 2 for cell, by in square.items()}))  # half a person
    assert Closing(system.hiding([0, 1, 4])).close(0, 1.0, system.lower < system.upper) is None


def test_large_tables_are_constructed_and_proved(monkeypatch):
    monkeypatch.setattr(pattern_module, "LARGEST_REPAIR", 100)
    system = table((40, 50), 5, small=0.03)
    protected = sensitive(system)
    found = suppress(system, protected, singles=np.flatnonzero(system.value == 1))
    assert found.audit.verdict is Verdict.PASS
    assert set(found.primary) == set(protected)
    again = audit(system.hiding(found.hidden), protected, singles=np.flatnonzero(system.value == 1))
    assert again.verdict is Verdict.PASS
    begun = suppress(system, protected, singles=np.flatnonzero(system.value == 1), out_of_time=lambda: True)
    assert begun.audit.verdict is Verdict.PASS  # what was not built is repaired


def test_magnitudes_move_by_what_they_need():
    system = table((10, 10), 2, whole=False)
    protected = {0: Protection(upper=12.5, lower=12.5), 13: Protection(upper=0.3, lower=0.3)}
    primary = np.zeros(system.size, dtype=bool)
    primary[list(protected)] = True
    made = Builder(system, costs_of(system, "log"), primary, ()).run(needs_of(system, protected))
    assert audit(system.hiding(np.flatnonzero(made.hidden)), protected).verdict is Verdict.PASS
