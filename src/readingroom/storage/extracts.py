"""Extracts: what a grant makes and a workspace mounts. Ungranted columns and rows are absent, not hidden (P2).

One directory per extract: a Parquet file per granted table, with this project's pseudonyms in place of the
privacy unit's identifiers, and `dataset.json`, which describes the granted columns. Readable by the workspace's
user through the mount; the directories above it keep everyone else out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.row_filters import check_row_filter
from readingroom.errors import InvalidInput, SettingsError
from readingroom.ports import Vault
from readingroom.storage.files import UNFINISHED, sync, whole_directory
from readingroom.storage.keys import read_key

PSEUDONYM_DIGITS = 20  # 80 bits: collisions among 100 million people are expected in less than one case in 10^8


class FileExtracts:
    """The Extracts port on files. Without a vault (Hub, portal) it only finds what was made."""

    def __init__(self, root: Path, vault: Vault | None = None, pseudonym_key: Path | None = None) -> None:
        self._root = root
        self._vault = vault
        self._pseudonym_key = pseudonym_key

    def build(self, extract_id: str, dataset: Dataset, version: str, columns: Mapping[str, tuple[str, ...]],
              row_filter: Mapping[str, str], project: str) -> Path:
        target = self._root / extract_id
        if target.exists():
            return target
        if self._vault is None or self._pseudonym_key is None:
            raise SettingsError("This process has no vault to make extracts from.", rule="extract.vault",
                                next_step="Extracts are made by the worker.")
        key = read_key(self._pseudonym_key)
        with whole_directory(target, mode=0o555) as directory:
            for name, granted in columns.items():
                table = _table(dataset, name)
                rows = self._rows(dataset, version, table, granted, row_filter.get(name, ""))
                path = directory / f"{name}.parquet"
                pq.write_table(_pseudonymised(rows, table, key, project), path, compression="zstd")
                path.chmod(0o444)
            described = directory / "dataset.json"
            described.write_text(json.dumps(describe(dataset, version, columns), indent=1))
            described.chmod(0o444)
        return target

    def destroy(self, extract_id: str) -> None:
        target = self._root / extract_id
        if not target.exists():
            return
        target.chmod(0o700)
        for path in target.iterdir():
            path.chmod(0o600)
            os.truncate(path, 0)  # a process that has it open (or mapped) can read nothing more
            sync(path)
        shutil.rmtree(target)
        sync(self._root)

    def path(self, extract_id: str) -> Path | None:
        target = self._root / extract_id
        return target if (target / "dataset.json").is_file() else None

    def stored(self) -> tuple[str, ...]:
        if not self._root.is_dir():
            return ()
        return tuple(sorted(path.name for path in self._root.iterdir() if not path.name.startswith(".")))

    def clear_unfinished(self) -> None:
        """Remove what a killed process had half made; only for the one process that makes extracts, at its start."""
        for left in self._root.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)

    def _rows(self, dataset: Dataset, version: str, table: Table, granted: tuple[str, ...], where: str) -> pa.Table:
        for name in granted:
            _column(table, name)
        assert self._vault is not None
        condition = check_row_filter(where, table) if where else ""
        needed = [column.name for column in table.columns
                  if column.name in granted or (condition and f'"{column.name}"' in condition)]
        rows = self._vault.read(dataset.slug, version, table.name, needed)
        if condition:
            rows = _filtered(rows, condition)
        return rows.select(list(granted)).replace_schema_metadata(None)


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


def _described(column: Column) -> dict[str, object]:
    return {"name": column.name, "label": column.label, "type": column.type, "codes": dict(column.codes),
            "lower": column.lower, "upper": column.upper, "identifier": column.identifier}


def _filtered(rows: pa.Table, condition: str) -> pa.Table:
    connection = duckdb.connect(config={"enable_external_access": "false"})
    try:
        connection.execute("SET lock_configuration = true")
        return connection.from_arrow(rows).filter(condition).to_arrow_table()
    finally:
        connection.close()


def _pseudonymised(rows: pa.Table, table: Table, key: bytes, project: str) -> pa.Table:
    for name in rows.schema.names:
        if _column(table, name).identifier:
            at = rows.schema.get_field_index(name)
            rows = rows.set_column(at, name, _pseudonyms(rows.column(at), key, project))
    return rows


def _pseudonyms(identifiers: pa.ChunkedArray, key: bytes, project: str) -> pa.ChunkedArray:
    """HMAC-SHA256 under the installation's key and the project's name: the same person, another name elsewhere."""
    encoded = identifiers.combine_chunks().dictionary_encode()
    own = hmac.new(key, f"pseudonym/{project}".encode(), hashlib.sha256).digest()
    names = [value and hmac.new(own, str(value).encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_DIGITS]
             for value in encoded.dictionary.to_pylist()]
    return pa.chunked_array([pc.take(pa.array(names, pa.string()), encoded.indices)])


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
