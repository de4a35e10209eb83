"""Private answers from the vault: a bounded view in private scratch space, noise in a spawned worker.

The view is made person by person: which rows of a person are in it, and what they hold, depends on no other
person. So what one person can change is bounded by the view, and the plan states the same bound.
Rules for odd values: rows without a person are left out; missing, NaN and unreadable values match no
condition, fall in the category "missing", and are left out of means; infinities are clipped.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from datetime import date
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import readingroom
from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.privacy.pricing import (
    DEFAULT_DELTA,
    GROUPS,
    HALF_UNITS,
    MAX_ROWS,
    PERSONS,
    SUMS,
    Price,
    mean_interval,
    price,
    step_of,
)
from readingroom.core.privacy.queries import Condition, Histogram, Mean, Query, Scalar, columns_read
from readingroom.errors import Unavailable
from readingroom.ports import Vault

logger = logging.getLogger(__name__)

PREFIX = "view-"
TIMEOUT_SECONDS = 300.0

_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN"}
_OPERATORS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class OpenDPAnswerer:
    """A `PrivateAnswerer`: one query at a time. Owns `scratch_dir` alone and empties it at the start."""

    def __init__(self, vault: Vault, scratch_dir: Path, delta: float = DEFAULT_DELTA) -> None:
        self._vault = vault
        self._scratch = scratch_dir
        self._delta = delta
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None
        _make_private(scratch_dir)
        for stale in scratch_dir.glob(f"{PREFIX}*"):
            shutil.rmtree(stale)

    def answer(self, query: object, dataset: Dataset, table: Table, version: str) -> dict[str, object]:
        """Fresh noise at each call, so call once per paid reservation. Every failure has the same text."""
        failure = ""
        try:
            assert isinstance(query, Query), "queries come from parse_query"
            assert (query.dataset, query.table) == (dataset.slug, table.name), "another table's query"
            cost = price(query, table, self._delta)
            with self._lock:
                reply = self._release(query, table, version, cost)
            return _describe(query, table, version, cost, reply)
        except Exception as error:  # noqa: BLE001 - the second refusal text: nothing of a library may pass
            failure = type(error).__name__
        logger.error("private answer failed: %s", failure)
        raise Unavailable(
            "The private answer failed after its budget was reserved. No detail can be given.",
            rule="private-answer",
            next_step="Ask the people who run this Reading Room.",
        )

    def close(self) -> None:
        """End the release worker; the next answer starts another."""
        with self._lock:
            self._stop()

    def _release(self, query: Query, table: Table, version: str, cost: Price) -> dict:
        names = {name for _, name in columns_read(query)}
        rows = self._vault.read(query.dataset, version, query.table, sorted(names | {table.privacy_unit}))
        directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._scratch))
        try:
            view = directory / "view.parquet"
            pq.write_table(bounded_view(query, table, rows, cost), view)
            return self._ask({"view": str(view), "shape": asdict(cost.shape), "rho_micro": query.rho_micro})
        finally:
            shutil.rmtree(directory)

    def _ask(self, job: dict[str, object]) -> dict:
        if self._worker is None or self._worker.poll() is not None:
            self._worker = _spawn()
        worker = self._worker
        try:
            worker.stdin.write(json.dumps(job).encode() + b"\n")
            worker.stdin.flush()
            reply = json.loads(_read_line(worker, TIMEOUT_SECONDS))
        except BaseException:
            self._stop()
            raise
        if reply.get("ok") is not True:
            raise Unavailable("the release worker refused")
        return reply

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker.communicate()
            self._worker = None


def private_scratch(fallback: Path, name: str) -> Path:
    """A directory for `scratch_dir`: in memory where /dev/shm can be used, else under `fallback`."""
    memory = Path("/dev/shm")  # noqa: S108 - made 0700 and checked for its owner before use
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else fallback
    return parent / f"readingroom-{name}-private"


def bounded_view(query: Query, table: Table, rows: pa.Table, cost: Price) -> pa.Table:
    """The rows of `rows` that the plan may see: exact values, so it never leaves the scratch directory."""
    parameters: list[object] = []
    where = " AND ".join(
        ["person IS NOT NULL", *(_condition(condition, table, parameters) for condition in query.where)]
    )
    columns = ", ".join(
        f"{_typed(column)} AS {_quoted('c_' + column.name)}"
        for column in table.columns
        if column.name in rows.column_names and column.name != table.privacy_unit
    )
    person = f"CAST({_quoted(table.privacy_unit)} AS VARCHAR) AS person"
    source = f"SELECT {person}{', ' + columns if columns else ''} FROM vault_rows"  # noqa: S608 - quoted catalogue names
    matching = f"SELECT * FROM ({source}) WHERE {where}"  # noqa: S608
    shape = cost.shape
    if isinstance(query, Mean):
        value = _quoted("c_" + query.column)
        centre, step = (query.lower + query.upper) / 2, step_of(query)
        units = (
            f"CAST(greatest(least(round((greatest(least({value}, CAST(? AS DOUBLE)), CAST(? AS DOUBLE))"
            f" - CAST(? AS DOUBLE)) / CAST(? AS DOUBLE)), {HALF_UNITS}), -{HALF_UNITS}) AS BIGINT)"
        )
        parameters = [query.upper, query.lower, centre, step, *parameters]
        inner = f"SELECT person, {units} AS value FROM ({matching}) WHERE {value} IS NOT NULL"  # noqa: S608
        kept = "value"
    elif isinstance(query, Histogram):
        choose: list[object] = []
        column = table.column(query.column)
        assert column is not None
        key = _key(query, column, choose)
        parameters = [*choose, *parameters]
        inner = f"SELECT DISTINCT person, key FROM (SELECT person, {key} AS key FROM ({matching})) WHERE key IS NOT NULL"  # noqa: S608, E501
        kept = "key"
    else:
        inner = f"SELECT DISTINCT person, CAST(0 AS BIGINT) AS key FROM ({matching})"  # noqa: S608
        kept = "key"
    shown = "person, key" if shape.kind == PERSONS else kept
    capped = (
        f"SELECT {shown} FROM (SELECT *, row_number() OVER"  # noqa: S608
        f" (PARTITION BY person ORDER BY hash(person, {kept}), {kept})"
        f" AS place FROM ({inner})) WHERE place <= {int(shape.contributions)}"
    )
    connection = duckdb.connect(":memory:", config={"enable_external_access": "false", "threads": "2"})
    try:
        connection.register("vault_rows", rows)
        view = connection.sql(capped, params=parameters).to_arrow_table()
    finally:
        connection.close()
    assert view.num_rows < MAX_ROWS
    return view


def _condition(condition: Condition, table: Table, parameters: list[object]) -> str:
    column = table.column(condition.column)
    assert column is not None
    parameters.extend(_parameter(value, column) for value in condition.values)
    name, kind = _quoted("c_" + column.name), _constant_type(column)
    marks = ", ".join(f"CAST(? AS {kind})" for _ in condition.values)
    if condition.operator == "in":
        return f"{name} IN ({marks})"
    return f"{name} {_OPERATORS[condition.operator]} {marks}"


def _key(query: Histogram, column: Column, parameters: list[object]) -> str:
    name = _quoted("c_" + query.column)
    branches = [f"WHEN {name} IS NULL THEN {len(query.keys) - 1}"]
    if query.edges:
        for place, (low, high) in enumerate(pairwise(query.edges)):
            branches.append(f"WHEN {name} >= ? AND {name} < ? THEN {place}")
            parameters.extend((low, high))
    else:
        for place, value in enumerate(query.categories):
            branches.append(f"WHEN {name} = CAST(? AS {_constant_type(column)}) THEN {place}")
            parameters.append(_parameter(value, column))
    return f"CAST(CASE {' '.join(branches)} ELSE NULL END AS BIGINT)"


def _typed(column: Column) -> str:
    cast = f"TRY_CAST({_quoted(column.name)} AS {_TYPES[column.type]})"
    return f"CASE WHEN isnan({cast}) THEN NULL ELSE {cast} END" if column.type == "number" else cast


def _constant_type(column: Column) -> str:
    return "DOUBLE" if column.type == "integer" else _TYPES[column.type]


def _parameter(value: Scalar, column: Column) -> object:
    return date.fromisoformat(value) if column.type == "date" and isinstance(value, str) else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _describe(query: Query, table: Table, version: str, cost: Price, reply: dict) -> dict[str, object]:
    released, shape = reply["released"], cost.shape
    bound = shape.contributions
    answer: dict[str, object] = {
        "statistic": query.statistic,
        "rows": [],
        "value": None,
        "half_width_95": None,
        "mechanism": cost.accuracy.mechanism,
        "scale": cost.accuracy.scale,
        "unit": "one person, all their rows",
        "K": table.max_rows_per_person,
        "lower": None,
        "upper": None,
        "rho_micro": cost.cost_micro_rho,
        "epsilon": cost.cost_epsilon,
        "delta": cost.delta,
        "query": query.as_dict(),
        "versions": {**reply["versions"], "readingroom": readingroom.__version__, "dataset_version": version},
    }
    width = cost.accuracy.half_width_95
    if shape.kind == SUMS:
        assert isinstance(query, Mean)
        total, number = released["total"][0], released["number"][0]
        value, low, high = mean_interval(query, shape, total, number)
        answer |= {
            "value": value,
            "half_width_95": max(high - value, value - low),
            "interval_95": [low, high],
            "lower": query.lower,
            "upper": query.upper,
            "number": number,
            "number_half_width_95": width,
            "sum_scale": cost.accuracy.sum_scale,
        }
        what = (
            f"the mean of {query.column}, clipped to {query.lower:g} to {query.upper:g}, over at most "
            f"{bound} "
            f"row{'s' if bound > 1 else ''} of each person"
        )
    elif isinstance(query, Histogram):
        column = table.column(query.column)
        labels = column.codes if column else {}
        answer["rows"] = [
            {"key": key, "label": labels.get(_code(key), str(key)), "value": number, "half_width_95": width}
            for key, number in zip(query.keys, released["number"], strict=True)
        ]
        answer["half_width_95"] = width
        what = (
            f"people per {query.column}, each person in at most {bound} of the rows shown"
            if shape.kind == GROUPS
            else f"people per {query.column}, each person in one row at most"
        )
    else:
        answer |= {"value": released["number"][0], "half_width_95": width}
        what = "people with a matching row"
    answer["statement"] = (
        f"This is {what}, from {query.dataset} version {version}, with noise: {cost.accuracy.mechanism}. "
        f"{cost.accuracy.interval} Whether or not any one person is in the data changes the chance of this "
        f"answer little: {cost.cost_micro_rho} micro-rho, epsilon {cost.cost_epsilon} at delta {cost.delta}. "
        "Negative numbers are possible and are part of the noise. Half-widths cover noise, not what clipping "
        "and the cap on rows per person leave out."
    )
    return answer


def _code(key: Scalar) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _make_private(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = directory.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        raise Unavailable(
            "The scratch directory for private answers belongs to someone else.",
            rule="scratch-directory",
            value=directory,
            next_step="Remove it or name another.",
        )
    directory.chmod(0o700)


def _spawn() -> subprocess.Popen[bytes]:
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PATH": os.environ.get("PATH", ""),
        "POLARS_MAX_THREADS": "2",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "readingroom.storage._private_release"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _read_line(worker: subprocess.Popen[bytes], timeout_seconds: float) -> bytes:
    deadline, line = time.monotonic() + timeout_seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(worker.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("the release worker is late")
            chunk = os.read(worker.stdout.fileno(), 65536)
            if not chunk:
                raise EOFError("the release worker ended")
            line += chunk
    return line
