"""Work on tables in a process of its own: what comes back, when it ends, and that it never outlives the worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from readingroom.bootstrap import build_extracts
from readingroom.core.datasets import Column, Dataset, Table
from readingroom.errors import InvalidInput, Unavailable
from readingroom.ops.install import create_keys, create_state
from readingroom.settings import Settings
from readingroom.storage.apart import Apart, ExtractsApart, _called
from readingroom.storage.files import UNFINISHED
from readingroom.storage.vault import FileVault

COURTS = Dataset("courts", "Courts", "MoJ", "mercer", "d", (Table("people", "People", (
    Column("person_id", "Person", "text", identifier=True), Column("age", "Age", "integer")), "person_id"),))
ROWS = pa.table({"person_id": [f"p{n}" for n in range(2000)], "age": list(range(2000))})
GRANTED = {"people": ("person_id", "age")}
HEAVY = {"duckdb", "numpy", "opendp", "pandas", "polars", "pyarrow", "scipy"}


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def settings(tmp_path) -> Settings:
    made = Settings(state_dir=tmp_path / "state")
    create_state(made)
    create_keys(made)
    return made


@pytest.fixture
def version(settings) -> str:
    return FileVault(settings.vault_dir, settings.keys_dir / "vault.key").add("courts", {"people": ROWS})


@pytest.fixture
def apart(settings) -> Iterator[Apart]:
    made = Apart(settings, "extracts", idle_seconds=1.0)
    yield made
    made.close()


@pytest.fixture
def extracts(settings, apart) -> ExtractsApart:
    return ExtractsApart(settings.extracts_dir, apart)


def pid_of(apart: Apart) -> int:
    assert apart._process is not None
    return apart._process.program.pid


def test_an_extract_made_apart_is_the_one_made_here(extracts, settings, version):
    made = extracts.build("returns-1-abc", COURTS, version, GRANTED, {"people": "age < 10"}, "returns")
    here = build_extracts(settings).build("returns-1-def", COURTS, version, GRANTED, {"people": "age < 10"}, "returns")
    assert extracts.path("returns-1-abc") == made
    assert pq.read_table(made / "people.parquet").equals(pq.read_table(here / "people.parquet"))
    assert extracts.count(COURTS, version, "people", "age < 10") == 10


def test_it_leaves_when_there_is_nothing_to_do_and_comes_when_there_is(extracts, apart, version):
    assert extracts.count(COURTS, version, "people", "") == 2000
    first = apart._process.program
    until(lambda: first.poll() is not None)
    assert first.returncode == 0
    assert extracts.count(COURTS, version, "people", "") == 2000
    assert pid_of(apart) != first.pid


def test_a_refusal_arrives_as_it_was_raised(extracts, version):
    with pytest.raises(InvalidInput) as caught:
        extracts.build("returns-1-abc", COURTS, version, {"people": ("salary",)}, {}, "returns")
    assert caught.value.rule == "grant.column" and "salary" in caught.value.message and caught.value.next_step


def test_what_an_engine_says_of_a_value_stays_there():
    def fails() -> None:
        raise ValueError("could not convert Jane Doe")
    done, error = _called(fails, ())
    assert not done and isinstance(error, Unavailable) and "Jane" not in repr(error.as_dict())


def test_killed_it_is_unavailable_and_then_there_again(extracts, apart, settings, version):
    extracts.count(COURTS, version, "people", "")
    os.kill(pid_of(apart), signal.SIGSTOP)
    killed = pid_of(apart)
    subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -KILL {killed}"])
    left = settings.extracts_dir / f"{UNFINISHED}returns-1-abc-00000000"
    left.mkdir()
    with pytest.raises(Unavailable, match="broke off"):
        extracts.count(COURTS, version, "people", "")
    assert not left.exists(), "what it had half made is cleared away"
    assert extracts.count(COURTS, version, "people", "") == 2000


def test_it_ends_with_a_worker_that_is_killed_even_in_the_middle_of_a_job(settings, version):
    told = ("import sys\nfrom tests.integration.test_apart import *\n"
            "apart = Apart(Settings(state_dir=Path(sys.argv[1])), 'extracts', 60.0)\n"
            "apart.call('stored'); print(pid_of(apart), flush=True)\n"
            "import readingroom.storage.apart\napart.call('count', COURTS, sys.argv[2], 'people', '')\n"
            "apart._process.line.send(('__class__', ())); import time; time.sleep(60)\n")
    with subprocess.Popen([sys.executable, "-c", told, str(settings.state_dir), version], stdout=subprocess.PIPE,
                          cwd=Path(__file__).parents[2], text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text())


@pytest.mark.parametrize("program", ["readingroom.web.__main__", "readingroom.worker", "readingroom.hub.configure",
                                     "readingroom.bootstrap"])
def test_what_runs_all_day_holds_none_of_it(program):
    code = f"import sys, {program}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
