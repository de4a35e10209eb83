"""Who used their workspace since it was last asked, as the door saw it: what people sent, not what a container says.

The door's table `use` has the bytes of requests that somebody acted by (`inwards.cfg` says which), and of what came in
over the websockets of kernels and terminals. What a kernel prints, that it calls itself busy, and what JupyterLab asks
or saves by itself, moves nothing. A browser answers a server's pings, 6 bytes each 30 seconds and websocket: so few
bytes are nobody's.
"""

from __future__ import annotations

from readingroom.hub import doortables
from readingroom.settings import Settings

TABLE = "use"
BYTES, LINES = "bytes_in_cnt", "conn_cur"
QUIET_BYTES = 32  # of each open websocket between two looks; a kernel's message has hundreds


class DoorActivity:
    """Port `Activity`, from the door's counters. What happened before the first look is not known, hence no use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._boot = ""
        self._before: dict[tuple[str, str], int] = {}

    def used(self) -> frozenset[tuple[str, str]]:
        """Raises Unavailable when the door does not answer as it should."""
        table = doortables.read(self._settings, TABLE, BYTES, LINES)
        now = {(row.username, row.project): row.numbers for row in table.rows}
        used = frozenset(
            key for key, numbers in now.items()
            if table.boot == self._boot
            and numbers[BYTES] - self._before.get(key, 0) > QUIET_BYTES * max(1, numbers[LINES]))
        self._boot, self._before = table.boot, {key: numbers[BYTES] for key, numbers in now.items()}
        return used
