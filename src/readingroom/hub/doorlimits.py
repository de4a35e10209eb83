"""What policy lets pass the door for one workspace: beside its socket's directory on disk, and in the door's map.

Written when a workspace opens and whenever its policy changes meanwhile (the worker looks), read each time the door is
told what is open. No workspace sees the directory. Without a file the defaults hold, which open no terminal.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from readingroom.durable import write_whole
from readingroom.settings import Settings

if TYPE_CHECKING:
    from readingroom.core.policy import Policy  # 9 MiB that the door's keeper does without

MAP = "/etc/haproxy/limits.map"
MIB = 1024**2


@dataclass(frozen=True)
class DoorLimits:
    """`lines` are kernels and terminals (`doorlines`); `inwards.cfg` reads the numbers in this order."""

    terminals: int = 0
    lines: int = 100
    upload_bytes: int = 32 * MIB
    upload_bytes_per_minute: int = 128 * MIB
    requests_per_10_seconds: int = 1500

    def __str__(self) -> str:
        return ":".join(map(str, astuple(self)))


DEFAULT = DoorLimits()


def of_policy(policy: Policy) -> DoorLimits:
    """Each limit as the effective policy has it, or the default."""
    return DoorLimits(
        terminals=int(policy.terminals or False),
        lines=policy.kernels or DEFAULT.lines,
        upload_bytes=policy.upload_bytes or DEFAULT.upload_bytes,
        upload_bytes_per_minute=policy.upload_bytes_per_minute or DEFAULT.upload_bytes_per_minute,
        requests_per_10_seconds=policy.requests_per_10_seconds or DEFAULT.requests_per_10_seconds,
    )


def write(settings: Settings, key: str, limits: DoorLimits) -> None:
    """Whole or not at all; the same again writes nothing."""
    file = _file(settings, key)
    if read(settings, key) == limits and file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(file, str(limits).encode())


def read(settings: Settings, key: str) -> DoorLimits:
    """Those written last; the defaults where nothing readable is."""
    try:
        numbers = [int(word) for word in _file(settings, key).read_text().split(":")]
    except (OSError, ValueError):
        return DEFAULT
    return DoorLimits(*numbers) if len(numbers) == len(fields(DoorLimits)) else DEFAULT


def remove(settings: Settings, key: str) -> None:
    _file(settings, key).unlink(missing_ok=True)


def _file(settings: Settings, key: str) -> Path:
    return settings.run_dir / "limits" / key
