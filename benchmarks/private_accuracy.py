"""Error at equal pure epsilon, rows as the unit: `python -m benchmarks.private_accuracy`.

The peers are diffprivlib and SmartNoise SQL, each in an environment of its own. diffprivlib treats the number
of rows as public and the neighbour as one changed row; ours protects the number too. SmartNoise SQL charges a mean for
two columns, and is given the epsilon at which it charges what ours does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table as Shown

from benchmarks.peers import environment
from benchmarks.result import Result
from readingroom.storage.private_files import answer_file

REPEATS = 4000
UPPER = 20_000
BINS = 10
SIDES = Path(__file__).parent / "accuracy_sides"
PEERS = {  # what to install, and how many means to ask for: SmartNoise takes some 30 ms each
    "diffprivlib": (("diffprivlib==0.6.6", "scikit-learn<1.9"), 4000, "diffprivlib, n public"),
    "smartnoise": (("smartnoise-sql==1.0.10",), 1000, "SmartNoise SQL, same charge"),
}
Bias = tuple[str, float]


def measure(epsilon: float, rows: int) -> tuple[list[Result], list[Bias]]:
    values = np.clip(np.exp(np.random.default_rng(2).normal(8, 1, rows)), 0, UPPER)
    bins = np.arange(rows) % BINS
    truth, size = float(values.mean()), np.bincount(bins)
    facts = {"privacy_unit": "pid", "columns": {
        "cost": {"type": "number", "lower": 0, "upper": UPPER}, "bin": {"categories": list(range(BINS))}}}
    with tempfile.TemporaryDirectory() as folder:
        data, raw = Path(folder) / "d.parquet", Path(folder) / "d.npy"
        pq.write_table(pa.table({"pid": np.arange(rows), "cost": values, "bin": bins}), data)
        np.save(raw, values)

        def ours(**asked: object) -> list[dict]:
            return answer_file(data, facts | asked, {"epsilon": epsilon}, REPEATS)["results"][0]["answers"]

        mean = np.array([one["value"] for one in ours(statistic="mean", column="cost")])
        count = np.array([one["value"] for one in ours(statistic="count")])
        histogram = np.array([[row["value"] for row in one["rows"]][:BINS]
                              for one in ours(statistic="count", by=[{"column": "bin", "missing": False}])])
        peers = {name: _asked(name, raw, epsilon) for name in PEERS}
    theory = float(np.sqrt(2 * np.exp(-epsilon)) / (1 - np.exp(-epsilon)))
    at = f"epsilon {epsilon:g}"
    results = [Result(f"RMSE of a mean, {at}", _rmse(mean, truth) * 1e6, _rmse(found, truth) * 1e6, PEERS[name][2],
                      "<= 1.05x", "millionths") for name, found in peers.items()]
    results += [Result(f"RMSE of a {what}, {at}", _rmse(found, exact) * 1000, theory * 1000, "theory", "1x",
                       "thousandths")
                for what, found, exact in (("count", count, rows), ("histogram", histogram, size))]
    return results, [(f"{what}, {at}", _bias(found, exact)) for what, found, exact in (
        ("mean", mean, truth), ("count", count, rows), ("histogram", histogram, size))]


def _asked(name: str, raw: Path, epsilon: float) -> np.ndarray:
    packages, repeats, _ = PEERS[name]
    done = subprocess.run([environment(name, packages), SIDES / f"{name}_side.py", raw, str(epsilon), str(UPPER),
                           str(repeats)], stdout=subprocess.PIPE, text=True, check=True, cwd=tempfile.gettempdir())
    return np.array(json.loads(done.stdout.splitlines()[-1]))


def _rmse(found: np.ndarray, truth: float | np.ndarray) -> float:
    return float(np.sqrt(np.mean((found - truth) ** 2)))


def _bias(found: np.ndarray, truth: float | np.ndarray) -> float:
    """The mean error in its own standard errors: within 3 if there is no bias."""
    error = np.ravel(found - truth)
    return float(error.mean() / (error.std() / np.sqrt(len(error))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    chosen, console = parser.parse_args(), Console()
    table = Shown("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    biases: list[Bias] = []
    for epsilon in (0.1, 1.0):
        results, found = measure(epsilon, chosen.rows)
        biases += found
        for result in results:
            table.add_row(result.what, result.shown(result.ours), result.shown(result.baseline), f"{result.ratio:.2f}x",
                          result.target, result.baseline_name)
    console.print(table)
    console.print("Bias in standard errors (none if within 3): "
                  + "; ".join(f"{what}: {bias:+.1f}" for what, bias in biases), highlight=False)


if __name__ == "__main__":
    main()
