"""The malware scanner's protocol, against a daemon that speaks it (clamd(8), INSTREAM)."""

from __future__ import annotations

import re
import shutil
import socket
import struct
import threading

import pytest

from readingroom.clamd import ClamdScanner
from readingroom.core.incoming import Scan
from readingroom.errors import Unavailable
from readingroom.ops.checks import Level
from readingroom.ops.doctor.installation import scanner
from readingroom.settings import REPOSITORY, Settings

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LIMIT = 2**20


class Daemon:
    """Reads one stream as clamd does and finds the EICAR test string in it; hangs up beyond its limit."""

    def __init__(self, path, reply: bytes | None = None) -> None:
        self.received, self._reply = b"", reply
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            while length := struct.unpack("!I", stream.read(4))[0]:
                self.received += stream.read(length)
                if len(self.received) > LIMIT:
                    connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            found = b"stream: Eicar-Signature FOUND" if EICAR in self.received else b"stream: OK"
            connection.sendall((found if self._reply is None else self._reply) + b"\0")

    def close(self) -> None:
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def daemon(tmp_path):
    made = Daemon(tmp_path / "clamd.sock")
    yield made
    made.close()


def test_every_byte_is_sent_and_clean_is_clean(daemon, tmp_path):
    content = bytes(range(256)) * 2000
    assert ClamdScanner(tmp_path / "clamd.sock").scan(content) == Scan()
    assert daemon.received == content


def test_what_is_found_is_named(daemon, tmp_path):
    assert ClamdScanner(tmp_path / "clamd.sock").scan(b"before " + EICAR) == Scan("Eicar-Signature")


def test_an_empty_file_is_scanned_too(daemon, tmp_path):
    assert ClamdScanner(tmp_path / "clamd.sock").scan(b"") == Scan()


def test_p9_a_limit_that_stops_the_scan_is_not_clean(daemon, tmp_path):
    with pytest.raises(Unavailable) as refused:
        ClamdScanner(tmp_path / "clamd.sock").scan(b"x" * (LIMIT + 2**18))
    assert "StreamMaxLength" in refused.value.next_step


@pytest.mark.parametrize("reply", [b"", b"stream: ", b"ERROR", b"OK", b"stream: OK FOUNDATION", b"\xff\xfe"])
def test_p9_an_answer_that_is_not_understood_is_not_clean(tmp_path, reply):
    daemon = Daemon(tmp_path / "clamd.sock", reply)
    with pytest.raises(Unavailable):
        ClamdScanner(tmp_path / "clamd.sock").scan(b"x")
    daemon.close()


def test_no_daemon_is_said_so(tmp_path):
    with pytest.raises(Unavailable) as refused:
        ClamdScanner(tmp_path / "none.sock").scan(b"x")
    assert refused.value.rule == "scan.socket"


class TestTheDoctor:
    def settings(self, tmp_path, said: str, **given) -> Settings:
        shutil.copytree(REPOSITORY / "policies", tmp_path / "policies")
        site = tmp_path / "policies" / "site.yaml"
        site.write_text(re.sub(r"incoming_file_bytes: \d+", "incoming_file_bytes: 1000",
                               site.read_text().replace("incoming_scanned: false", f"incoming_scanned: {said}")))
        return Settings(state_dir=tmp_path, policies_dir=tmp_path / "policies", **given)

    def test_none_is_fine_unless_policy_demands_one(self, tmp_path):
        assert list(scanner(self.settings(tmp_path / "a", "false"))) == []
        (found,) = scanner(self.settings(tmp_path / "b", "true"))
        assert found.level is Level.WARNING and "clamav_socket" in found.fix

    def test_one_that_is_set_is_asked(self, tmp_path, daemon):
        (found,) = scanner(self.settings(tmp_path / "a", "true", clamav_socket=str(tmp_path / "clamd.sock")))
        assert found.level is Level.OK and daemon.received == bytes(1000)
        (found,) = scanner(self.settings(tmp_path / "b", "true", clamav_socket=str(tmp_path / "none.sock")))
        assert found.level is Level.WARNING
