"""Error at equal pure epsilon, rows as the unit: `python -m benchmarks.private_accuracy --diffprivlib PYTHON`.

diffprivlib runs in an environment of its own, whose interpreter is named (with scikit-learn below 1.9). It treats the
number of rows as public and the neighbour as one changed row; ours protects the number too.
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

from benchmarks.result import Result
from readingroom.storage.private_files import answer_file

REPEATS = 1000
UPPER = 20_000
PEER = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np, diffprivlib as dp
values = np.clip(np.load(sys.argv[1]), 0, float(sys.argv[3]))
repeats = int(sys.argv[4])
print(json.dumps([float(dp.tools.mean(values, epsilon=float(sys.argv[2]), bounds=(0, float(sys.argv[3]))))
                  for _ in range(repeats)]))
"""


def measure(peer: str, epsilon: float, rows: int) -> list[Result]:
    values = np.exp(np.random.default_rng(2).normal(8, 1, rows))
    truth = float(np.clip(values, 0, UPPER).mean())
    with tempfile.TemporaryDirectory() as folder:
        data, raw = Path(folder) / "d.parquet", Path(folder) / "d.npy"
        pq.write_table(pa.table({"pid": np.arange(rows), "cost": values}), data)
        np.save(raw, values)
        facts = {"privacy_unit": "pid"}
        mean = facts | {"statistic": "mean", "column": "cost", "lower": 0, "upper": UPPER}
        ours = _values(answer_file(data, mean, {"epsilon": epsilon}, REPEATS))
        counted = _values(answer_file(data, facts | {"statistic": "count"}, {"epsilon": epsilon}, REPEATS))
        said = subprocess.run([peer, "-c", PEER, str(raw), str(epsilon), str(UPPER), str(REPEATS)],
                              capture_output=True, text=True, check=True).stdout
    decay = np.exp(-epsilon)
    theory = float(np.sqrt(2 * decay) / (1 - decay))
    return [
        Result(f"RMSE of a mean, epsilon {epsilon:g} (millionths)", _rmse(ours, truth) * 1e6,
               _rmse(np.array(json.loads(said)), truth) * 1e6, "diffprivlib, n public", "<= 1.05x", "e-6"),
        Result(f"RMSE of a count, epsilon {epsilon:g} (thousandths)", _rmse(counted, rows) * 1000, theory * 1000,
               "theory", "1x", "e-3"),
    ]


def _values(said: dict) -> np.ndarray:
    return np.array([one["value"] for one in said["results"][0]["answers"]], dtype=float)


def _rmse(found: np.ndarray, truth: float) -> float:
    return float(np.sqrt(np.mean((found - truth) ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--diffprivlib", required=True, help="the Python of an environment with diffprivlib")
    parser.add_argument("--rows", type=int, default=20_000)
    chosen = parser.parse_args()
    table = Shown("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    for epsilon in (0.1, 1.0):
        for result in measure(chosen.diffprivlib, epsilon, chosen.rows):
            table.add_row(result.what, result.shown(result.ours), result.shown(result.baseline), f"{result.ratio:.2f}x",
                          result.target, result.baseline_name)
    Console().print(table)


if __name__ == "__main__":
    main()
