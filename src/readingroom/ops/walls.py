"""What holds workspaces on this machine: what the engine offers, quotas, leftovers, and the walls tried live."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from readingroom import bootstrap
from readingroom.core.walls import Finding
from readingroom.errors import ReadingRoomError
from readingroom.hub import bridges, canary, orphans
from readingroom.hub.engine import DockerEngine
from readingroom.hub.host import host_of
from readingroom.ops.checks import Check, fail, ok, warn
from readingroom.services import walls
from readingroom.settings import Settings

MOUNT_TOOLS = ("mkfs.ext4", "e2fsck", "resize2fs", "losetup", "mount", "umount")
LOOP_CONTROL = Path("/dev/loop-control")


def offered(settings: Settings, facts: Mapping[str, Any]) -> Iterator[Check]:
    """What the engine's `info` says of the means that hold a workspace."""
    host = host_of(facts)
    if settings.workspace_runtime in host.runtimes:
        yield ok("runtime", f"Workspaces run under {settings.workspace_runtime}")
    else:
        yield fail(
            "runtime", f"The engine has no runtime {settings.workspace_runtime}: no workspace starts.",
            "Register it under that name in /etc/docker/daemon.json, or set workspace_runtime = \"runc\".")
    options = [str(option) for option in facts.get("SecurityOptions") or ()]
    if host.apparmor:
        yield ok("AppArmor", "AppArmor confines workspaces (docker-default)")
    else:
        yield warn("AppArmor", "This host has no AppArmor; workspaces are held without it.",
                   "Use a kernel with AppArmor and install the package apparmor.")
    if any("userns" in option for option in options) or any("rootless" in option for option in options):
        yield ok("user namespaces of containers", "The engine maps a container's accounts to others of the host")
    else:
        yield warn(
            "user namespaces of containers", "A container's account 10001 is the host's account 10001.",
            'Give the engine {"userns-remap": "default"} in /etc/docker/daemon.json. It then keeps images apart from '
            "those it has now, and the installation has to be started anew.")


def bridges_closed(settings: Settings) -> Iterator[Check]:
    """Where workspaces have bridges: whether the host's firewall closes them. Nothing to say where they have none."""
    if settings.workspace_network != "bridge":
        return
    fix = 'Run as root with iptables installed, or set workspace_network = "none", which needs no firewall.'
    if os.geteuid() != 0 or not all(map(shutil.which, bridges.REFUSE)):
        yield fail("bridges", "This account can't set the firewall that closes workspaces' bridges: none starts.", fix)
    elif missing := bridges.missing_rules():
        yield warn("bridges", f"Rules around workspaces' bridges do not stand: {'; '.join(missing)}.",
                   "They are set before the next workspace starts, and every few seconds while the installation runs.")
    else:
        yield ok("bridges", "The firewall refuses all that comes from workspaces' bridges")


def quotas(settings: Settings) -> Iterator[Check]:
    """Whether homes keep to their size here. Without: what protection is lost."""
    lost = "One person can fill the disk for all: homes and shared folders have no quota."
    if settings.quotas == "none":
        yield warn("quotas", lost, "Remove quotas = \"none\" from settings.toml.")
    elif os.geteuid() != 0:
        level = fail if settings.quotas == "loop" else warn
        yield level("quotas", f"{lost} This account can't mount file systems.", "Run the installation as root.")
    elif missing := [tool for tool in MOUNT_TOOLS if not shutil.which(tool)]:
        yield fail("quotas", f"Homes can't be mounted: {', '.join(missing)} missing.",
                   "As root: apt-get install e2fsprogs mount")
    elif not LOOP_CONTROL.exists():
        yield fail("quotas", "This kernel offers no loop devices, so homes can't be mounted.",
                   "Load them (modprobe loop), or set quotas = \"none\" and do without quotas.")
    else:
        yield ok("quotas", "Homes and shared folders are file systems of their own and keep to their size")


def left_over(settings: Settings) -> Iterator[Check]:
    """Containers, networks, sockets and mounts of this installation that belong to nothing open."""
    if not (settings.db_dir / "readingroom.sqlite").exists() and settings.database_url.startswith("sqlite"):
        return
    try:
        found = orphans.find(settings, DockerEngine(settings), walls.known_containers(bootstrap.build(settings)))
    except ReadingRoomError as error:
        yield warn("leftovers", f"Can't tell whether anything is left over: {error.message}", error.next_step)
        return
    if found:
        yield warn("leftovers", f"Left over: {', '.join(map(str, found))}.", "The worker removes them within minutes.")
    else:
        yield ok("leftovers", "No container, network, socket or mount without a workspace")


def probe(settings: Settings) -> Iterator[Check]:
    """Try every wall from inside a workspace now, and keep the result: it decides whether workspaces start."""
    try:
        findings = canary.probe(settings, DockerEngine(settings).api, bootstrap.volumes(settings))
    except ReadingRoomError as error:
        yield fail("walls", f"The walls could not be tried: {error.message}", error.next_step)
        return
    for finding in findings:
        yield _wall(finding)
    with suppress(ReadingRoomError):
        walls.record_probe(bootstrap.build(settings), findings)


def _wall(finding: Finding) -> Check:
    if finding.held:
        return ok(f"wall: {finding.wall}", "holds")
    return fail(
        f"wall: {finding.wall}", f"does not hold: {finding.seen}.",
        "No workspace starts until this holds. Find out what changed in the engine, its configuration or the image; "
        "then run this again.")
