"""Killed with SIGKILL before any change to the disk, a store holds all of something or nothing of it.

A child of a small helper process counts its own changes to the file system (Python's audit events) and kills itself
before the n-th; for every n until one finishes. Nothing is patched.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MEMORY = Path("/dev/shm")  # a kill loses nothing that was written, so there is no need to wait for a disk

HELPER = r'''
import json, os, signal, sys
from pathlib import Path
import pyarrow.parquet  # imported before forking, used only after
from readingroom.errors import ReadingRoomError
from tests.storage_world import COURTS, courts, key_file
from readingroom.storage.vault import FileVault
from readingroom.storage.extract_making import FileExtracts
from readingroom.storage.blobs import FileBlobs

CHANGES = {"os.mkdir", "os.rename", "os.chmod", "os.truncate", "os.remove", "os.rmdir", "shutil.rmtree"}
root, what = Path(sys.argv[1]), sys.argv[2]
keys = [key_file(root / name) for name in ("vault.key", "pseudonym.key")]

def stores(folder):
    vault = FileVault(folder / "vault", keys[0])
    return vault, FileExtracts(folder / "extracts", vault, keys[1]), FileBlobs(folder / "blobs")

def build(folder):
    vault, extracts, _ = stores(folder)
    extracts.build("x1", COURTS, vault.versions("courts")[-1], {"people": ("person_id", "year")}, {}, "alpha")

def prepare(folder):
    if what != "blob":
        stores(folder)[0].add("courts", courts(4))
    if what == "destroy":
        build(folder)

def act(folder):
    vault, extracts, blobs = stores(folder)
    {"add": lambda: vault.add("courts", courts(6)), "build": lambda: build(folder),
     "destroy": lambda: extracts.destroy("x1"), "blob": lambda: blobs.put(b"output")}[what]()

def look(folder):
    vault, extracts, blobs = stores(folder)
    if what == "add":
        found = vault.versions("courts")
        return [vault.read("courts", version, "people", ["year"]).num_rows for version in found]
    if what == "blob":
        files = [path for path in (folder / "blobs").rglob("*") if path.is_file() and not path.name.startswith(".")]
        return [blobs.get(path.name).decode() for path in files]
    path = extracts.path("x1")
    return None if path is None else pyarrow.parquet.read_table(path / "people.parquet").num_rows

def in_child(task):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        answer = task()
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    answer = b""
    while part := os.read(reading, 65536):
        answer += part
    os.close(reading)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return "killed"
    assert status == 0, status
    return json.loads(answer)

def kill_before(number, folder):
    count = 0
    def hook(event, arguments):
        nonlocal count
        writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & writing
        if event in CHANGES or writes:
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    act(folder)
    return "finished"

for number in range(1, 200):
    folder = root / str(number)
    folder.mkdir()
    in_child(lambda: prepare(folder))
    ended = in_child(lambda: kill_before(number, folder))
    seen = in_child(lambda: look(folder))
    in_child(lambda: act(folder))
    again = in_child(lambda: look(folder))
    hidden = [path.name for path in folder.rglob(".*") if path.is_dir()]
    print(json.dumps({"ended": ended, "seen": seen, "again": again, "hidden": hidden}))
    if ended == "finished":
        break
'''
WHOLE = {"add": ([4], [4, 6]), "build": (None, 4), "destroy": (4, None), "blob": ([], ["output"])}


@pytest.mark.parametrize("what", WHOLE)
def test_a_kill_at_any_step_leaves_all_or_nothing_and_the_next_try_completes(what):
    here = Path(__file__).parents[3]
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as root:
        found = subprocess.run([sys.executable, "-c", HELPER, root, what], capture_output=True, text=True,
                               cwd=here, env={"PYTHONPATH": f"{here / 'src'}:{here}", "PATH": ""}, timeout=300)
    assert found.returncode == 0, found.stderr
    steps = [json.loads(line) for line in found.stdout.splitlines()]
    before, after = WHOLE[what]
    assert len(steps) > 4
    assert [step["ended"] for step in steps[-2:]] == ["killed", "finished"]
    for step in steps:
        assert step["seen"] in (before, after)
        assert step["again"] == after
        assert step["hidden"] == []
    assert steps[0]["seen"] == before
    assert steps[-1]["seen"] == after
