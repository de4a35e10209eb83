"""The door's tables, as its admin socket shows them: numbers by person and project, since the door started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readingroom.errors import Unavailable
from readingroom.hub.dooradmin import ask
from readingroom.settings import Settings


@dataclass(frozen=True)
class Row:
    """One person, one in one project (the place), or one kernel there; `numbers` by HAProxy's names of its counters."""

    username: str
    place: str
    numbers: Mapping[str, int]

    @property
    def project(self) -> str:
        return self.place.partition("/")[0]


@dataclass(frozen=True)
class Table:
    """All rows of this installation, of one and the same boot of the door."""

    boot: str
    rows: tuple[Row, ...]


def read(settings: Settings, name: str, *counters: str) -> Table:
    """The table as it is now. Unavailable if the door does not answer, or has just begun anew."""
    boot = _boot(settings)
    lines = ask(settings.door_admin_socket, f"show table {name}").splitlines()
    if not lines or not lines[0].startswith(f"# table: {name},"):
        raise _unreadable(lines[:1])
    if _boot(settings) != boot:
        raise _unreadable("restarted meanwhile")
    rows = (_row(settings, line, counters) for line in lines[1:])
    return Table(boot, tuple(row for row in rows if row is not None))


def _boot(settings: Settings) -> str:
    """When this door started, and as which process: no other one has both."""
    told = dict(line.split(": ", 1) for line in ask(settings.door_admin_socket, "show info").splitlines()
                if ": " in line)
    try:
        return f"{told['Start_time_sec']}-{told['Pid']}"
    except KeyError as error:
        raise _unreadable(f"no {error}") from error


def _row(settings: Settings, line: str, counters: tuple[str, ...]) -> Row | None:
    """None for another installation's key or an empty line. A rate is shown with its period, as `name(ms)`."""
    words = dict(word.split("=", 1) for word in line.split() if "=" in word)
    instance, _, owner = words.get("key", "").partition("/")
    username, _, place = owner.partition("/")
    if instance != settings.instance or not username:
        return None
    return Row(username, place, {name: int(words[name]) for name in counters})


def _unreadable(what: object) -> Unavailable:
    return Unavailable("The door does not say what it let through.", rule="door.meter", value=what,
                       next_step="It is asked again in a moment.")
