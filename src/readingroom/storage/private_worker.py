"""The process in which noise is drawn: one, spawned when it is first needed, replaced when it ended."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from readingroom.core.privacy.parts import Part
from readingroom.core.privacy.queries import Query
from readingroom.errors import Unavailable

TIMEOUT_SECONDS = 300.0


class ReleaseWorker:
    """Not for two threads at once: callers hold a lock of their own."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def release(self, query: Query, parts: Sequence[Part], views: Sequence[Path], repeat: int = 1,
                timeout_seconds: float = TIMEOUT_SECONDS) -> dict[str, Any]:
        """Fresh noise for each of `repeat` releases. Unavailable, without a cause, if anything is not as it should."""
        job = {"shapes": [asdict(part.shape) for part in parts], "views": [str(view) for view in views],
               "amount": str(query.spend.amount), "femto_delta": query.spend.femto_delta, "repeat": repeat}
        process = self._running()
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            reply: dict[str, Any] = json.loads(_read_line(process, timeout_seconds))
        except BaseException:
            self.stop()
            raise
        if reply.get("ok") is not True:
            raise Unavailable("The release worker refused.", rule="release-worker")
        return reply

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = _spawn()
        return self._process


def _spawn() -> subprocess.Popen[bytes]:
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PATH": os.environ.get("PATH", ""),
        "POLARS_MAX_THREADS": "2",
    }
    return subprocess.Popen([sys.executable, "-m", "readingroom.storage._private_release"], env=environment,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _read_line(process: subprocess.Popen[bytes], timeout_seconds: float) -> bytes:
    deadline, parts = time.monotonic() + timeout_seconds, []
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not parts or not parts[-1].endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("the release worker is late")
            chunk = os.read(process.stdout.fileno(), 2**20)
            if not chunk:
                raise EOFError("the release worker ended")
            parts.append(chunk)
    return b"".join(parts)
