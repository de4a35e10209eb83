"""Private answers over ten million rows: `python -m benchmarks.private_speed [--rows N] [--people N]`.

In one run: the bounded view, grouped count and count + sum on it, and people, beside the same statistic in plain Polars
without any privacy, and beside OpenDP with its own truncation inside (what the view replaces).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table as Shown

from benchmarks.result import Result
from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.privacy.pricing import price
from readingroom.core.privacy.queries import ALL_ROWS, parse_query
from readingroom.storage.private_answers import release
from readingroom.storage.private_worker import ReleaseWorker

K = 3
REGIONS = [f"R{number:02}" for number in range(30)]
TABLE = Table("events", "", (
    Column("pid", "", "text", identifier=True),
    Column("sex", "", "text", codes={"F": "F", "M": "M"}),
    Column("region", "", "text", codes={name: name for name in REGIONS}),
    Column("cost", "", "number", lower=0, upper=20_000),
), "pid", K)
DATASET = Dataset("bench", "", "", "", "", (TABLE,))

PLAIN = """
import polars as pl, time, sys
best = 1e9
aggregate = [pl.len()] + ([pl.col("cost").clip(0, 20000).sum()] if sys.argv[2] == "sum" else [])
for _ in range(5):
    begun = time.perf_counter()
    if sys.argv[2] == "people":
        pl.scan_parquet(sys.argv[1]).select(pl.col("pid").n_unique()).collect()
    else:
        pl.scan_parquet(sys.argv[1]).group_by("sex", "region").agg(*aggregate).collect()
    best = min(best, time.perf_counter() - begun)
print(best)
"""
INSIDE = """
import polars as pl, opendp.prelude as dp, time, sys
dp.enable_features("contrib")
regions = [f"R{number:02}" for number in range(30)]
schema = {"pid": pl.String, "sex": pl.String, "region": pl.String, "cost": pl.Float64}
names = {pl.String: "String", pl.Float64: "f64"}
domain = dp.lazyframe_domain([dp.series_domain(n, dp.atom_domain(T=names[t], nan=True) if t == pl.Float64
                              else dp.atom_domain(T=names[t])) for n, t in schema.items()])
keys = pl.LazyFrame({"sex": [s for s in "FM" for _ in regions], "region": regions * 2})
plan = (pl.LazyFrame(schema=schema).filter(pl.int_range(pl.len()).over("pid") < 3)
        .group_by("sex", "region").agg(dp.len(scale=30.0, signed=True)))
plan = keys.join(plan, on=["sex", "region"], how="left", nulls_equal=True)
made = dp.m.make_private_lazyframe(domain, dp.symmetric_id_distance(identifier=pl.col("pid")),
                                   dp.zero_concentrated_divergence(), plan)
begun = time.perf_counter()
made(pl.scan_parquet(sys.argv[1])).collect()
print(time.perf_counter() - begun)
"""
BUILD = """
import sys, resource
from pathlib import Path
from benchmarks.private_speed import TABLE
from readingroom.storage.private_answers import bounded_view
import time
begun = time.perf_counter()
bounded_view(Path(sys.argv[1]), TABLE, int(sys.argv[2]), b"seed", Path(sys.argv[3]))
print()
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def generate(path: Path, rows: int, people: int) -> None:
    rng = np.random.default_rng(1)
    pq.write_table(pa.table({
        "pid": pa.array(rng.integers(0, people, rows)).cast(pa.string()),
        "sex": pa.array(np.array(["F", "M"])[rng.integers(0, 2, rows)]),
        "region": pa.array(np.array(REGIONS)[rng.integers(0, len(REGIONS), rows)]),
        "cost": np.exp(rng.normal(7, 1, rows)).round(2),
    }), path, compression="zstd")


def measure(rows: int, people: int, *, inside: bool) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        raw = scratch / "raw.parquet"
        generate(raw, rows, people)
        views = {K: scratch / "k.parquet", ALL_ROWS: scratch / "all.parquet"}
        built = {k: _child(BUILD, str(raw), str(k), str(view)) for k, view in views.items()}
        plain = {kind: _child(PLAIN, str(raw), kind)[0] for kind in ("count", "sum", "people")}
        count = {"statistic": "count", "by": ["sex", "region"]}
        both = {"statistic": "mean", "column": "cost", "by": ["sex", "region"]}
        ours = _ours(views, scratch, {"count": count, "sum": both, "people": {"statistic": "people"}})
        found = [
            Result(f"bounded view of {rows:,} rows, K = {K}", built[K][0], 8.0, "the target", "< 8 s"),
            Result("its peak memory", built[K][1], 2048, "the target", "< 2 GiB", "MiB"),
            Result("grouped count, 93 groups", ours["count"], plain["count"], "plain Polars", "<= 2x"),
            Result("grouped count and sum", ours["sum"], plain["sum"], "plain Polars", "<= 2x"),
            Result("people, over all rows", ours["people"], 3.0, "the target", "<= 3 s"),
            Result("people, over all rows", ours["people"], plain["people"], "plain Polars"),
        ]
        if inside:
            slow = _child(INSIDE, str(raw))[0]
            found.append(
                Result("grouped count, 93 groups", ours["count"], slow, "OpenDP, truncation inside", "<= 0.05x"))
        return found


def _ours(views: dict[int, Path], scratch: Path, questions: dict[str, dict[str, object]]) -> dict[str, float]:
    """From the question to the noisy numbers, on views that exist and with a worker that runs."""
    worker = ReleaseWorker()
    try:
        return {name: _best(lambda said=said: _ask(worker, said, views, scratch)) for name, said in questions.items()}
    finally:
        worker.stop()


def _ask(worker: ReleaseWorker, said: dict[str, object], views: dict[int, Path], scratch: Path) -> None:
    query = parse_query({"dataset": "bench", "table": "events", "rho_micro": 20_000} | said, DATASET)
    cost = price(query, TABLE)
    release(worker, query, TABLE, cost, [views[part.rows_per_person] for part in cost.parts], scratch)


def _best(run: Callable[[], None], times: int = 5) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        run()
        took.append(time.perf_counter() - begun)
    return min(took)


def _child(code: str, *arguments: str) -> list[float]:
    """The numbers printed by a process of its own, so that memory and thread pools are its own too."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return [float(number) for number in done.stdout.splitlines()[-1].split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--people", type=int, default=3_333_333)
    parser.add_argument("--without-inside", action="store_true", help="leave out OpenDP's own truncation (minutes)")
    chosen = parser.parse_args()
    table = Shown("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    for result in measure(chosen.rows, chosen.people, inside=not chosen.without_inside):
        table.add_row(result.what, result.shown(result.ours), result.shown(result.baseline), f"{result.ratio:.2f}x",
                      result.target, result.baseline_name)
    Console().print(table)


if __name__ == "__main__":
    main()
