"""Many workspaces asked for at once: started some at a time, in order, and given up before the Hub does."""

from __future__ import annotations

import asyncio

import pytest

from readingroom.core import turns
from readingroom.errors import Unavailable
from readingroom.hub import orphans
from readingroom.hub.configure import START_SECONDS
from readingroom.hub.spawners.docker import LAST_SECONDS, WorkspaceSpawner


class Starting:
    """A spawner's start without a Hub, an engine or a container: only what decides when it may begin."""

    _among_few, _in_time, _step = WorkspaceSpawner._among_few, WorkspaceSpawner._in_time, WorkspaceSpawner._step

    def __init__(self, starts: asyncio.Semaphore, seconds: float = START_SECONDS) -> None:
        self._starts, self._steps, self.start_timeout = starts, [], seconds


def test_so_many_start_at_once_and_the_others_in_the_order_of_asking():
    running, most, order = set(), [0], []

    async def start(number, one):
        async with one._among_few():
            running.add(number)
            most[0] = max(most[0], len(running))
            order.append(number)
            await asyncio.sleep(0.01)
            running.remove(number)
        return one._steps

    async def all_of_them():
        starts = asyncio.Semaphore(2)
        return await asyncio.gather(*(start(number, Starting(starts)) for number in range(8)))
    told = asyncio.run(all_of_them())
    assert most == [2] and order == list(range(8))
    assert told == [[], []] + [["Waiting while others start"]] * 6


def test_one_that_fails_or_is_given_up_lets_the_next_in():
    async def start(one, act):
        async with one._among_few():
            await act()

    async def breaks():
        raise Unavailable("The engine does not answer.")

    async def for_ever():
        await asyncio.sleep(60)

    async def soon():
        await asyncio.sleep(0)

    async def one_after_the_other():
        starts = asyncio.Semaphore(1)
        with pytest.raises(Unavailable, match="does not answer"):
            await start(Starting(starts), breaks)
        late = Starting(starts, LAST_SECONDS + 0.05)
        with pytest.raises(Unavailable, match="did not start in time"):
            await late._in_time(start(late, for_ever))
        await asyncio.wait_for(start(Starting(starts), soon), 5)
    asyncio.run(one_after_the_other())


def test_a_start_is_over_before_its_place_is_given_away_or_its_container_is_an_orphan():
    assert START_SECONDS < turns.START_PATIENCE.total_seconds() < orphans.START_SECONDS
