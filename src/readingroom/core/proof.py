"""The mount proof: what the engine says is running, compared word for word with what was demanded.

`drifts(demanded, inspect)` looks at every field of the engine's answer. A field is either demanded, or listed here
with the values that mean nothing, or has no bearing on a wall; one that is none of these is a drift as well
(promise P9), so an engine that grows a new option cannot open a hole unnoticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Drift:
    """One fact that is not as demanded. Long values are given by their hash."""

    fact: str
    demanded: str
    found: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.fact} is {self.found}, not {self.demanded}"


# Fields of HostConfig that we do not set: what they must be. Anything else, and any new field, is a drift.
NOTHING: tuple[object, ...] = (None, "", 0, False, [], {})
UNSET = frozenset({
    "AutoRemove", "Binds", "BlkioDeviceReadBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps", "BlkioWeight", "BlkioWeightDevice", "Cgroup", "ContainerIDFile", "CpuCount",
    "CpuPercent", "CpuPeriod", "CpuQuota", "CpuRealtimePeriod", "CpuRealtimeRuntime", "CpuShares", "CpusetCpus",
    "CpusetMems", "DeviceCgroupRules", "DeviceRequests", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts",
    "IOMaximumBandwidth", "IOMaximumIOps", "Isolation", "KernelMemory", "KernelMemoryTCP", "Links",
    "MemoryReservation", "MemorySwappiness", "PortBindings", "PublishAllPorts", "StorageOpt", "Sysctls",
    "VolumeDriver", "VolumesFrom", "Annotations",
})
NO_BEARING = frozenset({"ConsoleSize"})
SAME_AS_NOTHING = frozenset({"CapAdd", "GroupAdd", "Devices", "Init", "OomKillDisable"})


def fingerprint(demanded: Mapping[str, Any]) -> str:
    """SHA-256 of a demand: the log holds it, so that the record of what was demanded can't be changed unseen."""
    return hashlib.sha256(json.dumps(demanded, sort_keys=True).encode()).hexdigest()


def drifts(demanded: Mapping[str, Any], inspect: Mapping[str, Any]) -> tuple[Drift, ...]:
    """Every fact in which the engine's `inspect` of a running container differs from what was demanded.

    Empty means: it runs, as demanded, in every field that the engine reports. A field that is missing differs. The
    same is asked of each container beside it; `inspect["beside"]` has the engine's words on these, by id.
    """
    try:
        found = tuple(_compare(demanded, inspect))
        for part in parts_beside(demanded):
            found += tuple(replace(drift, fact=f"{part['part']}: {drift.fact}")
                           for drift in drifts(part, (inspect.get("beside") or {}).get(part["container"]) or {}))
        return found
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return (Drift("the engine's answer", "complete", f"unreadable ({type(error).__name__}: {error})"),)


def parts_beside(demanded: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The demands on containers that belong to the same workspace, each with its `part` and `container`."""
    beside: Sequence[Mapping[str, Any]] = demanded.get("beside", ())
    return beside


def compared(demanded: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of what is compared, for people."""
    names = [*(name for name in demanded if name not in ("host", "beside")), *demanded["host"], "exec", "other fields"]
    beside = (f"{part['part']}: {name}" for part in parts_beside(demanded) for name in compared(part))
    return tuple(sorted([*names, *beside]))


def _compare(demanded: Mapping[str, Any], inspect: Mapping[str, Any]) -> Iterator[Drift]:
    config, host = inspect["Config"], inspect["HostConfig"]
    variables = dict(line.split("=", 1) for line in config["Env"])
    unexpected = set(variables) - set(demanded["environment names"])
    facts = {
        "image": inspect["Image"],
        "user": config["User"],
        "command": config["Cmd"],
        "hostname": config["Hostname"],
        "labels": {name: config["Labels"].get(name) for name in demanded["labels"]},
        "environment": {name: variables.get(name) for name in demanded["environment"]},
        "networks": sorted(set(inspect["NetworkSettings"]["Networks"]) - {"none"}),
        "mounts": sorted(_mount(mount) for mount in inspect["Mounts"]),
    }
    if "bridge" in demanded:
        facts["bridge"] = inspect.get("bridge")
    for name, found in facts.items():
        if found != demanded[name]:
            yield from _differences(name, demanded[name], found)
    if unexpected:
        yield Drift("environment names", "only those demanded", ", ".join(sorted(unexpected)))
    yield from _addresses(inspect["NetworkSettings"], demanded["networks"])
    yield from _host_config(demanded["host"], host)
    if "apparmor=docker-default" in demanded["host"]["SecurityOpt"] and inspect["AppArmorProfile"] != "docker-default":
        yield Drift("AppArmor", "docker-default", str(inspect["AppArmorProfile"]))
    if inspect.get("ExecIDs"):
        yield Drift("exec", "no further process from outside", f"{len(inspect['ExecIDs'])} running")
    if not inspect["State"]["Running"] or inspect["State"]["Paused"]:
        yield Drift("state", "running", str(inspect["State"]["Status"]))


def _host_config(demanded: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Drift]:
    for name, value in demanded.items():
        actual = without_text(name, found.get(name))
        if name in SAME_AS_NOTHING and _is_nothing(actual) and _is_nothing(value):
            continue
        if _normal(name, actual) != _normal(name, value):
            yield Drift(name, _text(value), _text(actual))
    for name, value in found.items():
        if name in demanded or name in NO_BEARING or name == "Mounts":
            continue
        if name not in UNSET:
            if not _is_nothing(value):
                yield Drift(name, "unknown to us, so unset", _text(value))
        elif not _is_nothing(value):
            yield Drift(name, "unset", _text(value))


def _addresses(network: Mapping[str, Any], demanded: Sequence[str]) -> Iterator[Drift]:
    for name, one in network["Networks"].items():
        if name in demanded:
            continue
        for field in ("IPAddress", "Gateway", "GlobalIPv6Address"):
            if one.get(field):
                yield Drift(f"address in {name}", "none", str(one[field]))
    if network.get("Ports"):
        yield Drift("ports", "none", _text(network["Ports"]))


def _mount(mount: Mapping[str, Any]) -> list[object]:
    place = str(PurePosixPath(mount["Destination"]))
    source = mount["Source"] if mount["Type"] == "bind" else f"{mount['Type']}:{mount.get('Name', '')}"
    return [place, source, mount["RW"], mount["Propagation"]]


def _differences(name: str, demanded: Any, found: Any) -> Iterator[Drift]:
    """Of lists and mappings only what differs, so that the reason can be read."""
    if name == "mounts":
        for missing in [one for one in demanded if one not in found]:
            yield Drift("mount", _mount_text(missing), "absent or changed")
        for extra in [one for one in found if one not in demanded]:
            yield Drift("mount", "only what was demanded", _mount_text(extra))
    else:
        yield Drift(name, _text(demanded), _text(found))


def _mount_text(mount: Sequence[Any]) -> str:
    place, source, writable, propagation = mount
    return f"{place} from {source} ({'read-write' if writable else 'read-only'}, {propagation})"


def without_text(name: str, value: Any) -> Any:
    """The profile of system calls by its hash: it is long, and what counts is that it is the same."""
    if name != "SecurityOpt" or not value:
        return value
    return [_hashed(option) for option in value]


def _hashed(option: str) -> str:
    key, sign, text = option.partition("=")
    if key != "seccomp" or text == "unconfined":
        return option
    return f"{key}{sign}sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _normal(name: str, value: Any) -> Any:
    if name in ("SecurityOpt", "MaskedPaths", "ReadonlyPaths", "CapDrop"):
        return sorted(value or ())
    if name == "Ulimits":
        return sorted((one["Name"], one["Soft"], one["Hard"]) for one in value or ())
    if name == "RestartPolicy":
        return (value or {}).get("Name")
    return value


def _is_nothing(value: object) -> bool:
    return any(value == nothing and type(value) is type(nothing) for nothing in NOTHING)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return (text or "nothing") if len(text) <= 200 else f"{text[:200]}…"
