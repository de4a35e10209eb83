"""The one-pass engine says what loops say, for every statistic, and what must hold of any table holds."""

from __future__ import annotations

import math
from itertools import combinations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.rules.subset import check_subsets
from readingroom.core.disclosure.tabulation.cells import tables
from readingroom.core.disclosure.tabulation.engine import compute
from readingroom.core.disclosure.tabulation.recipe import STATISTICS_AT_MOST, canonical, parse_recipe
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput
from tests import slow_statistics
from tests.property.disclosure.reference import is_low

WHOLE = st.one_of(st.none(), st.integers(-5, 9))
# Eighths are exact in binary, so that equal values stay equal however they are added up.
FLOATS = st.one_of(st.none(), st.integers(-40, 72).map(lambda eighths: eighths / 8))
ROWS = st.lists(st.fixed_dictionaries({
    "a": st.sampled_from(["x", "y", None]), "b": st.sampled_from([1, 2, None]),
    "p": st.sampled_from([*"abcdefg", None]),
    "whole": WHOLE, "float": FLOATS, "under": st.one_of(st.none(), st.integers(0, 4)),
}), min_size=1, max_size=25)
TYPES = pa.schema([("a", pa.string()), ("b", pa.int32()), ("p", pa.string()), ("whole", pa.int64()),
                   ("float", pa.float64()), ("under", pa.int16())])
STATISTICS = [
    {"statistic": "count"}, {"statistic": "records"}, {"statistic": "share"}, {"statistic": "share", "of": "row"},
    {"statistic": "share", "of": "column"},
    *({"statistic": name, "value": value} for value in ("whole", "float") for name in (
        "count", "sum", "mean", "median", "sd", "variance", "min", "max", "range", "mode", "share")),
    {"statistic": "quantile", "value": "float", "q": 0.9},
    {"statistic": "rate", "value": "whole", "denominator": "under", "per": 1000},
    {"statistic": "ratio", "value": "float", "denominator": "under"},
]
SHAPES = st.sampled_from([(["a"], ["b"]), (["a", "b"], []), ([], ["b"]), ([], []), (["b"], [])])


def counted(rows, recipe) -> bool:
    """Whether any row is in a cell, so that there is a table."""
    needed = [*recipe["rows"], *recipe["columns"], *([recipe["unit"]] if recipe["unit"] else [])]
    return any(all(row[name] is not None for name in needed) for row in rows)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, shape=SHAPES, unit=st.sampled_from(["p", None]), margins=st.booleans())
def test_every_fact_of_every_cell_is_what_loops_count(rows, shape, unit, margins):
    recipe = {"rows": shape[0], "columns": shape[1], "unit": unit, "margins": margins}
    named = [measure | {"name": str(number)} for number, measure in enumerate(STATISTICS)]
    together = parse_recipe(recipe | {"statistics": named[:STATISTICS_AT_MOST]})
    rest = parse_recipe(recipe | {"statistics": named[STATISTICS_AT_MOST:]})
    data = pa.Table.from_pylist(rows, TYPES)
    if counted(rows, recipe):
        found = tables(compute(data, together)) + tables(compute(data, rest))
        for measure, table in zip(STATISTICS, found, strict=True):
            _compare(measure, table, slow_statistics.table(rows, recipe | measure))


@pytest.mark.parametrize("measure", STATISTICS, ids=lambda measure: "-".join(map(str, measure.values())))
@settings(max_examples=4, deadline=None)
@given(rows=ROWS, unit=st.sampled_from(["p", None]), margins=st.booleans())
def test_a_statistic_alone_is_what_it_is_in_company(measure, rows, unit, margins):
    recipe = {"rows": ["a"], "columns": ["b"], "unit": unit, "margins": margins, **measure}
    data = pa.Table.from_pylist(rows, TYPES)
    if counted(rows, recipe):
        _compare(measure, tables(compute(data, parse_recipe(recipe)))[0], slow_statistics.table(rows, recipe))
    else:
        with pytest.raises(InvalidInput, match="nothing to put"):
            compute(data, parse_recipe(recipe))


def _compare(measure, found, expected) -> None:
    depth = len(next(iter(expected))[1]) if expected else 0
    cells = {(cell.row, cell.column[:depth]): cell for cell in found.cells} if expected else {}
    by_text = {(tuple(map(str, row)), tuple(map(str, column))): said for (row, column), said in expected.items()}
    idle = {"row": (False, True), "column": (True, False), "all": (True, True)}.get(measure.get("of", "all"))
    assert {key for key in by_text if measure["statistic"] != "share" or not _of_itself(key, idle)} <= set(cells)
    for key, cell in cells.items():
        said = by_text.get(key, {"people": 0, "records": 0})
        if not said["people"]:
            assert (cell.people, cell.records, cell.total or 0) == (0, 0, 0)
            continue
        for name, value in said.items():
            shown = getattr(cell, name)
            assert _same(shown, value), (measure, key, name, shown, value)
        if measure["statistic"] not in ("count", "sum") and "value" not in said:
            assert cell.suppressed and cell.value is None
        assert cell.margin == (slow_statistics.TOTAL in (*key[0], *key[1]))


def _of_itself(key, idle) -> bool:
    """A total's share of itself, which is not shown."""
    total = slow_statistics.TOTAL
    return any(total in labels for labels in key) and all(
        total in labels or not labels for labels, wanted in zip(key, idle, strict=True) if wanted)


def _same(shown, value) -> bool:
    if isinstance(value, tuple):
        return len(shown) == len(value) and all(map(_same, shown, value))
    if isinstance(value, float):
        return shown is not None and math.isclose(shown, value, rel_tol=1e-9, abs_tol=1e-9)
    return shown == value


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, shape=SHAPES, margins=st.booleans(), at_once=st.integers(1, 10))
def test_people_counted_in_several_goes_are_counted_as_in_one(rows, shape, margins, at_once):
    recipe = parse_recipe({"rows": shape[0], "columns": shape[1], "unit": "p", "margins": margins, "statistics": [
        {"statistic": "count"}, {"statistic": "mean", "value": "float"}, {"statistic": "sum", "value": "whole"},
        {"statistic": "share", "of": "row"}, {"statistic": "top_mean", "value": "float", "entities": 3},
        {"statistic": "bottom_mean", "value": "float", "entities": 2, "name": "low"},
        {"statistic": "rate", "value": "whole", "denominator": "under"}]})
    data = pa.Table.from_pylist(rows, TYPES)
    if any(all(row[name] is not None for name in (*shape[0], *shape[1], "p")) for row in rows):
        assert tables(compute(data, recipe, at_once=at_once)) == tables(compute(data, recipe))


@settings(max_examples=25, deadline=None)
@given(rows=ROWS, order=st.randoms())
def test_the_order_of_rows_never_shows(rows, order):
    mixed = list(rows)
    order.shuffle(mixed)
    recipe = parse_recipe({"rows": "a", "columns": "b", "statistic": "mean", "value": "float", "unit": "p",
                           "margins": True, "missing": "category"})
    if all(row["p"] is None for row in rows):
        return
    assert tables(compute(pa.Table.from_pylist(rows, TYPES), recipe)) == tables(
        compute(pa.Table.from_pylist(mixed, TYPES), recipe))


@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_rows_that_are_left_out_are_counted(rows):
    recipe = parse_recipe({"rows": "a", "statistic": "records", "unit": "p", "where": "whole >= 0", "margins": True})
    try:
        found = compute(pa.Table.from_pylist(rows, TYPES), recipe)
    except InvalidInput as refusal:
        assert refusal.rule == "table.empty"
        return
    chosen = [row for row in rows if row["whole"] is not None and row["whole"] >= 0]
    assert found.left_out["where"] == len(rows) - len(chosen)
    assert found.left_out.get("label", 0) == sum(row["a"] is None for row in chosen)
    total = tables(found)[0].cells[-1]
    kept = [row for row in chosen if row["a"] is not None and row["p"] is not None]
    assert total.records == len(kept)


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_or_label_can_become_sql(name, label):
    data = pa.table({"n" + name: [label, label, "other"], "u": [1, 2, 3]})
    if "n" + name == "u":
        return
    recipe = parse_recipe({"rows": ["n" + name], "statistic": "count", "unit": "u"})
    found = tables(compute(data, recipe))[0]
    assert sorted(cell.people for cell in found.cells) == ([1, 2] if label != "other" else [3])


@given(st.permutations(["rows", "statistic", "unit", "margins"]))
def test_equal_recipes_have_one_form(keys):
    said = {"rows": ["a"], "statistic": "Average", "value": "x", "unit": "p", "margins": False}
    written = {key: said[key] for key in keys} | {"value": "x"}
    other = {"rows": "a", "columns": [], "statistics": [{"statistic": "mean", "value": "x"}], "unit": "p"}
    assert canonical(parse_recipe(written)) == canonical(parse_recipe(other))


@settings(max_examples=80, deadline=None)
@given(rows=ROWS, quantiles=st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]), min_size=2, max_size=3, unique=True),
       policy=st.builds(Policy, threshold=st.integers(1, 6), threshold_inclusive=st.booleans()))
def test_statistics_side_by_side_fail_where_people_counted_one_by_one_are_few(rows, quantiles, policy):
    """Counts of all and of those with a value; quantiles with few people between them."""
    rows = [row | {"p": number} for number, row in enumerate(rows) if row["a"] is not None]
    statistics = [{"statistic": "count", "name": "all"}, {"statistic": "count", "value": "float", "name": "some"},
                  *({"statistic": "quantile", "value": "float", "q": q, "name": f"q{q}"} for q in quantiles)]
    recipe = parse_recipe({"rows": ["a"], "columns": [], "unit": "p", "margins": False, "statistics": statistics})
    if not rows:
        return
    made = tables(compute(pa.Table.from_pylist(rows, TYPES.set(2, pa.field("p", pa.int64()))), recipe))
    found = {(finding.rule, place.row) for finding in check_subsets(made, policy) for place in finding.cells}
    cells = {(cell.row, table.probability): cell for table in made for cell in table.published}
    expected = set()
    for label in {row["a"] for row in rows}:
        here = [row["float"] for row in rows if row["a"] == label]
        values = [value for value in here if value is not None]
        if 0 < len(values) < len(here) and is_low(len(here) - len(values), policy):
            expected.add(("subset", (label,)))
        for low, high in combinations(sorted(quantiles), 2):
            one, other = (cells.get(((label,), q)) for q in (low, high))
            if one is None or other is None or one.value is None or one.value == other.value:
                continue
            between = sum(one.value < value <= other.value for value in values)
            at = sum(value == other.value for value in values)
            if (between == 0 or is_low(between, policy)) and is_low(max(at, 1), policy):
                expected.add(("subset.quantiles", (label,)))
    assert found == expected
