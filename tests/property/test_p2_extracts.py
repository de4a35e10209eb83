"""P2: what was not granted is not in the workspace. Not hidden, not in a footer, not recoverable from any byte."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.errors import InvalidInput
from readingroom.storage.extract_making import PSEUDONYM_DIGITS, FileExtracts

COLUMNS = ("person_id", "region", "diagnosis_qx", "postcode_qx", "income_qx")
PEOPLE = 40


def dataset(slug: str) -> Dataset:
    kinds = {"income_qx": "integer"}
    return Dataset(slug, slug, "MoJ", "mercer", "d", tables=tuple(
        Table(name, name, tuple(Column(column, f"label-of-{column}", kinds.get(column, "text"),
                                       codes={"LN": "London", "WA": "Wales"} if column == "region" else {},
                                       identifier=column == "person_id")
                                for column in COLUMNS), "person_id") for name in ("people", "other_qx")))


def table(slug: str) -> pa.Table:
    """Every value of every column is a canary of its own: it says from which row and column it came."""
    return pa.table({
        "person_id": [f"raw-id-{row:03d}-raw" for row in range(PEOPLE)],
        "region": ["LN" if row % 2 else "WA" for row in range(PEOPLE)],
        "diagnosis_qx": [f"{slug}-diagnosis-{row:03d}-canary" for row in range(PEOPLE)],
        "postcode_qx": [f"{slug}-postcode-{row:03d}-canary" for row in range(PEOPLE)],
        "income_qx": [987_654_000_000 + row for row in range(PEOPLE)],
    }).replace_schema_metadata({"made_by": "metadata-canary"})


class MemoryVault:
    """The Vault port's reading half, on tables in memory."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def versions(self, slug):
        return ("v1",)

    def read(self, slug, version, name, columns):
        self.asked.append(tuple(columns))
        return table(slug).select(list(columns))


@pytest.fixture(scope="module")
def extracts(tmp_path_factory) -> FileExtracts:
    root = tmp_path_factory.mktemp("p2")
    key = root / "pseudonym.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    return FileExtracts(root / "extracts", MemoryVault(), key)


def built(extracts: FileExtracts, columns: dict, *, where: dict | None = None, project: str = "returns",
          slug: str = "courts", extract_id: str = "x") -> Path:
    extracts.destroy(extract_id)
    return extracts.build(extract_id, dataset(slug), "v1", columns, where or {}, project)


def all_bytes(directory: Path) -> bytes:
    """Every byte a workspace could read: pages as they are and uncompressed, footers, descriptions, file names."""
    found = []
    for path in directory.iterdir():
        found += [path.name.encode(), path.read_bytes()]
        if path.suffix == ".parquet":
            metadata = pq.read_metadata(path)
            found += [repr(metadata.to_dict()).encode(), repr(metadata.metadata).encode()]
            found += [repr(pq.read_schema(path)).encode(), repr(pq.read_table(path).to_pydict()).encode()]
            found += _pages(path)
    return b"\n".join(found)


def _pages(path: Path) -> list[bytes]:
    """The pages without their compression: a dictionary may hold values that no row uses."""
    rewritten = path.parent.parent / f"plain-{path.name}"
    with pq.ParquetFile(path, read_dictionary=list(pq.read_schema(path).names)) as file:
        read = file.read()
    pq.write_table(read, rewritten, compression="none")
    content = rewritten.read_bytes()
    rewritten.unlink()
    return [content, repr([column.chunks for column in read.columns]).encode()]


@settings(max_examples=25, deadline=None)
@given(granted=st.sets(st.sampled_from(COLUMNS), min_size=1),
       region=st.sampled_from([None, "LN", "WA"]))
def test_p2_no_ungranted_column_or_filtered_row_is_in_any_byte(extracts, granted, region):
    where = {"people": f"region = '{region}'"} if region else {}
    directory = built(extracts, {"people": tuple(sorted(granted))}, where=where)
    content = all_bytes(directory)
    rows = pq.read_table(directory / "people.parquet")
    assert set(rows.column_names) == granted
    assert rows.num_rows == (PEOPLE // 2 if region else PEOPLE)
    assert b"raw-id" not in content
    assert b"metadata-canary" not in content
    assert b"other_qx" not in content
    for column in set(COLUMNS) - granted:
        assert column.encode() not in content.replace(b'"privacy_unit": "person_id"', b"")
    for row in range(PEOPLE):
        absent = region is not None and ("LN" if row % 2 else "WA") != region
        for column, canary in (("diagnosis_qx", f"courts-diagnosis-{row:03d}-canary"),
                               ("postcode_qx", f"courts-postcode-{row:03d}-canary")):
            assert (canary.encode() in content) == (column in granted and not absent)
        income = 987_654_000_000 + row
        if absent or "income_qx" not in granted:
            assert str(income).encode() not in content
            assert income.to_bytes(8, "little") not in content


def test_p2_the_filter_itself_may_use_a_column_that_stays_out(extracts):
    directory = built(extracts, {"people": ("region",)}, where={"people": "income_qx < 987654000005"})
    assert pq.read_table(directory / "people.parquet").num_rows == 5
    assert b"income" not in all_bytes(directory)


def test_p2_a_column_that_nobody_needs_is_not_even_read(extracts):
    built(extracts, {"people": ("region",)}, where={"people": "diagnosis_qx <> 'x'"})
    assert set(extracts._vault.asked[-1]) == {"region", "diagnosis_qx"}


def test_p2_the_description_says_what_was_granted_and_no_more(extracts):
    said = json.loads((built(extracts, {"people": ("region",)}) / "dataset.json").read_text())
    assert [(named["name"], [column["name"] for column in named["columns"]]) for named in said["tables"]] == [
        ("people", ["region"])]


@pytest.mark.parametrize(("columns", "where"), [
    ({"nobody": ("region",)}, {}), ({"people": ("height",)}, {}), ({"people": ("REGION",)}, {}),
    ({"people": ("region",)}, {"people": "1 = 1 OR TRUE"}), ({"people": ("region",)}, {"people": "  "}),
    ({"people": ("region",)}, {"nobody": "region = 'LN'"}), ({"people": ("region",)}, {"people": "income_qx = 'much'"}),
])
def test_p2_what_cannot_be_granted_makes_no_extract(extracts, columns, where):
    with pytest.raises(InvalidInput) as refused:
        built(extracts, columns, where=where, extract_id="refused")
    assert "canary" not in str(refused.value)
    assert extracts.path("refused") is None
    assert not [path.name for path in extracts._root.glob("*refused*")]


def names_of(directory: Path, columns: tuple[str, ...] = ("person_id", "region")) -> list[tuple]:
    rows = pq.read_table(directory / "people.parquet")
    return list(zip(*(rows[column].to_pylist() for column in columns), strict=True))


class TestPseudonyms:
    def test_a_person_has_one_name_in_all_datasets_of_a_project(self, extracts):
        one, other = (dict(names_of(built(extracts, {"people": ("person_id", "income_qx")}, slug=slug),
                                    ("income_qx", "person_id"))) for slug in ("courts", "schools"))
        assert one == other
        assert len(set(one.values())) == PEOPLE

    def test_a_person_has_other_names_in_other_projects(self, extracts):
        columns = {"people": ("person_id", "region")}
        one, other = ({name for name, _ in names_of(built(extracts, columns, project=project))}
                      for project in ("returns", "pleas"))
        assert not one & other

    def test_a_name_is_of_fixed_length_and_says_nothing(self, extracts):
        for name, _ in names_of(built(extracts, {"people": ("person_id", "region")})):
            assert len(name) == PSEUDONYM_DIGITS
            assert set(name) <= set("0123456789abcdef")

    def test_another_installation_gives_other_names(self, extracts, tmp_path):
        key = tmp_path / "pseudonym.key"
        key.write_bytes(bytes(32))
        key.chmod(0o600)
        elsewhere = FileExtracts(tmp_path / "extracts", MemoryVault(), key)
        columns = {"people": ("person_id", "region")}
        assert not set(names_of(built(extracts, columns))) & set(names_of(built(elsewhere, columns)))


class TestOrder:
    """Two projects in one order could match their pseudonyms line by line."""

    def test_rows_come_in_another_order_in_each_project(self, extracts):
        orders = [[income for income, in names_of(built(extracts, {"people": ("income_qx",)}, project=project),
                                                  ("income_qx",))] for project in ("returns", "pleas")]
        stored = table("courts")["income_qx"].to_pylist()
        for order in orders:
            assert order != stored
            assert abs(np.corrcoef(order, stored)[0, 1]) < 0.6
        assert orders[0] != orders[1]

    def test_the_same_extract_made_again_has_the_same_bytes(self, extracts):
        columns = {"people": COLUMNS}
        once = {path.name: path.read_bytes() for path in built(extracts, columns).iterdir()}
        again = {path.name: path.read_bytes() for path in built(extracts, columns).iterdir()}
        assert once == again
