"""From policy, settings and plan to a container's arguments: a pure function; the spawner only sends them.

Nothing a researcher sends reaches these arguments, and an installation's `overrides` are further limits: each
can lower a number and no more. There is no way to name another image, user, capability, network or mount.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Protocol

from readingroom.core.policy.model import Policy
from readingroom.errors import PolicyError
from readingroom.settings import Settings

RESEARCHER = 10001
HOME = PurePosixPath("/home/researcher")
DATA = PurePosixPath("/data")
DOOR_SOCKET = PurePosixPath("/run/rr/door/door.sock")
SERVER_SOCKET = PurePosixPath("/run/rr/w/s.sock")
INSTANCE_LABEL = "readingroom.instance"
MIB = 1024**2
_DATASET = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*\Z")


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


@dataclass(frozen=True)
class Limits:
    """What a workspace may use at most. Smaller is tighter in every field, so the tightest is the minimum."""

    memory_bytes: int = 2 * 1024 * MIB
    cpus: float = 1.0
    pids: int = 256
    open_files: int = 4096
    tmp_bytes: int = 256 * MIB
    shm_bytes: int = 64 * MIB
    log_bytes: int = 5 * MIB

    def __post_init__(self) -> None:
        faults = [
            f"{field.name} is {getattr(self, field.name)}"
            for field in fields(self)
            if not getattr(self, field.name) > 0
        ]
        if faults:
            raise PolicyError(
                "A workspace cannot run within these limits.",
                rule="workspace.limits",
                faults=faults,
                next_step="Give each a number above zero.",
            )

    def tightened(self, **opinions: float | None) -> Limits:
        """These limits, each lowered to the opinion on it if there is one; an opinion never raises any."""
        unknown = set(opinions) - {field.name for field in fields(self)}
        if unknown:
            raise PolicyError(
                "Only a workspace's limits may be overridden, and only downwards.",
                rule="workspace.overrides",
                value=sorted(unknown),
                faults=[f"{name} is not a limit" for name in sorted(unknown)],
            )
        return Limits(
            **{
                field.name: min(
                    value
                    for value in (getattr(self, field.name), opinions.get(field.name))
                    if value is not None
                )
                for field in fields(self)
            }
        )


@dataclass(frozen=True)
class Mount:
    source: Path
    target: PurePosixPath
    read_only: bool = True


@dataclass(frozen=True)
class ContainerArguments:
    """One workspace, as the engine is asked for it. What is the same for all is in the two methods below."""

    name: str
    image: str
    command: tuple[str, ...]
    mounts: tuple[Mount, ...]
    limits: Limits
    labels: Mapping[str, str]
    environment: Mapping[str, str]

    def creation(self) -> dict[str, object]:
        """Keyword arguments of docker-py's `create_container`, without `host_config`."""
        return {
            "name": self.name,
            "image": self.image,
            "command": list(self.command),
            "user": f"{RESEARCHER}:{RESEARCHER}",
            "working_dir": str(HOME),
            "hostname": "workspace",
            "network_disabled": True,
            "labels": dict(self.labels),
        }

    def confinement(self) -> dict[str, object]:
        """Keyword arguments of docker-py's `create_host_config`."""
        limits = self.limits
        return {
            "network_mode": "none",
            "read_only": True,
            "privileged": False,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true", f"seccomp={seccomp_profile()}"],
            "ipc_mode": "private",
            "shm_size": limits.shm_bytes,
            "pids_limit": limits.pids,
            "mem_limit": limits.memory_bytes,
            "memswap_limit": limits.memory_bytes,
            "nano_cpus": int(limits.cpus * 1_000_000_000),
            "oom_score_adj": 500,
            "ulimits": [
                {"Name": "core", "Soft": 0, "Hard": 0},
                {"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files},
                {"Name": "memlock", "Soft": 64 * 1024, "Hard": 64 * 1024},
            ],
            "tmpfs": {"/tmp": f"rw,nosuid,nodev,noexec,size={limits.tmp_bytes},mode=1777"},  # noqa: S108  inside
            "log_config": {
                "Type": "json-file",
                "Config": {"max-size": str(limits.log_bytes), "max-file": "2"},
            },
            "restart_policy": {"Name": "no"},
            "mounts": [
                {
                    "Type": "bind",
                    "Source": str(mount.source),
                    "Target": str(mount.target),
                    "ReadOnly": mount.read_only,
                    "BindOptions": {"Propagation": "rprivate"},
                }
                for mount in self.mounts
            ],
        }


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

COMMAND = (
    "jupyterhub-singleuser",
    f"--ServerApp.sock={SERVER_SOCKET}",
    "--ServerApp.sock_mode=0666",  # its directory on the host is closed to everyone else
)


@cache
def seccomp_profile() -> str:
    """Our allow-list of system calls, as the JSON text that the engine wants (not a path)."""
    return json.dumps(json.loads(Path(__file__).with_name("seccomp.json").read_text()), separators=(",", ":"))


def workspace_key(settings: Settings, username: str, project: str) -> str:
    """Twelve hex digits naming one workspace in container names and paths, without saying whose."""
    return hashlib.sha256(f"{settings.instance}/{username}/{project}".encode()).hexdigest()[:12]


def container_name(settings: Settings, username: str, project: str) -> str:
    return f"rr-{settings.instance}-w-{workspace_key(settings, username, project)}"


def sockets_dir(settings: Settings, username: str, project: str) -> Path:
    """The workspace's own directory for its socket: short and lower-case (the Hub lower-cases it)."""
    return settings.workspace_sockets_dir / workspace_key(settings, username, project)


def container_arguments(
    settings: Settings,
    plan: Plan,
    overrides: Mapping[str, float] | None = None,
    *,
    image_id: str,
) -> ContainerArguments:
    """The arguments for the workspace of `plan`: the tightest of settings, policy and `overrides`.

    `image_id` is the engine's own id of the image (`readingroom.installed`), so that no tag can lead elsewhere.

    Raises PolicyError if the plan asks for a mount outside the extracts and homes of this installation, for
    two datasets at one place, or for a dataset whose name could be more than one directory.
    """
    policy = plan.policy
    limits = Limits().tightened(memory_bytes=settings.workspace_memory_bytes, cpus=settings.workspace_cpus)
    limits = limits.tightened(memory_bytes=policy.memory_bytes, cpus=policy.cpus, pids=policy.pids)
    limits = limits.tightened(**(overrides or {}))
    _check_mounts(settings, plan)
    mounts = (
        *(Mount(path, DATA / dataset) for dataset, path in plan.mounts),
        Mount(plan.home, HOME, read_only=False),
        Mount(settings.door_socket.parent, DOOR_SOCKET.parent),
        Mount(sockets_dir(settings, plan.username, plan.project), SERVER_SOCKET.parent, read_only=False),
    )
    return ContainerArguments(
        name=container_name(settings, plan.username, plan.project),
        image=image_id,
        command=COMMAND,
        mounts=mounts,
        limits=limits,
        labels={
            INSTANCE_LABEL: settings.instance,
            "readingroom.kind": "workspace",
            "readingroom.person": plan.username,
            "readingroom.project": plan.project,
        },
        environment=dict(ENVIRONMENT),
    )


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
    if faults:
        raise PolicyError(
            "This workspace's plan reaches outside what a workspace may see.",
            rule="workspace.mounts",
            faults=faults,
            next_step="This is a fault in Reading Room: please report it.",
        )


def _strictly_below(path: Path, parent: Path) -> bool:
    return path.is_absolute() and ".." not in path.parts and parent in path.parents
