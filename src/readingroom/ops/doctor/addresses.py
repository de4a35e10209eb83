"""Where the installation is reached: its port, its name, its sockets."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import subprocess
from collections.abc import Iterator

from readingroom.ops import supervise
from readingroom.ops.checks import Check, fail, ok, warn
from readingroom.settings import Settings

SOCKET_PATH_BYTES = 107
WORKSPACE_SOCKET_BYTES = 72  # "w/<person>--<project>/s.sock" below the run directory, names as long as allowed


def port(settings: Settings) -> Iterator[Check]:
    ours = supervise.running(settings)
    for name, port in (("port", settings.port), ("proxy API port", settings.proxy_api_port)):
        address = settings.address if name == "port" else "127.0.0.1"
        try:
            free = port_free(address, port)
        except OSError as error:
            yield fail(
                name,
                f"{address}:{port} can't be used ({error.strerror}).",
                "Set address and port in settings.toml; ports below 1024 need root.",
            )
            continue
        if free or ours:
            yield ok(name, f"{address}:{port} is {'free' if free else 'ours'}")
        else:
            yield fail(
                name,
                f"Another program listens on {address}:{port}{_listener(port)}.",
                f"Stop it, or set another port in {settings.state_dir / 'settings.toml'}.",
            )


def port_free(address: str, port: int) -> bool:
    """Whether the port can be listened on. OSError for any reason but somebody else's use of it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == 98:
                return False
            raise
    return True


def _listener(port: int) -> str:
    if not shutil.which("ss"):
        return ""
    answer = subprocess.run(
        ["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=False
    ).stdout
    name = answer.partition('users:(("')[2].partition('"')[0]
    return f" ({name})" if name else ""


def sockets(settings: Settings) -> Iterator[Check]:
    longest = max(len(str(settings.hub_socket)), len(str(settings.run_dir)) + WORKSPACE_SOCKET_BYTES)
    if longest > SOCKET_PATH_BYTES:
        yield fail(
            "socket paths", f"{settings.run_dir} is too long a place for sockets.", "Use a shorter one."
        )
    elif str(settings.run_dir) != str(settings.run_dir).lower():
        yield fail("socket paths", f"{settings.run_dir} has capital letters.", "Use a lower-case path.")
    else:
        yield ok("socket paths", str(settings.run_dir))


def public_name(settings: Settings) -> Iterator[Check]:
    """Listening to others while telling browsers the demo's name, which each takes for its own machine."""
    name = settings.public_host
    if not _is_loopback(settings.address) and (name == "localhost" or name.endswith(".localhost")):
        yield warn(
            "public_url",
            f"It listens on {settings.address} for other machines, but sends browsers to {settings.public_url}, a name "
            "that each machine takes for itself.",
            f"Set public_url in {settings.state_dir / 'settings.toml'} to its https:// name, or address to 127.0.0.1.",
        )
    else:
        yield ok("public_url", settings.public_url)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost" or address.endswith(".localhost")
