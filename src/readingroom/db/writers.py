"""Whose turn it is to write: one thread of a process, one process of those that share a SQLite file."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from readingroom.errors import Unavailable

PATIENCE_SECONDS = 30
POLL_SECONDS = 0.002


class WritersTurn:
    """The lock file at `path`, waited for evenly.

    SQLite lets writers that find the database locked sleep longer and longer, up to a tenth of a second at a time,
    while the lock lies idle. This only says who tries next: what is true of the records rests on SQLite's own lock,
    and the kernel drops the file's lock with its process. Of one process a single thread watches the file; the
    others sleep until it is done, so that two hundred at once cost no more than two hundred in a row.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._ours = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the turn, and hold it; after PATIENCE_SECONDS go on without it, and let SQLite decide.

        Unavailable if the lock file cannot be made.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        first = self._ours.acquire(timeout=PATIENCE_SECONDS)
        try:
            with _file_lock(self._path, until):
                yield
        finally:
            if first:
                self._ours.release()


@contextmanager
def _file_lock(path: str | Path, until: float) -> Iterator[None]:
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unavailable(error.strerror) from error
    try:
        while time.monotonic() < until:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(file)


def unavailable(reason: object) -> Unavailable:
    """The refusal when the records can't be reached, locked or written."""
    return Unavailable(f"The records could not be used: {reason}.", rule="records.available",
                       next_step="Check the disk and the database, then try again; nothing was half done.")
