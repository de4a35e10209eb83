"""Linked tables against a slow, obvious reference: every way to spread the people over the finest cells."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.protect.forms.published import check_published

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PEOPLE = 4


def spreads(cells, people=PEOPLE):
    """Every way to put so many people into so many cells."""
    bars = itertools.combinations(range(people + cells - 1), cells - 1)
    return np.array([np.diff([-1, *bar, people + cells - 1]) - 1 for bar in bars])


CUBES = spreads(8).reshape(-1, 2, 2, 2)
FOURS = spreads(4)
SHAPES = [(0,), (1,), (0, 1), (1, 2), (0, 2), (0, 1, 2)]  # the variables that a table breaks down


def with_totals(cubes, axes):
    """The table over these of the three variables, with totals, for every cube at once."""
    table = cubes.sum(axis=tuple(axis + 1 for axis in range(3) if axis not in axes))
    for axis in range(1, len(axes) + 1):
        table = np.concatenate([table, table.sum(axis=axis, keepdims=True)], axis=axis)
    return table


@st.composite
def linked(draw):
    """Tables of one cube that are published with holes; the number of people always is."""
    true = draw(st.integers(0, len(CUBES) - 1))
    tables = []
    for axes in draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3, unique=True)):
        shape = (3,) * len(axes)
        hidden = draw(st.lists(st.booleans(), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
        mask = np.array(hidden).reshape(shape)
        mask[(2,) * len(axes)] = False
        tables.append((axes, mask))
    return true, tables


def nested(values, mask):
    return [nested(one, hole) for one, hole in zip(values, mask, strict=True)] if values.ndim else (
        "x" if mask else int(values))


@FEW
@given(linked())
def test_ranges_are_those_of_all_cubes_that_agree(case):
    true, tables = case
    agree = np.ones(len(CUBES), dtype=bool)
    forms, every = [], []
    for axes, mask in tables:
        margins = with_totals(CUBES, axes)
        agree &= (margins[:, ~mask] == margins[true][~mask]).all(axis=1)
        forms.append({"name": f"over {axes}", "dimensions": {f"v{axis}": ["a", "b", "Total"] for axis in axes},
                      "values": nested(margins[true], mask)})
        every.append(margins)
    answer = check_published({"tables": forms, "threshold": None})
    found = {}
    for one in answer["cells"]:
        for name in [one["table"], *one.get("also_in", [])]:
            found[name, tuple(one["at"].items())] = one["lower"], one["upper"]
    for (axes, mask), margins in zip(tables, every, strict=True):
        for index in np.argwhere(mask):
            at = tuple((f"v{axis}", ["a", "b", "Total"][place]) for axis, place in zip(axes, index, strict=True))
            possible = margins[agree][(slice(None), *index)]
            expected = (possible.min(), possible.max())
            matching = [span for (name, codes), span in found.items() if _same_cell(codes, at)]
            assert matching
            assert set(matching) == {expected}


def _same_cell(one, other):
    """Totals don't tell cells apart."""
    return {pair for pair in one if pair[1] != "Total"} == {pair for pair in other if pair[1] != "Total"}


GROUPS = {"X": ["a", "b"], "Y": ["c", "d"], "P": ["a", "c"], "Q": ["b", "d"], "S": ["a", "d"], "T": ["b", "c"]}
LEVELS = [("a", "b", "c", "d"), ("X", "Y"), ("P", "Q"), ("S", "T"), ("X", "c", "d")]


@FEW
@given(st.integers(0, len(FOURS) - 1), st.lists(st.sampled_from(LEVELS), min_size=1, max_size=4, unique=True),
       st.data())
def test_groupings_that_cut_across_each_other(true, levels, data):
    sums = {code: FOURS[:, ["abcd".index(atom) for atom in GROUPS.get(code, [code])]].sum(axis=1)
            for code in (*"abcd", *GROUPS)}
    agree = np.ones(len(FOURS), dtype=bool)
    forms, asked = [], set()
    for level in levels:
        hidden = data.draw(st.lists(st.booleans(), min_size=len(level), max_size=len(level)))
        for code, hole in zip(level, hidden, strict=True):
            if hole:
                asked.add(code)
            else:
                agree &= sums[code] == sums[code][true]
        forms.append({"rows": {"place": [*level, "Total"]}, "values": [
            *("x" if hole else int(sums[code][true]) for code, hole in zip(level, hidden, strict=True)), PEOPLE]})
    used = {code for level in levels for code in level}
    groups = {code: atoms for code, atoms in GROUPS.items() if code in used}
    answer = check_published({"tables": forms, "threshold": None, "hierarchies": {"place": groups} if groups else {}})
    found = {one["at"]["place"]: (one["lower"], one["upper"]) for one in answer["cells"]}
    assert found == {code: (sums[code][agree].min(), sums[code][agree].max()) for code in asked}
