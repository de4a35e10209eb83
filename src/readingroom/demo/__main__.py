"""Write the synthetic tables as plain Parquet files: `python -m readingroom.demo --people N --out DIR`."""

from __future__ import annotations

import argparse
from pathlib import Path

import pyarrow.parquet as pq

from readingroom.demo.generator import generate

NOTE = "Synthetic data, made by readingroom.demo with {people} people and seed {seed}. Nobody in it exists.\n"


def main(arguments: list[str] | None = None) -> None:
    """Parse `arguments` (default: the command line's), write the files and say how many rows each has."""
    parser = argparse.ArgumentParser(prog="python -m readingroom.demo", description=__doc__)
    parser.add_argument("--people", type=_positive, default=100_000, help="how many defendants (default: 100,000)")
    parser.add_argument("--out", type=Path, required=True, help="a folder; made if missing")
    parser.add_argument("--seed", type=int, default=20_260_801, help="the same seed gives the same files")
    given = parser.parse_args(arguments)
    for dataset, tables in generate(given.people, seed=given.seed).items():
        folder = given.out / dataset
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "SYNTHETIC.txt").write_text(NOTE.format(people=given.people, seed=given.seed))
        for name, table in tables.items():
            pq.write_table(table.replace_schema_metadata({"synthetic": "true"}), folder / f"{name}.parquet")
            print(f"{dataset}/{name}.parquet: {table.num_rows:,} synthetic rows")


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    main()
