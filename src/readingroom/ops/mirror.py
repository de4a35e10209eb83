"""Fetch packages for a project's mirror: done by an administrator on the host, never on behalf of a workspace."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from readingroom.errors import InvalidInput
from readingroom.ops.progress import Progress, run
from readingroom.settings import REPOSITORY

IMAGE_LOCK = REPOSITORY / "images/notebook/requirements.lock"
PYTHON = "3.11"
PLATFORMS = ("manylinux_2_36_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!]+\Z")
# One lock serves several Pythons; what counts is what the image's own installs.
IMAGE_ENVIRONMENT = {
    "python_version": PYTHON, "python_full_version": f"{PYTHON}.2", "implementation_name": "cpython",
    "platform_python_implementation": "CPython", "sys_platform": "linux", "platform_system": "Linux",
    "os_name": "posix", "platform_machine": "x86_64", "extra": "",
}


def in_the_image() -> dict[str, str]:
    """Name and version of what the notebook image already holds."""
    held = {}
    for line in IMAGE_LOCK.read_text().splitlines():
        if line[:1].isalnum():
            locked = Requirement(line.rstrip(" \\"))
            if locked.marker is None or locked.marker.evaluate(IMAGE_ENVIRONMENT):
                held[canonicalize_name(locked.name)] = str(locked.specifier).removeprefix("==")
    return held


def download(wanted: Sequence[str], progress: Progress) -> tuple[tuple[str, bytes], ...]:
    """The wheels of NAME==VERSION and of what they need beyond the image, from this machine's own index.

    pip checks each against the hash its index gives; nothing is built and no code of a package runs. Raises
    InvalidInput for anything but an exact version, and Unavailable where pip finds no set that fits the image.
    """
    if loose := [one for one in wanted if not _PINNED.match(one)]:
        raise InvalidInput(f"{loose[0]!r} is not NAME==VERSION.", rule="packages.pinned", value=loose[0],
                           next_step="Name the exact version: what people install must not change by itself.")
    held = in_the_image()
    with tempfile.TemporaryDirectory(prefix="readingroom-") as scratch, progress.step("Fetching packages") as detail:
        constraints, wheels = Path(scratch) / "image.txt", Path(scratch) / "wheels"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in held.items()))
        targets = [word for platform in PLATFORMS for word in ("--platform", platform)]
        run([sys.executable, "-m", "pip", "download", "--only-binary", ":all:", "--no-cache-dir", "--dest", wheels,
             "--disable-pip-version-check", "--implementation", "cp", "--python-version", PYTHON, *targets,
             "--constraint", constraints, *wanted],
            failure="pip could not fetch them", detail=detail,
            next_step="If it conflicts with the image, choose another version; without a wheel it can't be added.")
        return tuple((path.name, path.read_bytes()) for path in sorted(wheels.iterdir())
                     if parse_wheel_filename(path.name)[0] not in held)
