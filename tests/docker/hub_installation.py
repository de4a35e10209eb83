"""A whole Hub for tests: real hub, proxy, door, engine and images; only the records are a stand-in.

The records stand-in keeps its truth in files, because the Hub that asks it is another process.
"""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import secrets
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import docker
import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from readingroom import bootstrap, installed
from readingroom.core.people import Person, Standing
from readingroom.core.policy.model import Policy
from readingroom.core.proof import drifts
from readingroom.errors import AccessDenied, NotFound, PermissionDenied, Unavailable
from readingroom.hub.client import HubClient
from readingroom.hub.groups import remove_groups
from readingroom.hub.names import workspace_key
from readingroom.ops import door, images
from readingroom.ops.install import create_run
from readingroom.ops.progress import Progress
from readingroom.services.sign_in import FirstStep, Second
from readingroom.settings import REPOSITORY, Settings
from readingroom.tour.visitor import LOOPBACK, client

PASSWORD = "a password for tests"

CONFIG = """
import sys
sys.path[:0] = {paths!r}
from tests.docker.hub_installation import StandInRecords, test_settings
from readingroom.hub.configure import configure
c = get_config()
settings = test_settings({state!r}, {port}, {network!r}, {engine_url!r})
configure(c, settings, StandInRecords(settings))
"""


def test_settings(state_dir: str, port: int, network: str, engine_url: str) -> Settings:
    return Settings(state_dir=Path(state_dir), port=port, workspace_memory_bytes=1024**3, workspace_network=network,
                    engine_url=engine_url)


test_settings.__test__ = False


@dataclass(frozen=True)
class StandInPlan:
    username: str
    project: str
    mounts: tuple[tuple[str, Path], ...]
    home: Path
    policy: Policy
    image: str = "notebook"


class StandInRecords:
    """Two small extracts; `suspended.json`, `denied.json` and `making` in the state directory say no."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.state = settings.state_dir

    def _names(self, file: str) -> list[str]:
        path = self.state / file
        return json.loads(path.read_text()) if path.exists() else []

    def person(self, username: str) -> Person:
        if username not in ("alice", "bob"):
            raise NotFound("No such person.")
        standing = Standing.SUSPENDED if username in self._names("suspended.json") else Standing.ACTIVE
        return Person(username, username.title(), "University", standing, frozenset())

    def first_step(self, username: str, password: str, address: str) -> FirstStep:
        if password != PASSWORD:
            raise PermissionDenied("No.")
        try:
            person = self.person(username)
        except NotFound as error:
            raise PermissionDenied("No.") from error
        if person.standing is not Standing.ACTIVE:
            raise PermissionDenied("No.")
        return FirstStep(person, Second.NOTHING)

    def most_browser_tokens(self) -> None:
        """Any number."""

    def plan(self, username: str, project: str) -> StandInPlan:
        allowed = project == "shared" or (username, project) == ("alice", "reoffending")
        if project in self._names("denied.json") or not allowed:
            raise AccessDenied("No.", reasons=("Your training ended on 1 May.", "The <grant> was withdrawn."))
        if (self.state / "making").exists():
            (self.state / "making").unlink()
            raise Unavailable("Your copy of the data is being made.")
        extracts = self.settings.extracts_dir
        return StandInPlan(
            username,
            project,
            (("courts", extracts / "e1"), ("prisons", extracts / "e2")),
            self.settings.homes_dir / project / username,
            Policy(pids=200, home_bytes=64 * 1024**2, project_bytes=32 * 1024**2),
        )

    def _note(self, *event: str) -> None:
        with (self.state / "events.jsonl").open("a") as file:
            file.write(json.dumps(event) + "\n")

    def check_turn(self, username: str, project: str, memory_bytes: int | None, beside_bytes: int) -> None:
        """There is always room."""

    def gave_up(self, username: str, project: str) -> None:
        """Nothing was kept free."""

    def provide(self, wanted):
        return bootstrap.volumes(self.settings).provide(wanted)

    def opened(self, username: str, project: str, container_id: str, demanded, found) -> None:
        if drifted := drifts(demanded, found):
            raise AccessDenied("It is not as demanded.", reasons=drifted)
        self._note("opened", username, project)

    def closed(self, username: str, project: str, reason: str) -> None:
        self._note("closed", username, project, reason)


class _Portal(http.server.BaseHTTPRequestHandler):
    """Says what reached it, so that a test sees what the door let through."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        size = len(self.rfile.read(length)) if length else 0
        body = json.dumps(
            {
                "portal": self.path,
                "method": self.command,
                "size": size,
                "headers": {name.lower(): value for name, value in self.headers.items()},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        pass


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class HubInstallation:
    """One installation in a temporary directory; `close` leaves nothing behind."""

    def __init__(self, state: Path, network: str = "none", engine_url: str = Settings.engine_url) -> None:
        port = _free_pair()
        self.settings = test_settings(str(state), port, network, engine_url)
        self.engine = docker.APIClient(base_url=self.settings.engine_url)
        self.hub: subprocess.Popen | None = None
        self._make_directories()
        images.provide(self.settings, Progress())
        self.image_id = installed.image_id(self.settings, installed.NOTEBOOK)
        self._portal = _UnixServer(str(self.settings.portal_socket), _Portal)
        self.settings.portal_socket.chmod(0o666)
        threading.Thread(target=self._portal.serve_forever, daemon=True).start()
        self.config = state / "jupyterhub_config.py"
        self.config.write_text(
            CONFIG.format(paths=[str(REPOSITORY), str(REPOSITORY / "src")], state=str(state), port=port,
                          network=network, engine_url=engine_url)
        )
        self.start_hub()
        self._start_door()
        self.portal = HubClient(self.settings.hub_socket, self._key("portal-token"))
        self.worker = HubClient(self.settings.hub_socket, self._key("worker-token"))

    def _key(self, name: str) -> str:
        return (self.settings.keys_dir / name).read_text()

    def _make_directories(self) -> None:
        s = self.settings
        for folder in (s.keys_dir, s.db_dir, s.homes_dir, s.extracts_dir / "e1", s.extracts_dir / "e2"):
            folder.mkdir(parents=True)
        create_run(s)
        (s.extracts_dir / "e1" / "cases.csv").write_text("offence,people\ntheft,12\n")
        (s.extracts_dir / "e2" / "stays.csv").write_text("prison,people\nA,30\n")
        for name in ("hub-cookie-secret", "proxy-token", "portal-token", "worker-token", "screen-ticket"):
            (s.keys_dir / name).write_text(secrets.token_hex(32))
            (s.keys_dir / name).chmod(0o600)

    # processes

    def start_hub(self) -> None:
        """Start hub and proxy and wait until both answer."""
        log = (self.settings.state_dir / "hub.log").open("ab")
        self.hub = subprocess.Popen(
            [sys.executable, "-m", "readingroom.hub", "-f", str(self.config)],
            cwd=self.settings.state_dir,
            stdout=log,
            stderr=log,
        )
        log.close()
        self.wait(self._hub_answers, 90)

    def _hub_answers(self) -> bool:
        with client(self.settings.public_url) as http:
            return http.get("/hub/api").status_code == 200

    def kill_hub(self) -> None:
        self.hub.send_signal(signal.SIGKILL)
        self.hub.wait()

    def _start_door(self) -> None:
        with closing(docker.DockerClient(base_url=self.settings.engine_url)) as engine:
            self.door = door.ensure(self.settings, engine).id
        self.wait(self.settings.door_admin_socket.exists, 15)

    def close(self) -> None:
        if self.hub and self.hub.poll() is None:
            self.hub.terminate()
            try:
                self.hub.wait(20)
            except subprocess.TimeoutExpired:
                self.kill_hub()
        self._portal.shutdown()
        pid_file = self.settings.run_dir / "proxy.pid"
        if pid_file.exists():
            os.kill(int(pid_file.read_text()), signal.SIGKILL)
        for container in self.containers():
            self.engine.remove_container(container["Id"], force=True, v=True)
        bootstrap.volumes(self.settings).release_idle(frozenset)
        remove_groups(self.settings)
        shutil.rmtree(self.settings.run_dir)

    # looking

    @staticmethod
    def wait(true, seconds: float, every: float = 0.1) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if true():
                    return
            except (httpx.HTTPError, OSError):
                pass  # not there yet
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s")
            time.sleep(every)

    def wait_for_state(self, state: str, seconds: float = 60, project: str = "reoffending") -> None:
        self.wait(lambda: self.portal.workspace_state("alice", project) == state, seconds)

    def containers(self, kind: str | None = None) -> list[dict]:
        labels = [f"readingroom.instance={self.settings.instance}"]
        return self.engine.containers(
            all=True, filters={"label": labels + ([f"readingroom.kind={kind}"] if kind else [])}
        )

    def events(self) -> list[list[str]]:
        file = self.settings.state_dir / "events.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def browser(self, username: str, password: str = PASSWORD) -> Browser:
        return Browser(self.settings, username, password)


class Browser:
    """A signed-in person's browser, without a screen."""

    def __init__(self, settings: Settings, username: str, password: str = PASSWORD) -> None:
        self.settings = settings
        self.username = username
        self.http = client(settings.public_url)
        page = self.http.get("/hub/login")
        self.answer = self.http.post(
            "/hub/login",
            data={"username": username, "password": password, "_xsrf": self.cookie("_xsrf", "/hub/")},
        )
        assert page.status_code == 200

    def cookie(self, name: str, path: str) -> str:
        return next((c.value for c in self.http.cookies.jar if c.name == name and c.path == path), "")

    def workspace(self, project: str, owner: str = "") -> str:
        """The address of a workspace, theirs if nobody else's is asked for; ends with a slash."""
        owner = owner or self.username
        key = workspace_key(self.settings, owner, project)
        return f"{self.settings.workspace_origin(key)}/user/{owner}/{project}/"

    def token_for(self, base: str) -> dict[str, str]:
        return {"X-XSRFToken": self.cookie("_xsrf", urlsplit(base).path)}

    def kernel(self, project: str) -> Kernel:
        base = self.workspace(project)
        assert self.http.get(f"{base}lab").status_code == 200
        answer = self.http.post(f"{base}api/kernels", json={"name": "python3"}, headers=self.token_for(base))
        answer.raise_for_status()
        return Kernel(self, base, answer.json()["id"])


class Kernel:
    """A Python kernel in a workspace, over the websocket that JupyterLab uses."""

    def __init__(self, browser: Browser, base: str, kernel_id: str) -> None:
        self.browser, self.base, self.id = browser, base, kernel_id

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        """End the kernel: a workspace's memory is limited. Gone with its workspace is fine."""
        self.browser.http.delete(
            f"{self.base}api/kernels/{self.id}",
            headers=self.browser.token_for(self.base),
        )

    def run(self, code: str, seconds: float = 30) -> str:
        """What `code` prints; AssertionError with the traceback if it raises."""
        return asyncio.run(asyncio.wait_for(self._run(code), seconds))

    async def _run(self, code: str) -> str:
        asked = self.browser.http.build_request("GET", f"{self.base}api/kernels/{self.id}/channels")
        headers = {"Host": asked.headers["host"], "Cookie": asked.headers.get("cookie", "")}
        url = str(asked.url.copy_with(scheme="ws", host=LOOPBACK))
        connection = await websocket_connect(HTTPRequest(url, headers=headers))
        message_id = secrets.token_hex(8)
        await connection.write_message(
            json.dumps(
                {
                    "header": {
                        "msg_id": message_id,
                        "msg_type": "execute_request",
                        "username": "",
                        "session": "s",
                        "version": "5.3",
                        "date": "2026-01-01T00:00:00Z",
                    },
                    "parent_header": {},
                    "metadata": {},
                    "channel": "shell",
                    "buffers": [],
                    "content": {
                        "code": code,
                        "silent": False,
                        "store_history": False,
                        "user_expressions": {},
                        "allow_stdin": False,
                        "stop_on_error": True,
                    },
                }
            )
        )
        printed = []
        while True:
            raw = await connection.read_message()
            assert raw is not None, "the websocket was closed"
            message = json.loads(raw)
            assert message["content"].get("execution_state") not in ("restarting", "dead"), "the kernel died"
            if message["parent_header"].get("msg_id") != message_id:
                continue
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])
            if message["msg_type"] == "error":
                raise AssertionError("\n".join(message["content"]["traceback"]))
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                connection.close()
                return "".join(printed)


def _free_pair() -> int:
    """A port that is free now, with a free one after it."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
