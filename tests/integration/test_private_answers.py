"""Whole private answers: view, spawned worker, OpenDP, description."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from fractions import Fraction

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.privacy.pricing import price
from readingroom.core.privacy.queries import canonical, parse_query
from readingroom.core.privacy.units import grids
from readingroom.errors import IntegrityError, NotFound, Unavailable
from readingroom.storage import private_plans as plans
from readingroom.storage._private_release import answered, shape_of
from readingroom.storage.private_answers import OpenDPAnswerer, bounded_view
from readingroom.storage.private_scratch import PREFIX
from readingroom.storage.private_views import derive

COLUMNS = (
    Column("pid", "Person", "text", identifier=True),
    Column("sex", "Sex", "text", codes={"F": "Female", "M": "Male"}),
    Column("region", "Region", "integer", codes={"1": "North", "2": "South", "3": "East"}),
    Column("age", "Age", "integer", lower=0, upper=100),
    Column("cost", "Cost", "number", lower=0, upper=1000),
    Column("seen", "Seen on", "date"),
    Column("guilty", "Guilty", "boolean"),
)
DATASET = Dataset(
    "courts",
    "Courts",
    "MoJ",
    "cora",
    "",
    (
        Table("people", "People", COLUMNS, "pid", 1),
        Table("events", "Events", COLUMNS, "pid", 3),
    ),
)
HUGE = 1_000_000  # rho 1: noise below one person


class DictVault:
    def __init__(self, tables):
        self.tables, self.reads = tables, []

    def versions(self, dataset):
        return ("v0", "v1")

    def read(self, dataset, version, table, columns):
        self.reads.append(tuple(columns))
        if (dataset, version) != ("courts", "v1"):
            raise NotFound("secret detail: row 17 is Jane")
        return self.tables[table].select(list(columns))


def rows(people: int, per_person: int = 1) -> list[dict]:
    return [
        {
            "pid": f"p{p}",
            "sex": "FM"[p % 2],
            "region": p % 3 + 1 if per_person == 1 else e % 3 + 1,
            "age": p % 100,
            "cost": float(p % 1000),
            "seen": f"2020-01-{p % 28 + 1:02}",
            "guilty": p % 4 == 0,
        }
        for p in range(people)
        for e in range(per_person)
    ]


def table_of(records: list[dict]) -> pa.Table:
    types = {"age": pa.int64(), "region": pa.int64(), "cost": pa.float64(), "guilty": pa.bool_()}
    return pa.table(
        {c.name: pa.array([r[c.name] for r in records], types.get(c.name, pa.string())) for c in COLUMNS}
    )


def ask(statistic: str, table: str = "people", rho_micro: int = HUGE, **rest):
    spend = {} if "epsilon" in rest else {"rho_micro": rho_micro}
    return parse_query({"dataset": "courts", "table": table, "statistic": statistic, **spend, **rest}, DATASET)


def views(query, records, directory):
    """The exact views of every part of a query, as rows of dicts."""
    table = DATASET.table(query.table)
    found = []
    for place, part in enumerate(price(query, table).parts):
        bounded, derived = directory / f"bounded{place}.parquet", directory / f"derived{place}.parquet"
        bounded_view(table_of(records), table, part.rows_per_person, b"seed", bounded)
        derive(query, table, part, bounded, derived)
        found.append(pq.read_table(derived).to_pylist())
    return found


EDGES = {"column": "age", "edges": [0, 10, 20, 50]}
QUESTIONS = {
    "count": {"statistic": "count"},
    "count by": {"statistic": "count", "by": ["sex", "region"]},
    "people": {"statistic": "people"},
    "people by": {"statistic": "people", "by": ["region", EDGES]},
    "histogram": {"statistic": "histogram", "column": "region"},
    "found": {"statistic": "people", "by": {"column": "seen", "undeclared": True}},
    "sum": {"statistic": "sum", "column": "cost", "by": "sex"},
    "mean": {"statistic": "mean", "column": "cost"},
    "narrow mean": {"statistic": "mean", "column": "cost", "lower": 10, "upper": 20, "by": "region"},
    "variance": {"statistic": "variance", "column": "age"},
    "sd": {"statistic": "sd", "column": "cost", "by": "sex"},
    "proportion": {"statistic": "proportion", "of": "age >= 18 OR cost IS NULL", "by": "sex"},
    "median": {"statistic": "median", "column": "age"},
    "quantiles": {"statistic": "quantile", "column": "cost", "quantiles": [0.25, 0.9], "by": "sex",
                  "candidates": {"lower": 0, "upper": 1000, "step": 50}},
    "top": {"statistic": "top", "column": "region", "k": 2},
    "correlation": {"statistic": "correlation", "columns": ["age", "cost"]},
    "regression": {"statistic": "regression", "outcome": "cost", "predictors": ["age"]},
    "synthetic": {"statistic": "synthetic", "columns": ["sex", "region", EDGES], "rows": 50},
}
SPENDS = {"rho": {"rho_micro": HUGE}, "epsilon": {"epsilon": 1.5}}


def every_question(test):
    by_spend = pytest.mark.parametrize("spend", SPENDS.values(), ids=SPENDS)(test)
    return pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)(by_spend)


@pytest.fixture(scope="module")
def vault():
    return DictVault({"people": table_of(rows(2000)), "events": table_of(rows(500, 5))})


@pytest.fixture(scope="module")
def answerer(vault, tmp_path_factory):
    made = OpenDPAnswerer(vault, tmp_path_factory.mktemp("scratch") / "private")
    yield made
    made.close()


def run(answerer, query):
    return answerer.answer(query, DATASET, DATASET.table(query.table), "v1")


def test_count_is_of_people_and_near_the_truth(answerer, vault):
    assert abs(run(answerer, ask("people"))["value"] - 2000) <= 8
    events = run(answerer, ask("people", "events", where=[{"column": "sex", "op": "==", "value": "F"}]))
    assert abs(events["value"] - 250) <= 8
    assert abs(run(answerer, ask("count", "events"))["value"] - 1500) <= 20, "three rows of five are kept"
    reads = len(vault.reads)
    run(answerer, ask("sum", "events", column="age"))
    assert len(vault.reads) == reads, "the bounded view is made once"
    assert events["half_width_95"] >= 1 and events["versions"]["dataset_version"] == "2"


def test_histogram_shows_every_declared_key_in_order(answerer):
    answer = run(answerer, ask("histogram", column="region"))
    assert [row["label"] for row in answer["rows"]] == ["North", "South", "East", "missing"]
    for row, truth in zip(answer["rows"], (667, 667, 666, 0), strict=True):
        assert abs(row["value"] - truth) <= 8
    edges = run(answerer, ask("histogram", "events", column="age", edges=[0, 50, 100]))
    assert [row["key"] for row in edges["rows"]] == ["0 to under 50", "50 to under 100", "missing"]


def test_mean_interval_holds_the_truth(answerer):
    answer = run(answerer, ask("mean", column="age"))
    low, high = answer["interval_95"]
    assert abs(answer["value"] - 49.5) < 1 and low <= answer["value"] <= high


@pytest.mark.parametrize("table", ["people", "events"])
@pytest.mark.parametrize("empty", [False, True], ids=["nothing matches", "no rows at all"])
def test_nothing_to_count_answers_like_anything_else(answerer, tmp_path, table, empty):
    where = [{"column": "age", "op": "<", "value": -5}]
    asker = answerer
    if empty:
        none = table_of([])
        asker = OpenDPAnswerer(DictVault({"people": none, "events": none}), tmp_path / "private")
    try:
        assert abs(run(asker, ask("count", table, where=where))["value"]) <= 20
        shown = run(asker, ask("histogram", table, column="region", where=where))["rows"]
        assert [row["key"] for row in shown] == [1, 2, 3, "missing"]
        mean = run(asker, ask("mean", table, column="age", where=where))
        assert 0 <= mean["value"] <= 100 and mean["interval_95"][0] <= mean["value"]
    finally:
        if empty:
            asker.close()


def test_filters_compare_typed_values(answerer):
    for where, truth in (
        ([{"column": "guilty", "op": "==", "value": True}], 500),
        ([{"column": "seen", "op": "<", "value": "2020-01-02"}], 72),
        ([{"column": "region", "in": ["1", 2]}], 1334),
        ([{"column": "age", "op": ">=", "value": 50}, {"column": "cost", "op": "<", "value": 500.5}], 500),
    ):
        assert abs(run(answerer, ask("count", where=where))["value"] - truth) <= 8, where


def test_failure_after_spending_tells_nothing_of_the_cause(answerer):
    with pytest.raises(Unavailable) as caught:
        answerer.answer(ask("count"), DATASET, DATASET.table("people"), "gone")
    assert (
        "Jane" not in str(caught.value)
        and caught.value.__context__ is None
        and caught.value.__cause__ is None
    )


def test_scratch_holds_nothing_afterwards_and_stale_views_go_at_start(answerer, vault, tmp_path):
    run(answerer, ask("count"))
    assert {path.suffix for path in answerer._scratch.rglob("*") if path.is_file()} == {".parquet"}
    assert [path for path in answerer._scratch.iterdir() if path != answerer._views] == []
    before = len(list(answerer._views.iterdir()))
    answerer.forget("courts", "other version")
    assert len(list(answerer._views.iterdir())) == before
    answerer.forget("courts", "v1")
    assert list(answerer._views.iterdir()) == []
    stale = tmp_path / "private" / f"{PREFIX}old"
    stale.mkdir(parents=True)
    (stale / "view.parquet").write_bytes(b"x")
    made = OpenDPAnswerer(vault, tmp_path / "private")
    assert not stale.exists() and (made._scratch.stat().st_mode & 0o777) == 0o700


def test_worker_that_died_is_replaced(answerer):
    run(answerer, ask("count"))
    answerer._worker._process.kill()
    answerer._worker._process.wait()
    assert abs(run(answerer, ask("count"))["value"] - 2000) <= 8


@every_question
@pytest.mark.parametrize("table", ["people", "events"])
def test_every_question_is_answered_in_its_fixed_form(answerer, table, question, spend):
    query = ask(table=table, **question, **spend)
    assert canonical(parse_query(query.as_dict(), DATASET)) == canonical(query)
    answer = run(answerer, query)
    assert {"rows", "value", "half_width_95", "interval_95", "released", "statement", "guarantee", "citation", "set_by",
            "mechanism", "scale", "rho_micro", "epsilon", "delta", "query", "versions", "leaves_out"} <= set(answer)
    assert answer["needs_human"] == (query.statistic == "synthetic")
    if query.by and not query.undeclared and query.statistic not in ("top", "synthetic"):
        assert len(answer["rows"]) == len(query.cells) * max(1, len(query.quantiles))
    import json
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


@pytest.mark.parametrize(("question", "truth", "within"), [
    ({"statistic": "sum", "column": "age"}, 99_000, 1500),
    ({"statistic": "mean", "column": "age", "lower": 0, "upper": 10}, 9.45, 0.1),
    ({"statistic": "variance", "column": "age"}, 833.25, 20),
    ({"statistic": "sd", "column": "age"}, 28.87, 0.5),
    ({"statistic": "proportion", "of": "age >= 75"}, 0.25, 0.02),
    ({"statistic": "median", "column": "age"}, 50, 2),
    ({"statistic": "quantile", "column": "age", "quantiles": 0.9}, 90, 2),
    ({"statistic": "correlation", "columns": ["age", "cost"]}, 0.0999, 0.05),
])
def test_statistics_are_near_the_truth(answerer, question, truth, within):
    assert abs(run(answerer, ask(**question))["value"] - truth) <= within


def test_regression_finds_the_line(answerer):
    answer = run(answerer, ask("regression", outcome="cost", predictors=["age"]))
    fit = {row["key"]: row["value"] for row in answer["rows"]}
    assert abs(fit["age"] - 1) < 0.6 and abs(fit["intercept"] - 450) < 40


def test_the_largest_categories_come_first(answerer):
    found = run(answerer, ask("top", "people", column="guilty", k=1))["rows"]
    assert [row["key"] for row in found] == [False]


def test_categories_of_few_people_stay_hidden(answerer, tmp_path):
    records = rows(2000)
    for place, record in enumerate(records):
        record["seen"] = "2020-01-01" if place < 1900 else f"2021-01-{place % 28 + 1:02}"
    asker = OpenDPAnswerer(DictVault({"people": table_of(records)}), tmp_path / "private")
    try:
        answer = run(asker, ask("people", by={"column": "seen", "undeclared": True}, rho_micro=20_000))
        assert [row["key"] for row in answer["rows"]] == ["2020-01-01"] and answer["threshold"] > 20
        assert answer["femto_delta"] == 10**7
    finally:
        asker.close()


@every_question
@pytest.mark.parametrize("table", ["people", "events"])
def test_p4_one_person_with_many_rows_changes_no_more_than_the_price_says(tmp_path, table, question, spend):
    """Exact views of neighbours: others' rows stay the same, and the person's stay within the bounds of the shape."""
    query = ask(table=table, **question, **spend)
    base = rows(50, 4)
    person = [
        {"pid": "zz", "sex": "FM"[i % 2], "region": i % 3 + 1, "age": i % 60, "cost": 1e9 * (-1) ** (i % 3),
         "seen": None, "guilty": None}
        for i in range(100)
    ]
    loss = Fraction(0)
    before = views(query, base, tmp_path)
    after = views(query, base[:77] + person + base[77:], tmp_path)
    for part, old, new in zip(price(query, DATASET.table(table)).parts, before, after, strict=True):
        loss += moved(part, old, new)
    assert loss <= query.spend.amount


def moved(part, before, after) -> Fraction:
    """The loss of this very change, from what each noisy number can move by; also: nothing of others was lost."""
    shape = part.shape
    added = list(after)
    for row in before:
        added.remove(row)
    groups: dict = {}
    for row in added:
        groups.setdefault(row["key"], []).append(row)
    if shape.kind in ("people", "threshold", "top"):
        assert all(len(found) == 1 for found in groups.values())
        if shape.kind == "top":
            return shape.loss()
    assert shape.kind == "top" or len(added) <= shape.contributions
    if shape.kind == "quantiles":
        return shape.loss()
    norms = []
    for place, noisy in enumerate(shape.noisy):
        if place == 0 and shape.counts:
            change = [len(found) for found in groups.values()]
        else:
            name = f"v{place - shape.counts}"
            assert all(abs(row[name]) <= noisy.bound for row in added)
            change = [sum(row[name] for row in found) for found in groups.values()]
        scale = noisy.real_scale
        norms.append(sum(abs(one) for one in change) / scale if shape.pure
                     else sum(one * one for one in change) / (2 * scale * scale))
    own = sum(norms, Fraction(0))
    assert own <= shape.loss()
    return own


def test_odd_values_follow_the_declared_rules(tmp_path):
    odd = rows(4)
    odd[0] |= {"age": None, "cost": math.nan}
    odd[1] |= {"cost": math.inf}
    odd[2] |= {"pid": None}
    odd[3] |= {"cost": -math.inf, "region": 9}

    def seen(name, **question):
        (found,) = views(ask(**question), odd, tmp_path)
        return sorted(row[name] for row in found)

    half = grids(ask("mean", column="cost"), DATASET.table("people"))[0].half
    assert seen("v0", statistic="mean", column="cost") == [-half, half]
    assert seen("key", statistic="histogram", column="age", edges=[0, 50]) == [0, 0, 1]
    assert seen("key", statistic="histogram", column="region") == [0, 1]
    assert seen("key", statistic="count", where=[{"column": "age", "op": "!=", "value": 1}]) == [0]
    assert seen("key", statistic="count", where="NOT (age = 1) OR age IS NULL") == [0, 0]


@every_question
def test_p4_library_loss_agrees_with_ours_for_every_shape(question, spend):
    for table in ("people", "events"):
        for factor in (1, 7, 1000, 20_000, 160_000):
            paid = {"rho_micro": factor} if "rho_micro" in spend else {"epsilon": factor / 1e5}
            query = ask(table=table, **question, **paid)
            priced = price(query, DATASET.table(table))
            plans.checked_plans([part.shape for part in priced.parts], query.spend.amount, query.spend.femto_delta)


def test_p4_disagreement_about_the_loss_refuses():
    query = ask("count")
    shape = price(query, DATASET.table("people")).parts[0].shape
    plan = plans.compile_plan(shape)
    plans.check_loss(plan)
    from dataclasses import replace
    for wrong in (plan.loss * 2, plan.loss / 2, plan.loss * (1 + Fraction(1, 10**6))):
        with pytest.raises(IntegrityError):
            plans.check_loss(replace(plan, loss=wrong))
    with pytest.raises(IntegrityError):
        plans.checked_plans([shape], query.spend.amount / 2, 0)
    found = price(ask("people", by={"column": "seen", "undeclared": True}), DATASET.table("people")).parts[0].shape
    with pytest.raises(IntegrityError):
        plans.checked_plans([found], query.spend.amount, 10**7 // 2)


def test_the_worker_tells_nothing_of_what_went_wrong(tmp_path):
    query = ask("count")
    shape = asdict(price(query, DATASET.table("people")).parts[0].shape)
    job = {"shapes": [shape], "views": [str(tmp_path / "gone.parquet")], "amount": "1", "femto_delta": 0, "repeat": 1}
    assert shape_of(shape) == price(query, DATASET.table("people")).parts[0].shape
    with pytest.raises(Exception, match="No such file"):
        answered(job)


EVERY_SHAPE = (
    {"statistic": "count", "by": "sex"}, {"statistic": "people", "by": "sex"}, {"statistic": "sum", "column": "age"},
    {"statistic": "mean", "column": "cost", "by": "sex"}, {"statistic": "variance", "column": "cost", "by": "sex"},
    {"statistic": "quantile", "column": "age", "quantiles": [0.1, 0.5]},
    {"statistic": "quantile", "column": "age", "quantiles": [0.1, 0.5], "by": "sex"},
    {"statistic": "top", "column": "region", "k": 2}, {"statistic": "correlation", "columns": ["age", "cost"]},
    {"statistic": "synthetic", "columns": ["sex", "region"], "rows": 5},
    {"statistic": "people", "by": {"column": "seen", "undeclared": True}},
)


@pytest.mark.parametrize("question", EVERY_SHAPE, ids=lambda question: question["statistic"])
def test_both_computations_of_the_loss_agree_for_any_cap_and_spend(question):
    """Also where a person may have more rows than there are groups: else what was paid for would be refused."""
    table = replace(DATASET.tables[1], max_rows_per_person=40)
    dataset = replace(DATASET, tables=(table,))
    for k in (1, 2, 5, 40):
        for spend in ({"epsilon": 0.5}, {"rho": 0.02}, {"rho_micro": 1}):
            asked = {"dataset": "courts", "table": "events", "rows_per_person": k, **question, **spend}
            query = parse_query(asked, dataset)
            shapes = [part.shape for part in price(query, table).parts]
            assert plans.checked_plans(shapes, query.spend.amount, query.spend.femto_delta), (k, spend)
