"""What everything around a workspace is called: accounts, places inside and outside, labels, containers, groups."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from readingroom.core.tiers import Tier
from readingroom.core.volumes import SHARED
from readingroom.settings import Settings

RESEARCHER, SCREEN, BROWSER = 10001, 10003, 10004  # 10002 is the door
HOME = PurePosixPath("/home/researcher")
PROJECT = PurePosixPath("/project")
DATA = PurePosixPath("/data")
DOOR_SOCKET = PurePosixPath("/run/rr/door/door.sock")
SERVER_SOCKET = PurePosixPath("/run/rr/w/s.sock")
INSTANCE_LABEL = "readingroom.instance"
KIND_LABEL = "readingroom.kind"
PERSON_LABEL = "readingroom.person"
PROJECT_LABEL = "readingroom.project"
WORKSPACE, CANARY = "workspace", "canary"
GROUPS = "readingroom"


def workspace_key(settings: Settings, username: str, project: str) -> str:
    """Twelve hex digits naming one workspace in container names and paths, without saying whose."""
    return hashlib.sha256(f"{settings.instance}/{username}/{project}".encode()).hexdigest()[:12]


def container_name(settings: Settings, username: str, project: str) -> str:
    return f"rr-{settings.instance}-w-{workspace_key(settings, username, project)}"


def sockets_dir(settings: Settings, username: str, project: str) -> Path:
    """The workspace's own directory for its socket: short and lower-case (the Hub lower-cases it)."""
    return settings.workspace_sockets_dir / workspace_key(settings, username, project)


def server_dir(settings: Settings, username: str, project: str, tier: Tier | None) -> Path:
    """Where the server's own socket is: before the door, or behind a screen where the door cannot see it."""
    if tier is Tier.STRICT:
        return settings.behind_dir / workspace_key(settings, username, project) / "w"
    return sockets_dir(settings, username, project)


def shared_dir(settings: Settings, project: str) -> Path:
    """Where what a project's members share is on the host."""
    return settings.homes_dir / project / SHARED


def bridge_name(settings: Settings, key: str) -> str:
    return f"rr-{settings.instance}-{key}"


def cgroup_parent(settings: Settings, project: str, driver: str) -> str:
    """One group of control for each project, so that processors are shared between projects, not workspaces.

    The kernel gives equals equal time, so ten workspaces of one project weigh as much as one of another. The
    systemd driver wants the name of a slice; nesting is written with hyphens there.
    """
    key = hashlib.sha256(f"{settings.instance}/{project}".encode()).hexdigest()[:12]
    if driver == "systemd":
        return f"{GROUPS}-{settings.instance}-{key}.slice"
    return f"/{GROUPS}/{settings.instance}/{key}"
