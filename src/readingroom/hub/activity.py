"""Who used their workspace since it was last asked, as the door saw it: what people sent, not what a container says.

The door's table `use` has the bytes of requests that somebody acted by (`inwards.cfg` says which), and `lines` those of
what came in over each websocket of a kernel or terminal. What a kernel prints, that it calls itself busy, and what
JupyterLab asks or saves by itself, moves nothing. A browser answers a server's pings, 6 bytes each 30 seconds and
websocket: so few bytes are nobody's.
"""

from __future__ import annotations

from readingroom.hub import doortables
from readingroom.settings import Settings

TABLES = ("use", "lines")
BYTES, OPEN = "bytes_in_cnt", "conn_cur"
QUIET_BYTES = 32  # of each open websocket between two looks; a kernel's message has hundreds


class DoorActivity:
    """Port `Activity`, from the door's counters. What happened before the first look is not known, hence no use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._boots: tuple[str, ...] = ()
        self._before: dict[tuple[str, str, str], int] = {}

    def used(self) -> frozenset[tuple[str, str]]:
        """Raises Unavailable when the door does not answer as it should."""
        tables = {name: doortables.read(self._settings, name, BYTES, OPEN) for name in TABLES}
        boots = tuple(table.boot for table in tables.values())
        rows = {(name, row.username, row.place): row for name, table in tables.items() for row in table.rows}
        used = frozenset(
            (row.username, row.project) for key, row in rows.items()
            if boots == self._boots
            and row.numbers[BYTES] - self._before.get(key, 0) > QUIET_BYTES * max(1, row.numbers[OPEN]))
        self._boots, self._before = boots, {key: row.numbers[BYTES] for key, row in rows.items()}
        return used
