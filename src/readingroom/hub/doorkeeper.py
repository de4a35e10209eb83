"""Tells the door, over its admin socket, which workspaces are open: nothing is reloaded and no connection is lost.

The truth is on disk: a workspace is open while its socket's directory is pinned (`sockets.check_pinned`). So a
door that was killed and made again learns everything from one look, and anyone may call `reconcile` at any time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from readingroom.errors import IntegrityError, Unavailable
from readingroom.hub import doorlimits, sockets
from readingroom.hub.dooradmin import ask, tell
from readingroom.settings import Settings

_MAINTENANCE = 0x01  # "forced maintenance", of HAProxy's srv_admin_state


@dataclass(frozen=True)
class Way:
    """One kind of thing that the door leads to: its backend, and where the door's container sees the sockets."""

    backend: str
    inside: str
    outside: Callable[[Settings], Path]


WORKSPACES = Way("workspaces", "/run/rr/w", lambda settings: settings.workspace_sockets_dir)
SCREENS = Way("screens", "/run/rr/p", lambda settings: settings.screen_sockets_dir)
WAYS = (WORKSPACES, SCREENS)  # a strict workspace is behind its screen, and has no server of the first


def reconcile(settings: Settings) -> None:
    """Let in to what is open, within its limits, and to nothing else; who was inside what closed is cut off at once.

    What is admitted is asked first: a workspace that opens in between is then admitted twice, never expelled.
    """
    keys = frozenset().union(*(open_keys(settings, way) for way in WAYS))
    tell(settings.door_admin_socket, doorlimits.MAP, {key: str(doorlimits.read(settings, key)) for key in keys})
    for way in WAYS:
        admitted = admitted_keys(settings, way)
        wanted = open_keys(settings, way)
        for key in admitted - wanted:
            _expel(settings, way, key)
        for key in wanted - admitted:
            _admit(settings, way, key)


def open_keys(settings: Settings, way: Way = WORKSPACES) -> frozenset[str]:
    """The workspaces whose sockets there are pinned."""
    return frozenset(path.name for path in way.outside(settings).glob("*") if _is_pinned(path))


def admitted_keys(settings: Settings, way: Way = WORKSPACES) -> frozenset[str]:
    """The workspaces that the door leads to now, by that way."""
    return frozenset(name for name, state in _servers(settings, way) if not state & _MAINTENANCE)


def _is_pinned(directory: Path) -> bool:
    """Whoever the researcher's account is outside (an engine may remap it), the spawner has checked; it is not ours."""
    try:
        researcher = (directory / sockets.NAME).lstat().st_uid
        sockets.check_pinned(directory, os.geteuid(), researcher)
    except (OSError, IntegrityError):
        return False
    return researcher != os.geteuid()


def _servers(settings: Settings, way: Way) -> list[tuple[str, int]]:
    """Name and administrative state of each server that the door knows."""
    lines = ask(settings.door_admin_socket, f"show servers state {way.backend}").splitlines()
    header = next((line for line in lines if line.startswith("# ")), "").removeprefix("# ").split()
    if "srv_name" not in header:
        raise Unavailable("The door does not say what it leads to.", rule="door.admin", value=lines[:1],
                          next_step="See the door's log.")
    name, state = header.index("srv_name"), header.index("srv_admin_state")
    return [(words[name], int(words[state])) for line in lines if len(words := line.split()) == len(header)]


def _admit(settings: Settings, way: Way, key: str) -> None:
    server, socket_path = f"{way.backend}/{key}", f"{way.inside}/{key}/{sockets.NAME}"
    told = ask(settings.door_admin_socket, f"add server {server} unix@{socket_path} weight 0 proto h1")
    if "registered" not in told and "already exists" not in told.lower():
        raise Unavailable("The door does not take the workspace in.", rule="door.admin", value=told.strip()[:200],
                          next_step="See the door's log.")
    ask(settings.door_admin_socket, f"enable server {server}")


def _expel(settings: Settings, way: Way, key: str) -> None:
    """In maintenance it is chosen no more; the rest ends what is open, and clears up as far as that is possible now."""
    server = f"{way.backend}/{key}"
    for command in (f"set server {server} state maint", f"shutdown sessions server {server}", f"del server {server}"):
        ask(settings.door_admin_socket, command)
