"""From policy, settings and plan to a container's arguments: a pure function; the spawner only sends them.

Nothing a researcher sends reaches these arguments, and an installation's `overrides` are further limits: each
can lower a number and no more. There is no way to name another image, user, capability, network or mount.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from readingroom.core.policy.model import Policy
from readingroom.errors import PolicyError, Unavailable
from readingroom.hub.confinement import ContainerArguments, Mount
from readingroom.hub.limits import Limits
from readingroom.hub.names import (
    DATA,
    DOOR_SOCKET,
    HOME,
    INSTANCE_LABEL,
    KIND_LABEL,
    PERSON_LABEL,
    PROJECT,
    PROJECT_LABEL,
    RESEARCHER,
    SERVER_SOCKET,
    WORKSPACE,
    bridge_name,
    cgroup_parent,
    container_name,
    server_dir,
    shared_dir,
    workspace_key,
)
from readingroom.settings import Settings

_DATASET = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*\Z")
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}\Z")


class Plan(Protocol):
    """What `services.workspaces.plan` returns, as far as a container is concerned."""

    @property
    def username(self) -> str: ...
    @property
    def project(self) -> str: ...
    @property
    def mounts(self) -> tuple[tuple[str, Path], ...]: ...
    @property
    def home(self) -> Path: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def image(self) -> str: ...


@dataclass(frozen=True)
class Host:
    """What this machine's engine offers to hold a workspace."""

    runtimes: frozenset[str] = frozenset({"runc"})
    apparmor: bool = False
    cgroup_driver: str = "cgroupfs"
    first_account: int = 0  # what the host calls a container's account 0; more than 0 where the engine maps accounts
    devices: tuple[str, ...] = ("virtual/bdi", "virtual/block", "virtual/dmi")  # of /sys/devices, what nobody needs

    @property
    def researcher(self) -> int:
        """The host's number for a workspace's account: owner of its home and of its socket."""
        return self.outside(RESEARCHER)

    def outside(self, account: int) -> int:
        """The host's number for an account of a container."""
        return self.first_account + account


# Where libraries may write: the root is read-only, and caches in the home would outlive the session.
ENVIRONMENT = {
    "HOME": str(HOME),
    "LANG": "C.UTF-8",
    "READINGROOM_DOOR": str(DOOR_SOCKET),
    "JUPYTER_RUNTIME_DIR": "/tmp/jupyter-runtime",  # noqa: S108
    "XDG_CACHE_HOME": "/tmp/cache",  # noqa: S108
    "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108
    "PYTHONDONTWRITEBYTECODE": "1",
}

TERMINALS = "READINGROOM_TERMINALS"

COMMAND = (
    "jupyterhub-singleuser",
    f"--ServerApp.sock={SERVER_SOCKET}",
    "--ServerApp.sock_mode=0666",  # its directory on the host is closed to everyone else
)


@dataclass(frozen=True)
class Purpose:
    """What a container is for: a person's workspace, or the canary that has a workspace's walls and no data."""

    kind: str = WORKSPACE
    command: tuple[str, ...] = COMMAND
    environment: Mapping[str, str] = field(default_factory=dict)


def container_arguments(
    settings: Settings,
    plan: Plan,
    host: Host,
    overrides: Mapping[str, float] | None = None,
    *,
    image_id: str,
    purpose: Purpose = Purpose(),
) -> ContainerArguments:
    """The arguments for the workspace of `plan`: the tightest of settings, policy and `overrides`.

    `image_id` is the engine's own id of the image (`readingroom.installed`), so that no tag can lead elsewhere.

    Raises PolicyError if the plan asks for a mount outside the extracts and homes of this installation, for
    two datasets at one place, or for a dataset whose name could be more than one directory, or if the image is
    named by anything but its id; Unavailable if the engine lacks the runtime that the settings name.
    """
    policy = plan.policy
    limits = Limits().tightened(memory_bytes=settings.workspace_memory_bytes, cpus=settings.workspace_cpus)
    limits = limits.tightened(memory_bytes=policy.memory_bytes, cpus=policy.cpus, pids=policy.pids)
    limits = limits.tightened(**(overrides or {}))
    _check_mounts(settings, plan)
    mounts = (
        *(Mount(path, DATA / dataset) for dataset, path in plan.mounts),
        Mount(plan.home, HOME, read_only=False),
        Mount(shared_dir(settings, plan.project), PROJECT, read_only=False),
        Mount(settings.door_socket.parent, DOOR_SOCKET.parent),
        Mount(server_dir(settings, plan.username, plan.project, policy.tier), SERVER_SOCKET.parent, read_only=False),
    )
    return ContainerArguments(
        name=container_name(settings, plan.username, plan.project),
        image=checked_image(image_id),
        command=purpose.command,
        mounts=mounts,
        limits=limits,
        labels={
            INSTANCE_LABEL: settings.instance,
            KIND_LABEL: purpose.kind,
            PERSON_LABEL: plan.username,
            PROJECT_LABEL: plan.project,
        },
        environment={**ENVIRONMENT, **_by_policy(policy), **purpose.environment},
        runtime=checked_runtime(settings, host),
        apparmor=host.apparmor,
        devices=host.devices,
        cgroup_parent=cgroup_parent(settings, plan.project, host.cgroup_driver),
        bridge=_bridge(settings, plan),
    )


def _bridge(settings: Settings, plan: Plan) -> str:
    if settings.workspace_network == "none":
        return ""
    return bridge_name(settings, workspace_key(settings, plan.username, plan.project))


def _by_policy(policy: Policy) -> dict[str, str]:
    """What the server in the container is told of its policy: so that it offers what the door lets through."""
    return {TERMINALS: "yes"} if policy.terminals else {}


def checked_image(image_id: str) -> str:
    """A tag can be given to another image at any time, an id is a hash of the contents."""
    if not _IMAGE_ID.match(image_id):
        raise PolicyError(
            f"A workspace's image is named by its id, and {image_id!r} is none.",
            rule="workspace.image",
            faults=[f"{image_id!r} is not an image's id"],
            next_step="`make up` makes the image and records its id.",
        )
    return image_id


def checked_runtime(settings: Settings, host: Host) -> str:
    if settings.workspace_runtime not in host.runtimes:
        raise Unavailable(
            f"The engine has no runtime {settings.workspace_runtime}; it has {', '.join(sorted(host.runtimes))}.",
            rule="walls.runtime",
            value=settings.workspace_runtime,
            next_step="Register it in /etc/docker/daemon.json, or set another workspace_runtime in settings.toml.",
        )
    return settings.workspace_runtime


def _check_mounts(settings: Settings, plan: Plan) -> None:
    faults = []
    names = [dataset for dataset, _ in plan.mounts]
    faults += [f"dataset {name!r} is not a plain name" for name in names if not _DATASET.match(name)]
    faults += [
        f"dataset {name!r} is mounted twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    faults += [
        f"{path} is not an extract"
        for _, path in plan.mounts
        if not _strictly_below(path, settings.extracts_dir)
    ]
    if not _strictly_below(plan.home, settings.homes_dir):
        faults.append(f"{plan.home} is not a home")
    if not _strictly_below(shared_dir(settings, plan.project).parent, settings.homes_dir):
        faults.append(f"{plan.project!r} is not a project")
    if faults:
        raise PolicyError(
            "This workspace's plan reaches outside what a workspace may see.",
            rule="workspace.mounts",
            faults=faults,
            next_step="This is a fault in Reading Room: please report it.",
        )


def _strictly_below(path: Path, parent: Path) -> bool:
    return path.is_absolute() and ".." not in path.parts and parent in path.parents
