"""The floor: one DuckDB statement by hand that computes the same evidence of every cell, and nothing else."""

import json
import sys

import duckdb
import pyarrow.parquet as pq
from timing import report

file, said = sys.argv[1], json.loads(sys.argv[2])
keys, unit = ", ".join([*said["rows"], *said["columns"]]), said["unit"]
ALONE = f"""
SELECT {keys}, count(*), count(income), fsum(income), fsum(abs(income)), count(*) FILTER (income < 0), min(income),
       max(income), max(income, 2), min(income, 2) FILTER (income < 0)
FROM data GROUP BY {keys}"""
PEOPLE = f"""
WITH held AS (SELECT {keys}, {unit} AS unit, count(*) AS n, count(income) AS m, fsum(income) AS s, min(income) AS lo,
                     max(income) AS hi FROM data GROUP BY {keys}, unit)
SELECT {keys}, count(*), count(*) FILTER (m > 0), sum(n), sum(m), fsum(s), fsum(abs(s)), count(*) FILTER (s < 0),
       min(lo), max(hi), max(s, 2), min(s, 2) FILTER (s < 0)
FROM held GROUP BY {keys}"""
frame = pq.read_table(file).to_pandas()


def call() -> None:
    with duckdb.connect() as connection:
        connection.register("data", frame)
        connection.execute(PEOPLE if unit else ALONE).fetchall()


report(call)
