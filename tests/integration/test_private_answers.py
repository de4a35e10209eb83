"""Whole private answers: view, spawned worker, OpenDP, description."""

from __future__ import annotations

import math
from fractions import Fraction

import pyarrow as pa
import pytest

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.storage import private_plans as plans
from readingroom.core.privacy.pricing import price, shape_of
from readingroom.core.privacy.queries import parse_query
from readingroom.errors import IntegrityError, NotFound, Unavailable
from readingroom.storage.private_answers import PREFIX, OpenDPAnswerer, bounded_view

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
    return parse_query(
        {"dataset": "courts", "table": table, "statistic": statistic, "rho_micro": rho_micro, **rest}, DATASET
    )


def view(query, records):
    table = DATASET.table(query.table)
    return bounded_view(query, table, table_of(records), price(query, table)).to_pylist()


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
    assert abs(run(answerer, ask("count"))["value"] - 2000) <= 8
    assert vault.reads[-1] == ("pid",)
    events = run(answerer, ask("count", "events", where=[{"column": "sex", "op": "==", "value": "F"}]))
    assert abs(events["value"] - 250) <= 8
    assert events["half_width_95"] >= 1 and events["versions"]["dataset_version"] == "v1"


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
        assert abs(run(asker, ask("count", table, where=where))["value"]) <= 8
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
    assert list(answerer._scratch.iterdir()) == []
    stale = tmp_path / "private" / f"{PREFIX}old"
    stale.mkdir(parents=True)
    (stale / "view.parquet").write_bytes(b"x")
    made = OpenDPAnswerer(vault, tmp_path / "private")
    assert not stale.exists() and (made._scratch.stat().st_mode & 0o777) == 0o700


def test_worker_that_died_is_replaced(answerer):
    run(answerer, ask("count"))
    answerer._worker.kill()
    answerer._worker.wait()
    assert abs(run(answerer, ask("count"))["value"] - 2000) <= 8


@pytest.mark.parametrize(
    "query",
    [
        ask("count", "events"),
        ask("histogram", "events", column="region"),
        ask("histogram", column="region"),
        ask("histogram", "events", column="age", edges=[0, 10, 20, 50]),
        ask("mean", "events", column="cost"),
        ask("mean", column="cost", lower=10, upper=20),
    ],
    ids=lambda query: f"{query.table}-{query.statistic}",
)
def test_p4_one_person_with_many_rows_changes_no_more_than_the_price_says(query):
    """Exact views of neighbours: others' rows stay the same, and the person's stay within the bound."""
    base = rows(50, 4)
    person = [
        {
            "pid": "zz",
            "sex": "F",
            "region": i % 3 + 1,
            "age": i % 60,
            "cost": 1e9 * (-1) ** (i % 3),
            "seen": None,
            "guilty": None,
        }
        for i in range(100)
    ]

    def counted(records):
        found: dict = {}
        for row in view(query, records):
            key = row.get("key", row.get("value"))
            found[key] = found.get(key, 0) + 1
        return found

    before, after = counted(base), counted(base[:77] + person + base[77:])
    shape = shape_of(query, DATASET.table(query.table))
    change = {key: after.get(key, 0) - before.get(key, 0) for key in {*before, *after}}
    assert all(amount >= 0 for amount in change.values())
    if shape.kind == "sums":
        moved = sum(abs(key) * n for key, n in change.items())
        assert sum(change.values()) <= shape.contributions and moved <= shape.contributions * 2**16
        own = Fraction(sum(change.values()) ** 2 * 1024**2, 2 * shape.scale**2)
        own += Fraction(moved**2 * 1024**2, 2 * shape.sum_scale**2)
    else:
        own = Fraction(sum(n * n for n in change.values()) * 1024**2, 2 * shape.scale**2)
    assert own <= shape.loss() <= Fraction(query.rho_micro, 10**6)


def test_odd_values_follow_the_declared_rules():
    odd = rows(4)
    odd[0] |= {"age": None, "cost": math.nan}
    odd[1] |= {"cost": math.inf}
    odd[2] |= {"pid": None}
    odd[3] |= {"cost": -math.inf, "region": 9}
    assert sorted(r["value"] for r in view(ask("mean", column="cost"), odd)) == [-65536, 65536]
    assert sorted(r["key"] for r in view(ask("histogram", column="age", edges=[0, 50]), odd)) == [0, 0, 1]
    assert sorted(r["key"] for r in view(ask("histogram", column="region"), odd)) == [0, 1]
    unequal = ask("count", where=[{"column": "age", "op": "!=", "value": 1}])
    assert len(view(unequal, odd)) == 1


def test_p4_library_loss_agrees_with_ours_for_every_shape():
    for rho_micro in (1, 7, 1000, 20_000, 270_000):
        for query in (
            ask("count", rho_micro=rho_micro),
            ask("histogram", column="region", rho_micro=rho_micro),
            ask("histogram", "events", column="region", rho_micro=rho_micro),
            ask("mean", "events", column="cost", rho_micro=rho_micro),
        ):
            plans.checked_plan(shape_of(query, DATASET.table(query.table)), rho_micro)


def test_p4_disagreement_about_the_loss_refuses():
    shape = shape_of(ask("count"), DATASET.table("people"))
    for loss, charge in ((shape.loss() * 2, HUGE), (shape.loss(), HUGE // 2), (shape.loss() / 2, HUGE)):
        with pytest.raises(IntegrityError):
            plans.check_loss(loss, shape, charge)


def test_released_noise_follows_the_stated_distribution(tmp_path):
    """6,000 releases against the exact discrete Gaussian; fails by chance with probability about 1e-6."""
    import pyarrow.parquet as pq
    from scipy import stats

    query = ask("histogram", column="region", rho_micro=20_000)
    table = DATASET.table("people")
    cost = price(query, table)
    path = tmp_path / "view.parquet"
    pq.write_table(bounded_view(query, table, table_of(rows(30)), cost), path)
    measurement = plans.checked_plan(cost.shape, query.rho_micro)
    noise = [
        n - t
        for _ in range(1500)
        for n, t in zip(plans.release(measurement, cost.shape, path)["number"], (10, 10, 10, 0), strict=True)
    ]
    sigma = cost.accuracy.scale
    weights = {k: math.exp(-k * k / (2 * sigma**2)) for k in range(-80, 81)}
    total = sum(weights.values())
    cells = [*range(-8, 9)]
    expected = [len(noise) * weights[k] / total for k in cells]
    observed = [noise.count(k) for k in cells]
    expected += [
        len(noise) * sum(w for k, w in weights.items() if k < -8) / total,
        len(noise) * sum(w for k, w in weights.items() if k > 8) / total,
    ]
    observed += [sum(n < -8 for n in noise), sum(n > 8 for n in noise)]
    chi = sum((o - e) ** 2 / e for o, e in zip(observed, expected, strict=True))
    assert chi < stats.chi2.isf(1e-6, len(expected) - 1)
    outside = sum(abs(n) > cost.accuracy.half_width_95 for n in noise) / len(noise)
    assert outside < 0.05 + 5 * math.sqrt(0.05 * 0.95 / len(noise))
