"""A sign of life while something takes long: how far it is, what it does, and for how long already."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from threading import Event, Thread

from readingroom.sdk._line import Line, in_kernel

SILENT_SECONDS = 2.0
EVERY_SECONDS = 0.5

Tell = Callable[[int, str], None]
"""Says which step it is at, from 0, in words."""

_shown: ContextVar[bool] = ContextVar("shown", default=False)


@contextmanager
def progress(steps: int) -> Iterator[Tell]:
    """A bar of so many steps, from the third second on, in a notebook or a terminal; within another there is none.

    Example: `with progress(3) as tell: tell(0, "counting")` shows "▱▱▱ counting, 4 s".
    """
    if _shown.get() or not (in_kernel() or sys.stderr.isatty()):
        yield lambda step, words: None
        return
    bar = _Bar(steps)
    ended = Event()
    token = _shown.set(True)
    # The thread has the cell's context, or its output would go to whatever cell runs next.
    thread = Thread(target=copy_context().run, args=(bar.show_until, ended), daemon=True)
    thread.start()
    try:
        yield bar.tell
        bar.done = True
    finally:
        ended.set()
        thread.join()
        _shown.reset(token)


class _Bar:
    def __init__(self, steps: int) -> None:
        self.steps, self.at, self.words, self.begun, self.done = steps, 0, "working", time.monotonic(), False

    def tell(self, step: int, words: str) -> None:
        self.at, self.words = step, words

    def show_until(self, ended: Event) -> None:
        if ended.wait(SILENT_SECONDS):
            return
        line = Line()
        line.show(self._said())
        while not ended.wait(EVERY_SECONDS):
            line.show(self._said())
        how = "done in" if self.done else "ended after"
        line.show(f"{'▰' * self.steps if self.done else self._bar()} {how} {time.monotonic() - self.begun:.0f} s")

    def _said(self) -> str:
        """Without the time in a terminal, where each change is a line of its own."""
        said = f"{self._bar()} {self.words}"
        return f"{said}, {time.monotonic() - self.begun:.0f} s" if in_kernel() else said

    def _bar(self) -> str:
        return "▰" * self.at + "▱" * (self.steps - self.at)
