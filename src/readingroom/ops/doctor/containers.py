"""The engine and the images."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException

from readingroom.errors import ReadingRoomError
from readingroom.ops import engine as engine_room
from readingroom.ops import floors, images, rootfs, walls
from readingroom.ops.checks import Check, Level, fail, ok, warn
from readingroom.ops.doctor.machine import GIB, space
from readingroom.ops.doctor.software import against
from readingroom.settings import Settings

ENGINE_SPACE_FLOOR_BYTES = 4 * GIB  # the images take 1.5 GiB, and as much again while they are made
IMAGE_AGE_WISH = timedelta(days=45)


def engine_and_images(settings: Settings, before_start: bool) -> Iterator[Check]:
    try:
        engine = engine_room.client(settings, timeout_seconds=20)
    except ReadingRoomError as error:
        ours_to_start = before_start and os.geteuid() == 0 and engine_room.socket_path(settings) is not None
        yield Check(
            "engine",
            Level.WARNING if ours_to_start else Level.FAILURE,
            error.message,
            "`up` provides it now." if ours_to_start else error.next_step,
        )
        return
    with closing(engine):
        try:
            yield from _engine_facts(engine)
            yield from walls.offered(settings, engine.info())
            yield from walls.left_over(settings)
            yield from _images(settings, engine, before_start)
        except (DockerException, RequestException, KeyError) as error:
            yield warn(
                "engine", f"The engine did not answer every question: {error}.", "Run the doctor again."
            )


def _engine_facts(engine: docker.DockerClient) -> Iterator[Check]:
    version, facts = engine.version(), engine.info()
    yield ok("engine", f"The engine answers ({version['Version']}, API {version['ApiVersion']})")
    backport = (
        "Install a newer one if your distribution has it. Debian and Ubuntu put fixes into older "
        "versions: compare the package's changelog (apt changelog {}) with the advisory."
    )
    yield against(
        floors.MOBY,
        version["Version"],
        Level.WARNING,
        backport.format("docker.io") + " Workspaces have no network at all, which this fault needs.",
    )
    runc = next((part["Version"] for part in version.get("Components", ()) if part["Name"] == "runc"), "")
    yield against(floors.RUNC, runc, Level.WARNING, backport.format("runc"))
    if any("seccomp" in option for option in facts.get("SecurityOptions") or ()):
        yield ok("engine seccomp", "The engine filters system calls")
    else:
        yield fail(
            "engine seccomp", "The engine was built without seccomp.", "Use the distribution's docker.io."
        )
    if not facts.get("MemoryLimit") or not facts.get("PidsLimit", True):
        yield fail(
            "engine limits", "The engine can't limit memory or processes.", "Enable these control groups."
        )
    if facts.get("LiveRestoreEnabled"):
        yield ok("live restore", "Workspaces outlive the engine")
    else:
        yield warn(
            "live restore",
            "If the engine dies, open workspaces die with it.",
            'Put {"live-restore": true} into /etc/docker/daemon.json and reload the engine.',
        )
    root = Path(facts["DockerRootDir"])
    yield space(
        "engine disk space",
        root if os.access(root.parent, os.X_OK) and root.exists() else Path("/"),
        ENGINE_SPACE_FLOOR_BYTES,
        2 * ENGINE_SPACE_FLOOR_BYTES,
    )


def _images(settings: Settings, engine: docker.DockerClient, before_start: bool) -> Iterator[Check]:
    try:
        found = images.states(settings)
    except ReadingRoomError as error:
        yield fail("images", error.message, error.next_step)
        return
    absent = Level.WARNING if before_start else Level.FAILURE
    fix = "`up` makes it now." if before_start else "Run `make up`: it makes it."
    for image in found:
        name = f"image {image.name}"
        if not image.present:
            yield Check(name, absent, f"{image.name} is missing.", fix)
        elif not image.current:
            yield warn(name, f"{image.name} was made from other files than are here now.", fix)
        elif _older_than(image.created, IMAGE_AGE_WISH):
            yield warn(
                name,
                f"{image.name} is more than {IMAGE_AGE_WISH.days} days old and lacks security updates.",
                "Run `make images`.",
            )
        else:
            yield ok(name, f"{image.name} is present and current")
    if any(not image.present for image in found) and not _has_root(engine) and not shutil.which("mmdebstrap"):
        yield warn(
            "mmdebstrap",
            "If no registry answers, making images needs mmdebstrap.",
            "As root: apt-get install --no-install-recommends mmdebstrap",
        )


def _has_root(engine: docker.DockerClient) -> bool:
    for name in (rootfs.REGISTRY_IMAGE, rootfs.ROOT_IMAGE):
        try:
            engine.images.get(name)
        except ImageNotFound:
            continue
        return True
    return False


def _older_than(created: str, age: timedelta) -> bool:
    try:
        return datetime.now(UTC) - datetime.fromisoformat(created[:19] + "+00:00") > age
    except ValueError:
        return True
