"""Labels, units, missing values and bad input: each a correct table, or an error that says what to do."""

from __future__ import annotations

import datetime
import decimal

import numpy
import pandas
import polars
import pyarrow as pa
import pytest

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence, parse_evidence
from readingroom.core.disclosure.evidence.reading import MAX_CELLS
from readingroom.core.disclosure.evidence.writing import written
from readingroom.core.disclosure.rules.spread import check_spread
from readingroom.core.disclosure.tabulation.cells import tables
from readingroom.core.disclosure.tabulation.engine import compute
from readingroom.core.disclosure.tabulation.recipe import digest, parse_recipe, schema
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput


def table(frame, **recipe) -> TableEvidence:
    return tables(compute(frame, parse_recipe({"statistic": "count", "unit": None} | recipe)))[0]


def people(frame, **recipe) -> dict[str, int]:
    return {cell.name: cell.people for cell in table(frame, **recipe).cells}


def refusal(frame, **recipe) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        table(frame, **recipe)
    assert caught.value.rule and caught.value.next_step
    return caught.value


FRAME = pandas.DataFrame({"a": ["x", "y", "x", "y"], "n": [1, 2, 3, 4], "p": [1, 1, 1, 2]})


@pytest.mark.parametrize(("values", "expected"), [
    ([1.0, 2.0, None, 1.0], {"1": 2, "2": 1}),
    ([0.1, 0.5, 0.1, None], {"0.1": 2, "0.5": 1}),
    ([True, False, True, None], {"False": 1, "True": 2}),
    (pandas.array([10, 9, None, 10], dtype="Int64"), {"9": 1, "10": 2}),
    (["10", "9", "007", None], {"007": 1, "9": 1, "10": 1}),
    (["é", "日本", 'a"b\'c', "x; DROP TABLE"], {'a"b\'c': 1, "x; DROP TABLE": 1, "é": 1, "日本": 1}),
    (pandas.to_datetime(["2024-01-02", "2024-01-01", "2024-01-02", None]), {"2024-01-01": 1, "2024-01-02": 2}),
    (pandas.to_datetime(["2024-01-02 09:30", "2024-01-02 00:00", None, None]),
     {"2024-01-02 00:00:00": 1, "2024-01-02 09:30:00": 1}),
    (pandas.to_datetime(["2024-01-02"] * 4).tz_localize("Europe/London"), {"2024-01-02 00:00:00+00:00": 4}),
    ([datetime.date(2024, 5, 1)] * 4, {"2024-05-01": 4}),
    (pandas.cut([1, 5, 20, 60], [0, 10, 50, 55, 100]), {"(0, 10]": 2, "(10, 50]": 1, "(50, 55]": 0, "(55, 100]": 1}),
    (pandas.arrays.IntervalArray.from_breaks([0, 1, 2, 3, 4]), {"(0, 1]": 1, "(1, 2]": 1, "(2, 3]": 1, "(3, 4]": 1}),
    (pandas.period_range("2020", "2023", freq="Y"), {"2020": 1, "2021": 1, "2022": 1, "2023": 1}),
    (pandas.Categorical(["b", "a", None, "b"], categories=["c", "b", "a"]), {"c": 0, "b": 2, "a": 1}),
    ([1, "1", 1, None], {"1 (whole number)": 2, "1 (text)": 1}),
    ([1, True, 1.5, "x"], {"True": 1, "1.5": 1, "1": 1, "x": 1}),
    ([decimal.Decimal("1.10")] * 4, {"1.10": 4}),
    ([2**70, 2**70, 1, None], {"1": 1, str(2**70): 2}),
    (numpy.array([2**63 + 5] * 4, dtype="uint64"), {str(2**63 + 5): 4}),
    (["Total", "x", "All", "x"], {"All (category)": 1, "Total (category)": 1, "x": 2}),
    (["a\u202eb", "a", "a", "a"], {"a": 3, "a⟨U+202E⟩b": 1}),
])
def test_labels_of_any_type_are_told_apart_and_counted(values, expected):
    assert people(pandas.DataFrame({"a": values}), rows="a") == expected


@pytest.mark.parametrize("frame", [
    FRAME, polars.from_pandas(FRAME), pa.Table.from_pandas(FRAME), pa.Table.from_pandas(FRAME).to_batches()[0],
    pa.Table.from_pandas(FRAME).to_reader(), FRAME.to_dict("list"),
    pa.Table.from_pandas(FRAME.assign(a=FRAME["a"].astype("category"))),
    polars.from_pandas(FRAME).with_columns(polars.col("a").cast(polars.Categorical)),
], ids=["pandas", "polars", "arrow", "batch", "stream", "mapping", "dictionary", "categorical"])
def test_any_holder_of_columns_gives_the_same_table(frame):
    made = table(frame, rows="a", statistic="sum", value="n", unit="p", margins=True)
    assert [(cell.name, cell.people, cell.total, cell.top) for cell in made.cells] == [
        ("x", 1, 4, (4,)), ("y", 2, 6, (4, 2)), ("Total", 2, 10, (6, 4))]


def test_an_enum_of_polars_keeps_its_order_and_its_empty_categories():
    frame = polars.DataFrame({"a": ["y", "x"]}, schema={"a": polars.Enum(["y", "z", "x"])})
    assert list(people(frame, rows="a").items()) == [("y", 1), ("z", 0), ("x", 1)]


def test_a_person_in_two_cells_is_one_in_the_total():
    made = people(FRAME, rows="a", unit="p", margins=True)
    assert made == {"x": 1, "y": 2, "Total": 2}


def test_missing_labels_are_left_out_and_counted_or_a_category():
    frame = pandas.DataFrame({"a": ["x", None, "x"], "b": ["u", "u", None], "p": [1, 2, None]})
    found = compute(frame, parse_recipe({"rows": "a", "columns": "b", "statistic": "count", "unit": "p"}))
    assert found.left_out == {"label": 2, "unit": 1}
    assert people(frame, rows="a", missing="category") == {"x": 2, "(missing)": 1}
    assert people(frame, rows="a", columns="b", missing="category", margins=True)["Total × Total"] == 3


def test_values_that_are_missing_are_no_contributors():
    frame = pandas.DataFrame({"a": ["x"] * 4, "v": [None, 2.0, float("nan"), 3.0], "p": [1, 1, 2, 3]})
    cell = table(frame, rows="a", statistic="mean", value="v", unit="p").cells[0]
    assert (cell.people, cell.records, cell.missing, cell.value) == (2, 2, 1, 2.5)
    nobody = table(frame.assign(v=None), rows="a", statistic="mean", value="v", unit="p").cells[0]
    assert (nobody.people, nobody.missing, nobody.suppressed, nobody.value) == (0, 3, True, None)


def test_holdings_are_added_up_before_the_largest_are_taken():
    frame = pandas.DataFrame({"v": [5, 5, 7, -20], "p": ["a", "a", "b", "c"]})
    cell = table(frame, statistic="sum", value="v", unit="p").cells[0]
    assert (cell.top, cell.total, cell.absolute_total, cell.negatives) == ((-20, 10, 7), -3, 37, 1)


@pytest.mark.parametrize("value", [2**62, -(2**63), 2**63 - 1])
def test_huge_whole_numbers_are_exact(value):
    cell = table(pandas.DataFrame({"v": [value] * 3, "p": [1, 1, 2]}), statistic="sum", value="v", unit="p").cells[0]
    assert cell.total == 3 * value
    assert sorted(cell.top) == sorted([2 * value, value])
    decimals = table({"v": [2**70, 1]}, statistic="sum", value="v").cells[0]
    assert decimals.total == 2**70 + 1


@pytest.mark.parametrize(("values", "more", "expected"), [
    ([0, 1, 1, 1, 1, 1], {}, (1, 5)),
    ([False, True, True, True, True, None], {}, (1, 4)),
    ([0.5, 9, 9, 9, 9, 9], {}, (1, 5)),  # any two values
    ([decimal.Decimal("0.10"), *[decimal.Decimal("7.20")] * 5], {}, (1, 5)),
    ([2**70, *[2**70 + 1] * 5], {}, (1, 5)),
    ([0, 1, 1, 9, 9, 9], {}, (0, 0)),  # 9 is a third
    ([0, 1, 1, 9, 9, 9], {"where": "v < 9"}, (1, 2)),  # and is left out
    ([0, 1, 2, 3, 4, 5], {"where": "v in (2, 5)"}, (1, 1)),
    ([0, 1, 2, 3, 4, 5], {"cap": [None, 1]}, (1, 5)),
    ([1, 1, 1, 1, 1, 1], {}, (0, 0)),  # all alike, which another rule says
], ids=str)
def test_values_that_are_one_of_two_are_counted(values, more, expected):
    frame = {"v": values, "p": list("abcdef")}
    for statistic in ("mean", "sd"):
        cell = table(frame, statistic=statistic, value="v", unit="p", **more).cells[0]
        assert (cell.lower_people, cell.upper_people) == expected


@pytest.mark.parametrize(("values", "more", "scale"), [
    ([5] * 11 + [3], {}, (1.0, 3.0, 5.0)),  # nothing but eleven fives and a three has this mean and deviation
    ([5.0] * 11 + [3.0], {}, (1.0, 3.0, 5.0)),
    ([5.0] * 11 + [3.5], {}, None),
    ([5] * 11 + [30], {}, None),  # too many steps to be a scale
    ([5] * 11 + [3], {"where": "v > 3"}, None),  # all alike
    ([5] * 11 + [3], {"cap": [4, None]}, None),
])
def test_whole_numbers_of_few_steps_are_a_scale(values, more, scale):
    frame = {"v": values, "p": list("abcdefghijkl")}
    made = table(frame, statistic="sd", value="v", unit="p", **more)
    assert (made.scale and (made.scale.step, made.scale.lowest, made.scale.highest)) == scale
    assert table(frame, statistic="mean", value="v", unit="p", **more).scale is None
    assert parse_evidence(written((made,))) == made
    policy = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=False, residual_degrees_of_freedom=10)
    told = [(one.rule, one.verdict) for one in check_spread(made, policy)]
    assert (("spread.enumeration", Verdict.REVIEW) in told) is (scale is not None)


def test_the_numerator_of_a_share_of_a_value_is_who_has_any():
    frame = {"a": ["x", "x", "x", "y"], "v": [0, 0, 1, 1], "p": list("abcd")}
    first, last = table(frame, rows="a", statistic="share", value="v", unit="p").cells
    assert [(cell.numerator_people, cell.denominator_people) for cell in (first, last)] == [(1, 2), (1, 2)]


def test_evidence_of_the_largest_table_is_read_with_its_totals():
    wide = pa.table({"p": range(20_000), "g": range(20_000), "h": ["x"] * 20_000})
    made, = tables(compute(wide, parse_recipe(
        {"rows": ["g"], "columns": ["h"], "statistic": "count", "unit": "p", "margins": True})))
    assert len(made.cells) == 2 * 20_001 <= MAX_CELLS
    assert parse_evidence(written([made])) == made


@pytest.mark.parametrize(("recipe", "said"), [
    ({"statistic": "mean"}, 'a mean needs "value", the column that it is of.'),
    ({}, "'statistic' is missing."),
    ({"statistics": []}, "statistics is a list; it must have 1 or more."),
    ({"statistics": [{"statistic": "count"}, {"statistic": "mean"}]}, '1: a mean needs "value"'),
])
def test_a_recipe_that_lacks_something_is_refused_for_that_alone(recipe, said):
    with pytest.raises(InvalidInput) as caught:
        parse_recipe(recipe)
    assert said in caught.value.message and "Tuple" not in caught.value.message


def test_bands_and_merged_categories():
    frame = pandas.DataFrame({"age": [3, 17, 18, 64, 65, 90], "r": list("abcabc")})
    assert people(frame, rows="age", bands={"age": [0, 18, 65, None]}) == {
        "0 to under 18": 2, "18 to under 65": 2, "65 and over": 2}
    assert people(frame, rows="age", bands={"age": [18, 65]}) == {"18 to under 65": 2}
    assert people(frame, rows="r", merge={"r": {"b or c": ["b", "c"]}}) == {"a": 2, "b or c": 4}
    assert refusal(frame, rows="r", merge={"r": {"x": ["q"]}}).rule == "table.merge"
    assert refusal(frame, rows="r", bands={"r": [0, 1]}).rule == "table.bands"


def test_combinations_that_nobody_has_are_shown_or_left_out():
    frame = pandas.DataFrame({"a": ["x", "y"], "b": ["u", "v"], "c": ["m", "n"]})
    assert people(frame, rows=["a", "b"], columns="c")["x, v × m"] == 0
    made = people(frame, rows=["a", "b"], empty_cells="leave-out")
    assert made == {"x, u": 1, "y, v": 1}
    many = pandas.DataFrame({"a": range(3000), "b": range(3000)})
    assert refusal(many, rows=["a", "b"]).rule == "table.cells"
    assert len(table(many, rows=["a", "b"], empty_cells="leave-out").cells) == 3000


def test_a_structural_zero_is_declared_and_not_shown_otherwise():
    frame = pandas.DataFrame({"sex": ["F", "M"], "pregnant": ["yes", "no"]})
    made = table(frame, rows="sex", columns="pregnant", structural_zeros=[{"row": ["M"], "column": ["yes"]}])
    assert {cell.name: cell.structural for cell in made.cells if not cell.people} == {"F × no": False, "M × yes": True}


def test_a_statistic_without_rules_counts_people_and_shows_nothing():
    made = table(FRAME, rows="a", statistic="kurtosis", value="n", unit="p")
    assert made.family is None
    assert all(cell.suppressed and cell.value is None and cell.people for cell in made.cells)


def test_weights_are_beside_the_unweighted_contributions():
    frame = pandas.DataFrame({"v": [10.0, 20.0, -4.0], "w": [2.0, 1.0, 5.0], "p": [1, 2, 3]})
    cell = table(frame, statistic="mean", value="v", unit="p", weight="w").cells[0]
    assert (cell.top, cell.top_weights) == ((20, 10, -4), (1, 2, 5))
    assert (cell.total, cell.weighted_total, cell.weighted_absolute_total, cell.value) == (26, 20, 60, 2.5)
    assert table(frame, unit="p", weight="w").cells[0].value == 8
    zero = frame.assign(w=[1, 0, 1])
    assert refusal(zero, unit="p", weight="w").rule == "data.weight"
    assert table(zero, unit="p", weight="w", where="w > 0 AND w < 1e100").cells[0].value == 2  # what the error advises
    assert refusal(frame, statistic="median", value="v", unit="p", weight="w").rule == "recipe.malformed"


def test_rows_left_out_are_counted_whatever_the_columns_are_called():
    frame = pandas.DataFrame({"unit": [1.0, 2.0, float("inf")], "p": ["a", None, None], "w": [1, 1, 2]})
    said = parse_recipe({"statistic": "mean", "value": "unit", "unit": "p", "where": "w < 2"})
    assert compute(frame, said).left_out == {"where": 1, "unit": 1}
    assert refusal(frame, statistic="mean", value="unit", unit="p").rule == "data.infinite"


def test_the_mode_of_text_is_counted_among_people():
    frame = pandas.DataFrame({"v": ["b", "a", "b", "c"], "p": [1, 1, 1, 2]})
    cell = table(frame, statistic="mode", value="v", unit="p").cells[0]
    assert (cell.modal_people, cell.value) == (1, None)


def test_means_of_extremes_are_over_people():
    frame = pandas.DataFrame({"v": [9, 8, 1, 2, 3], "p": [1, 1, 2, 3, 4]})
    top = table(frame, statistic="top_mean", value="v", unit="p", entities=2).cells[0]
    low = table(frame, statistic="bottom_mean", value="v", unit="p", entities=3).cells[0]
    assert (top.value, top.top, top.people, top.overlap_people) == (6, (9, 3), 2, 0)
    assert (low.value, low.people, low.overlap_people) == (2, 3, 2)


@pytest.mark.parametrize(("frame", "recipe", "rule"), [
    (pandas.DataFrame({"a": []}), {"rows": "a"}, "table.empty"),
    (pandas.DataFrame({"a": [None, None]}), {"rows": "a"}, "table.empty"),
    (FRAME, {"rows": "a", "where": "n > 100"}, "table.empty"),
    (FRAME, {"rows": "nowhere"}, "data.column"),
    (FRAME.set_axis(["a", "a", "p"], axis=1), {"rows": "a"}, "data.column"),
    (FRAME.assign(v=[[1], [2], [3], [4]]), {"rows": "v"}, "data.value"),
    (FRAME.assign(v=[{1}, {2}, {3}, {4}]), {"rows": "v"}, "data.value"),
    (FRAME.assign(v=[float("inf"), 1, 2, 3]), {"statistic": "mean", "value": "v"}, "data.infinite"),
    (FRAME, {"statistic": "mean", "value": "a"}, "data.numbers"),
    (FRAME.assign(v=[1, "1", 2, 3]), {"statistic": "sum", "value": "v"}, "data.numbers"),
    (FRAME.assign(v=["x" * 301] * 4), {"rows": "v"}, "table.labels"),
    (pandas.DataFrame({"a": range(30_000)}), {"rows": "a"}, "table.cells"),
    (FRAME, {"where": "n > (SELECT 1)"}, "recipe.where"),
    (FRAME, {"where": "1 = 1 OR read_csv('/etc/passwd') = 1"}, "recipe.where"),
    (FRAME, {"where": "a = 'x' OR 1"}, "recipe.where"),
    (FRAME, {"where": "n"}, "recipe.where"),
    (FRAME, {"where": "a > 3"}, "recipe.where"),
    (FRAME, {"where": "n = 1; DROP TABLE data"}, "recipe.where"),
    (FRAME, {"where": "now() > n"}, "recipe.where"),
    (FRAME, {"where": "getenv('HOME') = 'x'"}, "recipe.where"),
    (FRAME, {"where": "other.n = 1"}, "recipe.where"),
    ([1, 2, 3], {"rows": "a"}, "data.kind"),
    ({"a": [1, 2], "b": [1]}, {"rows": ["a", "b"]}, "data.length"),
])
def test_what_cannot_be_is_refused_with_a_next_step(frame, recipe, rule):
    assert refusal(frame, **recipe).rule == rule


def test_infinite_values_that_the_condition_leaves_out_do_not_matter():
    frame = FRAME.assign(v=[float("inf"), 1.0, 2.0, 3.0])
    assert table(frame, statistic="mean", value="v", where="v < 100").cells[0].value == 2


def test_one_row_and_a_hundred_thousand_columns():
    wide = pandas.DataFrame({f"c{number}": [1] for number in range(100_000)})
    assert people(wide, rows="c99999") == {"1": 1}
    assert "Did you mean" in refusal(wide, rows="c100x").next_step


def test_conditions_read_columns_by_name_whatever_it_is():
    frame = pandas.DataFrame({'we"ird; --': ["it's", "b"], "Age": [5, 50]})
    assert people(frame, where="\"we\"\"ird; --\" = 'it''s'") == {"the only cell": 1}
    assert people(frame, where="AGE BETWEEN 1 AND 10 AND NOT \"we\"\"ird; --\" LIKE 'b%'") == {"the only cell": 1}
    assert people(pandas.DataFrame({"d": pandas.to_datetime(["2024-01-01", "2025-01-01"])}),
                  where="d >= '2024-06-01'") == {"the only cell": 1}
    assert people(pandas.DataFrame({"c": pandas.Categorical(["x", "y"])}), where="c IN ('x')") == {"the only cell": 1}
    assert people(frame, where="lower(\"we\"\"ird; --\") = 'b' AND age % 7 = 1 AND year(DATE '2024-01-01') = 2024") == {
        "the only cell": 1}


@pytest.mark.parametrize(("raw", "said"), [
    ([], "object"), ({}, "statistic"), ({"statistic": "mean"}, "value"), ({"statistic": "rate"}, "denominator"),
    ({"statistic": "quantile", "value": "x"}, "q"), ({"statistic": "count", "colour": 1}, "colour"),
    ({"statistic": "count", "rows": ["a"], "columns": ["a"]}, "more than once"),
    ({"statistic": "count", "rows": ["p"], "unit": "p"}, "single people"),
    ({"statistic": "count", "rows": "a", "bands": {"a": [3, 1]}}, "edges"),
    ({"statistic": "count", "margins": "maybe"}, "margins"), ({"statistic": 3}, "statistic"),
    ({"statistics": [{"statistic": "count"}, {"statistic": "count"}]}, "name"),
    ({"statistic": "count", "statistics": []}, "inside"),
])
def test_a_recipe_says_every_fault(raw, said):
    with pytest.raises(InvalidInput) as caught:
        parse_recipe(raw)
    assert caught.value.rule == "recipe.malformed" and said in caught.value.message


def test_the_hash_of_a_recipe_is_of_what_it_says():
    one = parse_recipe({"rows": ["a"], "statistic": "std", "value": "x", "unit": "p"})
    same = parse_recipe({"unit": "p", "rows": "a", "columns": [], "statistic": "sd", "value": "x", "margins": False})
    other = parse_recipe({"rows": ["a"], "statistic": "sd", "value": "x", "unit": None})
    assert digest(one) == digest(same) != digest(other)
    keys = {"rows", "columns", "statistic", "value", "unit", "weight", "where", "margins"}
    assert keys <= set(schema()["properties"])


def test_evidence_is_a_plain_value():
    cell = table(FRAME, rows="a", unit="p").cells[0]
    assert cell == CellEvidence(("x",), (), 1, 2)


def test_labels_of_rows_that_do_not_count_are_not_shown_but_categories_are():
    frame = FRAME.assign(flag=[True, False, True, False], c=pandas.Categorical(FRAME["a"]))
    assert people(frame, rows="a", where="flag") == {"x": 2}
    assert people(frame, rows="c", where="flag AND NOT n = 9") == {"x": 2, "y": 0}
    assert people(frame, rows="c", where="flag", empty_cells="leave-out") == {"x": 2}
