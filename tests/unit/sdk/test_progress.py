"""A sign of life: only where somebody looks, only after a while, and one for what runs within another."""

from __future__ import annotations

import io
import sys
import time

import pytest

from readingroom.sdk import _progress
from readingroom.sdk._progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def shows(self, words: str) -> bool:
        """Whether it does, once the thread that writes has had its turn."""
        ends = time.monotonic() + 20
        while words not in self.getvalue() and time.monotonic() < ends:
            time.sleep(0.01)
        return words in self.getvalue()


@pytest.fixture
def watched(monkeypatch):
    def watched() -> Terminal:  # within the test: pytest puts its own stream in place when one begins
        made = Terminal()
        monkeypatch.setattr(sys, "stderr", made)
        return made

    monkeypatch.setattr(_progress, "SILENT_SECONDS", 0.01)
    monkeypatch.setattr(_progress, "EVERY_SECONDS", 0.01)
    return watched


def test_each_step_is_a_line_with_how_far_it_is(watched):
    terminal = watched()
    with progress(3) as tell:
        tell(0, "counting")
        assert terminal.shows("▱▱▱ counting\n")
        tell(2, "proving")
        assert terminal.shows("▰▰▱ proving\n")
    assert terminal.getvalue().endswith("▰▰▰ done in 0 s\n")


def test_what_is_soon_done_says_nothing(watched, monkeypatch):
    terminal = watched()
    monkeypatch.setattr(_progress, "SILENT_SECONDS", 60)
    with progress(2) as tell:
        tell(1, "counting")
    assert terminal.getvalue() == ""


def test_where_nobody_looks_nothing_is_said(watched, monkeypatch):
    terminal = watched()
    monkeypatch.setattr(terminal, "isatty", lambda: False)
    with progress(2) as tell:
        tell(1, "counting")
        time.sleep(0.05)
    assert terminal.getvalue() == ""


def test_what_runs_within_another_is_told_by_that_one(watched):
    terminal = watched()
    with progress(2) as tell:
        tell(1, "outer")
        with progress(5) as inner:
            inner(3, "inner")
        assert terminal.shows("outer")
    assert "inner" not in terminal.getvalue()


def test_an_error_is_not_done(watched):
    terminal = watched()
    with pytest.raises(ZeroDivisionError), progress(1) as tell:
        tell(0, "dividing")
        assert terminal.shows("dividing")
        raise ZeroDivisionError
    assert terminal.getvalue().endswith("▱ ended after 0 s\n")
