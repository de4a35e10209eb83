"""A clamd for tests: its own, in a directory of its own, that knows one thing as malware and asks nobody for more."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MALWARE = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The test file of the European Institute for Computer Antivirus Research: harmless, and found by every scanner."""
NAME = "Eicar-Test-Signature"


@contextmanager
def server(directory: Path, **options: str) -> Iterator[Path]:
    """The socket of a clamd with these options (see clamd.conf(5)), that ends with the block."""
    known, socket, log = directory / "known", directory / "clamd.sock", directory / "log"
    known.mkdir(parents=True)
    (known / "test.ndb").write_text(f"{NAME}:0:*:{MALWARE.hex()}\n")
    said = {"DatabaseDirectory": known, "LocalSocket": socket, "Foreground": "yes", "User": "root"} | options
    (directory / "clamd.conf").write_text("".join(f"{name} {value}\n" for name, value in said.items()))
    with log.open("wb") as told, subprocess.Popen(
            ["clamd", "--config-file", directory / "clamd.conf"], stdout=told, stderr=told) as process:
        try:
            while not socket.exists():
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            yield socket
        finally:
            process.terminate()
