"""`readingroom check table`: the contract, and that nothing is lost between a csv file and the verdict."""

from __future__ import annotations

import json
import math
import random

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from readingroom.cli.app import app
from readingroom.core.disclosure.tabulation import answer, recipe
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

POLICY = """
threshold: 10
threshold_inclusive: false
zeros_disclosive: true
dominance: [[2, 90]]
dominance_inclusive: false
p_percent: 10
residual_degrees_of_freedom: 10
"""
SAFE = [("N" if number % 2 else "S", "F" if number % 3 else "M", number, number % 7 + 20) for number in range(200)]


@pytest.fixture
def check(tmp_path):
    def run(data, said, *more, policy=POLICY, suffix="csv"):
        file = tmp_path / f"data.{suffix}"
        if isinstance(data, pa.Table):
            pq.write_table(data, file)
        else:
            file.write_bytes(data if isinstance(data, bytes) else data.encode())
        (tmp_path / "recipe.json").write_text(said if isinstance(said, str) else json.dumps(said))
        (tmp_path / "policy.yaml").write_text(policy)
        arguments = ["check", "table", "--data", str(file), "--recipe", str(tmp_path / "recipe.json"), "--policy",
                     str(tmp_path / "policy.yaml"), *more]
        return CliRunner().invoke(app, arguments)

    return run


def told(result) -> dict:
    said = json.loads(result.stdout)
    jsonschema.validate(said, answer.schema())
    return said


def csv_of(rows) -> str:
    return "region,sex,person,days\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


COUNT = {"rows": ["region"], "columns": ["sex"], "statistic": "count", "unit": "person", "margins": True}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_safe_table_passes(check, suffix):
    data = csv_of(SAFE)
    if suffix == "parquet":
        columns = zip(*SAFE, strict=True)
        data = pa.table(dict(zip(("region", "sex", "person", "days"), map(list, columns), strict=True)))
    for said in (COUNT, COUNT | {"statistic": "mean", "value": "days"}):
        result = check(data, said, "--json", suffix=suffix)
        assert (result.exit_code, told(result)["verdict"], told(result)["findings"]) == (0, "pass", [])
    assert check(data, COUNT, suffix=suffix).stdout.rstrip().endswith("PASS")


def test_a_low_cell_fails_and_is_named(check):
    rows = [row for row in SAFE if row[:2] != ("N", "M")] + [("N", "M", 7, 20)] * 12
    result = check(csv_of(rows), COUNT, "--json")
    said = told(result)
    assert (result.exit_code, said["verdict"]) == (1, "fail")
    finding = next(one for one in said["findings"] if one["rule"] == "threshold")
    assert [{"row": cell["row"], "column": cell["column"]} for cell in finding["cells"]] == [
        {"row": ["N"], "column": ["M"]}]
    assert finding["parameters"]["threshold"] == 10 and finding["source"]
    cell = next(one for one in said["table"]["cells"] if (one["row"], one["column"]) == (["N"], ["M"]))
    assert (cell["people"], cell["records"], cell["value"]) == (1, 12, 1) and "threshold" in cell["broken"]
    assert "✗" in check(csv_of(rows), COUNT).stdout


@pytest.mark.parametrize("said", [
    {key: value for key, value in COUNT.items() if key != "unit"}, COUNT | {"unit": None},
    COUNT | {"statistic": "kurtosis", "value": "days"}])
def test_what_is_not_known_is_never_a_pass(check, said):
    result = check(csv_of(SAFE), said, "--json")
    assert told(result)["verdict"] == "review"


def test_values_of_a_csv_are_what_is_written(check):
    data = "id,code,amount,when\n007,NA,9007199254740993,2024-01-01\n7,na,NA,2024-06-01\n7,,1,2024-12-31\n8,NA,,x\n"
    said = told(check(data, {"rows": "code", "statistic": "sum", "value": "amount", "unit": "id", "margins": True},
                      "--json"))["table"]
    cells = {one["row"][0]: one for one in said["cells"]}
    assert list(cells) == ["NA", "na", "Total"]
    assert cells["NA"]["value"] == 9007199254740993 and cells["NA"]["people"] == 1
    assert said["left_out"] == {"label": 1, "unit": 0}
    people = told(check(data, {"statistic": "count", "unit": "id"}, "--json"))["table"]["cells"][0]["people"]
    assert people == 3
    later = {"statistic": "records", "unit": "id", "where": "id = '007' OR \"when\" LIKE '2024-12%'"}
    assert told(check(data, later, "--json"))["table"]["cells"][0]["value"] == 2


@pytest.mark.parametrize(("kind", "where", "expected"), [
    (["1", "2", "10"], "x > 9", 1), (["1.5", "NA", "10"], "x > 1", 2),
    (["2024-01-01", "2024-02-01", ""], "x > '2024-01-15'", 1),
    (["true", "false", "true"], "x", 2), (["01", "2", "3"], "x = '01'", 1), (["a", "b", "NA"], "x = 'NA'", 1),
    (["2024-01-01 10:00", "2024-01-02T00:00:01", ""], "x < '2024-01-02'", 1), (["-5", "+5", "0"], "x = '+5'", 1),
])
def test_a_condition_compares_a_column_by_what_all_its_values_are(check, kind, where, expected):
    data = "p,x\n" + "".join(f"{number},{value}\n" for number, value in enumerate(kind))
    said = told(check(data, {"statistic": "count", "unit": "p", "where": where}, "--json"))
    assert said["table"]["cells"][0]["people"] == expected


def test_quotes_line_breaks_and_a_byte_order_mark(check):
    data = '\ufeff"re""gion\n",p\n"a, ""b""\nc",1\n"a, ""b""\nc",2\n'.encode()
    said = told(check(data, {"rows": ['re"gion\n'], "statistic": "count", "unit": "p"}, "--json"))
    assert [one["people"] for one in said["table"]["cells"]] == [2]


@pytest.mark.parametrize(("data", "said", "words"), [
    ("", COUNT, "empty"), ("region,sex\n1\n", COUNT, "cannot be read"),
    (b"region,sex,person\n\xff,1,2\n", COUNT, "cannot be read"),
    (csv_of(SAFE), COUNT | {"rows": ["regions"]}, "regions"), (csv_of(SAFE), "{", "JSON"),
    (csv_of(SAFE), "[]", "object"),
    (csv_of(SAFE), COUNT | {"statistic": "mean", "value": "sex"}, "not a number"),
    ("a,a,p\n1,2,3\n", {"rows": "a", "statistic": "count", "unit": "p"}, "2 columns"),
    ("a,p\n", {"rows": "a", "statistic": "count", "unit": "p"}, "nothing"),
])
def test_what_cannot_be_used_says_why_and_what_to_do(check, data, said, words):
    result = check(data, said)
    assert isinstance(result.exception, InvalidInput) and result.exception.exit_code == 2
    assert words in result.exception.message and result.exception.next_step


def test_the_example_is_a_recipe():
    printed = CliRunner().invoke(app, ["check", "table", "--example"]).stdout
    jsonschema.validate(json.loads(printed), recipe.schema())
    assert recipe.parse_recipe(json.loads(printed)).margins


def test_the_schema_takes_what_is_taken_and_refuses_what_is_refused():
    validator = jsonschema.Draft202012Validator(recipe.schema())
    for said in (COUNT, {"rows": "a", "statistic": "quantile", "value": "x", "q": [0.1, 0.9]},
                 {"statistics": [{"statistic": "count"}, {"statistic": "sum", "value": "x"}], "unit": None},
                 {"rows": ["a"], "statistic": "count", "bands": {"a": [0, 18, None]}, "merge": {"a": {"x": ["y", 1]}}}):
        assert validator.is_valid(said)
        assert recipe.parse_recipe(said)
    for said in ({}, [], {"statistic": "count", "colour": 1}, {"statistic": 3}):
        assert not validator.is_valid(said)


@pytest.mark.parametrize(("statistic", "values", "broken"), [
    ("bottom_mean", [*range(11), 1000], ["dominance", "p-percent"]),  # of the smallest, the last is the largest
    ("bottom_mean", range(100, 112), []), ("top_mean", range(100, 112), []),
    ("top_mean", [-1000, *range(-11, 0)], ["dominance", "p-percent"])])  # of the largest, the last is the largest
def test_means_of_extremes_are_dominated_as_others_are(check, statistic, values, broken):
    lines = csv_of(("N", "F", number, value) for number, value in enumerate([*values, *[1001 if "bottom" in statistic
                                                                                       else -1001] * 12]))
    said = told(check(lines, {"statistic": statistic, "value": "days", "unit": "person", "entities": 12}, "--json"))
    assert said["table"]["cells"][0]["broken"] == broken


@pytest.mark.parametrize("above", [{"statistic": "ratio", "value": "person"}, {"statistic": "rate"}])
@pytest.mark.parametrize(("largest", "broken"), [(100, []), (10**6, ["dominance", "p-percent"])])
def test_what_is_under_the_line_is_dominated_too(check, above, largest, broken):
    lines = csv_of(("N", "F", number + 50, largest if number == 0 else 90 + number % 7) for number in range(30))
    for sums in ([], [{"statistic": "sum", "value": "person"}]):  # beside which the sum of the days would follow
        said = told(check(lines, {"statistics": [{**above, "denominator": "days"}, *sums]}, "--json"))
        assert said["table"]["cells"][0]["broken"] == broken


@pytest.mark.parametrize("condition", [
    "days > 3", "days = 'x'", "NOT days", "days BETWEEN 1 AND 2", "days IS NOT NULL", "days + 1 > 2 AND sex = 'F'"])
def test_a_column_with_nothing_in_it_can_be_compared_with_anything(check, condition):
    lines = csv_of((*row[:3], "") for row in SAFE)
    said = told(check(lines, {"statistic": "count", "unit": "person", "where": condition}, "--json"))
    assert said["table"]["cells"][0]["people"] == 0 and said["table"]["left_out"]["where"] == len(SAFE)
    assert check("region,sex,person,days\n", {**COUNT, "where": condition}).exception.rule == "table.empty"


def test_the_order_of_lines_does_not_matter(check):
    mixed = list(SAFE)
    random.Random(1).shuffle(mixed)
    said = COUNT | {"statistic": "mean", "value": "days"}
    assert told(check(csv_of(SAFE), said, "--json")) == told(check(csv_of(mixed), said, "--json"))


@pytest.mark.parametrize("statistic", ["first", "last", "odds_ratio", "risk_ratio", "kurtosis", "nunique", "p90"])
def test_a_statistic_that_no_recipe_computes_is_no_pass(check, statistic):
    said = told(check(csv_of(SAFE), COUNT | {"statistic": statistic, "value": "days"}, "--json"))
    assert said["verdict"] == "review"
    assert {one["value"] for one in said["table"]["cells"]} == {None}


def test_means_of_nobody_are_no_pass(check):
    nobody = csv_of([(*row[:3], "") for row in SAFE])
    said = told(check(nobody, COUNT | {"statistic": "mean", "value": "days"}, "--json"))
    assert (said["verdict"], [one["rule"] for one in said["findings"]]) == ("fail", ["threshold", "statistic.blank"])


def test_a_recipe_may_begin_with_a_byte_order_mark(check):
    assert told(check(csv_of(SAFE), "\ufeff" + json.dumps(COUNT), "--json"))["verdict"] == "pass"


@pytest.mark.parametrize(("values", "cap", "negatives"), [
    ([10] * 30, None, False), ([-10] * 30, None, True), ([10] * 29 + [-900], None, True),
    ([10 + one for one in range(30)], [None, -1], True), ([-9] * 29 + [900], [0, None], False)])
def test_negative_values_are_found_whether_in_the_data_or_made_by_a_cap(values, cap, negatives):
    frame = {"g": ["a"] * 30, "u": list(range(30)), "v": values}
    said = recipe.parse_recipe({"rows": "g", "statistic": "sum", "value": "v", "unit": "u", "cap": cap})
    policy = Policy(threshold=10, dominance=frozenset({(1, 50.0)}))
    (cell,) = answer.check_recipe(frame, said, policy).tables[0].cells
    low, high = cap or (None, None)
    seen = [min(max(one, -math.inf if low is None else low), math.inf if high is None else high) for one in values]
    assert (cell.negatives or 0) == sum(one < 0 for one in seen) and bool(cell.negatives) is negatives
    assert (cell.absolute_total or cell.total) == sum(map(abs, seen))
    assert [abs(one) for one in cell.top] == sorted(map(abs, seen), reverse=True)[:2]


def test_no_more_contributions_are_kept_than_the_rules_look_at():
    assert [answer.top_needed(one) for one in (
        Policy(), Policy(dominance=frozenset({(1, 50.0), (4, 90.0)})), Policy(p_percent=10, p_percent_coalition=12))
    ] == [2, 4, 13]
