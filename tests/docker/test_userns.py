"""P8 where the engine maps accounts (`userns-remap`): everything is the mapped account's, and every wall holds.

On a second engine, whose images are its own: a workspace's system without JupyterLab, and the door.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
import httpx
import pytest

from readingroom import bootstrap, installed
from readingroom.core.policy import Policy
from readingroom.core.proof import drifts
from readingroom.errors import Unavailable
from readingroom.hub import canary, doorkeeper, ownership, sockets, tickets
from readingroom.hub.containers import Purpose, container_arguments
from readingroom.hub.engine import DockerEngine, look_at
from readingroom.hub.groups import remove_groups
from readingroom.hub.host import look
from readingroom.hub.names import sockets_dir, workspace_key
from readingroom.ops import door, images, install
from readingroom.ops.progress import Progress
from readingroom.settings import Settings
from tests.docker.second_engine import second_engine

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300),
              pytest.mark.skipif(os.geteuid() != 0, reason="an engine is root's to start")]
FIRST = 231072
WORK = """
import http.server, json, os, socket, socketserver
seen = {"data": open("/data/courts/cases.csv").read(), "uid": os.getuid()}
for place in ("/home/researcher", "/project"):
    open(place + "/note", "w").write("mine")
for place in ("/data/courts/cases.csv", "/data/courts/new"):
    try: open(place, "a"); seen["changed"] = place
    except OSError: pass
with socket.socket(socket.AF_UNIX) as line:
    line.connect(os.environ["READINGROOM_DOOR"])
    line.sendall(b"GET /hub/home HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
    seen["door"] = line.recv(65536).split()[1].decode()
class Server(http.server.BaseHTTPRequestHandler):
    address_string = lambda self: "unix"
    def do_GET(self):
        body = json.dumps(seen).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
server = socketserver.UnixStreamServer("/run/rr/w/s.sock", Server)
os.chmod("/run/rr/w/s.sock", 0o666)
server.serve_forever()
"""


@dataclass(frozen=True)
class Plan:
    home: Path
    mounts: tuple[tuple[str, Path], ...]
    policy: Policy
    username: str = "ada"
    project: str = "returning"
    image: str = "notebook"


@pytest.fixture(scope="module")
def settings():
    """An installation on an engine that maps accounts, with images that were made on this machine's own."""
    with tempfile.TemporaryDirectory(prefix="u") as name:
        place = Path(name)
        place.chmod(0o755)  # as wherever an installation is: a mapped account is nobody's here
        usual = Settings(state_dir=place / "usual")
        install.create_state(usual)
        images.provide(usual, Progress())
        ranges = {"subuid": f"nobody:{FIRST}:65536\n", "subgid": f"nobody:{FIRST}:65536\n"}
        with second_engine(place, "--userns-remap=nobody:nogroup", instead=ranges) as made:
            install.create_state(made)
            install.create_run(made)
            install.create_keys(made)
            made.images_file.write_text(installed.as_text({
                installed.NOTEBOOK: installed.Installed("readingroom/notebook", _slim(usual, made)),
                installed.DOOR: installed.Installed("readingroom/door", _copied(usual, made))}))
            yield made
            bootstrap.volumes(made).release_idle(frozenset)
            remove_groups(made)
            subprocess.run(["rm", "-rf", made.run_dir], check=True)


def _slim(usual: Settings, made: Settings) -> str:
    """The workspace's image without JupyterLab, which is nine tenths of it."""
    left_out = [f"--exclude=./{name}" for name in ("proc", "sys", "dev", "opt/venv")]
    image = installed.image_id(usual, installed.NOTEBOOK)
    with subprocess.Popen(["docker", "-H", usual.engine_url, "run", "--rm", "--network", "none", "--user", "0",
                           "--entrypoint", "tar", image, "-C", "/", *left_out, "-cf", "-", "."],
                          stdout=subprocess.PIPE) as packed:
        return subprocess.run(
            ["docker", "-H", made.engine_url, "import", "--change", 'ENTRYPOINT ["tini", "--"]', "-"],
            stdin=packed.stdout, capture_output=True, text=True, check=True).stdout.strip()


def _copied(usual: Settings, made: Settings) -> str:
    image = installed.image_id(usual, installed.DOOR)
    with subprocess.Popen(["docker", "-H", usual.engine_url, "save", image], stdout=subprocess.PIPE) as saved:
        subprocess.run(["docker", "-H", made.engine_url, "load", "-q"], stdin=saved.stdout, check=True,
                       capture_output=True)
    return image


def test_p8_every_wall_holds_and_the_container_is_as_demanded(settings):
    with closing(DockerEngine(settings).api) as api:
        assert look(api).first_account == FIRST
        found = canary.probe(settings, api, bootstrap.volumes(settings))
    assert len(found) > 20
    assert [one for one in found if not one.held] == []


def test_p8_a_workspace_reads_its_data_writes_its_home_and_is_reached_through_the_door(settings):
    extract = settings.extracts_dir / "e1"
    extract.mkdir(mode=0o555)
    extract.chmod(0o755)
    (extract / "cases.csv").write_text("offence,people\n")
    (settings.keys_dir / tickets.KEY_FILE).write_text("a key for tests")
    plan = Plan(settings.homes_dir / "returning" / "ada", (("courts", extract),), Policy(pids=100))
    engine = docker.DockerClient(base_url=settings.engine_url)
    with closing(engine):
        host = look(engine.api)
        image = installed.image_id(settings, installed.NOTEBOOK)
        arguments = container_arguments(settings, plan, host, image_id=image,
                                        purpose=Purpose(command=("python3", "-c", WORK)))
        [shared] = [mount.source for mount in arguments.mounts if str(mount.target) == "/project"]
        own = {"engine": engine.api, "image": image, "label": {}}
        folder = sockets.fresh_directory(sockets_dir(settings, plan.username, plan.project))
        for place, mode in ((plan.home, 0o700), (shared, 0o2770), (folder, sockets.PINNED_MODE)):
            place.mkdir(parents=True, exist_ok=True)
            ownership.set_owner(place, host.researcher, mode, **own)
        door.ensure(settings, engine)
        container = engine.api.create_container_from_config(arguments.configuration(), arguments.name)["Id"]
        try:
            engine.api.start(container)
            _until((folder / sockets.NAME).exists)
            ownership.set_owner(folder, 0, sockets.PINNED_MODE, **own)
            sockets.check_pinned(folder, 0, FIRST + 10001)
            _until(lambda: workspace_key(settings, plan.username, plan.project) in _let_in(settings))
            asked = f"/user/{plan.username}/{plan.project}/api"
            host_name = settings.workspace_host(workspace_key(settings, plan.username, plan.project))
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(settings.inward_socket))) as http:
                seen = http.get(f"http://{host_name}{asked}").json()
            assert seen == {"data": "offence,people\n", "uid": 10001, "door": "403"}
            assert {(place / "note").stat().st_uid for place in (plan.home, shared)} == {FIRST + 10001}
            assert drifts(arguments.demanded({}), look_at(engine.api, container)) == ()
        finally:
            print(engine.api.logs(container).decode())
            engine.api.remove_container(container, force=True)
            door.remove(settings, engine)


def _let_in(settings: Settings) -> frozenset[str]:
    with suppress(Unavailable):
        doorkeeper.reconcile(settings)
        return doorkeeper.admitted_keys(settings)
    return frozenset()


def _until(true) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
