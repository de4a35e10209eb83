"""The vault on a real disk: immutable, sealed, durable, and nothing in it readable without the key."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.errors import IntegrityError, InvalidInput, NotFound, SettingsError, Unavailable
from readingroom.storage.keys import read_key
from readingroom.storage.registration import RegisteredVault
from readingroom.storage.vault import FileVault, content_hash

CANARY = "CANARY-7f3a"
PEOPLE = pa.table({"person_id": ["p1", "p2", CANARY], "secret_column": [1, 2, 3]})
OTHER = pa.table({"person_id": ["p1", "p2"], "secret_column": [1, 2]})
REGISTERED = Dataset("courts", "Courts", "MoJ", "mercer", "d", (Table("people", "People", (
    Column("person_id", "Person", "text", identifier=True), Column("secret_column", "S", "integer")), "person_id"),))


@pytest.fixture
def key_file(tmp_path) -> Path:
    file = tmp_path / "vault.key"
    file.write_bytes(bytes(range(32)))
    file.chmod(0o600)
    return file


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "vault"


@pytest.fixture(params=["plain", "registered"])
def vault(request, root, key_file):
    """Both ways to have a vault keep the port's contract."""
    plain = FileVault(root, key_file)
    return plain if request.param == "plain" else RegisteredVault(plain, lambda _slug: REGISTERED)


def stored_files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and path.name != ".lock")


class TestTheContract:
    def test_what_is_added_is_read_back(self, vault):
        version = vault.add("courts", {"people": PEOPLE})
        assert vault.read("courts", version, "people", ["person_id"]).to_pydict() == {
            "person_id": ["p1", "p2", CANARY]}

    def test_a_version_is_the_start_of_its_content_hash(self, vault):
        assert vault.add("courts", {"people": PEOPLE}) == content_hash({"people": PEOPLE})[:16]

    def test_the_same_content_is_the_same_version_and_stores_nothing(self, vault, root):
        version = vault.add("courts", {"people": PEOPLE})
        before = {path: path.stat().st_mtime_ns for path in stored_files(root)}
        assert vault.add("courts", {"people": pa.concat_tables([PEOPLE.slice(0, 1), PEOPLE.slice(1)])}) == version
        assert {path: path.stat().st_mtime_ns for path in stored_files(root)} == before

    def test_versions_come_oldest_first(self, vault):
        added = [vault.add("courts", {"people": pa.table({"person_id": [f"p{n}"], "secret_column": [n]})})
                 for n in range(5)]
        assert vault.versions("courts") == tuple(added)
        assert vault.versions("nothing-here") == ()

    def test_earlier_versions_stay_as_they_were(self, vault):
        first = vault.add("courts", {"people": PEOPLE})
        vault.add("courts", {"people": OTHER})
        assert vault.read("courts", first, "people", ["secret_column"])["secret_column"].to_pylist() == [1, 2, 3]

    @pytest.mark.parametrize(("dataset", "table", "columns"), [
        ("schools", "people", ["person_id"]), ("courts", "pupils", ["person_id"]), ("courts", "people", ["height"])])
    def test_what_is_absent_is_not_found(self, vault, dataset, table, columns):
        version = vault.add("courts", {"people": PEOPLE})
        with pytest.raises(NotFound):
            vault.read(dataset, version, table, columns)
        with pytest.raises(NotFound):
            vault.read("courts", "0" * 16, "people", ["person_id"])

    def test_no_tables_are_refused(self, vault):
        with pytest.raises(InvalidInput):
            vault.add("courts", {})


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "x\x00", "a" * 300, ".."])
def test_a_name_cannot_lead_out_of_the_vault(root, key_file, name):
    vault = FileVault(root, key_file)
    with pytest.raises(InvalidInput):
        vault.add(name, {"people": PEOPLE})
    with pytest.raises(InvalidInput):
        vault.add("courts", {name: PEOPLE})
    with pytest.raises((InvalidInput, NotFound)):
        vault.read("courts", name, "people", ["person_id"])


def test_nothing_on_the_disk_can_be_read_without_the_key(root, key_file):
    FileVault(root, key_file).add("courts", {"people": PEOPLE})
    for path in stored_files(root):
        content = path.read_bytes()
        assert CANARY.encode() not in content
        assert b"secret_column" not in content  # names and statistics stand in the footer
        assert bytes(range(32)) not in content
        assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0
    with pytest.raises((OSError, pa.ArrowException)):
        pq.read_table(next(root.rglob("people.parquet")))


def test_a_change_anywhere_is_found(root, key_file):
    """Except in the four letters that every Parquet file starts with, which carry nothing and are not looked at."""
    vault = FileVault(root, key_file)
    version = vault.add("courts", {"people": PEOPLE})
    for path in stored_files(root):
        sound = path.read_bytes()
        path.chmod(0o600)
        first = len(b"PARE") if path.suffix == ".parquet" else 0
        changed = [sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1:]
                   for at in range(first, len(sound), max(1, len(sound) // 100))]
        for wrong in (*changed, sound[:-1], sound[:len(sound) // 2], b"", sound + b"x"):
            path.write_bytes(wrong)
            with pytest.raises(IntegrityError):
                vault.read("courts", version, "people", ["person_id", "secret_column"])
        path.write_bytes(sound)
    assert vault.read("courts", version, "people", ["person_id"]).num_rows == 3


def test_a_table_moved_from_elsewhere_opens_nothing(root, key_file):
    vault = FileVault(root, key_file)
    first, second = vault.add("courts", {"people": PEOPLE}), vault.add("courts", {"people": OTHER})
    shutil.copy(root / "courts" / second / "people.parquet", root / "courts" / first / "copy")
    (root / "courts" / first / "copy").replace(root / "courts" / first / "people.parquet")
    with pytest.raises(IntegrityError):
        vault.read("courts", first, "people", ["person_id"])


def test_a_version_moved_from_elsewhere_is_refused(root, key_file):
    vault = FileVault(root, key_file)
    version = vault.add("courts", {"people": PEOPLE})
    shutil.copytree(root / "courts", root / "schools")
    with pytest.raises(IntegrityError):
        vault.versions("schools")
    shutil.copytree(root / "courts" / version, root / "courts" / ("0" * 16))
    with pytest.raises(IntegrityError):
        vault.read("courts", "0" * 16, "people", ["person_id"])


def test_what_the_system_refuses_is_not_called_tampering(root, key_file):
    vault = FileVault(root, key_file)
    version = vault.add("courts", {"people": PEOPLE})
    path = root / "courts" / version / "people.parquet"
    path.unlink()
    with pytest.raises(NotFound, match="missing"):
        vault.read("courts", version, "people", ["person_id"])
    path.symlink_to(path.name)
    with pytest.raises(Unavailable, match="symbolic links"):
        vault.read("courts", version, "people", ["person_id"])
    (root / "courts" / version / "version.json").unlink()
    with pytest.raises(NotFound, match="missing"):  # and no older version takes its place
        vault.versions("courts")


class TestTheKey:
    def test_another_key_opens_nothing(self, root, key_file):
        version = FileVault(root, key_file).add("courts", {"people": PEOPLE})
        key_file.write_bytes(bytes(32))
        with pytest.raises(IntegrityError) as refused:
            FileVault(root, key_file).read("courts", version, "people", ["person_id"])
        assert refused.value.rule == "vault.key"

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
    def test_a_key_that_others_can_read_is_refused(self, key_file, mode):
        key_file.chmod(mode)
        with pytest.raises(SettingsError) as refused:
            read_key(key_file)
        assert refused.value.rule == "keys.mode"

    @pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"x" * 64])
    def test_a_key_of_the_wrong_size_is_refused(self, key_file, content):
        key_file.write_bytes(content)
        with pytest.raises(SettingsError):
            read_key(key_file)

    def test_a_missing_key_is_refused_and_leaves_nothing(self, root, tmp_path):
        vault = FileVault(root, tmp_path / "none.key")
        with pytest.raises(SettingsError):
            vault.add("courts", {"people": PEOPLE})
        assert vault.versions("courts") == ()


def run(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})


def test_a_kill_in_the_middle_leaves_no_visible_version(root, key_file):
    child = run("""
        import sys, time
        from pathlib import Path
        import pyarrow as pa, pyarrow.parquet as pq
        from readingroom.storage import vault
        written = pq.write_table
        def slowly(*given, **named):
            written(*given, **named)
            print("written", flush=True)
            time.sleep(60)
        vault.pq.write_table = slowly
        vault.FileVault(Path(sys.argv[1]), Path(sys.argv[2])).add("courts", {"people": pa.table({"a": [1]})})
        """, str(root), str(key_file))
    assert child.stdout.readline() == b"written\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    vault = FileVault(root, key_file)
    assert vault.versions("courts") == ()
    version = vault.add("courts", {"people": pa.table({"a": [1]})})
    assert vault.versions("courts") == (version,)
    assert {path.name for path in (root / "courts").iterdir()} == {".lock", version}


def test_two_processes_adding_at_once_agree(root, key_file):
    script = """
        import sys
        from pathlib import Path
        import pyarrow as pa
        from readingroom.storage.vault import FileVault
        vault = FileVault(Path(sys.argv[1]), Path(sys.argv[2]))
        for number in range(4):
            vault.add("courts", {"people": pa.table({"a": [number]})})
        """
    children = [run(script, str(root), str(key_file)) for _ in range(2)]
    for child in children:
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors.decode()
    vault = FileVault(root, key_file)
    assert len(vault.versions("courts")) == 4
    for number, version in enumerate(vault.versions("courts")):
        assert vault.read("courts", version, "people", ["a"])["a"].to_pylist() == [number]


STRANGE = {
    "floats": pa.array([0.1, -0.0, 1e308, 5e-324, float("nan"), float("inf"), None]),
    "nothing": pa.nulls(7),
    "no_text": pa.array([None] * 7, pa.string()),
    "unicode": pa.array(["", "é", "e\u0301", "\U0001f600", 'quo"te,\n', "\x00", None]),
    "large": pa.array([2**63 - 1, -2**63, 0, 1, 2, 3, None], pa.int64()),
    "unsigned": pa.array([2**64 - 1, 0, 0, 0, 0, 0, None], pa.uint64()),
    "days": pa.array([0, 1, -1, 20_000, 0, 0, None], pa.date32()),
    "yes": pa.array([True, False, None, True, True, True, None]),
}


class TestTheContentHash:
    @pytest.mark.parametrize("table", [pa.table(STRANGE), pa.table(STRANGE).slice(0, 0)], ids=["rows", "no rows"])
    def test_a_round_trip_keeps_it(self, root, key_file, table):
        vault = FileVault(root, key_file)
        version = vault.add("courts", {"people": table})
        back = vault.read("courts", version, "people", table.column_names)
        assert content_hash({"people": back})[:16] == version
        assert vault.add("courts", {"people": back}) == version

    @pytest.mark.parametrize("cut", [0, 1, 3, 7])
    def test_chunks_metadata_and_encodings_do_not_count(self, cut):
        table = pa.table(STRANGE)
        same = pa.concat_tables([table.slice(0, cut), table.slice(cut)]).replace_schema_metadata({"made": "elsewhere"})
        at = table.schema.get_field_index("unicode")
        same = same.set_column(at, "unicode", same["unicode"].dictionary_encode())
        assert content_hash({"a": same}) == content_hash({"a": table})

    @pytest.mark.parametrize(("one", "other"), [
        (["a", "b"], ["b", "a"]), (["", None], [None, ""]), ([0.1], [0.1 + 2**-56]), ([2**53], [2**53 + 1]),
        (["1"], [1]), ([1], [1.0]), ([None], ["None"]), (["a\nb"], ["a", "b"]), ([float("nan")], [None]),
        (["é"], ["e\u0301"]), ([0.0], [-0.0]),
    ])
    def test_other_values_or_types_are_another_version(self, one, other):
        assert content_hash({"t": pa.table({"a": one})}) != content_hash({"t": pa.table({"a": other})})

    def test_names_count(self):
        table = pa.table({"a": [1]})
        assert len({content_hash(tables) for tables in (
            {"t": table}, {"u": table}, {"t": table, "u": table}, {"t": table.rename_columns(["b"])})}) == 4
