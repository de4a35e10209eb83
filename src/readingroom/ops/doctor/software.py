"""Python, its packages, and the tools of the host."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from readingroom.ops import floors
from readingroom.ops.checks import Check, Level, fail, ok, warn
from readingroom.settings import REPOSITORY

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def python() -> Iterator[Check]:
    version = platform.python_version()
    if sys.version_info >= (3, 11):  # noqa: UP036  the lock file's floor, said in words
        yield ok("python", f"Python {version}")
    else:
        yield fail("python", f"Python {version} is too old.", "Install Python 3.11 or later.")


def packages() -> Iterator[Check]:
    for floor in floors.PLATFORM:
        try:
            found = metadata.version(floor.name)
        except metadata.PackageNotFoundError:
            yield fail(floor.name, f"{floor.name} is not installed.", "Remove .venv and run `make up`.")
            continue
        yield against(floor, found, Level.FAILURE, "Update requirements/platform.lock and run `make up`.")
    yield from _workspace_packages()


def _workspace_packages() -> Iterator[Check]:
    """What the notebook image installs is what its lock file says, so the lock is what is read."""
    lock = REPOSITORY / "images/notebook/requirements.lock"
    locked = {}
    if lock.is_file():
        for line in lock.read_text().splitlines():
            name, equals, rest = line.partition("==")
            if equals and not line.startswith(" "):
                locked[name] = rest.split()[0]
    for floor in floors.WORKSPACE:
        name = f"workspace {floor.name}"
        if floor.name not in locked:
            yield warn(name, f"Can't tell which {floor.name} workspaces get.", f"Restore {lock}.")
        else:
            yield against(floor, locked[floor.name], Level.FAILURE, "Run `make lock` and `make up`.", name)


def against(floor: floors.Floor, version: str, level: Level, fix: str, name: str = "") -> Check:
    if floors.meets(version, floor):
        return ok(name or floor.name, f"{floor.name} {version}")
    if not floors.parse(version):
        return warn(name or floor.name, f"Can't tell the version of {floor.name} ({version!r}).", fix)
    wanted = " or ".join(floor.versions)
    return Check(
        name or floor.name, level, f"{floor.name} {version} is below {wanted} ({floor.because}).", fix
    )


def host_tools() -> Iterator[Check]:
    node = Path(sys.executable).parent / "node"
    if node.exists():
        yield ok("node", f"Node of this environment ({node})")
    else:
        yield fail("node", "There is no Node in this environment.", "Remove .venv and run `make up`.")
    if any(shutil.which(name) for name in CHROMIUM):
        yield ok("chromium", "A Chromium for the browser tests")
    else:
        yield warn(
            "chromium",
            "No Chromium (only the browser tests need it).",
            "As root: apt-get install --no-install-recommends chromium",
        )
    if not shutil.which("setpriv"):
        yield warn(
            "setpriv",
            "No setpriv: a killed supervisor would leave its programs running.",
            "Install the package util-linux.",
        )
