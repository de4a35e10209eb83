"""The door's counters: how many bytes went towards each person in each project since the door started."""

from __future__ import annotations

from readingroom.core.shown import Reading
from readingroom.errors import Unavailable
from readingroom.hub.doorkeeper import ask
from readingroom.settings import Settings

TABLE = "inwards"
COUNTER = "bytes_out_cnt"


class DoorMeter:
    """`ports.Meter` over the door's admin socket."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self) -> tuple[Reading, ...]:
        """Every counter, of one and the same boot of the door. Unavailable if the door does not answer."""
        boot = self._boot()
        lines = ask(self._settings.door_admin_socket, f"show table {TABLE}").splitlines()
        if not lines or not lines[0].startswith(f"# table: {TABLE},"):
            raise _unreadable(lines[:1])
        if self._boot() != boot:
            raise _unreadable("restarted meanwhile")
        return tuple(found for line in lines[1:] if (found := self._reading(boot, line)) is not None)

    def _boot(self) -> str:
        """When this door started, and as which process: no other one has both."""
        told = dict(line.split(": ", 1) for line in ask(self._settings.door_admin_socket, "show info").splitlines()
                    if ": " in line)
        try:
            return f"{told['Start_time_sec']}-{told['Pid']}"
        except KeyError as error:
            raise _unreadable(f"no {error}") from error

    def _reading(self, boot: str, line: str) -> Reading | None:
        """One line of the table; None for another installation's key or an empty line."""
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        instance, _, owner = words.get("key", "").partition("/")
        username, _, project = owner.partition("/")
        if instance != self._settings.instance or not username or not project:
            return None
        return Reading(username, project, boot, int(words[COUNTER]))


def _unreadable(what: object) -> Unavailable:
    return Unavailable("The door does not say what it let through.", rule="door.meter", value=what,
                       next_step="It is asked again in a moment.")
