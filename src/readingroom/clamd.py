"""Malware scanning through clamd's socket (the Scanner port)."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from readingroom.core.incoming import Scan
from readingroom.errors import Unavailable

SECONDS = 120.0
CHUNK = 2**17
LONGEST_REPLY = 4096


class ClamdScanner:
    """Sends bytes to a clamd on this machine; see `INSTREAM` in clamd(8)."""

    def __init__(self, socket_file: Path, seconds: float = SECONDS) -> None:
        self._socket_file, self._seconds = socket_file, seconds

    def scan(self, content: bytes) -> Scan:
        reply = self._asked(content)
        if reply == "stream: OK":
            return Scan()
        if reply.startswith("stream: ") and reply.endswith(" FOUND"):
            return Scan(reply.removeprefix("stream: ").removesuffix(" FOUND") or "something")
        raise Unavailable(f"The malware scanner answered {reply[:100]!r}.", rule="scan.answer", value=reply[:100],
                          next_step="Its StreamMaxLength must not be below incoming_file_bytes; look at its log.")

    def _asked(self, content: bytes) -> str:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self._seconds)
                connection.connect(str(self._socket_file))
                connection.sendall(b"zINSTREAM\0")
                try:
                    for start in range(0, len(content), CHUNK):
                        part = content[start:start + CHUNK]
                        connection.sendall(struct.pack("!I", len(part)) + part)
                    connection.sendall(struct.pack("!I", 0))
                except (BrokenPipeError, ConnectionResetError):
                    pass  # it has said why and hung up
                return self._reply(connection)
        except OSError as error:
            raise Unavailable(f"The malware scanner does not answer at {self._socket_file}: {error.strerror or error}.",
                              rule="scan.socket", value=self._socket_file,
                              next_step="Start clamd, or correct clamav_socket in settings.toml.") from error

    @staticmethod
    def _reply(connection: socket.socket) -> str:
        reply = b""
        while len(reply) < LONGEST_REPLY and not reply.endswith(b"\0"):
            part = connection.recv(LONGEST_REPLY)
            if not part:
                break
            reply += part
        return reply.rstrip(b"\0").decode(errors="replace").strip()
