"""A second engine beside this machine's own, in namespaces of its own: no bridge, no rule and no file is shared."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from readingroom.ops import engine
from readingroom.settings import Settings


def files_of(place: Path) -> engine.EngineFiles:
    return engine.EngineFiles(pid=place / "docker.pid", containerd=place / "x/containerd",
                              system_containerd_socket=place / "containerd.sock", log=place / "dockerd.log",
                              configuration=place / "daemon.json", started_by_us=place / "run/engine.pid")


def options_of(place: Path) -> tuple[str, ...]:
    return ("--data-root", str(place / "d"), "--exec-root", str(place / "x"), "--bridge", "none", "--iptables=false")


@contextmanager
def sealed_dockerd(place: Path, instead: Mapping[str, str] | None = None) -> Iterator[None]:
    """Put a `dockerd` before the real one on the path: in a network of its own, with these texts for files of /etc."""
    real, wrapper, before = shutil.which("dockerd"), place / "bin" / "dockerd", os.environ["PATH"]
    wrapper.parent.mkdir()
    lines = ["#!/bin/sh", "set -e"]
    for name, text in (instead or {}).items():
        (place / name).write_text(text)
        lines.append(f"mount --bind {place / name} /etc/{name}")
    wrapper.with_name("sealed").write_text("\n".join([*lines, f'exec {real} "$@"\n']))
    wrapper.with_name("sealed").chmod(0o755)
    wrapper.write_text('#!/bin/sh\nexec unshare --net --mount --propagation slave '
                       f'{wrapper.with_name("sealed")} "$@"\n')
    wrapper.chmod(0o755)
    os.environ["PATH"] = f"{wrapper.parent}:{before}"
    try:
        yield
    finally:
        os.environ["PATH"] = before


def end(place: Path) -> None:
    """Whatever still runs of it, and what it mounted."""
    files = files_of(place)
    for pid_file in (files.pid, files.containerd / "containerd.pid"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended by itself
            os.kill(int(pid_file.read_text()), signal.SIGKILL)
    time.sleep(0.5)
    while subprocess.run(["umount", place / "d"], capture_output=True, check=False).returncode == 0:
        pass  # every engine mounts its own place over itself


@contextmanager
def second_engine(place: Path, *extra: str, instead: Mapping[str, str] | None = None) -> Iterator[Settings]:
    """One that runs, with settings that lead to it."""
    settings = Settings(state_dir=place / "state", engine_url=f"unix://{place}/docker.sock")
    settings.state_dir.mkdir()
    for command in (("--bind", settings.state_dir, settings.state_dir), ("--make-shared", settings.state_dir)):
        subprocess.run(["mount", *command], check=True)  # the engine sees the homes that are mounted below
    with sealed_dockerd(place, instead):
        try:
            engine.start(settings, files_of(place), (*options_of(place), *extra))
            yield settings
        finally:
            end(place)
            subprocess.run(["umount", settings.state_dir], check=True)
