"""Extracts on a real disk: whole or absent, and unreadable at once when a grant ends, also to who has them open."""

from __future__ import annotations

import mmap
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.errors import InvalidInput, SettingsError
from readingroom.ops.install import create_keys, create_state
from readingroom.settings import Settings
from readingroom.storage.extract_making import FileExtracts
from readingroom.storage.extracts import FoundExtracts
from readingroom.storage.vault import FileVault

COURTS = Dataset("courts", "Courts", "MoJ", "mercer", "d", (Table("people", "People", (
    Column("person_id", "Person", "text", identifier=True), Column("age", "Age", "integer")), "person_id"),))
ROWS = pa.table({"person_id": [f"p{n}" for n in range(2000)], "age": list(range(2000))})
GRANTED = {"people": ("person_id", "age")}


@pytest.fixture
def state(tmp_path) -> Settings:
    """An installation's directories and keys, as `make up` leaves them."""
    made = Settings(state_dir=tmp_path / "state")
    create_state(made)
    create_keys(made)
    return made


@pytest.fixture
def vault(state) -> FileVault:
    return FileVault(state.vault_dir, state.keys_dir / "vault.key")


@pytest.fixture
def extracts(state, vault) -> FileExtracts:
    return FileExtracts(state.extracts_dir, vault, state.keys_dir / "pseudonym.key")


@pytest.fixture
def version(vault) -> str:
    return vault.add("courts", {"people": ROWS})


def build(extracts: FileExtracts, version: str, extract_id: str = "returns-1-abc") -> Path:
    return extracts.build(extract_id, COURTS, version, GRANTED, {}, "returns")


def left(state: Settings) -> set[str]:
    return {path.name for path in state.extracts_dir.iterdir()} - {".lock"}


class TestBuilding:
    def test_a_finished_extract_has_a_path_and_holds_its_rows(self, extracts, version):
        assert extracts.path("returns-1-abc") is None
        directory = build(extracts, version)
        assert extracts.path("returns-1-abc") == directory
        assert sorted(path.name for path in directory.iterdir()) == ["dataset.json", "people.parquet"]
        assert sorted(pq.read_table(directory / "people.parquet")["age"].to_pylist()) == list(range(2000))

    def test_a_finished_extract_is_kept(self, extracts, version):
        inode = (build(extracts, version) / "people.parquet").stat().st_ino
        assert (build(extracts, version) / "people.parquet").stat().st_ino == inode

    def test_a_process_without_a_vault_finds_but_does_not_make(self, state, extracts, version):
        finder = FoundExtracts(state.extracts_dir)
        with pytest.raises(SettingsError):
            build(finder, version)
        build(extracts, version)
        assert finder.path("returns-1-abc") is not None

    @pytest.mark.parametrize("name", ["../keys", "a/b", ".unfinished-x", "", ".."])
    def test_an_identifier_cannot_lead_out_of_the_directory(self, extracts, version, name):
        with pytest.raises(InvalidInput):
            build(extracts, version, name)
        for act in (extracts.destroy, extracts.path):
            with pytest.raises(InvalidInput):
                act(name)


class TestModes:
    def test_the_workspaces_account_reads_what_is_mounted_and_writes_nothing(self, extracts, version):
        directory = build(extracts, version)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o555
        assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o444}

    def test_others_cannot_list_the_extracts_nor_enter_the_vault_or_the_keys(self, state, extracts, version):
        build(extracts, version)
        for above in (state.state_dir, state.extracts_dir):
            assert stat.S_IMODE(above.stat().st_mode) == 0o711  # may be passed through, not listed
        for closed in (state.vault_dir, state.keys_dir, state.vault_dir / "courts"):
            assert stat.S_IMODE(closed.stat().st_mode) & 0o077 == 0

    def test_another_account_can_read_the_mounted_directory_only(self, state, extracts, version):
        """A bind mount shows the directory by itself; what stands above it does not take part."""
        directory = build(extracts, version)
        opened = os.open(directory, os.O_PATH)
        script = """
            import os, sys
            root = os.geteuid() == 0  # otherwise this is the owner, who cannot write either
            if root:
                os.setgroups([]); os.setgid(10001); os.setuid(10001)
            os.fchdir(int(sys.argv[1]))
            assert len(open("people.parquet", "rb").read()) > 1000
            assert sorted(os.listdir(".")) == ["dataset.json", "people.parquet"]
            for path, flags in (("people.parquet", os.O_RDWR), ("new", os.O_CREAT | os.O_WRONLY)):
                try:
                    os.open(path, flags)
                except PermissionError:
                    continue
                raise SystemExit(f"{path} could be written")
            try:
                os.listdir("..")
            except PermissionError:
                raise SystemExit(0)
            raise SystemExit("the other extracts could be listed" if root else 0)
            """
        done = subprocess.run([sys.executable, "-S", "-c", textwrap.dedent(script), str(opened)], pass_fds=[opened],
                              capture_output=True, cwd="/", check=False)
        os.close(opened)
        assert done.returncode == 0, done.stderr.decode()


class TestDestroying:
    def test_nothing_is_left_and_doing_it_twice_is_fine(self, state, extracts, version):
        build(extracts, version)
        extracts.destroy("returns-1-abc")
        extracts.destroy("returns-1-abc")
        assert extracts.path("returns-1-abc") is None
        assert left(state) == set()

    def test_what_was_never_made_can_be_destroyed(self, extracts):
        extracts.destroy("returns-9-never")

    def test_another_extract_is_left_alone(self, extracts, version):
        build(extracts, version, "returns-1-abc")
        other = build(extracts, version, "returns-1-abc-def")
        extracts.destroy("returns-1-abc")
        assert pq.read_table(other / "people.parquet").num_rows == 2000

    def test_it_can_be_made_again(self, extracts, version):
        build(extracts, version)
        extracts.destroy("returns-1-abc")
        assert pq.read_table(build(extracts, version) / "people.parquet").num_rows == 2000

    def test_an_open_file_has_nothing_more_to_read(self, extracts, version):
        with (build(extracts, version) / "people.parquet").open("rb", buffering=0) as stream:
            assert stream.read(4) == b"PAR1"
            extracts.destroy("returns-1-abc")
            assert os.fstat(stream.fileno()).st_size == 0
            stream.seek(0)
            assert stream.read() == b""

    def test_an_open_directory_leads_to_nothing(self, extracts, version):
        opened = os.open(build(extracts, version), os.O_RDONLY)
        extracts.destroy("returns-1-abc")
        assert os.listdir(opened) == []  # noqa: PTH208 - a descriptor has no path
        with pytest.raises(FileNotFoundError):
            os.open("people.parquet", os.O_RDONLY, dir_fd=opened)
        os.close(opened)

    def test_a_mapped_file_is_gone_from_memory(self, extracts, version):
        """Touching it kills the process that kept it (SIGBUS): nothing of the file can be read any more."""
        path = build(extracts, version) / "people.parquet"
        script = """
            import mmap, sys
            file = open(sys.argv[1], "rb")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            assert mapped[:4] == b"PAR1"
            print("mapped", flush=True)
            sys.stdin.readline()
            print(len(bytes(mapped)), flush=True)
            """
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), str(path)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout.readline() == b"mapped\n"
        assert path.stat().st_size > mmap.PAGESIZE
        extracts.destroy("returns-1-abc")
        output, _ = child.communicate(b"go\n", timeout=30)
        assert child.returncode == -signal.SIGBUS
        assert output == b""
