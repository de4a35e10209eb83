"""Files from outside into a real project's folder, read from a workspace that runs; and a real folder that is full."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from readingroom.core.volumes import SHARED
from readingroom.errors import NoRoom
from readingroom.hub.containers import shared_dir
from readingroom.hub.names import RESEARCHER
from readingroom.storage.arrivals import SharedFolders
from readingroom.storage.volumes import LoopVolumes
from readingroom.tour.desk import bring_in
from readingroom.tour.journey import PROJECT, Journey
from readingroom.tour.workspace import open_workspace

pytestmark = pytest.mark.docker

SCRIPT = b"GROUPS = {'001/01': 'Violence'}\n"
TRY_ALL = """
import os, pathlib
folder = pathlib.Path('/project/incoming/{number}')
for deed in (lambda: (folder / 'groups.py').write_text('x = 1'), lambda: (folder / 'groups.py').unlink(),
             lambda: (folder / 'mine').write_text(''),
             lambda: folder.rename('/project/incoming/other'), lambda: os.mkdir('/project/incoming/99')):
    try:
        deed()
        print('could')
    except PermissionError:
        print('could not')
"""


@pytest.fixture(scope="module")
def journey(installation):
    """Ada with an open workspace and a kernel."""
    with closing(Journey(installation.settings, installation.passwords)) as made:
        open_workspace(made)
        yield made


def test_what_a_checker_approved_is_read_in_the_workspace_that_was_open_all_the_time(journey):
    container = journey.container()["Id"]
    number = bring_in(journey, SCRIPT)
    ran = journey.run_code(
        "import readingroom.sdk as rr, sys\n(one, *_) = rr.incoming()\n"
        "print(one.number, one.folder, one.files[0].licence)\n"
        "sys.path.append(str(one.folder))\nimport groups\nprint(groups.GROUPS)")
    assert f"{number} /project/incoming/{number} MIT" in ran and "'Violence'" in ran
    tried = journey.run_code(TRY_ALL.format(number=number)).split("\n")
    assert [line for line in tried if line] == ["could not"] * 5
    assert journey.run_code(f"import os; folder = '/project/incoming/{number}'; os.chmod(folder, 0o755); "
                            "os.remove(f'{folder}/groups.py'); print(os.listdir(folder))") == "[]"
    assert journey.container()["Id"] == container


def test_a_link_planted_from_within_leads_nowhere(journey, settings):
    """/project/incoming renamed and replaced by a link to the host's own files: the next delivery goes beside it."""
    journey.run_code("import os; os.rename('/project/incoming', '/project/taken'); "
                     "os.symlink('/etc', '/project/incoming')")
    before = set(os.listdir("/etc"))  # noqa: PTH208
    number = bring_in(journey, b"GROUPS = {'002/05': 'Theft'}\n")
    assert set(os.listdir("/etc")) == before  # noqa: PTH208
    folder = shared_dir(settings, PROJECT) / "incoming"
    assert not folder.is_symlink() and folder.stat().st_uid == os.geteuid()
    assert "'Theft'" in journey.run_code(f"print(open('/project/incoming/{number}/groups.py').read())")
    proved = journey.command("audit", "verify")
    assert proved.returncode == 0, proved.stdout + proved.stderr


def test_a_folder_that_is_really_full_takes_nothing_and_then_all(tmp_path):
    """A file system of its own, filled to the last block by its owner."""
    homes, size = tmp_path / "homes", 16 * 1024**2
    volumes = LoopVolumes(tmp_path / "volumes", homes)
    place = homes / "returns" / SHARED
    folders, files = SharedFolders(homes, volumes, RESEARCHER), {"a.py": b"x = 1\n" * 50_000, "b.py": b"y = 2\n"}
    try:
        with folders.staged("returns", size, "1", {"first.py": b"z = 3\n"}) as appear:
            appear()
        with (place / "filler").open("wb") as filler, pytest.raises(OSError, match="No space left"):
            while True:
                filler.write(b"\0" * 2**16)
                filler.flush()
        with pytest.raises(NoRoom) as refused, folders.staged("returns", size, "2", files) as appear:
            appear()
        assert refused.value.next_step
        assert sorted(path.name for path in (place / "incoming").iterdir()) == ["1"]
        (place / "filler").unlink()
        with folders.staged("returns", size, "2", files) as appear:
            appear()
        assert {path.name: path.read_bytes() for path in (place / "incoming" / "2").iterdir()} == files
    finally:
        assert volumes.release_idle(lambda: ()) == 1
