"""Fetch packages for a project's mirror: done by an administrator on the host, never on behalf of a workspace."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from readingroom.errors import InvalidInput
from readingroom.ops.progress import Progress, run
from readingroom.settings import REPOSITORY

IMAGE_LOCK = REPOSITORY / "images/notebook/requirements.lock"
PYTHON = "3.11"
PLATFORMS = ("manylinux_2_36_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!]+\Z")
_LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)


def in_the_image() -> dict[str, str]:
    """Name and version of what the notebook image already holds."""
    return dict(_LOCKED.findall(IMAGE_LOCK.read_text()))


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
        named = {re.split("==", one)[0].lower().replace("_", "-").replace(".", "-") for one in wanted}
        return tuple((path.name, path.read_bytes()) for path in sorted(wheels.iterdir())
                     if not _held(path.name, held, named))


def _held(filename: str, held: dict[str, str], named: set[str]) -> bool:
    name, version = filename.split("-")[:2]
    name = name.lower().replace("_", "-").replace(".", "-")
    return name not in named and held.get(name) == version
