"""What a crash may have left of workspaces that are no more: found, and removed."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from readingroom.errors import Unavailable
from readingroom.hub import sockets
from readingroom.hub.display import PARTS
from readingroom.hub.engine import DockerEngine
from readingroom.hub.names import CANARY, KIND_LABEL, WORKSPACE
from readingroom.settings import Settings

START_SECONDS = 400  # a workspace may be starting for as long, and is on no record yet
PASSING = ("ownership", CANARY)  # kinds that live for seconds
LASTING = (WORKSPACE, *PARTS)  # kinds that belong to an open workspace


@dataclass(frozen=True)
class Orphan:
    """One thing without an owner: a container, network or directory of sockets, by name or id."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def find(settings: Settings, engine: DockerEngine, known: Collection[str], now: float | None = None,
         patience_seconds: float = START_SECONDS) -> tuple[Orphan, ...]:
    """What belongs to no open workspace and is older than a start takes. `known` are containers on record."""
    now = time.time() if now is None else now
    return tuple(_find(settings, engine, known, now - patience_seconds))


def _find(settings: Settings, engine: DockerEngine, known: Collection[str], before: float) -> Iterator[Orphan]:
    containers = engine.containers()
    for found in containers:
        kind = found["Labels"].get(KIND_LABEL, "")
        if found["Created"] < before and (kind in PASSING or (kind in LASTING and found["Id"] not in known)):
            yield Orphan("container", found["Names"][0].lstrip("/") if found["Names"] else found["Id"])
    joined = {name for found in containers if found["State"] == "running" for name in _networks(found)}
    for network in engine.networks():
        starting = network.get("Labels", {}).get(KIND_LABEL) == WORKSPACE and _made(network) > before
        if network["Name"] not in joined and not starting:  # one that is joined by hand, the proof finds first
            yield Orphan("network", network["Name"])
    in_use = {Path(mount["Source"]) for found in containers for mount in found["Mounts"] if mount.get("Source")}
    for folder in _folders(settings):
        for directory in sorted(folder.iterdir()) if folder.is_dir() else ():
            used = any(place.is_relative_to(directory) for place in in_use)
            if not used and directory.lstat().st_ctime < before:
                yield Orphan("sockets", f"{folder.name}/{directory.name}")


def _folders(settings: Settings) -> tuple[Path, ...]:
    return settings.workspace_sockets_dir, settings.screen_sockets_dir, settings.behind_dir


def _made(network: Mapping[str, Any]) -> float:
    """When, as the engine says it: to the nanosecond, which Python does not read."""
    return datetime.fromisoformat(network["Created"][:19] + "+00:00").timestamp()


def _networks(container: Mapping[str, Any]) -> Collection[str]:
    return (container.get("NetworkSettings") or {}).get("Networks") or ()


def remove(settings: Settings, engine: DockerEngine, found: Collection[Orphan]) -> int:
    """Remove them; returns how many went. Gone already is fine."""
    for orphan in found:
        if orphan.kind == "container":
            engine.kill(orphan.name)
        elif orphan.kind == "network":
            engine.remove_network(orphan.name)
        else:
            try:
                sockets.remove_directory(settings.run_dir / orphan.name)
            except PermissionError as error:
                raise Unavailable(f"The sockets of {orphan.name} belong to another account.", rule="hub.orphans",
                                  value=orphan.name, next_step="`make down` removes them.") from error
    return len(found)


