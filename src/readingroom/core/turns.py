"""Who may have a workspace of the machine's memory now, and who waits: fair between projects, then first come.

A workspace's memory limit is promised to it whole, so the promises may not exceed what the machine has: then no
workspace can take another's. Whoever does not fit waits. The next is of the project that has the least, so that a
large project can't take all for itself; within one, whoever asked first. If the next does not fit, nobody else is let
past, or someone who asks for much would wait for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

START_PATIENCE = timedelta(minutes=6)  # an admitted workspace that has not opened by then gives its place back


@dataclass(frozen=True)
class Turn:
    id: int
    username: str
    project: str
    memory_bytes: int
    asked_at: datetime
    admitted_at: datetime | None

    @property
    def waiting(self) -> bool:
        return self.admitted_at is None


def lapsed(turns: Sequence[Turn], open_now: Collection[tuple[str, str]], now: datetime) -> tuple[Turn, ...]:
    """Turns that were admitted and never opened, or closed since."""
    return tuple(turn for turn in turns if turn.admitted_at is not None
                 and (turn.username, turn.project) not in open_now and now - turn.admitted_at > START_PATIENCE)


def promised(turns: Sequence[Turn]) -> int:
    """Bytes that admitted workspaces may use."""
    return sum(turn.memory_bytes for turn in turns if not turn.waiting)


def next_admitted(turns: Sequence[Turn], capacity_bytes: int) -> tuple[Turn, ...]:
    """The waiting turns that fit now, from the front, up to the first that does not.

    Example: 4 GiB promised of 8, waiting 2, 3, 1, all of one project: the first is admitted, the second waits and so
    does the third.
    """
    free = capacity_bytes - promised(turns)
    admitted = []
    for turn in in_order(turns):
        if turn.memory_bytes > free:
            break
        free -= turn.memory_bytes
        admitted.append(turn)
    return tuple(admitted)


def place(turns: Sequence[Turn], turn: Turn) -> int:
    """1 for the next in the queue; 0 for one that is admitted."""
    return 1 + in_order(turns).index(turn) if turn.waiting else 0


def in_order(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Those that wait, the next first: always of the project with the least promised, counting those before it here.

    Example: A has 2 GiB open; waiting, in the order of asking and 1 GiB each, A, A, B, B, B: B, B, A, B, A.
    """
    promises: Counter[str] = Counter()
    for turn in turns:
        if not turn.waiting:
            promises[turn.project] += turn.memory_bytes
    left = [turn for turn in turns if turn.waiting]
    order = []
    while left:
        following = min(left, key=lambda turn: (promises[turn.project], turn.id))
        promises[following.project] += following.memory_bytes
        left.remove(following)
        order.append(following)
    return tuple(order)
