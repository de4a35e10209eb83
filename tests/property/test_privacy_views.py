"""P4 at its root: taking all rows of one person out takes at most K rows (or groups) out of what gets noise.

Everything else stays as it was, row for row, whatever the person's values are; and no value is beyond its bound. It
is checked on the views themselves, without noise, so that one wrong row is seen.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readingroom.core.privacy.facts import parse_local
from readingroom.core.privacy.parts import Part
from readingroom.core.privacy.pricing import price
from readingroom.core.privacy.queries import parse_query
from readingroom.core.privacy.shapes import TOP
from readingroom.core.privacy.units import grids
from readingroom.storage.private_answers import bounded_view
from readingroom.storage.private_views import derive

K = 2
TYPES = {"pid": pa.string(), "age": pa.int64(), "pay": pa.float64(), "sex": pa.string(), "town": pa.string(),
         "seen": pa.timestamp("us"), "ok": pa.bool_()}
FACTS = {"privacy_unit": "pid", "max_rows_per_person": K, "columns": {
    "age": {"lower": 0, "upper": 100}, "pay": {"lower": -1, "upper": 1}, "sex": {"categories": ["F", "M"]},
    "seen": {"type": "date"}}}
QUESTIONS: tuple[dict[str, object], ...] = (
    {"statistic": "count", "by": ["sex", {"column": "age", "edges": [0, 18, 65]}]},
    {"statistic": "count", "where": "age > 17 AND (pay < 0.5 OR sex IS NULL) AND NOT town = 'é'"},
    {"statistic": "people", "where": "seen >= '2020-01-02'"},
    {"statistic": "people", "by": ["ok", {"column": "seen", "edges": ["2020-01-01", "2020-01-02", "2021-01-01"]}]},
    {"statistic": "people", "by": [{"column": "town", "undeclared": True}]},
    {"statistic": "sum", "column": "age", "by": ["sex"]},
    {"statistic": "mean", "column": "pay"},
    {"statistic": "variance", "column": "pay", "by": ["ok"]},
    {"statistic": "proportion", "of": "ok = TRUE AND age >= 18 OR pay IS NULL", "by": ["sex"]},
    {"statistic": "quantile", "column": "age", "candidates": [0, 18, 65, 100], "quantiles": [0.5], "by": ["sex"]},
    {"statistic": "top", "column": "sex", "k": 1},
    {"statistic": "regression", "outcome": "pay", "predictors": ["age"]},
    {"statistic": "synthetic", "columns": ["sex", "ok", {"column": "age", "edges": [0, 50, 101]}], "rows": 10},
)

rows = st.fixed_dictionaries({
    "age": st.one_of(st.none(), st.sampled_from([-2**63, 2**63 - 1, 0, 17, 18, 100, 101]), st.integers(-5, 120)),
    "pay": st.one_of(st.none(), st.floats(width=64), st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -0.0])),
    "sex": st.sampled_from(["F", "M", "f", "", None, "F\x00"]),
    "town": st.sampled_from([None, "", "é", "e\u0301", "'; --", "missing"]),
    "seen": st.one_of(st.none(), st.sampled_from([
        dt.datetime(2020, 1, 1, 23, 59, 59), dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59)])),
    "ok": st.sampled_from([True, False, None])})
tables = st.lists(st.tuples(st.sampled_from(["a", "b", "a ", "A"]), rows), max_size=12)
one_person = st.lists(rows, min_size=1, max_size=8)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables, one_person, st.randoms(use_true_random=False))
def test_p4_one_person_changes_no_more_of_any_view_than_is_paid_for(others, person, random):
    with_them = [*others, *(("them", row) for row in person)]
    random.shuffle(with_them)
    without = [row for row in with_them if row[0] != "them"]
    with TemporaryDirectory() as folder:
        one, other = (Neighbour(Path(folder) / name, found) for name, found in (("with", with_them), ("out", without)))
        dataset, asked = parse_local(FACTS | {"queries": list(QUESTIONS)}, one.types)
        for question in asked:
            query = parse_query(question | {"rho": 0.02}, dataset)
            table = dataset.tables[0]
            for part in price(query, table).parts:
                more, fewer = one.derived(query, table, part), other.derived(query, table, part)
                assert not fewer - more, question
                assert in_bounds(more, part, query, table), question
                if part.people:
                    assert max((more - fewer).values(), default=0) <= 1, question
                if part.shape.kind != TOP:  # which counts on one person in every group, once
                    assert (more - fewer).total() <= part.shape.contributions, question


class Neighbour:
    def __init__(self, folder: Path, found: list) -> None:
        folder.mkdir()
        self.folder, self.file = folder, folder / "data.parquet"
        columns = {name: [row[0] if name == "pid" else row[1][name] for row in found] for name in TYPES}
        pq.write_table(pa.table({name: pa.array(values, TYPES[name]) for name, values in columns.items()}), self.file)
        self.types = {"pid": "text", "age": "integer", "pay": "number", "sex": "text", "town": "text", "seen": "date",
                      "ok": "boolean"}

    def derived(self, query, table, part: Part) -> Counter:
        bounded = self.folder / f"bounded-{part.rows_per_person}.parquet"
        if not bounded.exists():
            bounded_view(self.file, table, part.rows_per_person, b"seed", bounded)
        target = self.folder / "view.parquet"
        derive(query, table, part, bounded, target)
        found = pq.read_table(target).to_pydict()
        return Counter(zip(*found.values(), strict=True))


def in_bounds(found: Counter, part: Part, query, table) -> bool:
    every = grids(query, table)
    return all(abs(number) <= value.bound(every) for row in found
               for value, number in zip(part.values, row[1:], strict=True) if value.kind != "place")
