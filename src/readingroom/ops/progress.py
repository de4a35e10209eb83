"""What somebody at a terminal sees while long work runs, and how other programs are run."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from readingroom.errors import Unavailable

if TYPE_CHECKING:
    from rich.console import Console


class Progress:
    """Says what is being done, for how long, and what was done. Writes to standard error."""

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console  # programs that run all day say nothing here

        self.console = console or Console(stderr=True)

    @contextmanager
    def step(self, text: str) -> Iterator[Callable[[str], None]]:
        """Announce a step; the value yielded shows a detail beside it. Says how it ended and the seconds."""
        begun = time.monotonic()
        if not self.console.is_terminal:
            self.console.print(f"… {text}", highlight=False)
        with self.console.status(text) as status:

            def detail(line: str) -> None:
                status.update(f"{text}  [dim]{_plain(line)}[/dim]")

            try:
                yield detail
            except BaseException:
                self.console.print(f"✗ {text}", style="red", highlight=False)
                raise
        self.console.print(f"✓ {text} [dim]({time.monotonic() - begun:.1f} s)[/dim]", highlight=False)

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False)


def _plain(line: str) -> str:
    return line.strip().replace("[", "\\[")[:90]


def run(
    command: Sequence[str | Path],
    *,
    failure: str,
    next_step: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    detail: Callable[[str], None] | None = None,
    timeout_seconds: float | None = None,
) -> str:
    """Run a program to its end and return what it printed (both streams, in order).

    Raises Unavailable with `failure`, the exit status and the last lines when it is absent, fails, or is
    silent for longer than `timeout_seconds` in all.
    """
    lines: deque[str] = deque(maxlen=2000)
    begun = time.monotonic()
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=dict(environment) if environment is not None else dict(os.environ),
        )
    except OSError as error:
        raise Unavailable(
            f"{failure} ({error.strerror}: {command[0]}).",
            rule="ops.program",
            value=command[0],
            next_step=next_step,
        ) from error
    with process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line)
                if detail and line.strip():
                    detail(line)
                if timeout_seconds and time.monotonic() - begun > timeout_seconds:
                    process.kill()
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        tail = "".join(list(lines)[-12:]).strip()
        raise Unavailable(
            f"{failure} (exit status {process.returncode}):\n{tail}\n",
            rule="ops.program",
            value=Path(command[0]).name,
            next_step=next_step,
        )
    return "".join(lines)
