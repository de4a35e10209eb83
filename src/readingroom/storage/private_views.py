"""Views for private answers: a bounded one per table and K, built once, and what each question needs of it.

A bounded view holds at most K rows of each person. Which ones depends on a keyed hash of the row and on no other
person's rows, so what one person can change is bounded, and the same rows serve every question. Rows without a
person are left out. The view of a question holds whole numbers only: a group, and fixed-point values.
Rules for odd values: missing, NaN and unreadable ones are missing; infinities are clipped; codes that nobody
registered belong to no category. Nothing in here raises because of a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from readingroom.core.datasets import Column, Table
from readingroom.core.privacy.filters import MISSING, PRESENT, All, AnyOf, Compare, Filter
from readingroom.core.privacy.keys import Key
from readingroom.core.privacy.parts import LOWER, PLACE, SQUARE, UNIT, UPPER, Part, Value
from readingroom.core.privacy.queries import ALL_ROWS, PROPORTION, Query, columns_read
from readingroom.core.privacy.shapes import MAX_ROWS, THRESHOLD
from readingroom.core.privacy.units import Grid, grids
from readingroom.core.privacy.values import Scalar, catalogue_values

BATCH_ROWS = 2**18
MEMORY = "1500MB"
_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN"}


def build_view(source: pa.Table | Path, table: Table, names: Sequence[str], rows_per_person: int, seed: bytes,
               target: Path) -> None:
    """Write the bounded view of `source` with columns `names`; ALL_ROWS keeps all. Streams; sorted by person."""
    columns = [column for column in table.columns if column.name in names and column.name != table.privacy_unit]
    typed = "".join(f", {_typed(column)} AS {_column(column.name)}" for column in columns)
    person = f"CAST({_quoted(table.privacy_unit)} AS VARCHAR)"
    every = ", ".join(["person", *(_column(column.name) for column in columns)])
    order = "person" if rows_per_person == ALL_ROWS else f"person, hash('{seed.hex()}', {every})"
    connection = connect(target.parent)
    try:
        if isinstance(source, Path):
            rows = _parquet(source)
        else:
            connection.register("rows", source)
            rows = "rows"
        reader = connection.sql(
            f"SELECT * FROM (SELECT {person} AS person{typed} FROM {rows}) WHERE person IS NOT NULL"  # noqa: S608
            f" ORDER BY {order}").to_arrow_reader(BATCH_ROWS)
        _write_bounded(reader, rows_per_person, target)
    finally:
        connection.close()


def derive(query: Query, table: Table, part: Part, view: Path, target: Path) -> None:
    """Write what one measurement needs: `key`, and a column of whole numbers per value."""
    where = _filter(query.where, table)
    every = grids(query, table)
    values = [f"{_value(value, query, table, every)} AS v{place}" for place, value in enumerate(part.values)]
    key = _undeclared(part.by[0], table) if part.shape.kind == THRESHOLD else _key(part.by, table)
    whole = " AND ".join(["true" if part.shape.kind == THRESHOLD else "key IS NOT NULL",
                          *(f"v{place} IS NOT NULL" for place in range(len(values)))])
    person = ["person"] if part.people else []
    chosen = ", ".join([*person, f"{key} AS key", *values])
    shown = ", ".join(["key", *(f"v{place}" for place in range(len(values)))])
    inner = f"SELECT {chosen} FROM {_parquet(view)} WHERE {where}"  # noqa: S608 - catalogue names
    if part.people:
        inner = f"SELECT DISTINCT person, key FROM ({inner})"  # noqa: S608
    connection = connect(target.parent)
    try:
        connection.execute(f"COPY (SELECT {shown} FROM ({inner}) WHERE {whole}) TO {_text(str(target))}"  # noqa: S608
                           " (FORMAT parquet, COMPRESSION uncompressed)")
    finally:
        connection.close()


def columns_needed(query: Query) -> tuple[str, ...]:
    return tuple(sorted(name for _, name in columns_read(query)))


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """A connection that spills into the scratch directory, installs nothing and prints nothing."""
    connection = duckdb.connect(":memory:", config={
        "threads": "2", "memory_limit": MEMORY, "temp_directory": str(scratch / "spill"),
        "preserve_insertion_order": "false", "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false"})
    connection.execute("SET enable_progress_bar = false")  # it would be written among the answers
    return connection


def _write_bounded(reader: pa.RecordBatchReader, rows_per_person: int, target: Path) -> None:
    """The first rows of each person, who becomes a number; the reader is sorted by person."""
    schema = pa.schema([pa.field("person", pa.int32()), *list(reader.schema)[1:]])
    last, person, place, total = None, -1, 0, 0
    with pq.ParquetWriter(target, schema, compression="snappy") as writer:
        for batch in reader:
            if batch.num_rows == 0:
                continue
            names = batch.column(0)
            fresh = np.ones(len(names), dtype=bool)
            fresh[1:] = pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
            fresh[0] = names[0].as_py() != last
            at = np.arange(len(names))
            begun = np.maximum.accumulate(np.where(fresh, at, -1))
            places = np.where(begun >= 0, at - begun, at + place)
            numbers = person + np.cumsum(fresh)
            last, person, place = names[-1].as_py(), int(numbers[-1]), int(places[-1]) + 1
            kept = batch.set_column(0, "person", pa.array(numbers, pa.int32()))
            if rows_per_person != ALL_ROWS:
                kept = kept.filter(pa.array(places < rows_per_person))
            total += kept.num_rows
            assert total < MAX_ROWS, "the public ceiling on rows"
            writer.write_batch(kept)


def _typed(column: Column) -> str:
    cast = f"TRY_CAST({_quoted(column.name)} AS {_TYPES[column.type]})"
    if column.codes:
        branches = " ".join(f"WHEN {_literal(value, column)} THEN {place}"
                            for place, value in enumerate(catalogue_values(column)))
        return f"CAST(CASE WHEN {cast} IS NULL THEN NULL ELSE CASE {cast} {branches} ELSE -1 END END AS INTEGER)"
    return f"CASE WHEN isnan({cast}) THEN NULL ELSE {cast} END" if column.type == "number" else cast


# --- filters ---

def _filter(node: Filter, table: Table) -> str:
    if isinstance(node, All):
        return "(" + (" AND ".join(_filter(part, table) for part in node.parts) or "true") + ")"
    if isinstance(node, AnyOf):
        return "(" + (" OR ".join(_filter(part, table) for part in node.parts) or "false") + ")"
    return _comparison(node, table)


def _comparison(node: Compare, table: Table) -> str:
    column = _found(table, node.column)
    name = _column(column.name)
    if node.operator in (MISSING, PRESENT):
        return f"({name} IS {'NOT ' if node.operator == PRESENT else ''}NULL)"
    values = ", ".join(_stored(value, column) for value in node.values)
    if node.operator in ("in", "not_in"):
        return f"({name} {'NOT ' if node.operator == 'not_in' else ''}IN ({values}))"
    return f"({name} {node.operator} {values})"


# --- groups ---

def _key(by: tuple[Key, ...], table: Table) -> str:
    """The place of a row's group among all groups; NULL if it is in none."""
    stride, terms = 1, []
    for key in reversed(by):
        terms.append(f"{_place(key, _found(table, key.column))} * {stride}")
        stride *= len(key.values)
    return f"CAST({' + '.join(terms) or '0'} AS INTEGER)"


def _place(key: Key, column: Column) -> str:
    name = _column(key.column)
    lost = str(len(key.values) - 1) if key.missing else "NULL"
    if key.edges:
        inside = _interval(name, [_stored(edge, column) for edge in key.edges], 0)
    elif column.codes and key.categories == catalogue_values(column):
        inside = f"CASE WHEN {name} >= 0 THEN {name} END"
    else:
        branches = " ".join(f"WHEN {_stored(value, column)} THEN {place}" for place, value in enumerate(key.categories))
        inside = f"CASE {name} {branches} END"
    return f"(CASE WHEN {name} IS NULL THEN {lost} ELSE {inside} END)"


def _interval(name: str, edges: list[str], first: int) -> str:
    """Which interval [edge, next edge) holds the value, by halving; NULL outside."""
    if len(edges) == 2:
        return f"CASE WHEN {name} >= {edges[0]} AND {name} < {edges[1]} THEN {first} END"
    middle = len(edges) // 2
    return (f"CASE WHEN {name} < {edges[middle]} THEN {_interval(name, edges[:middle + 1], first)} "
            f"ELSE {_interval(name, edges[middle:], first + middle) if middle < len(edges) - 1 else 'NULL'} END")


def _undeclared(key: Key, table: Table) -> str:
    return f"CAST({_column(_found(table, key.column).name)} AS VARCHAR)"


# --- values ---

def _value(value: Value, query: Query, table: Table, every: tuple[Grid, ...]) -> str:
    if value.kind == PLACE:
        return _candidate_place(query, _found(table, query.ranged[0].column))
    first = _unit(value.first, query, table, every)
    half = every[value.first].half
    if value.kind == UNIT:
        return first
    if value.kind == UPPER:
        return f"({half} + {first})"
    if value.kind == LOWER:
        return f"({half} - {first})"
    if value.kind == SQUARE:
        return f"(2 * {first} * {first} - {half * half})"
    return f"({first} * {_unit(value.second, query, table, every)})"


def _unit(place: int, query: Query, table: Table, every: tuple[Grid, ...]) -> str:
    grid = every[place]
    if query.statistic == PROPORTION:
        return f"(CASE WHEN {_filter(query.of, table)} THEN CAST(1 AS BIGINT) ELSE CAST(-1 AS BIGINT) END)"
    one = query.ranged[place]
    name = _column(one.column)
    if grid.exact:
        clipped = f"greatest(least({name}, CAST({one.upper} AS BIGINT)), CAST({one.lower} AS BIGINT))"
        factor = int(1 / grid.step)
        return f"(CASE WHEN {name} IS NULL THEN NULL ELSE {factor} * {clipped} - {int(grid.centre * factor)} END)"
    clipped = f"greatest(least(CAST({name} AS DOUBLE), {_double(one.upper)}), {_double(one.lower)})"
    unit = f"round(({clipped} - {_double(float(grid.centre))}) / {_double(float(grid.step))})"
    return (f"(CASE WHEN {name} IS NULL THEN NULL ELSE "
            f"CAST(greatest(least({unit}, {grid.half}), -{grid.half}) AS BIGINT) END)")


def _candidate_place(query: Query, column: Column) -> str:
    """2 i at the i-th candidate, 2 i + 1 between it and the next, -1 below all."""
    name = _column(column.name)
    candidates = [_stored(value, column) if isinstance(value, int) or column.type == "number" else _double(value)
                  for value in query.candidates]
    return f"(CASE WHEN {name} IS NULL THEN NULL ELSE CAST({_rank(name, candidates, 0)} AS BIGINT) END)"


def _rank(name: str, candidates: list[str], first: int) -> str:
    if len(candidates) == 1:
        only = candidates[0]
        return (f"CASE WHEN {name} = {only} THEN {2 * first} WHEN {name} > {only} THEN {2 * first + 1} "
                f"ELSE {2 * first - 1} END")
    middle = len(candidates) // 2
    return (f"CASE WHEN {name} < {candidates[middle]} THEN {_rank(name, candidates[:middle], first)} "
            f"ELSE {_rank(name, candidates[middle:], first + middle)} END")


# --- text of SQL ---

def _stored(value: Scalar, column: Column) -> str:
    """A constant as the view stores it: codes as their place."""
    return str(catalogue_values(column).index(value)) if column.codes else _literal(value, column)


def _literal(value: Scalar, column: Column) -> str:
    if column.type == "number":
        assert isinstance(value, int | float)
        return _double(value)
    if column.type == "integer":
        return f"CAST({int(value)} AS BIGINT)"
    if column.type == "boolean":
        return "true" if value else "false"
    return f"CAST({_text(str(value))} AS DATE)" if column.type == "date" else _text(str(value))


def _double(value: float) -> str:
    return f"CAST('{float(value)!r}' AS DOUBLE)"


def _parquet(file: Path) -> str:
    """Its columns and no others: folders named `a=1` are not values."""
    return f"read_parquet({_text(str(file))}, hive_partitioning = false)"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _column(name: str) -> str:
    return _quoted("c_" + name)


def _found(table: Table, name: str) -> Column:
    column = table.column(name)
    assert column is not None, "a parsed query names columns of its table"
    return column

