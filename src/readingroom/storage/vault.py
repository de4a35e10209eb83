"""The vault: each dataset version immutable, hashed, and Parquet under authenticated encryption.

Parquet modular encryption (AES-GCM over footer, pages and statistics): a data key per file, wrapped by the
installation's key-encryption key. Layout: `<root>/<dataset>/<version>/<table>.parquet` and `version.json`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from readingroom.errors import IntegrityError, InvalidInput, NotFound
from readingroom.storage.files import whole_directory
from readingroom.storage.keys import FileKeyWrapper, read_key

MASTER_KEY = "vault"
VERSION_DIGITS = 16


class FileVault:
    """The Vault port on files. `key_file` holds the key-encryption key."""

    def __init__(self, root: Path, key_file: Path) -> None:
        self._root = root
        self._key_file = key_file
        self._factory: pe.CryptoFactory | None = None

    def add(self, dataset: str, tables: Mapping[str, pa.Table]) -> str:
        if not tables:
            raise InvalidInput(f"{dataset} was sent without tables.", rule="vault.tables", value=dataset,
                               next_step="Send at least one table.")
        version = content_hash(tables)
        with self._locked(dataset):
            target = self._root / dataset / version
            if target.exists():
                return version
            with whole_directory(target) as directory:
                for name, table in tables.items():
                    self._write(directory / f"{name}.parquet", table)
                described = {"sequence": len(self.versions(dataset)) + 1,
                             "rows": {name: table.num_rows for name, table in tables.items()}}
                (directory / "version.json").write_text(json.dumps(described, sort_keys=True))
        return version

    def versions(self, dataset: str) -> tuple[str, ...]:
        found = [(json.loads(file.read_text())["sequence"], file.parent.name)
                 for file in (self._root / dataset).glob("[!.]*/version.json")]
        return tuple(name for _, name in sorted(found))

    def read(self, dataset: str, version: str, table: str, columns: Iterable[str]) -> pa.Table:
        path = self._root / dataset / version / f"{table}.parquet"
        if not path.is_file():
            raise NotFound(f"The vault has no table {table!r} in {dataset} {version}.", rule="vault.table",
                           value=f"{dataset}/{version}/{table}", next_step="Check the dataset's registration.")
        wanted = list(columns)
        properties = self._crypto.file_decryption_properties(self._connection, pe.DecryptionConfiguration())
        try:
            with pq.ParquetFile(path, decryption_properties=properties) as file:
                absent = set(wanted) - set(file.schema_arrow.names)
                if absent:
                    raise NotFound(f"{dataset}.{table} has no column {', '.join(sorted(absent))}.",
                                   rule="vault.column", value=sorted(absent),
                                   next_step="Bring the registration in line with the data.")
                return file.read(columns=wanted)
        except (OSError, pa.ArrowException) as error:
            raise IntegrityError(f"{dataset}.{table} {version} was changed since it was stored, or is damaged.",
                                 rule="vault.integrity", value=str(path.name),
                                 next_step="Restore this version from a backup; nothing is served from it.") from error

    @property
    def _crypto(self) -> pe.CryptoFactory:
        if self._factory is None:
            key = read_key(self._key_file)
            self._factory = pe.CryptoFactory(lambda _configuration: FileKeyWrapper(key))
        return self._factory

    @property
    def _connection(self) -> pe.KmsConnectionConfig:
        return pe.KmsConnectionConfig()

    def _write(self, path: Path, table: pa.Table) -> None:
        configuration = pe.EncryptionConfiguration(footer_key=MASTER_KEY, uniform_encryption=True,
                                                   plaintext_footer=False, data_key_length_bits=256)
        properties = self._crypto.file_encryption_properties(self._connection, configuration)
        with pq.ParquetWriter(path, table.schema, encryption_properties=properties, compression="zstd") as writer:
            writer.write_table(table)
        path.chmod(0o400)

    @contextmanager
    def _locked(self, dataset: str) -> Iterator[None]:
        folder = self._root / dataset
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def content_hash(tables: Mapping[str, pa.Table]) -> str:
    """The first 16 hex digits of the SHA-256 of names, types and values; independent of chunks and file format."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        table = tables[name]
        fields = [[field.name, str(field.type)] for field in table.schema]
        digest.update(json.dumps([name, table.num_rows, fields]).encode())
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(table, sink)
        digest.update(sink.getvalue())
    return digest.hexdigest()[:VERSION_DIGITS]
