"""How long the second `up` takes, after a `down`."""

from __future__ import annotations

from rich.console import Console

from benchmarks.result import Result
from readingroom.ops.down import down
from readingroom.ops.up import up
from readingroom.settings import Settings


def second_start(settings: Settings, first_seconds: float) -> Result:
    """The first start made the demo as well; the second only starts."""
    quiet = Console(quiet=True)
    down(settings, quiet)
    again = up(settings, demo=True, console=quiet)
    return Result("second start", again.seconds, first_seconds, "first start, images there, demo made")
