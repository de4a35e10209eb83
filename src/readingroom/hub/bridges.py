"""Workspaces on a bridge, where a deployment must have one: internal, one for each, and nothing on the other side.

A workspace is reached by its Unix sockets in this mode as well; the bridge is for what insists on an interface (a
runtime, or a sensor that watches it). An internal bridge alone leaves every port of the host open and can leak DNS, so
the host's firewall refuses all that comes from such a bridge, whatever its destination, and the resolver is an address
of TEST-NET-1, where nobody is. All bridges of ours have one prefix, so the same few rules hold for those to come.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from readingroom.errors import Unavailable
from readingroom.hub.names import INSTANCE_LABEL, KIND_LABEL, WORKSPACE, bridge_name
from readingroom.settings import Settings

INTERFACE = "rrw"  # the prefix of the bridges' names on the host; with a workspace's key it has the kernel's 15 letters
CHAIN = "READINGROOM"
RANGE = ipaddress.ip_network("100.127.0.0/16")  # shared address space (RFC 6598): no private network of a site has it
BLOCK = 29
ICC = "com.docker.network.bridge.enable_icc"
# table's command, chain, and what a rule there says; each is put first, so what other programs allow comes too late
RULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("iptables", "INPUT", ("-i", f"{INTERFACE}+", "-j", CHAIN)),
    ("iptables", "FORWARD", ("-i", f"{INTERFACE}+", "-j", CHAIN)),
    ("iptables", "FORWARD", ("-o", f"{INTERFACE}+", "-j", CHAIN)),
    ("ip6tables", "INPUT", ("-i", f"{INTERFACE}+", "-j", CHAIN)),
    ("ip6tables", "FORWARD", ("-i", f"{INTERFACE}+", "-j", CHAIN)),
    ("ip6tables", "FORWARD", ("-o", f"{INTERFACE}+", "-j", CHAIN)),
)
REFUSE = {"iptables": "icmp-admin-prohibited", "ip6tables": "icmp6-adm-prohibited"}


def provide(engine: docker.APIClient, settings: Settings, key: str) -> str:
    """A bridge for one workspace, and the rules that close it; its name. One that was there goes first.

    Unavailable where the rules can't be set: then no workspace starts.
    """
    provide_rules()
    remove(engine, settings, key)
    name = bridge_name(settings, key)
    for block in _blocks(key):
        pool = IPAMPool(subnet=str(block), gateway=str(block[1]))
        try:
            engine.create_network(
                name, driver="bridge", internal=True, enable_ipv6=False, check_duplicate=True,
                ipam=IPAMConfig(pool_configs=[pool]),
                options={ICC: "false", "com.docker.network.bridge.name": f"{INTERFACE}{key}",
                         "com.docker.network.bridge.enable_ip_masquerade": "false"},
                labels={INSTANCE_LABEL: settings.instance, KIND_LABEL: WORKSPACE})
        except APIError as error:
            if "overlap" not in str(error).lower():
                raise
        else:
            provide_rules()  # with a network the engine puts rules of its own in front
            return name
    raise Unavailable("There is no free address for another workspace's bridge.", rule="walls.bridge", value=str(RANGE),
                      next_step="Close workspaces, or use workspace_network = \"none\".")


def remove(engine: docker.APIClient, settings: Settings, key: str) -> None:
    """Take the bridge away. None there is fine, and one that something is still on goes with the next sweep."""
    with suppress(NotFound, APIError):
        engine.remove_network(bridge_name(settings, key))


def facts(engine: docker.APIClient, name: str) -> Mapping[str, Any]:
    """What the engine says of a bridge, as far as it is a wall; empty if there is none."""
    try:
        found = engine.inspect_network(name)
    except NotFound:
        return {}
    return {"driver": found["Driver"], "internal": found["Internal"], "ipv6": found["EnableIPv6"],
            "icc": (found["Options"] or {}).get(ICC), "members": len(found["Containers"] or {})}


def host_addresses() -> list[str]:
    """This machine's own, but for those of the loopback."""
    lines = Path("/proc/net/fib_trie").read_text().splitlines()
    own = {before.split()[-1] for before, line in pairwise(lines) if "/32 host LOCAL" in line}
    return sorted(address for address in own if not address.startswith("127."))


def _blocks(key: str) -> Iterator[ipaddress.IPv4Network]:
    """Every block of the range, beginning at one that the key chooses, so that few tries meet a taken one."""
    blocks = list(RANGE.subnets(new_prefix=BLOCK))
    first = int(key, 16) % len(blocks)
    yield from blocks[first:]
    yield from blocks[:first]


# The host's rules


def provide_rules() -> int:
    """See that every rule stands, in front of all others of its chain; returns how many had to be set."""
    if os.geteuid() != 0 or not all(map(shutil.which, REFUSE)):
        raise Unavailable("The firewall of this machine can't be set.", rule="walls.bridge",
                          next_step="Run the installation as root with iptables installed, or set workspace_network = "
                          "\"none\", which needs no firewall.")
    made = 0
    for command, how in REFUSE.items():
        refuse = ("-j", "REJECT", "--reject-with", how)
        if not _does(command, "-C", CHAIN, *refuse):
            _does(command, "-N", CHAIN)
            _must(command, "-F", CHAIN)
            _must(command, "-A", CHAIN, *refuse)
            made += 1
    for command, chain, rule in RULES:
        if not _stands(command, chain, rule):
            while _does(command, "-D", chain, *rule):
                continue
            _must(command, "-I", chain, "1", *rule)
            made += 1
    return made


def missing_rules() -> tuple[str, ...]:
    """Rules that do not stand, in words; empty if all do."""
    wanted = [f"{command} {chain} {' '.join(rule)}" for command, chain, rule in RULES
              if not _stands(command, chain, rule)]
    return (*wanted, *(f"{command} {CHAIN}" for command, how in REFUSE.items()
                       if not _does(command, "-C", CHAIN, "-j", "REJECT", "--reject-with", how)))


def remove_rules() -> None:
    """Take them away, once no bridge of any installation needs them."""
    if os.geteuid() != 0 or any(Path("/sys/class/net").glob(f"{INTERFACE}*")):
        return
    for command, chain, rule in RULES:
        _does(command, "-D", chain, *rule)
    for command in REFUSE:
        _does(command, "-F", CHAIN)
        _does(command, "-X", CHAIN)


def _stands(command: str, chain: str, rule: tuple[str, ...]) -> bool:
    """Whether it is there, with nothing but ours before it: what another rule accepted first would never reach it."""
    listed = _run(command, "-S", chain)
    if listed.returncode != 0:
        return False
    lines = [line for line in listed.stdout.splitlines() if line.startswith("-A ")]
    ours = [line for line in lines if line.endswith(f"-j {CHAIN}")]
    return f"-A {chain} {' '.join(rule)}" in ours and lines[:len(ours)] == ours


def _does(command: str, *arguments: str) -> bool:
    return _run(command, *arguments).returncode == 0


def _must(command: str, *arguments: str) -> None:
    done = _run(command, *arguments)
    if done.returncode != 0:
        raise Unavailable(f"{command} {' '.join(arguments)} failed: {done.stderr.strip()[:200]}", rule="walls.bridge",
                          next_step="Look at this machine's firewall, or set workspace_network = \"none\".")


def _run(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run([command, "-w", "5", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
