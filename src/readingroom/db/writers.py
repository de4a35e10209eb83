"""Whose turn it is to write: one thread of a process, and of processes that share a SQLite file one."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from readingroom.errors import Unavailable

PATIENCE_SECONDS = 30
POLL_SECONDS = 0.002


class WritersTurn:
    """Waited for evenly by all that write: by the threads of this process, then at the lock `file`, if there is one.

    SQLite lets writers that find the database locked sleep longer and longer, up to a tenth of a second at a time,
    while the lock lies idle; writers that wait for PostgreSQL's lock each hold a connection that readers need. So a
    single thread of a process asks the database, and the others sleep until it is done: two hundred at once cost no
    more than two hundred in a row. This only says who tries next: what is true of the records rests on the database's
    own lock, and the kernel drops that of the file with its process.
    """

    def __init__(self, file: str | None = None) -> None:
        self._file = file
        self._ours = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the turn, and hold it; after PATIENCE_SECONDS go on without it, and let the database decide.

        Unavailable if the lock file cannot be made.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        first = self._ours.acquire(timeout=PATIENCE_SECONDS)
        try:
            with _file_lock(self._file, until) if self._file else nullcontext():
                yield
        finally:
            if first:
                self._ours.release()


@contextmanager
def _file_lock(path: str, until: float) -> Iterator[None]:
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
