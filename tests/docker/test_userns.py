"""P8 where the engine maps accounts (`userns-remap`): everything is the mapped account's, and every wall holds.

On a second engine, which has the same images: the canary, then a Hub with people who work in JupyterLab.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from readingroom import bootstrap, installed
from readingroom.hub import canary
from readingroom.hub import probe as probe_module
from readingroom.hub.engine import DockerEngine
from readingroom.hub.groups import remove_groups
from readingroom.hub.host import look
from readingroom.hub.names import shared_dir
from readingroom.ops import images, install
from readingroom.ops.progress import Progress
from readingroom.settings import Settings
from tests.docker.hub_installation import HubInstallation
from tests.docker.second_engine import second_engine

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300),
              pytest.mark.skipif(os.geteuid() != 0, reason="an engine is root's to start")]
FIRST = 231072
PROJECT = "shared"
PROBE = probe_module.program()
WORK = """
import os, socket
print(open("/data/courts/cases.csv").read())
changed = []
for place in ("/data/courts/cases.csv", "/data/courts/new"):
    try: open(place, "a"); changed.append(place)
    except OSError: pass
for place in ("/home/researcher", "/project"):
    open(place + "/note", "w").write("mine")
with socket.socket(socket.AF_UNIX) as line:
    line.connect(os.environ["READINGROOM_DOOR"])
    line.sendall(b"GET /hub/home HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
    print(changed, os.getuid(), line.recv(65536).split()[1].decode())
"""


@pytest.fixture(scope="module")
def settings():
    """An installation on an engine that maps accounts, with images that were made on this machine's own."""
    with tempfile.TemporaryDirectory(prefix="u") as name:
        place = Path(name)
        place.chmod(0o755)  # as wherever an installation is: a mapped account is nobody's here
        usual = Settings(state_dir=place / "usual")
        install.create_state(usual)
        images.provide(usual, Progress())
        _give_disk(place)
        ranges = {"subuid": f"nobody:{FIRST}:65536\n", "subgid": f"nobody:{FIRST}:65536\n"}
        with second_engine(place, "--userns-remap=nobody:nogroup", instead=ranges) as made:
            install.create_state(made)
            install.create_run(made)
            install.create_keys(made)
            _carry_over(usual, made)
            images.provide(made, Progress())
            yield made
            bootstrap.volumes(made).release_idle(frozenset)
            remove_groups(made)
            subprocess.run(["rm", "-rf", made.run_dir], check=True)


def _give_disk(place: Path) -> None:
    """To the engine, for its images: a disk is given up at once, where their many files would be removed one by one."""
    (place / "d").mkdir()
    for command in (("truncate", "-s", "8G", place / "disk"), ("mkfs.ext4", "-q", "-O", "^has_journal", place / "disk"),
                    ("mount", "-o", "loop", place / "disk", place / "d")):
        subprocess.run(command, check=True)


def _carry_over(usual: Settings, made: Settings) -> None:
    """The images, with their names, so that nothing is made here."""
    names = [one.name for one in installed.images(usual).values()]
    with subprocess.Popen(["docker", "-H", usual.engine_url, "save", *names], stdout=subprocess.PIPE) as saved:
        subprocess.run(["docker", "-H", made.engine_url, "load", "-q"], stdin=saved.stdout, check=True,
                       capture_output=True)


def test_p8_every_wall_holds_and_the_container_is_as_demanded(settings):
    with closing(DockerEngine(settings).api) as api:
        assert look(api).first_account == FIRST
        found = canary.probe(settings, api, bootstrap.volumes(settings))
    assert len(found) > 20
    assert [one for one in found if not one.held] == []


@pytest.fixture(scope="module")
def hub(settings):
    state = settings.state_dir / "hub"
    state.mkdir()
    made = HubInstallation(state, engine_url=settings.engine_url)
    yield made
    made.close()


def test_p8_jupyterlab_opens_and_what_is_written_is_the_mapped_accounts(hub):
    alice, bob = hub.browser("alice"), hub.browser("bob")
    for one in (alice, bob):
        hub.portal.start_workspace(one.username, PROJECT)
    for one in (alice, bob):
        hub.wait(lambda who=one.username: hub.portal.workspace_state(who, PROJECT) == "running", 120)
    with alice.kernel(PROJECT) as kernel, bob.kernel(PROJECT) as other:
        assert kernel.run(WORK).split() == ["offence,people", "theft,12", "[]", "10001", "403"]
        assert other.run("import os; print(open('/project/note').read(), os.path.exists('note'))") == "mine False\n"
        walls = json.loads(kernel.run(f"import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', {PROBE!r}],"
                                      " capture_output=True, text=True).stdout)", seconds=120))
    assert len(walls) > 20 and [one for one in walls if not one["held"]] == []
    places = [hub.settings.homes_dir / PROJECT / "alice", shared_dir(hub.settings, PROJECT)]
    assert {(place / "note").stat().st_uid for place in places} == {FIRST + 10001}
    assert ["opened", "alice", PROJECT] in hub.events(), "and so compared with what policy demands"
