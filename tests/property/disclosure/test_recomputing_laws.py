"""Tables computed again: the same data give the same table, and no number of it can be changed unseen."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.evidence import parse_evidence, tables_of
from readingroom.core.disclosure.evidence.writing import written
from readingroom.core.disclosure.recomputing import as_sent, differences, protected
from readingroom.core.disclosure.tabulation import layout
from readingroom.core.disclosure.tabulation.cells import tables
from readingroom.core.disclosure.tabulation.database import Bounds
from readingroom.core.disclosure.tabulation.engine import compute
from readingroom.core.disclosure.tabulation.numbers import with_digits
from readingroom.core.disclosure.tabulation.recipe import as_given, parse_recipe
from readingroom.errors import InvalidInput
from tests.property.disclosure.test_tabulation_laws import ROWS, SHAPES, STATISTICS, TYPES, counted

BOUNDS = Bounds(threads=1, memory_bytes=2**28)
NAMES = [measure | {"name": f"number {place}"} for place, measure in enumerate(STATISTICS)]
RECIPES = st.builds(
    lambda shape, chosen, margins: {"rows": shape[0], "columns": shape[1], "statistics": chosen, "margins": margins,
                                    "unit": "p"},
    SHAPES, st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique_by=lambda one: one["name"]), st.booleans())


def sent(rows, recipe):
    """The table as the SDK sends it: evidence through JSON, and the file."""
    made = tuple(replace(with_digits(one), recipe=recipe) for one in tables(compute(pa.Table.from_pylist(rows, TYPES),
                                                                                     recipe)))
    return json.loads(json.dumps(written(made))), layout.written(made, recipe)


def found(rows, recipe):
    return as_sent(tables(compute(pa.Table.from_pylist(rows, TYPES), recipe, bounds=BOUNDS)))


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, recipe=RECIPES, data=st.data())
def test_rows_in_another_order_give_the_same_table_and_the_same_file(rows, recipe, data):
    assume(counted(rows, recipe))
    recipe = parse_recipe(recipe)
    evidence, file = sent(rows, recipe)
    said = tables_of(parse_evidence(evidence))
    assert said[0].recipe == recipe == parse_recipe(as_given(recipe))
    own = found(data.draw(st.permutations(rows)), said[0].recipe)
    assert differences(said, own) == ()
    assert layout.is_as_written(file, protected(own, said), recipe)


def numbers_in(thing, path=()):
    if isinstance(thing, dict):
        return [place for key, value in thing.items() if key in ("cells", *FACTS)
                for place in numbers_in(value, (*path, key))]
    if isinstance(thing, list):
        return [place for at, value in enumerate(thing) for place in numbers_in(value, (*path, at))]
    return [path] if isinstance(thing, int | float) else []


FACTS = ("people", "records", "missing", "value", "top", "total", "absolute_total", "negatives", "constant", "below",
         "above", "at_value", "modal_people", "extreme_people", "numerator_people", "denominator_people", "mean", "sd",
         "nonzero_people", "lower_people", "upper_people", "denominator_top", "denominator_total")


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, recipe=RECIPES, data=st.data(), by=st.sampled_from([1, -1, 0.001, 1e-6]))
def test_no_number_of_the_evidence_can_be_another(rows, recipe, data, by):
    assume(counted(rows, recipe))
    recipe = parse_recipe(recipe)
    evidence, _ = sent(rows, recipe)
    one = data.draw(st.sampled_from(evidence.get("tables", [evidence])))
    *path, last = data.draw(st.sampled_from(numbers_in(one)))
    place = one
    for key in path:
        place = place[key]
    place[last] = not place[last] if isinstance(place[last], bool) else place[last] + by
    try:
        said = tables_of(parse_evidence(evidence))
    except InvalidInput:  # more people than records, say: not even evidence
        return
    assert differences(said, found(rows, recipe))


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, recipe=RECIPES, data=st.data())
def test_no_byte_of_the_file_can_be_another(rows, recipe, data):
    assume(counted(rows, recipe))
    recipe = parse_recipe(recipe)
    evidence, file = sent(rows, recipe)
    at = data.draw(st.integers(0, len(file)))
    byte = data.draw(st.binary(max_size=2))
    other = file[:at] + byte + file[at + data.draw(st.integers(0, 2)):]
    assume(other != file)
    said = tables_of(parse_evidence(evidence))
    assert not layout.is_as_written(other, protected(found(rows, recipe), said), recipe)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, recipe=RECIPES, data=st.data())
def test_one_person_more_or_less_is_seen(rows, recipe, data):
    """Whoever is left out: somebody with a row in the table is a difference of it."""
    assume(counted(rows, recipe))
    needed = [*recipe["rows"], *recipe["columns"], "p"]
    inside = sorted({row["p"] for row in rows if all(row[name] is not None for name in needed)})
    gone = data.draw(st.sampled_from(inside))
    left = [row for row in rows if row["p"] != gone]
    parsed = parse_recipe(recipe | {"statistics": [*recipe["statistics"], {"statistic": "count", "name": "people"}]})
    assume(counted(left, recipe))
    evidence, _ = sent(left, parsed)
    assert differences(tables_of(parse_evidence(evidence)), found(rows, parsed))


def test_a_blank_that_was_hidden_on_purpose_is_no_difference():
    """The deviation of one value: hidden it says nothing, and both are the same file."""
    data = pa.table({"g": ["A", *["B"] * 20], "v": range(21), "p": range(21)})
    recipe = parse_recipe({"rows": ["g"], "statistic": "sd", "value": "v", "unit": "p"})
    own = as_sent(tables(compute(data, recipe, bounds=BOUNDS)))
    assert own[0].cells[0].undefined
    said = (own[0].with_cells(tuple(replace(cell, undefined=False) for cell in own[0].cells)),)
    assert differences(said, own) == ()
    assert not protected(own, said)[0].cells[0].undefined
    assert protected(own, own)[0].cells[0].undefined
