"""Making extracts: what a grant makes and a workspace mounts. Ungranted columns and rows are absent, not hidden (P2).

One directory per extract: a Parquet file per granted table, with this project's pseudonyms in place of the
privacy unit's identifiers, and `dataset.json`, which describes the granted columns. Readable by the workspace's
user through the mount; the directories above it keep everyone else out. Rows come in an order of this project's
own: in a shared order, two projects could match their pseudonyms line by line.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.row_filters import check_row_filter
from readingroom.durable import sync
from readingroom.errors import InvalidInput
from readingroom.ports import Vault
from readingroom.storage.extracts import DESCRIPTION, FoundExtracts
from readingroom.storage.files import locked, make_directory, plain_name, whole_directory
from readingroom.storage.keys import read_key
from readingroom.storage.vault import plain_table

PSEUDONYM_DIGITS = 20  # 80 bits: collisions among 100 million people are expected in less than one case in 10^8


class FileExtracts(FoundExtracts):
    """The Extracts port on files, with the vault to make them from."""

    def __init__(self, root: Path, vault: Vault, pseudonym_key: Path) -> None:
        super().__init__(root)
        self._vault = vault
        self._pseudonym_key = pseudonym_key
        self._last = _Last()

    def granted(self, dataset: Dataset, version: str, table: str, columns: tuple[str, ...], condition: str,
                project: str) -> pa.Table:
        """These columns of the rows that meet a row filter (empty: of all), with this project's pseudonyms."""
        checked = _checked(dataset, {table: columns}, {table: condition} if condition else {})
        rows = self._rows(dataset, version, table, columns, checked.get(table, ""))
        return _pseudonymised(rows, _table(dataset, table), self._own(project), self._last)

    def record_key(self, project: str, slug: str) -> bytes:
        """The secret of a project's noise on counts of a dataset, as its extracts hold it."""
        return bytes.fromhex(_record_key(self._own(project), slug))

    def _own(self, project: str) -> bytes:
        return hmac.new(read_key(self._pseudonym_key), f"pseudonym/{project}".encode(), hashlib.sha256).digest()

    def build(self, extract_id: str, dataset: Dataset, version: str, columns: Mapping[str, tuple[str, ...]],
              row_filter: Mapping[str, str], project: str) -> Path:
        target = self._root / plain_name(extract_id)
        own = self._own(project)
        granted = {name: tuple(dict.fromkeys(wanted)) for name, wanted in columns.items() if wanted}
        conditions = _checked(dataset, granted, row_filter)
        make_directory(self._root)
        with locked(self._root):
            if self.path(extract_id) is not None:
                sync(self._root)
                return target
            with whole_directory(target, mode=0o555) as directory:
                for name, wanted in granted.items():
                    rows = self._rows(dataset, version, name, wanted, conditions.get(name, ""))
                    rows = _shuffled(rows, own, f"{dataset.slug}/{version}/{name}")
                    path = directory / f"{name}.parquet"
                    pq.write_table(_pseudonymised(rows, _table(dataset, name), own), path, compression="zstd")
                    path.chmod(0o444)
                described = directory / DESCRIPTION
                said = describe(dataset, version, granted) | {"record_key": _record_key(own, dataset.slug)}
                described.write_text(json.dumps(said, indent=1))
                described.chmod(0o444)
        return target

    def count(self, dataset: Dataset, version: str, table: str, condition: str) -> int:
        known = _table(dataset, table)
        checked = check_row_filter(condition, known) if condition else ""
        return self._rows(dataset, version, table, (known.privacy_unit,), checked).num_rows

    def _rows(self, dataset: Dataset, version: str, name: str, granted: tuple[str, ...], condition: str) -> pa.Table:
        needed = [column.name for column in _table(dataset, name).columns
                  if column.name in granted or (condition and f'"{column.name}"' in condition)]
        rows = plain_table(name, self._vault.read(dataset.slug, version, name, needed))
        if condition:
            rows = plain_table(name, _filtered(rows, condition, name))
        return rows.select(list(granted))


def describe(dataset: Dataset, version: str, columns: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    """The dataset as far as it was granted: what `dataset.json` says."""
    return {
        "slug": dataset.slug, "title": dataset.title, "department": dataset.department, "synthetic": dataset.synthetic,
        "version": version, "known_issues": list(dataset.known_issues),
        "tables": [
            {"name": table.name, "label": table.label, "privacy_unit": table.privacy_unit,
             "max_rows_per_person": table.max_rows_per_person,
             "columns": [_described(column) for column in table.columns if column.name in columns[table.name]]}
            for table in dataset.tables if table.name in columns],
    }


def _record_key(own: bytes, slug: str) -> str:
    """The secret of this project's noise on counts of this dataset: the same for every version and every extract.

    It belongs with the pseudonyms, which are the project's own too: who has both could compute the noise, and has the
    data. Readers of what is released have neither.
    """
    return hmac.new(own, f"record-key/{slug}".encode(), hashlib.sha256).hexdigest()


def _described(column: Column) -> dict[str, object]:
    return {"name": column.name, "label": column.label, "type": column.type, "codes": dict(column.codes),
            "lower": column.lower, "upper": column.upper, "identifier": column.identifier}


def _checked(dataset: Dataset, granted: Mapping[str, tuple[str, ...]], row_filter: Mapping[str, str]) -> dict[str, str]:
    """Each granted table's filter as safe SQL. A filter that would apply to nothing is refused, not dropped."""
    for name, wanted in granted.items():
        for column in wanted:
            _column(_table(dataset, name), column)
    conditions = {}
    for name, text in row_filter.items():
        table = _table(dataset, name)
        if not text.strip():
            raise InvalidInput(f"The row filter of {name} is empty.", rule="grant.row-filter", value=name,
                               next_step="Write the condition, or leave the table out to grant all its rows.")
        conditions[name] = check_row_filter(text, table)
    return conditions


def _filtered(rows: pa.Table, condition: str, name: str) -> pa.Table:
    connection = duckdb.connect(config={"enable_external_access": "false"})
    try:
        connection.execute("SET lock_configuration = true")
        return connection.from_arrow(rows).filter(condition).to_arrow_table()
    except duckdb.Error:
        # From None: the engine's message quotes the value that it could not compare.
        raise InvalidInput(f"The row filter of {name} cannot be applied to its data.", rule="grant.row-filter",
                           value=condition, next_step="Compare each column with values of its own type.") from None
    finally:
        connection.close()


def _shuffled(rows: pa.Table, own: bytes, place: str) -> pa.Table:
    seed = hmac.new(own, f"order/{place}".encode(), hashlib.sha256).digest()
    return rows.take(np.random.default_rng(int.from_bytes(seed)).permutation(rows.num_rows))


class _Last:
    """The pseudonyms that were made last. A request's tables are mostly of the same people, whom to name anew for each
    takes longer than all else."""

    def __init__(self) -> None:
        self._known: tuple[bytes, pa.Array, pa.Array] | None = None

    def of(self, people: pa.Array, own: bytes) -> pa.Array:
        if self._known is None or self._known[0] != own or not self._known[1].equals(people):
            self._known = own, people, _names(people, own)
        return self._known[2]


def _pseudonymised(rows: pa.Table, table: Table, own: bytes, last: _Last | None = None) -> pa.Table:
    for name in rows.schema.names:
        if _column(table, name).identifier:
            at = rows.schema.get_field_index(name)
            rows = rows.set_column(at, name, _pseudonyms(rows.column(at), own, last or _Last()))
    return rows


def _pseudonyms(identifiers: pa.ChunkedArray, own: bytes, last: _Last) -> pa.ChunkedArray:
    """Each is made once, however many rows a person has."""
    encoded = identifiers.combine_chunks().dictionary_encode()
    return pa.chunked_array([pc.take(last.of(encoded.dictionary, own), encoded.indices)])


def _names(people: pa.Array, own: bytes) -> pa.Array:
    """HMAC-SHA256 under the project's own key: the same person, another name elsewhere."""
    return pa.array([None if value is None
                     else hmac.digest(own, str(value).encode(), "sha256").hex()[:PSEUDONYM_DIGITS]
                     for value in people.to_pylist()], pa.string())


def _table(dataset: Dataset, name: str) -> Table:
    table = dataset.table(name)
    if table is None:
        raise InvalidInput(f"{dataset.slug} has no table {name!r}.", rule="grant.table", value=name,
                           next_step="Grant only registered tables.")
    return table


def _column(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        raise InvalidInput(f"{table.name} has no column {name!r}.", rule="grant.column", value=name,
                           next_step="Grant only registered columns.")
    return column
