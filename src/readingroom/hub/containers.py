"""From policy, settings and plan to a container's arguments: a pure function; the spawner only sends them.

Nothing a researcher sends reaches these arguments, and an installation's `overrides` are further limits: each
can lower a number and no more. There is no way to name another image, user, capability, network or mount.
Arguments are spelled as the engine's API spells them, so that what was demanded can be compared, word for word,
with what the engine says is running (`proof`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from readingroom.core.policy.model import Policy
from readingroom.core.proof import without_text
from readingroom.errors import PolicyError, Unavailable
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
    SCREEN,
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


@dataclass(frozen=True)
class Mount:
    source: Path
    target: PurePosixPath
    read_only: bool = True

    def asked(self) -> dict[str, object]:
        return {
            "Type": "bind",
            "Source": str(self.source),
            "Target": str(self.target),
            "ReadOnly": self.read_only,
            "BindOptions": {"Propagation": "rprivate"},
        }


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
    runtime: str = "runc"
    apparmor: bool = False
    cgroup_parent: str = ""
    account: int = RESEARCHER
    working_dir: PurePosixPath = HOME
    devices: tuple[str, ...] = ()  # of /sys/devices, that are hidden
    bridge: str = ""  # the network's name, where a deployment has to have one (hub.bridges)

    def configuration(self, environment: Mapping[str, str] | None = None) -> dict[str, object]:
        """The body of the engine's "create a container"; `environment` is what JupyterHub adds to ours."""
        together = {**(environment or {}), **self.environment}
        return {
            "Image": self.image,
            "Cmd": list(self.command),
            "User": f"{self.account}:{self.account}",
            "WorkingDir": str(self.working_dir),
            "Hostname": "workspace",
            "Domainname": "",
            "Tty": False,
            "OpenStdin": False,
            "NetworkDisabled": not self.bridge,
            "Labels": dict(self.labels),
            "Env": [f"{name}={value}" for name, value in sorted(together.items())],
            "HostConfig": self.confinement(),
        }

    def confinement(self) -> dict[str, object]:
        """The engine's `HostConfig`. Every namespace is the workspace's own: "" means so for pid, uts and user."""
        limits = self.limits
        return {
            "NetworkMode": self.bridge or "none",
            **(ON_A_BRIDGE if self.bridge else {}),
            "IpcMode": "private",
            "PidMode": "",
            "UTSMode": "",
            "UsernsMode": "",
            "CgroupnsMode": "private",
            "CgroupParent": self.cgroup_parent,
            "Runtime": self.runtime,
            "Privileged": False,
            "ReadonlyRootfs": True,
            "CapAdd": [],
            "CapDrop": ["ALL"],
            "GroupAdd": [],
            "Devices": [],
            "SecurityOpt": self._security(),
            "MaskedPaths": [*MASKED, *(f"/sys/devices/{name}" for name in self.devices)],
            "ReadonlyPaths": list(READ_ONLY),
            "PidsLimit": limits.pids,
            "Memory": limits.memory_bytes,
            "MemorySwap": limits.memory_bytes,
            "NanoCpus": int(limits.cpus * 1_000_000_000),
            "ShmSize": limits.shm_bytes,
            "OomScoreAdj": 500,
            "OomKillDisable": False,
            "Ulimits": [
                {"Name": name, "Soft": value, "Hard": value}
                for name, value in (
                    ("core", 0),
                    ("memlock", 64 * 1024),
                    ("msgqueue", 0),
                    ("nofile", limits.open_files),  # none on nproc: it counts this uid's processes in all workspaces
                )
            ],
            "Tmpfs": {
                "/tmp": "rw,nosuid,nodev,noexec,mode=1777,"  # noqa: S108  inside
                f"size={limits.tmp_bytes},nr_inodes={limits.tmp_files}"
            },
            "LogConfig": {
                "Type": "json-file",
                "Config": {"max-size": str(limits.log_bytes), "max-file": "2"},
            },
            "RestartPolicy": {"Name": "no"},
            "Init": False,
            "Mounts": [mount.asked() for mount in self.mounts],
        }

    def demanded(self, environment: Mapping[str, str]) -> dict[str, Any]:
        """What is asked for, as plain JSON to keep and compare with (`core.proof`).

        Of the environment that JupyterHub adds only the names: the workspace's own token is among it.
        """
        asked: dict[str, Any] = self.configuration()
        return {
            "image": self.image,
            "user": asked["User"],
            "command": list(self.command),
            "hostname": asked["Hostname"],
            "labels": dict(self.labels),
            "environment names": sorted({*environment, *self.environment, *IMAGE_ENVIRONMENT}),
            "environment": dict(self.environment),
            "networks": [self.bridge] if self.bridge else [],
            **({"bridge": BRIDGE} if self.bridge else {}),
            "mounts": sorted(
                [str(mount.target), str(mount.source), not mount.read_only, "rprivate"] for mount in self.mounts
            ),
            "host": {
                name: without_text(name, value) for name, value in asked["HostConfig"].items() if name != "Mounts"
            },
        }

    def _security(self) -> list[str]:
        own = SCREEN if self.account == SCREEN else None
        options = ["no-new-privileges:true", f"seccomp={seccomp_profile(own)}"]
        return [*options, "apparmor=docker-default"] if self.apparmor else options


# Of a container on a bridge: its resolver is an address where nobody is (TEST-NET-1), and it speaks no IPv6.
ON_A_BRIDGE = {"Dns": ["192.0.2.53"], "DnsOptions": ["timeout:1", "attempts:1"],
               "Sysctls": {"net.ipv6.conf.all.disable_ipv6": "1"}}
# What the engine has to say of such a bridge while a workspace runs (hub.bridges.facts).
BRIDGE = {"driver": "bridge", "internal": True, "ipv6": False, "icc": "false", "members": 1}

# What of /proc and /sys is hidden: the engine's own list, and what tells of the machine, its kernel or the neighbours
# (a home is a loop device, and the kernel names its file). Of /sys are left processors and memory, which libraries
# look at to spread their work, the list of interfaces and the control groups; what a machine has besides is
# `Host.devices`.
MASKED = (
    *(f"/proc/{name}" for name in (
        "acpi", "asound", "buddyinfo", "cmdline", "config.gz", "consoles", "crypto", "devices", "diskstats", "dma",
        "driver", "dynamic_debug", "execdomains", "fb", "interrupts", "iomem", "ioports", "kallsyms", "kcore",
        "key-users", "keys", "latency_stats", "locks", "mdstat", "misc", "modules", "mtrr", "pagetypeinfo",
        "partitions", "pressure", "sched_debug", "schedstat", "scsi", "slabinfo", "softirqs", "swaps", "timer_list",
        "timer_stats", "tty", "vmallocinfo", "vmstat", "zoneinfo")),
    *(f"/sys/{name}" for name in ("block", "bus", "class/bdi", "class/block", "class/dmi", "dev", "firmware",
                                  "hypervisor", "kernel", "module", "power")),
    *(f"/sys/fs/{name}" for name in ("bpf", "btrfs", "erofs", "ext4", "f2fs", "fuse", "nfs", "pstore", "selinux",
                                     "smackfs", "tmpfs", "xfs", "zfs")),
)
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

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
IMAGE_ENVIRONMENT = ("PATH", "LANG")  # names that the image itself sets

COMMAND = (
    "jupyterhub-singleuser",
    f"--ServerApp.sock={SERVER_SOCKET}",
    "--ServerApp.sock_mode=0666",  # its directory on the host is closed to everyone else
)


@cache
def seccomp_profile(own_account: int | None = None) -> str:
    """Our allow-list of system calls, as the JSON text that the engine wants (not a path).

    With `own_account` a process may also become the account that it is already, which X servers insist on.
    """
    profile = json.loads(Path(__file__).with_name("seccomp.json").read_text())
    if own_account is not None:
        profile["syscalls"].append({"names": ["setuid", "setgid"], "action": "SCMP_ACT_ALLOW",
                                    "args": [{"index": 0, "value": own_account, "op": "SCMP_CMP_EQ"}]})
    return json.dumps(profile, separators=(",", ":"))


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
