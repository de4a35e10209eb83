"""Another origin, as an attacker would have it: it answers everything, and remembers whoever as much as knocks."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    do_POST = do_PUT = do_OPTIONS = do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


class Elsewhere(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[str] = []
        self.knocks = 0
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", self.server_port))
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        """WebRTC asks a server of its choice, over UDP, where it is."""
        while True:
            try:
                self._datagrams.recv(2048)
            except OSError:
                return
            self.asked.append("a datagram")

    def get_request(self):
        self.knocks += 1
        return super().get_request()

    @property
    def url(self) -> str:
        return f"http://elsewhere.localhost:{self.server_port}"

    def forget(self) -> None:
        self.asked.clear()
        self.knocks = 0


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        server._datagrams.close()
