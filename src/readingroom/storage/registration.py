"""Are these tables what their registration says? Asked before the vault stores them.

Faults name tables, columns and numbers of rows, never a value: they may reach logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.errors import InvalidInput
from readingroom.ports import Vault


def _is_date(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


STORED_AS: dict[str, Callable[[pa.DataType], bool]] = {
    "integer": pa.types.is_integer,
    "number": _is_number,
    "text": _is_text,
    "date": _is_date,  # ISO text counts: several source systems send nothing better
    "boolean": pa.types.is_boolean,
}


class RegisteredVault:
    """The Vault port in front of another one: only tables that match their registration get in.

    `registered` gives the description of a dataset, or raises NotFound.
    """

    def __init__(self, vault: Vault, registered: Callable[[str], Dataset]) -> None:
        self._vault = vault
        self._registered = registered

    def add(self, dataset: str, tables: Mapping[str, pa.Table]) -> str:
        check_tables(self._registered(dataset), tables)
        return self._vault.add(dataset, tables)

    def versions(self, dataset: str) -> tuple[str, ...]:
        return self._vault.versions(dataset)

    def read(self, dataset: str, version: str, table: str, columns: Iterable[str]) -> pa.Table:
        return self._vault.read(dataset, version, table, columns)


def check_tables(dataset: Dataset, tables: Mapping[str, pa.Table]) -> None:
    """Refuse with InvalidInput, listing every fault, unless the tables match the description exactly.

    Tables and columns are the registered ones, no more and no fewer; types and codes are as registered; every row
    belongs to somebody; and a table of one row per person has one row per person. Without these, thresholds and
    private answers would count something other than people.
    """
    faults = tuple(_faults(dataset, tables))
    if faults:
        raise InvalidInput(
            f"The data do not match the registration of {dataset.slug}: {'; '.join(faults)}.", rule="dataset.matches",
            value=f"{len(faults)} faults", next_step="Correct the data or the registration, then send them again.")


def _faults(dataset: Dataset, tables: Mapping[str, pa.Table]) -> Iterator[str]:
    for name in sorted(set(tables) - {table.name for table in dataset.tables}):
        yield f"the table {name} is not registered"
    for table in dataset.tables:
        if table.name in tables:
            yield from _table_faults(table, tables[table.name])
        else:
            yield f"the table {table.name} is missing"


def _table_faults(table: Table, rows: pa.Table) -> Iterator[str]:
    names = rows.column_names
    for name in sorted(set(names)):
        if names.count(name) > 1:
            yield f"{table.name} has {names.count(name)} columns called {name}"
        if table.column(name) is None:
            yield f"{table.name}.{name} is not registered"
    for column in table.columns:
        if names.count(column.name) == 1:
            yield from _column_faults(table, column, rows.column(column.name))
        elif column.name not in names:
            yield f"{table.name}.{column.name} is missing"
    if names.count(table.privacy_unit) == 1:
        yield from _unit_faults(table, rows.column(table.privacy_unit))


def _column_faults(table: Table, column: Column, values: pa.ChunkedArray) -> Iterator[str]:
    where = f"{table.name}.{column.name}"
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if pa.types.is_null(kind):
        return  # nothing is known about anybody: fits any type
    if not STORED_AS[column.type](kind):
        yield f"{where} is registered as {column.type} and stored as {kind}"
        return
    if pa.types.is_floating(kind) and (strange := _count(pc.invert(pc.is_finite(values)))):
        yield f"{where} has {strange} rows that are not a finite number; send missing ones as null"
    if column.codes:
        text = pc.cast(values, pa.string())
        known = pc.is_in(text, value_set=pa.array(list(column.codes), pa.string()), skip_nulls=True)
        if unknown := _count(pc.and_(pc.is_valid(text), pc.invert(known))):
            yield f"{where} has {unknown} rows with codes that are not registered"


def _unit_faults(table: Table, people: pa.ChunkedArray) -> Iterator[str]:
    where = f"{table.name}.{table.privacy_unit}"
    if pa.types.is_nested(people.type):
        return  # refused for its type already
    text = pc.cast(people, pa.string())
    if missing := text.null_count:
        yield f"{where}, which says whose row it is, is missing in {missing} rows"
    if blank := _count(pc.equal(pc.utf8_trim_whitespace(text), "")):
        yield f"{where}, which says whose row it is, is blank in {blank} rows"
    known = len(text) - text.null_count
    if table.max_rows_per_person == 1 and (again := known - pc.count_distinct(text).as_py()):
        yield f"{table.name} is registered as one row per person and has {again} rows too many"


def _count(marked: pa.ChunkedArray) -> int:
    return int(pc.sum(marked).as_py() or 0)
