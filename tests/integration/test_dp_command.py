"""`readingroom dp` and the library call under it: what an outside auditor drives, from the reference page alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from readingroom.core.privacy.facts import parse_local
from readingroom.errors import BudgetExceeded, InvalidInput, ReadingRoomError
from readingroom.storage.private_files import answer_file, checked_path, plan_queries, price_query
from tests.unit.test_docs import REPOSITORY

FACTS = {"privacy_unit": "pid", "max_rows_per_person": 3,
         "columns": {"age": {"type": "integer", "lower": 0, "upper": 100}, "sex": {"categories": ["F", "M"]}}}
COUNT = FACTS | {"statistic": "count"}
PURE, BOTH, RHO = {"epsilon": 1}, {"epsilon": 1, "delta": 1e-7}, {"rho": 0.02}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "people.parquet"
    pq.write_table(pa.table({"pid": [f"p{n // 4}" for n in range(4000)], "age": [n % 100 for n in range(4000)],
                             "sex": ["FM"[n // 4 % 2] for n in range(4000)],
                             "town": [f"t{n // 4 % 3}" for n in range(4000)],
                             "pay": [float(n) for n in range(4000)]}), path)
    return path


def figures(said):
    return [one["value"] for one in said["results"][0]["answers"]]


def test_independent_answers_lie_about_the_bounded_truth(data):
    said = answer_file(data, COUNT, PURE, repeat=300)
    values = figures(said)
    assert len(values) == 300 and len(set(values)) > 5
    assert abs(sum(values) / 300 - 3000) < 3, "three of four rows of each person"
    assert said["results"][0]["scale"] == pytest.approx(3, rel=1e-4)
    assert said["ledger"] == {"rho_micro": 500_000, "femto_delta": 0, "epsilon": 1.0, "delta": 0.0}


def test_the_command_prints_what_the_library_returns(data, tmp_path):
    query, budget = tmp_path / "query.json", tmp_path / "budget.json"
    query.write_text(json.dumps(COUNT))
    budget.write_text(json.dumps(RHO))

    def run(*arguments):
        return subprocess.run([sys.executable, "-c", "from readingroom.cli import main; main()", "dp", *arguments],
                              capture_output=True, text=True, check=False)

    done = run("answer", "--data", str(data), "--query", str(query), "--budget", str(budget), "--repeat", "3", "--json")
    said = json.loads(done.stdout)
    schema = json.loads((REPOSITORY / "docs/reference/schemas/dp-answer.schema.json").read_text())
    Draft202012Validator(schema).validate(said)
    assert done.returncode == 0 and len(figures(said)) == 3 and said["ledger"]["rho_micro"] == 20_000
    priced = json.loads(run("price", "--query", str(query), "--budget", str(budget), "--json").stdout)
    schema = json.loads((REPOSITORY / "docs/reference/schemas/dp-price.schema.json").read_text())
    Draft202012Validator(schema).validate(priced)
    assert priced["prices"][0]["rho_micro"] == 20_000 and priced["prices"][0]["K"] == 3
    budget.write_text('{"epsilon": -1}')
    refused = run("answer", "--data", str(data), "--query", str(query), "--budget", str(budget))
    assert refused.returncode == 2 and "epsilon" in refused.stderr and not refused.stdout
    example = json.loads(run("answer", "--example").stdout)
    for name in ("query", "budget"):
        schema = json.loads((REPOSITORY / f"docs/reference/schemas/dp-{name}.schema.json").read_text())
        Draft202012Validator(schema).validate(example[name])
    assert price_query(example["query"], example["budget"])["prices"][0]["epsilon"] <= 1


def test_the_more_exact_noise_is_taken_unless_one_is_asked_for(data):
    assert price_query(COUNT, BOTH)["prices"][0]["pure"]
    many = {"privacy_unit": "pid", "max_rows_per_person": 50, "statistic": "people",
            "by": {"column": "town", "categories": [f"t{n}" for n in range(100)]}}
    assert not price_query(many, BOTH)["prices"][0]["pure"], "50 groups of a person: Gaussian noise grows with the root"
    assert not price_query(COUNT, BOTH | {"noise": "gaussian"})["prices"][0]["pure"]
    assert price_query(COUNT, BOTH | {"noise": "gaussian"})["ledger"]["epsilon"] <= 1


def test_undeclared_categories_cost_delta(data):
    query = FACTS | {"statistic": "people", "by": {"column": "town", "undeclared": True}}
    said = answer_file(data, query, BOTH)
    assert [row["key"] for row in said["results"][0]["answers"][0]["rows"]] == ["t0", "t1", "t2"]
    assert 0 < said["ledger"]["femto_delta"] <= 10**8 and said["ledger"]["delta"] <= 1e-7
    with pytest.raises(InvalidInput, match="delta"):
        answer_file(data, query, PURE)


def test_several_questions_share_a_budget(data):
    batch = FACTS | {"queries": [{"statistic": "count"}, {"statistic": "mean", "column": "age"}]}
    equal = plan_queries(batch, RHO, equal_accuracy=False)
    assert [one["rho_micro"] for one in equal["plan"]] == [10_000, 10_000]
    weighed = plan_queries(batch, RHO, [3, 1])
    assert [one["rho_micro"] for one in weighed["plan"]] == [15_000, 5_000]
    even = [one["accuracy"]["sizes"][-1]["relative"] for one in plan_queries(batch, RHO)["plan"]]
    assert even[0] == pytest.approx(even[1], rel=0.05)
    assert sum(one["rho_micro"] for one in plan_queries(batch, RHO)["plan"]) <= 20_000
    assert len(answer_file(data, batch, RHO)["results"]) == 2
    over = FACTS | {"queries": [{"statistic": "count", "rho": 0.015}, {"statistic": "people", "rho": 0.015}]}
    with pytest.raises(BudgetExceeded, match="together"):
        answer_file(data, over, RHO)
    with pytest.raises(BudgetExceeded):
        answer_file(data, COUNT, RHO | {"caps": {"query_rho_micro": 1000}})


@pytest.mark.parametrize("budget", [
    None, [], {}, {"epsilon": 0}, {"epsilon": -1}, {"epsilon": float("nan")}, {"epsilon": float("inf")},
    {"epsilon": True}, {"epsilon": "1"}, {"epsilon": 1e9}, {"epsilon": 1e-9}, {"epsilon": None}, {"rho": 0},
    {"rho": -0.1}, {"rho": 1, "epsilon": 1}, {"rho_micro": 1.5}, {"rho_micro": 0}, {"epsilon": 1, "delta": 1},
    {"epsilon": 1, "delta": -1e-7}, {"epsilon": 1, "delta": "x"}, {"epsilon": 1, "delta": float("nan")},
    {"epsilon": 1, "noise": "gaussian"}, {"rho": 1, "noise": "laplace"}, {"epsilon": 1, "noise": "none"},
    {"epsilon": 1, "seed": 1}, {"rho": 0.02, "caps": {"x": 1}}, {"rho": 0.02, "caps": {"query_rho_micro": -1}},
    {"epsilon": [1]}, {"epsilon": 10**400},
], ids=str)
def test_strange_budgets_are_refused_before_the_data_are_read(tmp_path, data, budget):
    with pytest.raises(ReadingRoomError) as refusal:
        answer_file(data, COUNT, budget)
    assert refusal.value.rule and refusal.value.next_step


@pytest.mark.parametrize("change", [
    {"privacy_unit": None}, {"privacy_unit": "nobody"}, {"privacy_unit": "pay"}, {"max_rows_per_person": 0},
    {"max_rows_per_person": -1}, {"max_rows_per_person": 1.5}, {"max_rows_per_person": True},
    {"max_rows_per_person": 10**9}, {"rows_per_person": 4}, {"row_ceiling": 0}, {"columns": {"nobody": {}}},
    {"columns": {"age": {"type": "text"}}}, {"columns": {"age": {"lower": 5, "upper": 1}}},
    {"columns": {"age": {"lower": float("inf"), "upper": 1}}}, {"columns": {"age": {"lower": 1}}},
    {"columns": {"sex": {"categories": ["F", "F"]}}}, {"columns": {"sex": {"x": 1}}}, {"columns": "age"},
    {"statistic": "mean", "column": "age", "upper": 101}, {"statistic": "mean", "column": "pay"},
    {"statistic": "mean", "column": "pay", "lower": 0, "upper": float("inf")},
    {"statistic": "mean", "column": "pay", "lower": 9, "upper": 0}, {"by": "town"},
    {"by": [{"column": "age", "edges": list(range(1001))}, {"column": "pay", "edges": list(range(1001))}]},
    {"by": "sex", "where": "pid = 'p1'"}, {"statistic": "people", "by": {"column": "sex", "undeclared": True}},
    {"queries": []}, {"queries": [1]}, {"facts": {"x": 1}}, {"facts": {"privacy_unit": "pid"}},
    {"statistic": "top", "column": "sex", "k": 2}, {"statistic": "median", "column": "age", "candidates": [1]},
    {"statistic": "quantile", "column": "age", "quantiles": [0, 1]}, {"seed": 1},
    {"statistic": "synthetic", "columns": ["sex"], "rows": 5},
], ids=str)
def test_strange_questions_are_refused_with_what_would_work(data, change):
    query = {name: value for name, value in (COUNT | change).items() if value is not None}
    with pytest.raises(InvalidInput) as refusal:
        answer_file(data, query, BOTH)
    assert refusal.value.rule and refusal.value.next_step and len(str(refusal.value.value)) <= 500


def test_rows_that_are_nobodys_are_refused(tmp_path):
    for people in (["a", None], ["a", " "], [1.0, 2.0]):
        pq.write_table(pa.table({"pid": people, "age": [1, 2]}), tmp_path / "odd.parquet")
        with pytest.raises(InvalidInput) as refusal:
            answer_file(tmp_path / "odd.parquet", {"statistic": "count", "privacy_unit": "pid"}, PURE)
        assert refusal.value.rule == "dp.privacy-unit"


def test_a_person_is_one_however_the_file_types_them(tmp_path):
    """Dictionary-encoded, large or plain text, or numbers: the same people, the same cap."""
    names = [1, 1, 1, 1, 2]
    for kind in (pa.int32(), pa.int64(), pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())):
        plain = pa.array(names if pa.types.is_integer(kind) else [str(name) for name in names])
        column = plain.dictionary_encode() if pa.types.is_dictionary(kind) else plain.cast(kind)
        pq.write_table(pa.table({"pid": column}), tmp_path / "typed.parquet")
        values = figures(answer_file(tmp_path / "typed.parquet", {"statistic": "count", "privacy_unit": "pid",
                                                                  "max_rows_per_person": 2}, {"epsilon": 50}, 5))
        assert values == [3] * 5


def test_vaults_extracts_and_other_peoples_files_are_refused(tmp_path, data):
    stored = tmp_path / "state" / "vault" / "courts" / "0123456789abcdef"
    stored.mkdir(parents=True)
    (stored / "cases.parquet").write_bytes(data.read_bytes())
    (stored / "version.json").write_text("{}")
    extract = tmp_path / "data"
    extract.mkdir()
    (extract / "cases.parquet").write_bytes(data.read_bytes())
    (extract / "dataset.json").write_text("{}")
    link = tmp_path / "mine.parquet"
    link.symlink_to(stored / "cases.parquet")
    for path in (stored / "cases.parquet", extract / "cases.parquet", link):
        with pytest.raises(InvalidInput) as refusal:
            answer_file(path, COUNT, PURE)
        assert refusal.value.rule == "dp.installation"
    with pytest.raises(InvalidInput):
        checked_path(data, [data.parent])
    for path in (tmp_path / "gone.parquet", tmp_path, "/dev/null"):
        with pytest.raises(InvalidInput):
            checked_path(path)
    if os.geteuid() == 0:
        other = tmp_path / "other.parquet"
        other.write_bytes(data.read_bytes())
        os.chown(other, 12345, 12345)
        with pytest.raises(InvalidInput):
            checked_path(other)


def test_facts_may_stand_apart_and_types_may_come_from_constants():
    within = {"statistic": "correlation", "columns": ["a", "b"],
              "facts": {"privacy_unit": "pid", "columns": {"a": {"type": "number", "lower": 0, "upper": 1},
                                                           "b": {"type": "number", "lower": 0, "upper": 1}}}}
    assert price_query(within, RHO)["prices"][0]["rho_micro"] == 20_000
    _, (question,) = parse_local({"statistic": "count", "privacy_unit": "pid", "where": "town = 'x' AND age > 3"})
    assert question["dataset"] == "local"
    assert price_query({"statistic": "mean", "column": "x", "lower": 0, "upper": 5, "privacy_unit": "pid",
                        "where": "town = 'x' AND ok = TRUE"}, RHO)["prices"]


def test_nothing_of_the_data_but_its_answer_is_in_the_reply(tmp_path):
    """Two files, answered with so little budget that the figures say nothing: all else is the same text."""
    said = []
    for people in (3, 4000):
        pq.write_table(pa.table({"pid": list(range(people)), "age": [n % 100 for n in range(people)]}),
                       tmp_path / "d.parquet")
        reply = answer_file(tmp_path / "d.parquet", {"statistic": "mean", "column": "age", "lower": 0, "upper": 100,
                                                     "privacy_unit": "pid"}, RHO)
        del reply["results"][0]["answers"]
        said.append(reply)
    assert said[0] == said[1]


@pytest.mark.parametrize("place", ["pid=7/cost=3/data.parquet", "w*[ab]?.parquet", "it's.parquet"])
def test_a_files_place_is_no_part_of_its_data(tmp_path, place):
    """A folder named like a value, and a name that reads as a pattern, which other files would match too."""
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"pid": [f"p{n}" for n in range(60)], "cost": [1.0] * 60}), path)
    pq.write_table(pa.table({"pid": [f"q{n}" for n in range(900)], "cost": [9.0] * 900}), tmp_path / "wxax.parquet")
    asked = {"statistic": "sum", "column": "cost", "lower": 0, "upper": 10, "privacy_unit": "pid"}
    said = answer_file(path, asked, {"epsilon": 1.5}, 50)["results"][0]["answers"]
    assert abs(sum(one["value"] for one in said) / 50 - 60) < 25  # the noise of the mean has a deviation under 1.5


@pytest.mark.parametrize("names", [("pid", "PID"), ("pid", "Straße", "STRASSE")])
def test_columns_that_only_capitals_tell_apart_are_refused(tmp_path, names):
    pq.write_table(pa.table({name: ["a", "b"] for name in names}), tmp_path / "d.parquet")
    with pytest.raises(InvalidInput, match="same name"):
        answer_file(tmp_path / "d.parquet", {"statistic": "people", "privacy_unit": "pid"}, {"epsilon": 1})
