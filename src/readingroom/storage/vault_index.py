"""Which versions of which datasets the vault holds, from what describes them: no table is opened."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import rfc8785

from readingroom.errors import IntegrityError, NotFound, ReadingRoomError, Unavailable
from readingroom.storage.files import plain_name
from readingroom.storage.keys import FileKeyWrapper, KeyWrapper

DESCRIPTION = "version.json"
VERSION_DIGITS = 16
VERSION = re.compile(rf"[0-9a-f]{{{VERSION_DIGITS}}}")


@dataclass(frozen=True)
class StoredVersion:
    """What `version.json` says, once its seal has been checked. `rows` is by table; `key` stays in memory."""

    sequence: int
    rows: dict[str, int]
    key: bytes


class VaultIndex:
    """The Versions port on files. `key_file` holds the key-encryption key, unless `keys` keeps it elsewhere."""

    def __init__(self, root: Path, key_file: Path, keys: KeyWrapper | None = None) -> None:
        self._root = root
        self._keys = keys or FileKeyWrapper(key_file)

    def versions(self, dataset: str) -> tuple[str, ...]:
        stored = self._versions(dataset)
        return tuple(sorted(stored, key=lambda name: stored[name].sequence))

    def rows(self, dataset: str, version: str, table: str) -> int | None:
        """How many rows a table of a version has; None if there is none such."""
        found = self._versions(dataset).get(version)
        return None if found is None else found.rows.get(table)

    def _versions(self, dataset: str) -> dict[str, StoredVersion]:
        folder = self._root / plain_name(dataset)
        return {path.name: self._opened(path) for path in folder.glob("*") if VERSION.fullmatch(path.name)}

    def _opened(self, folder: Path) -> StoredVersion:
        """The description in `folder`, if its seal holds and it is of this very place; IntegrityError if not."""
        dataset, version = folder.parts[-2:]
        try:
            said = json.loads((folder / DESCRIPTION).read_bytes())
            described, sealed = said["described"], base64.b64decode(said["sealed_key"], validate=True)
            context = rfc8785.dumps(described)
        except OSError as error:
            raise unreadable(f"{dataset}/{version}/{DESCRIPTION}", error) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise changed(f"{dataset}/{version}/{DESCRIPTION}") from error
        key = self._keys.unwrap(sealed, context)
        if described["dataset"] != dataset or described["content"][:VERSION_DIGITS] != version:
            raise changed(f"{dataset}/{version}/{DESCRIPTION}")
        return StoredVersion(described["sequence"], described["rows"], key)


def unreadable(place: str, error: OSError) -> ReadingRoomError:
    """What the system refused is not called tampering. Arrow reports a seal that fails as an OSError without number."""
    if isinstance(error, FileNotFoundError):
        return NotFound(f"{place} is missing from the vault.", rule="vault.missing", value=place,
                        next_step="Restore this version from a backup; nothing is served from it.")
    if error.errno is not None:
        return Unavailable(f"{place} in the vault cannot be read: {os.strerror(error.errno)}.", rule="vault.readable",
                           value=place, next_step="Check the disk and the directory's owner, then try again.")
    return changed(place)


def changed(place: str) -> IntegrityError:
    return IntegrityError(f"{place} in the vault was changed since it was stored, or is damaged.",
                          rule="vault.integrity", value=place,
                          next_step="Restore this version from a backup; nothing is served from it.")
