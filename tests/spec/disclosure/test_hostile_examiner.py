"""Cases that an examiner would use to catch a checker, through the contract commands; answers worked out by hand.

Most would pass a tool that counts rows, trusts labels, or looks at one number at a time.
"""

from __future__ import annotations

import datetime
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from readingroom.cli.app import app
from readingroom.core.disclosure import check_output
from readingroom.core.policy import Policy

RULES = {"threshold": 10, "threshold_inclusive": False, "zeros_disclosive": True, "dominance": [[2, 90]],
         "dominance_inclusive": False, "p_percent": 10, "residual_degrees_of_freedom": 10, "weights": ["expand"]}
HEAD = "g,h,p,v,w"


def csv(rows, head=HEAD):
    return head + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


def line(people, value=1, g="A", h="x", first=0, w=1):
    """One row for each person; `value` may be a function of their number."""
    return [(g, h, one, value(one - first) if callable(value) else value, w) for one in range(first, first + people)]


@pytest.fixture
def table(tmp_path):
    def run(data, recipe, **rules):
        file = tmp_path / ("data.parquet" if isinstance(data, pa.Table) else "data.csv")
        if isinstance(data, pa.Table):
            pq.write_table(data, file)
        else:
            file.write_bytes(data if isinstance(data, bytes) else data.encode())
        for name, said in (("recipe.json", recipe), ("policy.json", RULES | rules)):
            (tmp_path / name).write_text(json.dumps({key: value for key, value in said.items() if value is not None}))
        result = CliRunner().invoke(app, ["check", "table", "--data", str(file), "--recipe",
                                          str(tmp_path / "recipe.json"), "--policy", str(tmp_path / "policy.json"),
                                          "--json"])
        return json.loads(result.stdout) if result.stdout.startswith("{") else {
            "verdict": "refused", "findings": [],
            "message": f"{result.exception} {getattr(result.exception, 'next_step', '')}"}
    return run


@pytest.fixture
def check(tmp_path):
    def run(command, said):
        (tmp_path / "input.json").write_text(said if isinstance(said, str) else json.dumps(said))
        result = CliRunner().invoke(app, ["check", command, "--input", str(tmp_path / "input.json"), "--json"])
        return json.loads(result.stdout) if result.stdout.startswith("{") else {
            "verdict": "refused", "message": str(result.exception)}
    return run


BY_G = {"rows": ["g"], "unit": "p"}
OF_V = BY_G | {"value": "v"}
TABLES = {
    "a person's five amounts are one contribution": (
        line(1, 100) * 9 + line(11, 10, first=100), OF_V | {"statistic": "sum"}, "fail", {"dominance": [[1, 75]]}),
    "the same rows as twenty people are for a person to judge": (
        line(1, 100) * 9 + line(11, 10, first=100), {"rows": ["g"], "value": "v", "statistic": "sum"}, "review",
        {"dominance": [[1, 75]]}),
    "large amounts that cancel are large": (
        line(1, 1000) + line(1, -1000, first=1) + line(12, 3, first=2), OF_V | {"statistic": "sum"}, "fail", {}),
    "one loss dominates": (line(1, -1000) + line(12, 3, first=1), OF_V | {"statistic": "mean"}, "fail", {}),
    "a person's own amounts that cancel are nothing": (
        [*line(1, 1000), *line(1, -1000), *line(12, lambda one: one % 5 + 3, first=2)], OF_V | {"statistic": "sum"},
        "pass", {}),
    "three of 200 have anything": (
        line(200, lambda one: 50 + one if one < 3 else 0), OF_V | {"statistic": "sum"}, "fail", {}),
    "a mean of zeros and ones is a share, of three people": (
        line(200, lambda one: int(one < 3)), OF_V | {"statistic": "mean"}, "fail", {}),
    "and of all but three": (line(200, lambda one: int(one >= 3)), OF_V | {"statistic": "mean"}, "fail", {}),
    "nine of ten have something, and one of ten has zero, a value like others": (
        line(10, lambda one: one), OF_V | {"statistic": "mean"}, "pass", {}),
    "nine of twenty have anything": (
        line(20, lambda one: max(0, one - 10)), OF_V | {"statistic": "mean"}, "fail", {}),
    "the deviation of one value is blank, which tells that there is one": (
        line(1) + line(30, lambda one: one, "B", first=1), OF_V | {"statistic": "sd"}, "fail", {}),
    "the mean of nobody is blank, which tells that nobody is there": (
        line(30, "") + line(30, lambda one: one, "B", first=30), OF_V | {"statistic": "mean"}, "fail", {}),
    "but where zeros tell nothing it passes": (
        line(30, "") + line(30, lambda one: one, "B", first=30), OF_V | {"statistic": "mean"}, "pass",
        {"zeros_disclosive": False}),
    "coded 1 and 2 as well": (line(200, lambda one: 1 + (one < 3)), OF_V | {"statistic": "mean"}, "fail", {}),
    "its standard deviation tells the same": (
        line(200, lambda one: int(one < 3)), OF_V | {"statistic": "sd"}, "fail", {}),
    "a capped count is zeros and ones": (
        line(200, lambda one: 7 if one >= 3 else 0), OF_V | {"statistic": "mean", "cap": [0, 1]}, "fail", {}),
    "zeros and ones of enough people pass": (
        line(200, lambda one: one % 2), OF_V | {"statistic": "mean"}, "pass", {}),
    "four of 200 in a share": (
        line(196) + line(4, h="y", first=196) + line(200, lambda one: 1, "B", "x", 200) + line(90, 1, "B", "y", 500),
        BY_G | {"columns": ["h"], "statistic": "share"}, "fail", {}),
    "a rate of three events": (
        line(200, lambda one: int(one < 3), w=30), OF_V | {"statistic": "rate", "denominator": "w"}, "fail", {}),
    "four values among thirty people": (
        line(30, lambda one: one + 1 if one < 4 else ""), OF_V | {"statistic": "mean"}, "fail", {}),
    "three hundred rows of nine people": ([row for _ in range(34) for row in line(9)], BY_G | {"statistic": "count"},
                                          "fail", {}),
    "their records too": ([row for _ in range(34) for row in line(9)], BY_G | {"statistic": "records"}, "fail", {}),
    "the 99th percentile of fifty is one person's": (
        line(50, lambda one: one), OF_V | {"statistic": "quantile", "q": 0.99}, "fail", {}),
    "the median of twelve has five below": (line(12, lambda one: one), OF_V | {"statistic": "median"}, "fail", {}),
    "a maximum is one person's": (line(4000, lambda one: one), OF_V | {"statistic": "max"}, "fail", {}),
    "the mean of the ten largest is ten people's": (
        line(50, lambda one: one + 1000), OF_V | {"statistic": "top_mean", "entities": 10}, "pass", {}),
    "everybody has five": (line(50, 5), OF_V | {"statistic": "mean"}, "fail", {}),
    "a mode that three have": (line(50, lambda one: one // 3), OF_V | {"statistic": "mode"}, "fail", {}),
    "a filter leaves three": (
        line(50, lambda one: one), BY_G | {"statistic": "count", "where": "v < 3"}, "fail", {}),
    "everybody in a row is in one column": (
        line(30) + line(30, g="B", first=30) + line(30, g="B", h="y", first=60),
        BY_G | {"columns": ["h"], "statistic": "count"}, "fail", {"zeros_disclosive": False}),
    "the only category shown is everybody's": (
        line(30) + line(30, g="B", first=30), BY_G | {"columns": ["h"], "statistic": "count"}, "fail",
        {"zeros_disclosive": False}),
    "all but one, who learns about the others": (
        line(30) + line(1, h="y", first=90) + line(30, g="B", first=30) + line(30, g="B", h="y", first=60),
        BY_G | {"columns": ["h"], "statistic": "count"}, "fail", {"zeros_disclosive": False, "threshold": 1}),
    "nobody can be there, which a person confirms": (
        line(40) + line(40, g="A", h="y", first=40) + line(40, g="B", h="x", first=80) + line(40, g="C", first=120)
        + line(40, g="C", h="y", first=160),
        BY_G | {"columns": ["h"], "statistic": "count", "structural_zeros": [{"row": ["B"], "column": ["y"]}]},
        "review", {}),
    "somebody is in what is said to be impossible": (
        line(40) + line(40, h="y", first=40) + line(40, g="B", first=80) + line(4, g="B", h="y", first=120),
        BY_G | {"columns": ["h"], "statistic": "count", "structural_zeros": [{"row": ["B"], "column": ["y"]}]},
        "fail", {}),
    "a category called Total hides nobody": (
        line(4, g="Total") + line(90, g="B", first=10), BY_G | {"statistic": "count"}, "fail", {}),
    "weights make three people three thousand": (
        line(3, w=1000), BY_G | {"statistic": "count", "weight": "w"}, "fail", {}),
    "a statistic without rules": (line(200, lambda one: one), OF_V | {"statistic": "kurtosis"}, "review", {}),
    "a sum beyond 64 bits": (line(200, lambda one: 10**30 + one), OF_V | {"statistic": "sum"}, "pass", {}),
    "numbers that differ in the thirtieth digit are no equal ones": (
        line(200, lambda one: 10**30 + one % 17), OF_V | {"statistic": "sum"}, "pass", {}),
    "no threshold, no pass": (line(200), BY_G | {"statistic": "count"}, "review", {"threshold": None}),
    "condition with a second statement": (
        line(200), BY_G | {"statistic": "count", "where": "1=1; DROP TABLE data"}, "refused", {}),
    "condition with a subquery": (
        line(200), BY_G | {"statistic": "count", "where": "v IN (SELECT 1)"}, "refused", {}),
    "condition by chance": (line(200), BY_G | {"statistic": "count", "where": "random() < 0.5"}, "refused", {}),
    "a table of single people": (line(200), {"rows": ["p"], "unit": "p", "statistic": "count"}, "refused", {}),
    "numbers that come to more than a float holds": (
        line(30, lambda one: 1e308 - one * 1e300), OF_V | {"statistic": "sum"}, "refused", {}),
    "weights that make them so": (
        line(30, lambda one: 1e300 + one * 1e290, w=1e100), OF_V | {"statistic": "mean", "weight": "w"}, "refused", {}),
    "weights of nothing": (line(200, w=0), OF_V | {"statistic": "sum", "weight": "w"}, "refused", {}),
    "words among numbers": (line(200, "abc"), OF_V | {"statistic": "sum"}, "refused", {}),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables(table, name):
    rows, recipe, verdict, rules = TABLES[name]
    said = table(csv(rows), recipe, **rules)
    assert said["verdict"] == verdict, said["findings"]
    if verdict == "fail":
        assert any(one["verdict"] == "fail" and one["message"] for one in said["findings"])


LABELS = {"floats": [1.5, 2.5], "dates": [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)],
          "flags": [True, False], "unicode": ["Zoë", "名前"], "markup": ["<script>", "=1+1"],
          "huge": [2**62, 2**62 + 1], "empty": ["", "b"]}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind_are_two_categories(table, kind):
    columns = {"g": LABELS[kind] * 30, "p": list(range(60)), "v": [20 + one % 17 for one in range(60)]}
    assert table(pa.table(columns), OF_V | {"statistic": "mean"})["verdict"] == "pass"
    few = {name: values[:50] + values[51:52] for name, values in columns.items()} | {
        "g": [LABELS[kind][0]] * 45 + [LABELS[kind][1]] * 6}
    assert table(pa.table(few), OF_V | {"statistic": "mean"})["verdict"] == "fail"


@pytest.mark.parametrize(("data", "said"), [
    ("g;p;v\nA;1;2\n", "commas between columns, in place of semicolons"),
    ("g\tp\tv\nA\t1\t2\n", "in place of tabs"), ("x,p,v\nA,1,2\n", "no column 'g'"),
    (pa.table({"g": ["A"], "p": [1], "v": pa.array([10**40], pa.decimal256(60, 0))}), "more than 38 digits")])
def test_what_is_wrong_with_data_is_said(table, data, said):
    assert said in table(data, OF_V | {"statistic": "mean"})["message"]


def test_times_of_a_nanosecond_apart_are_two_labels(table):
    times = pa.array([0, 1] * 30, pa.timestamp("ns"))
    said = table(pa.table({"g": times, "p": list(range(60))}), BY_G | {"statistic": "count"})
    assert [cell["row"] for cell in said["table"]["cells"]] == [
        ["1970-01-01 00:00:00"], ["1970-01-01 00:00:00.000000001"]]


def test_decimals_beyond_128_bits_are_numbers(table):
    values = pa.array([10**30 + one % 17 for one in range(60)], pa.decimal256(60, 0))
    said = table(pa.table({"g": ["A"] * 60, "p": list(range(60)), "v": values}), OF_V | {"statistic": "sum"})
    assert said["table"]["cells"][0]["value"] == sum(10**30 + one % 17 for one in range(60))


@pytest.mark.parametrize(("column", "values"), [
    ("g", [[1], [2]] * 30), ("p", [[1], [2]] * 30), ("v", [{"a": 1}] * 60), ("v", [float("inf")] + [1.0] * 59)])
def test_cells_that_are_no_single_value_are_refused(table, column, values):
    columns = {"g": ["A", "B"] * 30, "p": list(range(60)), "v": [1.5] * 60} | {column: values}
    assert table(pa.table(columns), OF_V | {"statistic": "mean"})["verdict"] == "refused"


@pytest.mark.parametrize("data", ["", "g,p\n", "g,g,p\nA,A,1\n", b"g,p\n\xff\xfe,1\n", "h,p\nA,1\n"])
def test_data_that_make_no_table_are_refused(table, data):
    assert table(data, BY_G | {"statistic": "count"})["verdict"] == "refused"


def test_a_hundred_thousand_columns_are_no_matter(table):
    head = ",".join(["g", "p", *(f"c{number}" for number in range(100_000))])
    body = "\n".join(",".join(["AB"[row % 2], str(row), *["1"] * 100_000]) for row in range(24))
    assert table(f"{head}\n{body}\n", BY_G | {"statistic": "count"})["verdict"] == "pass"


CONTRIBUTIONS = {
    "exactly k is not more": ([60, 25, 15], {"nk": [2, 85]}, "pass"),
    "in decimals too": ([0.6, 0.25, 0.15], {"nk": [2, 85]}, "pass"),
    "nobody": ([], {"threshold": 10}, "fail"),
    "one alone": ([5], {"p_percent": 10}, "fail"),
    "two know each other": ([5, 5], {"p_percent": 10}, "fail"),
    "a loss counts by its size": ([-90, 5, 5], {"nk": [1, 80]}, "fail"),
    "a coalition knows more": ([60, 30, 8, 2], {"p_percent": 10, "coalition": 2}, "fail"),
    "what was known before": ([100, 50, 15], {"pq": [10, 50]}, "fail"),
    "expanded by weights": ([{"value": 60, "weight": 1, "unit": "a"}, {"value": 5, "weight": 100, "unit": "b"}],
                            {"nk": [1, 85], "weights": "expand"}, "pass"),
    "true is no number": ([True, False], {"nk": [1, 90]}, "refused"),
    "no rule is no pass": ([1, 2], {}, "refused"),
    "0.85 of what": ([60, 25, 15], {"nk": [2, 0.85]}, "refused"),
}


@pytest.mark.parametrize("name", CONTRIBUTIONS)
def test_contributions(check, name):
    values, rules, verdict = CONTRIBUTIONS[name]
    assert check("contributions", {"contributions": values, "rules": rules})["verdict"] == verdict


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", '"x"', "[1]"])
def test_what_is_no_contribution_is_refused(check, text):
    assert check("contributions", f'{{"contributions": [{text}, 5], "rules": {{"nk": [1, 80]}}}}')[
        "verdict"] == "refused"


FOUR = {"rows": ["a", "b", "c", "Total"]}
AGES = {"<20": ["0-19"], "20+": ["20", "21-99"], "<21": ["0-19", "20"], "21+": ["21-99"]}
PUBLISHED = {
    "by subtraction": ({"rows": ["a", "b", "Total"], "values": ["x", 20, 24]}, "fail"),
    "nothing left for two": (FOUR | {"values": ["x", "x", 20, 20]}, "fail"),
    "enough left for two": (FOUR | {"values": ["x", "x", 20, 60]}, "pass"),
    "three of four": ({"rows": ["a", "b", "Total"], "columns": ["c", "d", "Total"],
                       "values": [["x", 20, 25], ["x", "x", 45], [40, 30, 70]]}, "fail"),
    "parts above their total": (FOUR | {"values": ["x", "x", 20, 10]}, "refused"),
    "no rounding gives this": ({"rows": ["a", "b", "Total"], "values": [5, 10, 30], "rounding": 5}, "refused"),
    "shifted bands": ({"tables": [
        {"name": "A", "rows": {"age": ["<20", "20+", "Total"]}, "values": [40, 60, 100]},
        {"name": "B", "rows": {"age": ["<21", "21+", "Total"]}, "values": [43, 57, 100]}],
        "hierarchies": {"age": AGES}}, "fail"),
    "all less the men": ({"tables": [
        {"name": "all", "rows": {"r": ["N", "S", "Total"]}, "values": [40, 60, 100]},
        {"name": "men", "where": {"sex": "M"}, "rows": {"r": ["N", "S", "Total"]}, "values": [37, 30, 67]}]}, "fail"),
    "two links that each protect": ({"tables": [
        {"name": "one", "rows": {"r": ["N", "E", "S", "W", "Total"]}, "values": ["x", "x", 20, 30, 60]},
        {"name": "two", "rows": {"r": ["Coast", "Inland"]}, "values": [24, 36]}],
        "hierarchies": {"r": {"Coast": ["N", "S"], "Inland": ["E", "W"]}}}, "fail"),
    "a total known to within a tenth": ({"kind": "magnitude", "rows": ["a", "b", "Total"], "values": [
        {"suppressed": True, "true_value": 100}, {"suppressed": True, "true_value": 5}, 105]}, "fail"),
    "losses widen it": ({"kind": "magnitude", "negative": True, "rows": ["a", "b", "Total"], "values": [
        {"suppressed": True, "true_value": 100}, {"suppressed": True, "true_value": 5}, 105]}, "pass"),
    "words": ({"rows": ["a", "b", "Total"], "values": ["hello", 80, 100]}, "refused"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published(check, name):
    said, verdict = PUBLISHED[name]
    assert check("published", said)["verdict"] == verdict


PROTECT = {
    "one small cell": (FOUR | {"values": [3, 20, 30, 53]}, "pass"),
    "nothing small": (FOUR | {"values": [13, 20, 30, 63]}, "pass"),
    "sums hold after rounding": (FOUR | {"values": [3, 20, 30, 53], "method": "controlled-rounding"}, "pass"),
    "everything else must stay": (FOUR | {"values": [3, 20, 30, 53], "keep": [["b"], ["c"], ["Total"]]}, "refused"),
    "a wrong total": (FOUR | {"values": [3, 20, 30, 54]}, "refused"),
    "fewer than nobody": (FOUR | {"values": [-3, 20, 30, 47]}, "refused"),
    "half a person": (FOUR | {"values": [3.5, 20, 30, 53.5]}, "refused"),
}


@pytest.mark.parametrize("name", PROTECT)
def test_protect(check, name):
    said, verdict = PROTECT[name]
    answer = check("protect", said)
    assert answer["verdict"] == verdict
    if verdict == "pass":
        for one in answer["tables"]:
            assert check("published", one)["verdict"] == "pass"


FILES = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=True, group_disclosure=False,
               output_types=frozenset({"csv"}), max_file_bytes=10**6, max_table_rows=5000)


@pytest.mark.parametrize(("mark", "verdict"), [
    ("<10", "pass"), ("≤9", "pass"), ("[c]", "pass"), ("<3", "fail"), ("<2", "fail"), ("≤ 1", "fail"), ("<=4", "fail"),
    ("< 5", "fail"), ("4", "fail"), ("c4", "fail")])
def test_a_mark_says_no_more_than_that_a_count_is_low(mark, verdict):
    cells = [{"row": [name], "column": ["people"], "people": people, "records": people, "suppressed": people < 10}
             for name, people in (("<5 years", 40), ("b", 4), ("c", 30))]
    evidence = {"kind": "table", "statistic": "count", "unit": "p", "row_names": ["age"], "column_names": [],
                "cells": cells}
    found = check_output("t.csv", f"age,people\n<5 years,40\nb,{mark}\nc,30\n".encode(), evidence, FILES)
    assert found.verdict.word == verdict
    without = check_output("t.csv", f"age,people\n<5,40\nb,{mark}\nc,30\n".encode(), None, FILES)
    assert without.verdict.word == ("fail" if verdict == "fail" and mark != "c4" else "review")
