"""The display of a strict workspace: two containers beside it, through which people see it as pixels only.

The **browser** alone sees the workspace's server, and paints on an X display. The **screen** is that display, and sends
its pixels by the VNC protocol over a websocket; it sees no workspace, and the door leads to it. Only X's protocol joins
them, so whoever takes over the browser (its pages are the researcher's own) can still only paint. Both are held as a
workspace is, and have no data, no home and no way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from readingroom.hub.confinement import ContainerArguments, Mount
from readingroom.hub.containers import Host, Plan, Purpose, checked_image, checked_runtime
from readingroom.hub.limits import MIB, Limits
from readingroom.hub.names import (
    BROWSER,
    INSTANCE_LABEL,
    KIND_LABEL,
    PERSON_LABEL,
    PROJECT_LABEL,
    SCREEN,
    SERVER_SOCKET,
    cgroup_parent,
    server_dir,
    workspace_key,
)
from readingroom.settings import Settings

X_SOCKETS = PurePosixPath("/tmp/.X11-unix")  # noqa: S108  inside; where X has its sockets
X_SOCKET = "X0"
SCREEN_SOCKET = PurePosixPath("/run/rr/p/s.sock")
SCREEN_LIMITS = Limits(memory_bytes=192 * MIB, cpus=1.0, pids=64, open_files=1024, tmp_bytes=32 * MIB)
BROWSER_LIMITS = Limits(memory_bytes=832 * MIB, cpus=1.0, pids=256, tmp_bytes=192 * MIB)
MEMORY_BYTES = SCREEN_LIMITS.memory_bytes + BROWSER_LIMITS.memory_bytes
PARTS = ("screen", "browser")  # as they are started


class Places(NamedTuple):
    """Directories on the host: where the screen's socket is, and where browser and screen meet."""

    screen: Path
    meeting: Path


def places(settings: Settings, username: str, project: str) -> Places:
    key = workspace_key(settings, username, project)
    return Places(settings.screen_sockets_dir / key, settings.behind_dir / key / "x")


def screen_arguments(settings: Settings, plan: Plan, host: Host, *, image_id: str,
                     purpose: Purpose | None = None) -> ContainerArguments:
    """The X display that people see: it has the door's socket, and the one that the browser paints at."""
    found = places(settings, plan.username, plan.project)
    mounts = (Mount(found.meeting, X_SOCKETS, read_only=False),
              Mount(found.screen, SCREEN_SOCKET.parent, read_only=False))
    return _arguments(settings, plan, host, image_id, purpose or Purpose("screen", ("/opt/readingroom/screen",)),
                      SCREEN, mounts, SCREEN_LIMITS)


def browser_arguments(settings: Settings, plan: Plan, host: Host, *, image_id: str, base_url: str,
                      purpose: Purpose | None = None) -> ContainerArguments:
    """The browser: it sees the workspace's server and the display, and can change neither's socket."""
    found = places(settings, plan.username, plan.project)
    mounts = (Mount(found.meeting, X_SOCKETS),
              Mount(server_dir(settings, plan.username, plan.project, plan.policy.tier), SERVER_SOCKET.parent))
    own = purpose or Purpose("browser", ("/opt/readingroom/browser",), {"READINGROOM_BASE": base_url})
    return _arguments(settings, plan, host, image_id, own, BROWSER, mounts, BROWSER_LIMITS)


def container_name(settings: Settings, part: str, key: str) -> str:
    return f"rr-{settings.instance}-{part}-{key}"


def token_environment(token: str) -> Mapping[str, str]:
    """What the browser signs in with: the workspace's own token, which opens that workspace and ends with it."""
    return {"READINGROOM_TOKEN": token}


def _arguments(settings: Settings, plan: Plan, host: Host, image_id: str, purpose: Purpose, account: int,
               mounts: tuple[Mount, ...], limits: Limits) -> ContainerArguments:
    key = workspace_key(settings, plan.username, plan.project)
    part = "screen" if account == SCREEN else "browser"
    return ContainerArguments(
        name=container_name(settings, part, key),
        image=checked_image(image_id),
        command=purpose.command,
        mounts=mounts,
        limits=limits.tightened(cpus=settings.workspace_cpus),
        labels={INSTANCE_LABEL: settings.instance, KIND_LABEL: purpose.kind, PERSON_LABEL: plan.username,
                PROJECT_LABEL: plan.project},
        environment=purpose.environment,
        runtime=checked_runtime(settings, host),
        apparmor=host.apparmor,
        devices=host.devices,
        cgroup_parent=cgroup_parent(settings, plan.project, host.cgroup_driver),
        account=account,
        working_dir=PurePosixPath("/tmp"),  # noqa: S108  inside
    )
