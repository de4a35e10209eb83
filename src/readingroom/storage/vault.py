"""The vault: each dataset version immutable, hashed, and Parquet under authenticated encryption.

Layout: `<root>/<dataset>/<version>/<table>.parquet` and `version.json`. Parquet modular encryption (AES-256-GCM over
footer, pages and statistics) under a key per table, derived from a random key per version. `version.json` holds that
key, wrapped together with what the file says, so that a change to either opens nothing. Every part of a table is
bound to its place (dataset, version, table): a file moved or copied from elsewhere opens nothing either. What cannot
be told from here is the removal of a whole version; the audit log names those that were used.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import rfc8785

from readingroom.errors import InvalidInput, NotFound
from readingroom.storage.files import locked, make_directory, plain_name, whole_directory
from readingroom.storage.keys import KEY_BYTES, derive
from readingroom.storage.vault_index import DESCRIPTION, VERSION, VERSION_DIGITS, VaultIndex, changed, unreadable


class FileVault(VaultIndex):
    """The Vault port on files."""

    def add(self, dataset: str, tables: Mapping[str, pa.Table]) -> str:
        if not tables:
            raise InvalidInput(f"{dataset} was sent without tables.", rule="vault.tables", value=dataset,
                               next_step="Send at least one table.")
        plain = {plain_name(name): plain_table(name, table) for name, table in tables.items()}
        content = content_hash(plain)
        version = content[:VERSION_DIGITS]
        folder = make_directory(self._root / plain_name(dataset))
        with locked(folder):
            stored = self._versions(dataset)
            if version in stored:
                return version
            described = {"dataset": dataset, "content": content,
                         "sequence": 1 + max((known.sequence for known in stored.values()), default=0),
                         "rows": {name: table.num_rows for name, table in plain.items()}}
            key = os.urandom(KEY_BYTES)
            sealed = base64.b64encode(self._keys.wrap(key, rfc8785.dumps(described))).decode()
            with whole_directory(folder / version) as directory:
                for name, table in plain.items():
                    path = directory / f"{name}.parquet"
                    pq.write_table(table, path, compression="zstd",
                                   encryption_properties=_encryption(key, dataset, version, name))
                    path.chmod(0o400)
                (directory / DESCRIPTION).write_text(json.dumps({"described": described, "sealed_key": sealed}))
        return version

    def read(self, dataset: str, version: str, table: str, columns: Iterable[str]) -> pa.Table:
        place = f"{dataset}/{version}/{table}"
        folder = self._root / plain_name(dataset) / plain_name(version)
        stored = self._opened(folder) if VERSION.fullmatch(version) and folder.is_dir() else None
        if stored is None or table not in stored.rows:
            raise NotFound(f"The vault has no table {table!r} in {dataset} {version}.", rule="vault.table",
                           value=place, next_step="Check the dataset's registration.")
        wanted = list(columns)
        try:
            with pq.ParquetFile(folder / f"{table}.parquet",
                                decryption_properties=_decryption(stored.key, dataset, version, table)) as file:
                absent = set(wanted) - set(file.schema_arrow.names)
                if absent:
                    raise NotFound(f"{dataset}.{table} has no column {', '.join(sorted(absent))}.",
                                   rule="vault.column", value=sorted(absent),
                                   next_step="Bring the registration in line with the data.")
                found = file.read(columns=wanted)
        except OSError as error:
            raise unreadable(place, error) from error
        except pa.ArrowException as error:
            raise changed(place) from error
        if found.num_rows != stored.rows[table]:
            raise changed(place)
        return found


def plain_table(name: str, table: pa.Table) -> pa.Table:
    """`table` with nothing but names, plain types and values: no metadata, no dictionaries of absent values.

    InvalidInput for nested or otherwise unusual columns, and for two columns of one name.
    """
    if len(set(table.column_names)) != table.num_columns:
        raise InvalidInput(f"The table {name} has two columns of the same name.", rule="vault.columns", value=name,
                           next_step="Give every column a name of its own.")
    types = [_plain_type(name, field) for field in table.schema]
    fields = [pa.field(field.name, kind) for field, kind in zip(table.schema, types, strict=True)]
    return table.cast(pa.schema(fields)).combine_chunks()


def content_hash(tables: Mapping[str, pa.Table]) -> str:
    """The SHA-256 of names, plain types and values, in hex; chunks, metadata and the order of columns do not count.

    The order of rows does. Values go in as CSV, in which Arrow quotes every text and leaves a missing value empty.
    """
    digest = hashlib.sha256()
    for name in sorted(tables):
        table = plain_table(name, tables[name])
        table = table.select(sorted(table.column_names))
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(include_header=False))
        values = hashlib.sha256(sink.getvalue()).hexdigest()
        fields = [[field.name, str(field.type)] for field in table.schema]
        digest.update(rfc8785.dumps([name, table.num_rows, fields, values]))
    return digest.hexdigest()


def _plain_type(table: str, field: pa.Field) -> pa.DataType:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    known = (pa.types.is_string, pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_date,
             pa.types.is_timestamp, pa.types.is_decimal, pa.types.is_null)
    if not any(is_kind(kind) for is_kind in known) or pa.types.is_float16(kind):
        raise InvalidInput(f"{table}.{field.name} is of type {field.type}.", rule="vault.type", value=str(field.type),
                           next_step="Send text, whole numbers, numbers, dates, times or yes/no values.")
    return kind


def _encryption(key: bytes, dataset: str, version: str, table: str) -> pe.FileEncryptionProperties:
    return pe.create_encryption_properties(derive(key, f"table/{table}"), store_aad_prefix=False,
                                           aad_prefix=f"{dataset}/{version}/{table}".encode())


def _decryption(key: bytes, dataset: str, version: str, table: str) -> pe.FileDecryptionProperties:
    return pe.create_decryption_properties(derive(key, f"table/{table}"),
                                           aad_prefix=f"{dataset}/{version}/{table}".encode())
