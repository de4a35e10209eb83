"""The door's counters: how many bytes went towards each person in each project since the door started."""

from __future__ import annotations

from readingroom.core.shown import Reading
from readingroom.hub import doortables
from readingroom.settings import Settings

TABLE = "inwards"
COUNTER = "bytes_out_cnt"


class DoorMeter:
    """`ports.Meter` over the door's admin socket."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self) -> tuple[Reading, ...]:
        """Every counter, of one and the same boot of the door. Unavailable if the door does not answer."""
        table = doortables.read(self._settings, TABLE, COUNTER)
        return tuple(Reading(row.username, row.project, table.boot, row.numbers[COUNTER]) for row in table.rows)
