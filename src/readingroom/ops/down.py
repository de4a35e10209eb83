"""Ending an installation: `down` stops it, `clean_demo` removes what `ops.up` made. Neither touches another's."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import docker
from docker.errors import APIError, NotFound
from rich.console import Console

from readingroom import installed
from readingroom.bootstrap import volumes
from readingroom.errors import PermissionDenied
from readingroom.hub import bridges
from readingroom.hub.engine import DockerEngine
from readingroom.hub.groups import remove_groups
from readingroom.hub.ownership import empty_through_engine
from readingroom.ops import engine, images, install, rootfs, supervise
from readingroom.ops.door import INSTANCE_LABEL
from readingroom.ops.progress import Progress, run
from readingroom.settings import Settings
from readingroom.storage.private_scratch import private_scratch

MADE_FILE = "made-here.txt"  # images that this installation made, for clean_demo to remove


def down(settings: Settings, console: Console | None = None, *, keep_engine: bool = False) -> bool:
    """Stop everything of this installation; records, data and homes stay. False if nothing was running.

    The engine stops only if we started it and nothing else runs in it, and never with `keep_engine`.
    """
    progress = Progress(console)
    with progress.step("Stopping the processes"):
        stopped = supervise.stop(settings) or bool(supervise.end_leftovers(settings))
    if engine.reachable(settings):
        with closing(engine.client(settings)) as connection, progress.step("Removing the containers"):
            stopped |= bool(remove_containers(settings, connection))
        for folder in (settings.workspace_sockets_dir, settings.screen_sockets_dir, settings.behind_dir):
            if folder.exists():
                _empty_as_root(settings, folder)
        volumes(settings).release_idle(frozenset)
        remove_groups(settings)
        bridges.remove_rules()
        if not keep_engine and not _others_running():
            engine.stop(settings)
    if settings.run_dir.exists() and not mounts_below(settings.run_dir):
        shutil.rmtree(settings.run_dir)
    progress.say("Reading Room is stopped." if stopped else "Nothing was running.")
    return stopped


def remove_containers(settings: Settings, connection: docker.DockerClient) -> tuple[str, ...]:
    """Remove every container and network of this installation, and no other's; return their names."""
    label = {"label": f"{INSTANCE_LABEL}={settings.instance}"}
    removed = []
    for container in connection.containers.list(all=True, filters=label, ignore_removed=True):
        _gone(lambda found=container: found.remove(force=True, v=True))  # type: ignore[misc]
        removed.append(str(container.name))
    ours = DockerEngine(settings)
    for network in ours.networks():
        ours.remove_network(network["Name"])
        removed.append(str(network["Name"]))
    return tuple(removed)


def _gone(remove: Callable[[], object]) -> None:
    try:
        remove()
    except NotFound:
        return
    except APIError as error:  # its removal is already under way
        if error.status_code != 409:
            raise


def _empty_as_root(settings: Settings, folder: Path) -> None:
    """Remove what workspaces' own account made below a folder, where we may not do it ourselves."""
    label = {INSTANCE_LABEL: settings.instance}
    try:
        for path in folder.iterdir():
            shutil.rmtree(path)
    except PermissionError:
        with closing(engine.client(settings)) as connection:
            image = installed.image_id(settings, installed.NOTEBOOK)
            empty_through_engine(folder, engine=connection.api, image=image, label=label)


def _others_running() -> bool:
    """Whether another installation's supervisor is alive on this machine."""
    for control in Path("/run/readingroom").glob("*/supervisor.sock"):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(control)) == 0:
                return True
    return False


def clean_demo(settings: Settings, console: Console | None = None) -> None:
    """Remove everything that `up` made: processes, containers, volumes, records, data, homes, and the images
    it made unless another installation runs.

    The state directory must look like one of ours, so that a mistyped setting deletes nothing else.
    """
    refuse_foreign_state(settings)
    progress = Progress(console)
    down(settings, console, keep_engine=True)
    made = settings.state_dir / MADE_FILE
    if settings.homes_dir.exists():
        with progress.step("Removing the homes"):
            _empty_as_root(settings, settings.homes_dir)
    if settings.images_file.exists() and _engine_answers(settings, progress):
        with closing(engine.client(settings)) as connection:
            label = {"label": f"{INSTANCE_LABEL}={settings.instance}"}
            for volume in connection.volumes.list(filters=label):
                _gone(volume.remove)
            images.release(settings)
            others = connection.containers.list(filters={"label": INSTANCE_LABEL})  # another account's, too
            if not others and not _others_running():
                for name in [*made.read_text().split(), rootfs.ROOT_IMAGE] if made.exists() else ():
                    _gone(lambda tag=name: connection.images.remove(tag))  # type: ignore[misc]
                connection.images.prune({"dangling": True, "label": images.INPUTS_LABEL})  # of earlier versions
    if not _others_running():
        engine.stop(settings)
    shutil.rmtree(private_scratch(settings.state_dir / "scratch", settings.instance), ignore_errors=True)
    if settings.state_dir.exists():
        with progress.step(f"Removing {settings.state_dir}"):
            _remove_state(settings)
    progress.say("What the demo made is gone.")


def _engine_answers(settings: Settings, progress: Progress) -> bool:
    """Whether the engine that holds our images answers; one that was stopped is started if we may."""
    if engine.reachable(settings):
        return True
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        return False
    with progress.step("Starting the Docker engine to remove its images"):
        engine.start(settings)
    return True


def refuse_foreign_state(settings: Settings) -> None:
    """Raise PermissionDenied unless the state directory is one that `up` made (or absent or empty)."""
    if not install.looks_foreign(settings):
        return
    raise PermissionDenied(
        f"{settings.state_dir} does not look like an installation: nothing was removed.",
        rule="ops.clean.foreign",
        value=settings.state_dir,
        next_step="Set READINGROOM_STATE to the directory that `up` used.",
    )


def _remove_state(settings: Settings) -> None:
    """Everything below the state directory but the settings file, which is the administrator's own.

    The directory of keys goes last: while it is there, an interrupted removal can be run again.
    """
    for mount in reversed(mounts_below(settings.state_dir)):
        run(["umount", mount], failure=f"{mount} could not be unmounted", next_step="Close what uses it.")
    last = settings.keys_dir
    for path in sorted(settings.state_dir.iterdir(), key=lambda path: path == last):
        if path.name == "settings.toml":
            continue
        if path.is_dir() and not path.is_symlink():
            for folder in path.iterdir():
                if folder.is_dir() and not folder.is_symlink():
                    folder.chmod(0o700)  # an extract is closed to changes, also for us
            shutil.rmtree(path)
        else:
            path.unlink()
    if not any(settings.state_dir.iterdir()):
        settings.state_dir.rmdir()


def mounts_below(folder: Path) -> tuple[Path, ...]:
    """What is mounted below a folder, outermost first."""
    points = [
        line.split()[1].replace("\\040", " ") for line in Path("/proc/self/mounts").read_text().splitlines()
    ]
    return tuple(sorted({Path(point) for point in points if Path(point).is_relative_to(folder)}))
