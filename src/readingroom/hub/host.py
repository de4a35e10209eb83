"""What this machine and its engine offer to hold a workspace, in their own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from readingroom.errors import Unavailable
from readingroom.hub.containers import Host

DEVICES = Path("/sys/devices")
VIRTUAL = "virtual"
USEFUL = {"system", "virtual/net"}  # processors and memory; the list of interfaces


def look(engine: docker.APIClient) -> Host:
    """Asked at every start: an engine can be configured anew at any time. Unavailable if it does not answer."""
    try:
        return replace(host_of(engine.info()), devices=devices())
    except (DockerException, RequestException) as error:
        raise Unavailable(
            f"The engine does not say what it offers: {error}.",
            rule="walls.engine",
            next_step="Check that Docker runs (`readingroom doctor`) and try again.",
        ) from error


def host_of(facts: Mapping[str, Any]) -> Host:
    """From the engine's `info`. What it does not say is taken as absent."""
    return Host(
        runtimes=frozenset(map(str, facts.get("Runtimes") or ())),
        apparmor=any("name=apparmor" in str(option) for option in facts.get("SecurityOptions") or ()),
        cgroup_driver=str(facts.get("CgroupDriver") or ""),
        first_account=_first_account(facts),
    )


def devices() -> tuple[str, ...]:
    """What this machine's kernel has under /sys/devices that no workspace needs to see."""
    found = {path.name for path in DEVICES.glob("*")} - {VIRTUAL}
    found |= {f"{VIRTUAL}/{path.name}" for path in (DEVICES / VIRTUAL).glob("*")}
    return tuple(sorted({*Host().devices, *found} - USEFUL))


def _first_account(facts: Mapping[str, Any]) -> int:
    """With userns-remap the engine keeps its things below a directory named after the first mapped account."""
    mapped = any("name=userns" in str(option) for option in facts.get("SecurityOptions") or ())
    found = re.search(r"/(\d+)\.\d+/?\Z", str(facts.get("DockerRootDir") or ""))
    return int(found.group(1)) if mapped and found else 0
