"""The door's admin socket: commands, and maps that it looks things up in while it runs."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from readingroom.errors import Unavailable

ANSWER_SECONDS = 5


def ask(admin: Path, command: str) -> str:
    """What the door answers to one command. Unavailable if there is no door."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_SECONDS)
            line.connect(str(admin))
            line.sendall(f"{command}\n".encode())
            parts = []
            while part := line.recv(65536):
                parts.append(part)
    except OSError as error:
        raise Unavailable(
            f"The door does not answer ({error.strerror or error}).",
            rule="door.admin",
            next_step="It is started again by itself; try again in a moment.",
        ) from error
    return b"".join(parts).decode(errors="replace")


def tell(admin: Path, file: str, wanted: Mapping[str, str]) -> None:
    """Make the door's map of that name say this, changing it only where it differs."""
    lines = ask(admin, f"show map {file}").splitlines()
    told = {words[1]: words[2] for line in lines if len(words := line.split()) == 3}
    for key in told.keys() - wanted.keys():
        ask(admin, f"del map {file} {key}")
    for key, value in wanted.items():
        if told.get(key) != value:
            ask(admin, f"{'set' if key in told else 'add'} map {file} {key} {value}")
