"""A container as the engine is asked for it: what every workspace is held by, whatever its policy.

Arguments are spelled as the engine's API spells them, so that what was demanded can be compared, word for word,
with what the engine says is running (`proof`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from readingroom.core.proof import without_text
from readingroom.hub.limits import Limits
from readingroom.hub.names import HOME, RESEARCHER, SCREEN

# Of a container on a bridge: its resolver is an address where nobody is (TEST-NET-1), and it speaks no IPv6.
ON_A_BRIDGE = {"Dns": ["192.0.2.53"], "DnsOptions": ["timeout:1", "attempts:1"],
               "Sysctls": {"net.ipv6.conf.all.disable_ipv6": "1"}}
# What the engine has to say of such a bridge while a workspace runs (hub.bridges.facts).
BRIDGE = {"driver": "bridge", "internal": True, "ipv6": False, "icc": "false", "members": 1}

# What of /proc and /sys is hidden: the engine's own list, and what tells of the machine, its kernel or the neighbours
# (a home is a loop device, and the kernel names its file). Of /sys are left processors and memory, which libraries
# look at to spread their work, the list of interfaces and the control groups; what a machine has besides is
# `containers.Host.devices`.
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
IMAGE_ENVIRONMENT = ("PATH", "LANG")  # names that the image itself sets


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
