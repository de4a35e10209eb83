"""A small dataset, keys and stores on a real disk, for the storage tests."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.storage.extract_making import FileExtracts
from readingroom.storage.vault import FileVault

PERSON = Column("person_id", "Person", "text", identifier=True)
COURTS = Dataset("courts", "Courts (synthetic)", "Ministry of Justice", "mercer", "Synthetic.", (
    Table("people", "People", (PERSON, Column("sex", "Sex", "text", codes={"F": "Female", "M": "Male"}),
                               Column("year", "Year", "integer"), Column("secret", "Secret", "text")), "person_id"),
    Table("cases", "Cases", (PERSON, Column("year", "Year", "integer"), Column("note", "Note", "text")),
          "person_id", max_rows_per_person=5),
), synthetic=True)
SCHOOLS = Dataset("schools", "Schools (synthetic)", "Department for Education", "okafor", "Synthetic.", (
    Table("pupils", "Pupils", (PERSON, Column("score", "Score", "number")), "person_id"),), synthetic=True)


def people(count: int = 6) -> pa.Table:
    return pa.table({
        "person_id": [f"p{number:03d}" for number in range(count)],
        "sex": ["F" if number % 2 else "M" for number in range(count)],
        "year": list(range(1980, 1980 + count)),
        "secret": [None if number == 1 else f"secret {number}" for number in range(count)],
    })


def cases(count: int = 6) -> pa.Table:
    return pa.table({"person_id": [f"p{number // 2:03d}" for number in range(count)],
                     "year": [2011 + number for number in range(count)], "note": [f"note {n}" for n in range(count)]})


def courts(count: int = 6) -> dict[str, pa.Table]:
    return {"people": people(count), "cases": cases(count)}


@dataclass(frozen=True)
class Stores:
    root: Path
    vault: FileVault
    extracts: FileExtracts

    def build(self, name: str, columns: dict[str, tuple[str, ...]], *, where: dict[str, str] | None = None,
              project: str = "alpha", dataset: Dataset = COURTS) -> Path:
        return self.extracts.build(name, dataset, self.vault.versions(dataset.slug)[-1], columns, where or {}, project)


def key_file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(os.urandom(32))
    path.chmod(0o600)
    return path


def stores(root: Path) -> Stores:
    """A vault and extracts below `root`, with new keys."""
    vault = FileVault(root / "vault", key_file(root / "keys" / "vault.key"))
    return Stores(root, vault, FileExtracts(root / "extracts", vault, key_file(root / "keys" / "pseudonym.key")))
