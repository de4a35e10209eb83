"""What a workspace may use at most, and how opinions on it combine: the smallest wins."""

from __future__ import annotations

from dataclasses import dataclass, fields

from readingroom.errors import PolicyError

MIB = 1024**2


@dataclass(frozen=True)
class Limits:
    """What a workspace may use at most. Smaller is tighter in every field, so the tightest is the minimum."""

    memory_bytes: int = 2 * 1024 * MIB
    cpus: float = 1.0
    pids: int = 256
    open_files: int = 4096
    tmp_bytes: int = 256 * MIB
    shm_bytes: int = 64 * MIB
    log_bytes: int = 5 * MIB
    tmp_files: int = 100_000

    def __post_init__(self) -> None:
        faults = [
            f"{field.name} is {getattr(self, field.name)}"
            for field in fields(self)
            if not getattr(self, field.name) > 0
        ]
        if faults:
            raise PolicyError(
                "A workspace cannot run within these limits.",
                rule="workspace.limits",
                faults=faults,
                next_step="Give each a number above zero.",
            )

    def tightened(self, **opinions: float | None) -> Limits:
        """These limits, each lowered to the opinion on it if there is one; an opinion never raises any."""
        unknown = set(opinions) - {field.name for field in fields(self)}
        if unknown:
            raise PolicyError(
                "Only a workspace's limits may be overridden, and only downwards.",
                rule="workspace.overrides",
                value=sorted(unknown),
                faults=[f"{name} is not a limit" for name in sorted(unknown)],
            )
        return Limits(
            **{
                field.name: min(
                    value
                    for value in (getattr(self, field.name), opinions.get(field.name))
                    if value is not None
                )
                for field in fields(self)
            }
        )
