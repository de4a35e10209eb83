"""Who may have the machine's memory: first come, first served, and never more than there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.turns import Turn, lapsed, next_admitted, place, promised

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def turns(*sizes, admitted=()):
    return tuple(Turn(number, f"p{number}", "courts", size, NOW, NOW if number in admitted else None)
                 for number, size in enumerate(sizes))


def test_nobody_who_came_later_passes_one_who_does_not_fit():
    asked = turns(4, 2, 3, 1, admitted={0})
    assert [turn.id for turn in next_admitted(asked, 8)] == [1]
    assert [place(asked, turn) for turn in asked] == [0, 1, 2, 3]


def test_one_that_was_admitted_and_never_opened_gives_its_place_back():
    asked = turns(1, 1, admitted={0, 1})
    assert lapsed(asked, {("p0", "courts")}, NOW + timedelta(minutes=7)) == (asked[1],)
    assert lapsed(asked, set(), NOW + timedelta(minutes=5)) == ()


@given(st.lists(st.integers(1, 100), max_size=20), st.integers(1, 300), st.data())
def test_promises_never_exceed_the_machine_and_order_is_kept(sizes, capacity, data):
    admitted = set()
    for number, size in enumerate(sizes):
        if size + sum(sizes[one] for one in admitted) <= capacity and data.draw(st.booleans()):
            admitted.add(number)
    asked = turns(*sizes, admitted=admitted)
    chosen = next_admitted(asked, capacity)
    assert promised(asked) + sum(turn.memory_bytes for turn in chosen) <= capacity
    waiting = [turn for turn in asked if turn.waiting]
    assert list(chosen) == waiting[:len(chosen)]
    if len(chosen) < len(waiting):
        assert promised(asked) + sum(t.memory_bytes for t in chosen) + waiting[len(chosen)].memory_bytes > capacity
