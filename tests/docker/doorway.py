"""The real door in front of hostile stand-ins for workspaces' servers: no Hub, no images but the door's own."""

from __future__ import annotations

import base64
import hashlib
import http.server
import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker
import httpx

from readingroom import installed
from readingroom.errors import Unavailable
from readingroom.hub import display, doorkeeper, ownership, sockets, tickets
from readingroom.hub.configure import PROXY
from readingroom.hub.names import INSTANCE_LABEL, RESEARCHER, sockets_dir, workspace_key
from readingroom.hub.proxy import unix_url
from readingroom.ops import door, images
from readingroom.ops.install import create_run
from readingroom.ops.progress import Progress
from readingroom.settings import Settings

TICKET_KEY = "a key for tests"
HOST = "the-workspaces-own-host.test"
KERNEL = f"/api/kernels/{'0' * 8}-0000-0000-0000-{'0' * 12}/channels"


class Hostile(http.server.BaseHTTPRequestHandler):
    """A workspace's server under its researcher's command: answers with the headers it is given."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length) if length else b""
        self.server.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, len(body)))
        if self.headers.get("Upgrade"):
            self._echo()
            return
        for line in self.server.early:
            self.wfile.write(line)
        self.send_response(self.server.status)
        answer = self.server.answer if self.command != "HEAD" else b""
        if self.server.sized:
            self.send_header("Content-Length", str(len(answer)))
        for name, value in self.server.given:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)
        if not self.server.sized:
            self.close_connection = True

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_TRACE = do_GET

    def _echo(self) -> None:
        """A websocket as far as a proxy sees one: what comes in goes back, until either side ends it."""
        self.send_response(101)
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept),
                            *self.server.given):
            self.send_header(name, value)
        self.end_headers()
        while part := self.connection.recv(65536):
            self.connection.sendall(part)
        self.close_connection = True

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        pass


class HostileServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Hostile)
        self.seen: list[tuple[str, str, dict[str, str], int]] = []
        self.given: list[tuple[str, str]] = []
        self.early: list[bytes] = []
        self.status, self.answer, self.sized = 200, b"{}", True


class Doorway:
    """One door, and as many workspaces behind it as a test opens. `close` leaves nothing behind."""

    def __init__(self, state: Path, **given: object) -> None:
        self.settings = Settings(state_dir=state, **given)
        create_run(self.settings)
        self.settings.keys_dir.mkdir(parents=True)
        (self.settings.keys_dir / tickets.KEY_FILE).write_text(TICKET_KEY)
        self.engine = docker.DockerClient(base_url=self.settings.engine_url)
        images.provide(self.settings, Progress())
        self.servers: dict[tuple[str, str], HostileServer] = {}
        self.start()

    def start(self) -> None:
        door.ensure(self.settings, self.engine)
        deadline = time.monotonic() + 20
        while True:
            try:
                return doorkeeper.reconcile(self.settings)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def kill(self) -> None:
        self.engine.containers.get(door.container_name(self.settings)).kill()

    def open(self, person: str, project: str, *, screen: bool = False) -> HostileServer:
        folder = sockets.fresh_directory(self._folder(person, project, screen))
        server = HostileServer(folder / sockets.NAME)
        (folder / sockets.NAME).chmod(0o666)
        self._pin(folder)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.servers[person, project] = server
        doorkeeper.reconcile(self.settings)
        return server

    def shut(self, person: str, project: str, *, screen: bool = False) -> None:
        self.servers.pop((person, project)).shutdown()
        shutil.rmtree(self._folder(person, project, screen))
        doorkeeper.reconcile(self.settings)

    def _folder(self, person: str, project: str, screen: bool) -> Path:
        if screen:
            return display.places(self.settings, person, project).screen
        return sockets_dir(self.settings, person, project)

    def _pin(self, folder: Path) -> None:
        """The socket is its researcher's and the directory ours, as after a start."""
        if os.geteuid() == 0:
            os.chown(folder / sockets.NAME, RESEARCHER, RESEARCHER)
        else:
            label = {INSTANCE_LABEL: self.settings.instance}
            image = installed.image_id(self.settings, installed.NOTEBOOK)
            ownership._in_container(folder, f"chown {RESEARCHER} /target/{sockets.NAME}", ["CHOWN", "DAC_OVERRIDE"],
                                    engine=self.engine.api, image=image, label=label)
        folder.chmod(sockets.PINNED_MODE)

    def host(self, person: str, project: str) -> str:
        return self.settings.workspace_host(workspace_key(self.settings, person, project))

    def ask(self, path: str, method: str = "GET", **given) -> httpx.Response:
        """Through the door, as the Hub's proxy passes it on, at the host of the path's workspace."""
        _, _, person, project, *_ = path.split("/")
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(self.settings.inward_socket)),
                          base_url=f"http://{self.host(person, project)}", timeout=20) as http:
            return http.request(method, path, **given)

    def raw(self, sent: bytes, person: str = "ada", project: str = "returning") -> bytes:
        """Exactly these bytes, but for the host's name; and what comes back until the other side ends or is silent."""
        with self.connect(self.addressed(sent, person, project)) as line:
            line.settimeout(3)
            received = b""
            try:
                while part := line.recv(65536):
                    received += part
            except TimeoutError:
                pass
            return received

    def addressed(self, sent: bytes, person: str = "ada", project: str = "returning") -> bytes:
        return sent.replace(HOST.encode(), self.host(person, project).encode())

    def connect(self, sent: bytes) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(self.settings.inward_socket))
        line.settimeout(10)
        line.sendall(sent)
        return line

    def websocket(self, person: str, project: str, *, headers: bytes = b"", path: str = KERNEL) -> socket.socket:
        line = self.connect(f"GET /user/{person}/{project}{path} HTTP/1.1\r\n"
                            f"Host: {self.host(person, project)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            "Sec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n".encode() + headers + b"\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = line.recv(4096)
            if not part:
                break
            answer += part
        assert b" 101 " in answer.split(b"\r\n")[0], answer
        return line

    @contextmanager
    def proxy(self) -> Iterator[int]:
        """The Hub's proxy in front of the door, as an installation runs it; its port."""
        with socket.socket() as one, socket.socket() as two:
            for free in (one, two):
                free.bind(("127.0.0.1", 0))
            port, api = one.getsockname()[1], two.getsockname()[1]
        process = subprocess.Popen([*PROXY, "--ip", "127.0.0.1", "--port", str(port), "--api-port", str(api),
                                    "--default-target", unix_url(self.settings.inward_socket)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 20
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert time.monotonic() < deadline, "no proxy"
                time.sleep(0.05)
            yield port
        finally:
            process.kill()
            process.wait()

    def close(self) -> None:
        for server in self.servers.values():
            server.shutdown()
        with closing(self.engine) as engine:
            door.remove(self.settings, engine)
        shutil.rmtree(self.settings.run_dir)


def key_of(settings: Settings, person: str, project: str) -> str:
    """As the door itself computes it."""
    return hashlib.sha256(f"{settings.instance}/{person}/{project}".encode()).hexdigest()[:12]
