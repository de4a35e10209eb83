"""How fast tables are computed and checked: against ACRO, and against a bare DuckDB pass for the same evidence.

`python -m benchmarks.tables` makes one file of synthetic rows, gives it to every side, and prints the ratios. ACRO gets
an environment of its own, made here with pip, since it pins pandas below 3; nothing of it is in the product. Each side
runs in a process of its own, which loads the data first; the median of five calls after one to warm up is taken.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.peers import environment
from benchmarks.result import Result

ACRO = ("acro==1.0.2", "pyarrow")  # pyarrow to read the rows with
SIDES = Path(__file__).parent / "table_sides"
SHAPES = {200: (["region"], ["offence"]), 4800: (["region", "sex", "age"], ["offence"])}
MIB = 2**20


def synthetic(rows: int, file: Path) -> None:
    """Rows as courts might have them: ten regions, twenty skewed offences, log-normal income, 2.5 rows per person."""
    random = np.random.default_rng(7)
    skew = random.dirichlet(np.ones(20) * 2)

    def labels(word: str, count: int, p: np.ndarray | None = None) -> pa.Array:
        codes = pa.array(random.choice(count, rows, p=p).astype("int8"))
        return pa.DictionaryArray.from_arrays(codes, [f"{word} {n:02}" for n in range(count)]).cast(pa.string())

    pq.write_table(pa.table({
        "region": labels("Region", 10), "offence": labels("Offence", 20, skew), "sex": labels("Sex", 3),
        "age": labels("Age", 8), "income": random.lognormal(10, 1, rows),
        "person": random.integers(0, rows * 2 // 5, rows)}), file)


def measured(python: str | Path, side: str, file: Path, cells: int, unit: str = "") -> dict[str, float]:
    """`seconds` (median) and `peak` (bytes of the whole process) of one side."""
    rows, columns = SHAPES[cells]
    done = subprocess.run(
        [python, SIDES / f"{side}.py", file, json.dumps({"rows": rows, "columns": columns, "unit": unit or None})],
        check=True, capture_output=True, text=True, cwd=tempfile.gettempdir())
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=10_000_000, help="rows of the memory measurement; 0: none")
    parser.add_argument("--acro", type=Path, help="where ACRO's environment is, or is made")
    chosen = parser.parse_args()
    console, results = Console(), []
    acro = environment("acro", ACRO, chosen.acro)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "rows.parquet"
        synthetic(chosen.rows, file)
        for cells in SHAPES:
            ours = measured(sys.executable, "ours", file, cells)["seconds"]
            bare = measured(sys.executable, "bare", file, cells)["seconds"]
            peer = measured(acro, "acro_side", file, cells)["seconds"]
            what = f"mean with threshold, (n,k), p%, {cells:,} cells"
            results.append(Result(what, ours, peer, "ACRO 1.0.2 (rows as people)", "at most 0.05x"))
            results.append(Result(what, ours, bare, "bare DuckDB, same evidence", "at most 2x"))
            results.append(Result(
                what + ", people", measured(sys.executable, "ours", file, cells, "person")["seconds"],
                measured(sys.executable, "bare", file, cells, "person")["seconds"], "bare DuckDB, same evidence",
                "at most 2x"))
        if chosen.large:
            synthetic(chosen.large, file)
            for unit in ("", "person"):
                peak = measured(sys.executable, "ours", file, 200, unit)["peak"] / MIB
                console.print(f"{chosen.large:,} rows{', by person' if unit else ''}: peak of the whole process "
                              f"{peak:,.0f} MiB (target: under 1,536)", highlight=False)
    results.append(Result("import readingroom.sdk", _import("readingroom.sdk"), _import("pandas"), "import pandas",
                          "under 0.5 s"))
    table = Table("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    for result in results:
        table.add_row(result.what, result.shown(result.ours), result.shown(result.baseline), f"{result.ratio:.3f}x",
                      result.target, result.baseline_name)
    console.print(table)


def _import(module: str) -> float:
    code = f"import time; begun = time.perf_counter(); import {module}; print(time.perf_counter() - begun)"
    runs = [subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True) for _ in range(5)]
    return statistics.median(float(run.stdout) for run in runs)


if __name__ == "__main__":
    main()
