"""How many kernels and terminals each person is connected to: counted from the door's tables, told to the door.

HAProxy can't count distinct names, so the door's keeper does, each second, over all of a person's workspaces. What is
opened in between the door counts itself: it adds up all that a person was ever newly connected to (`gpc0`), and what it
is told is less by as much as that was when the count began. So nobody ever has more than policy says, in however many
workspaces at once, and at worst waits a second for what they have just closed.
"""

from __future__ import annotations

from collections import Counter

from readingroom.hub import dooradmin, doortables
from readingroom.settings import Settings

MAP = "/etc/haproxy/lines.map"
OPENED, CONNECTED = "gpc0", "conn_cur"


def tell(settings: Settings) -> None:
    """Unavailable when the door does not answer as it should; until it does, it goes on counting upwards."""
    opened = doortables.read(settings, "people", OPENED)  # before the lines: what comes meanwhile is counted twice
    lines = doortables.read(settings, "lines", CONNECTED)
    count = Counter(line.username for line in lines.rows if line.numbers[CONNECTED])
    dooradmin.tell(settings.door_admin_socket, MAP, {
        f"{settings.instance}/{row.username}": str(count[row.username] - row.numbers[OPENED]) for row in opened.rows})
