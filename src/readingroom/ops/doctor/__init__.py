"""What is missing, too old or unsafe on this machine, each with its fix. Looks and changes nothing.

What can't be told is a warning that says so, never "ok".
"""

from __future__ import annotations

from readingroom.ops import walls
from readingroom.ops.checks import Check, Level
from readingroom.ops.doctor import addresses, containers, installation, machine, software
from readingroom.settings import Settings


def diagnose(settings: Settings, *, before_start: bool = False) -> tuple[Check, ...]:
    """Look at everything. With `before_start`, what `up` provides by itself is a warning, not a failure."""
    checks = [
        *software.python(),
        *software.packages(),
        *software.host_tools(),
        *machine.kernel(),
        *installation.state(settings),
        *installation.policies(settings),
        *installation.scanner(settings),
        *installation.keys(settings),
        *addresses.port(settings),
        *addresses.public_name(settings),
        *addresses.sockets(settings),
        *walls.quotas(settings),
        *walls.bridges_closed(settings),
        *containers.engine_and_images(settings, before_start),
        *installation.processes(settings),
    ]
    return tuple(checks)


def failures(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.level is Level.FAILURE)
