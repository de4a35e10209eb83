"""Work on tables, done in a process of its own that ends when there is none.

What reads and writes tables takes 65 MiB once it is loaded and keeps much of what it ever needed. The worker runs for
months and works on tables for seconds, so it has this done for it: one job after the other, by a process that is
started for the first and leaves after a while without any. It ends with the worker, however that ends.
"""

from __future__ import annotations

import builtins
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from readingroom.core.datasets import Dataset, Table
from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.recomputing import Allowance, Asked
from readingroom.errors import ReadingRoomError, Unavailable
from readingroom.settings import Settings
from readingroom.storage.extracts import FoundExtracts
from readingroom.storage.private_scratch import clear_scratch

LEFT = 0  # the status of one that had nothing to do


@dataclass(frozen=True)
class _Process:
    program: subprocess.Popen[bytes]
    line: Connection


@contextmanager
def spending(allowance: Allowance | None) -> Iterator[None]:
    begun = time.monotonic()
    try:
        yield
    finally:
        if allowance is not None:
            allowance.spent += time.monotonic() - begun


class Apart:
    """Calls methods of an object that lives in another process: `room` of `readingroom.back_room`."""

    def __init__(self, settings: Settings, room: str, idle_seconds: float) -> None:
        self.after_a_death: Callable[[], object] = lambda: None  # done before another is started
        self._told = (settings, room, idle_seconds)
        self._lock = threading.Lock()
        self._process: _Process | None = None

    def call(self, method: str, *arguments: object, seconds: float | None = None,
             allowance: Allowance | None = None) -> Any:
        """What the method returns or raises there. Unavailable if the process broke off: it may be tried again.

        With `seconds` also if it takes longer, and the process is ended. What it takes, once it is its turn, is taken
        off the `allowance`.
        """
        with self._lock, spending(allowance):
            try:  # twice: the first was just leaving
                answer = self._ask(method, arguments, seconds) or self._ask(method, arguments, seconds)
            except BaseException:
                self._end()
                raise
        if answer is None:
            raise _broken("it leaves before it begins")
        done, result = answer
        if not done:
            raise result
        return result

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, method: str, arguments: tuple[object, ...], seconds: float | None) -> tuple[bool, Any] | None:
        """Whether it succeeded, and with what. None if the process had left without having read this."""
        process = self._process or self._start()
        try:
            process.line.send((method, arguments))
            if seconds is not None and not process.line.poll(seconds):
                raise Unavailable("The work on tables took too long.", rule="tables.time", value=seconds,
                                  next_step="Ask for less at once.")
            answer: tuple[bool, Any] = process.line.recv()
            return answer
        except (EOFError, ConnectionError):
            status = process.program.wait()
            self._end()
            if status != LEFT:
                self.after_a_death()
                raise _broken(f"status {status}") from None
            return None

    def _start(self) -> _Process:
        ours, theirs = Pipe()
        with theirs:
            program = subprocess.Popen([sys.executable, "-m", "readingroom.back_room", str(theirs.fileno())],
                                       stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        self._process = _Process(program, ours)
        ours.send(self._told)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.line.close()
            self._process.program.kill()
            self._process.program.wait()
            self._process = None


def _broken(how: str) -> Unavailable:
    return Unavailable(f"The work on tables broke off ({how}).", rule="tables.process", value=how,
                       next_step="It is tried again; if it stays so, see whether the machine has memory left.")


def serve(made: object, line: Connection, idle_seconds: float) -> None:
    """The other side: call what is asked for until nothing was for a while."""
    _end_with(line)
    while line.poll(idle_seconds):
        method, arguments = line.recv()
        line.send(_called(getattr(made, method), arguments))


def _called(method: Callable[..., object], arguments: tuple[object, ...]) -> tuple[bool, object]:
    try:
        return True, method(*arguments)
    except ReadingRoomError as error:
        return False, error
    except Exception as error:  # noqa: BLE001  an engine's own message may quote a value
        known = isinstance(error, OSError) and type(error).__module__ == builtins.__name__
        return False, error if known else Unavailable(
            f"The work on tables failed ({type(error).__name__}).", rule="tables.failed", value=type(error).__name__,
            next_step="It is tried again. If it stays so, please report it.")


def _end_with(line: Connection) -> None:
    """End this process at once when nobody is left at the other end, also in the middle of a job."""
    hung_up = select.poll()
    hung_up.register(line, 0)

    def watch() -> None:
        hung_up.poll()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class ExtractsApart(FoundExtracts):
    """The Extracts port, whose extracts are made in a process apart."""

    def __init__(self, root: Path, apart: Apart) -> None:
        super().__init__(root)
        self._apart = apart
        apart.after_a_death = self.clear_unfinished

    def build(self, extract_id: str, dataset: Dataset, version: str, columns: Mapping[str, tuple[str, ...]],
              row_filter: Mapping[str, str], project: str) -> Path:
        built: Path = self._apart.call("build", extract_id, dataset, version, dict(columns), dict(row_filter), project)
        return built

    def count(self, dataset: Dataset, version: str, table: str, condition: str) -> int:
        return int(self._apart.call("count", dataset, version, table, condition))


class AnswererApart:
    """A `PrivateAnswerer` whose rows are in a process apart; what a killed one left of them goes at the start."""

    def __init__(self, scratch: Path, apart: Apart) -> None:
        clear_scratch(scratch)
        self._apart = apart

    def answer(self, query: object, dataset: Dataset, table: Table, version: str) -> dict[str, object]:
        answered: dict[str, object] = self._apart.call("answer", query, dataset, table, version)
        return answered


class RecomputerApart:
    """The Recomputer port, whose rows are in a process apart. One that takes longer than `seconds`, or than is left
    of what it is allowed, is ended."""

    def __init__(self, apart: Apart, seconds: float) -> None:
        self._apart, self._seconds = apart, seconds

    def recompute(self, asked: Asked, allowance: Allowance) -> tuple[TableEvidence, ...]:
        found: tuple[TableEvidence, ...] = self._apart.call(
            "recompute", asked, seconds=min(self._seconds, allowance.left), allowance=allowance)
        return found
