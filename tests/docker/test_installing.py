"""Installing without internet: a workspace's image under its confinement, the real door and the real portal."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from contextlib import closing

import pytest
import uvicorn

from readingroom import installed
from readingroom.hub.confinement import seccomp_profile
from readingroom.ops import door, images, install
from readingroom.ops.engine import client
from readingroom.ops.progress import Progress
from readingroom.services import packages
from tests.integration.test_packages import source, wheel
from tests.integration.web.world import World

pytestmark = pytest.mark.docker
PROJECT = "returning-defendants"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("room"))
    images.provide(made.settings, Progress(), ["notebook-r"])
    install.create_run(made.settings)
    server = uvicorn.Server(uvicorn.Config(made.app, uds=str(made.settings.portal_socket), log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    with closing(client(made.settings)) as engine:
        door.ensure(made.settings, engine)
        deadline = time.monotonic() + 15
        while not made.settings.door_socket.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield made
        door.remove(made.settings, engine)
    server.should_exit = True
    thread.join()
    made.close()
    shutil.rmtree(made.settings.run_dir)


@pytest.fixture
def home(tmp_path):
    tmp_path.chmod(0o755)
    place = tmp_path / "home"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    return place


# The image's way to the mirror opens on its own while the workspace starts.
UNTIL_THERE = ("until python -c \"import socket; socket.create_connection(('127.0.0.1', 8765))\" 2>/dev/null; "
               "do sleep 0.1; done")


@pytest.fixture
def workspace(world, home):
    """What a shell line prints in a workspace of ada's in `project`, its exit status, and both streams."""

    def run(line: str, project: str = PROJECT, image: str = "notebook") -> tuple[int, str]:
        token = world.hub.workspace_token("ada", project)
        with closing(client(world.settings)) as engine:
            container = engine.containers.run(
                installed.image_id(world.settings, image), ["sh", "-c", f"{UNTIL_THERE}; {line}"], detach=True,
                network_mode="none", read_only=True, cap_drop=["ALL"], user="10001:10001",
                security_opt=["no-new-privileges:true", f"seccomp={seccomp_profile()}"], tmpfs={"/tmp": "noexec"},
                environment={"JUPYTERHUB_API_TOKEN": token, "READINGROOM_DOOR": "/run/rr/door/door.sock",
                             "HOME": "/home/researcher"},
                volumes={str(world.settings.door_socket.parent): {"bind": "/run/rr/door", "mode": "ro"},
                         str(home): {"bind": "/home/researcher", "mode": "rw"}},
                working_dir="/home/researcher", labels={"readingroom.instance": world.settings.instance})
            try:
                status = container.wait(timeout=120)["StatusCode"]
                return status, container.logs().decode()
            finally:
                container.remove(force=True)

    return run


KERNEL = "READINGROOM_PACKAGES=/home/researcher/.local/lib/python3.11/site-packages python -c"


def test_plain_pip_install_just_works_and_only_kernels_see_it(world, workspace):
    packages.add(world.room, PROJECT, [wheel()], by="command line")
    status, said = workspace(f"pip install rr_demo && {KERNEL} 'import rr_demo; print(rr_demo.VALUE)' && "
                             "python -c 'import rr_demo'")
    assert "Successfully installed" in said and "\n42\n" in said
    assert status == 1 and "No module named 'rr_demo'" in said, "the server's own Python must not see it"


def test_another_project_gets_nothing_and_what_is_not_allowed_does_not_exist(world, workspace):
    packages.add(world.room, PROJECT, [wheel("rr_other")], by="command line")
    for line, project in (("pip install rr_other", "courts-and-schools"), ("pip install requests-toolbelt", PROJECT)):
        status, said = workspace(line, project)
        assert status == 1 and "No matching distribution found" in said, line


def test_a_changed_wheel_is_not_installed(world, workspace):
    (added,) = packages.add(world.room, PROJECT, [wheel("rr_changed")], by="command line")
    world.room.blobs._known[added.sha256] = wheel("rr_changed", body="VALUE = 'evil'\n")[1]
    status, said = workspace(f"pip install rr_changed; {KERNEL} 'import rr_changed'")
    assert status == 1 and "No module named 'rr_changed'" in said


def test_plain_install_packages_just_works_in_r(world, workspace):
    packages.add(world.room, PROJECT, [source()], by="command line")
    line = """Rscript -e 'install.packages("rrdemo"); print(rrdemo::value())'"""
    status, said = workspace(line, image="notebook-r")
    assert status == 0 and "42" in said
    (event,) = [one for one in all_events(world)
                if (one.action, one.detail.get("name")) == ("package.fetched", "rrdemo")]
    assert (event.actor, event.project) == ("ada", PROJECT)


@pytest.fixture(scope="module")
def praise(tmp_path_factory) -> tuple[str, bytes]:
    """A real package of CRAN's, byte for byte as its author sent it there: Debian keeps it as its source."""
    place = tmp_path_factory.mktemp("cran")
    (place / "lists" / "partial").mkdir(parents=True)
    (place / "sources").write_text("deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
                                   "http://deb.debian.org/debian bookworm main\n")
    own = ["-qq", "-o", f"Dir::Etc::sourcelist={place}/sources", "-o", "Dir::Etc::sourceparts=/dev/null",
           "-o", f"Dir::State::lists={place}/lists"]
    for command in (["update"], ["source", "--download-only", "--tar-only", "r-cran-praise"]):
        subprocess.run(["apt-get", *own, *command], cwd=place, check=True, capture_output=True)
    return "praise_1.0.0.tar.gz", (place / "r-cran-praise_1.0.0.orig.tar.gz").read_bytes()


def test_a_real_package_of_cran_is_installed_from_the_mirror(world, workspace, praise):
    packages.add(world.room, PROJECT, [praise], by="command line")
    line = """Rscript -e 'install.packages("praise"); cat(praise::praise("You are ${adjective}!"))'"""
    status, said = workspace(line, image="notebook-r")
    assert status == 0 and "You are " in said, said


def all_events(world):
    with world.store.reading() as tx:
        return tx.events.all()
