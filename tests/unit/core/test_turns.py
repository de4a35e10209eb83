"""Who may have the machine's memory: fair between projects, then first come, and never more than there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.turns import Turn, in_order, lapsed, next_admitted, place, promised

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


def of_projects(*projects, admitted=()):
    return tuple(Turn(number, f"p{number}", project, 1, NOW, NOW if number in admitted else None)
                 for number, project in enumerate(projects))


def test_the_project_that_has_least_is_next():
    asked = of_projects("A", "A", "A", "A", "B", "B", "B", admitted={0, 1})
    assert "".join(turn.project for turn in in_order(asked)) == "BBABA"
    assert [turn.project for turn in next_admitted(asked, 4)] == ["B", "B"]
    assert place(asked, asked[2]) == 3 and place(asked, asked[0]) == 0


def test_one_that_asks_for_much_is_passed_only_by_projects_that_have_less():
    large = Turn(0, "p0", "A", 5, NOW, None)
    asked = (Turn(1, "p1", "A", 3, NOW, NOW), *(Turn(2 + n, f"q{n}", "B", 1, NOW, None) for n in range(9)), large)
    order = [turn.id for turn in in_order(asked)]
    assert order.index(0) == 3, "B has three by then, as A has"


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 9), st.booleans()), max_size=15))
def test_everybody_who_waits_has_one_place_and_order_within_a_project_is_that_of_asking(asked):
    found = tuple(Turn(number, f"p{number}", project, size, NOW, NOW if admitted else None)
                  for number, (project, size, admitted) in enumerate(asked))
    order = in_order(found)
    assert sorted(place(found, turn) for turn in found if turn.waiting) == list(range(1, len(order) + 1))
    for project in "ABC":
        mine = [turn.id for turn in order if turn.project == project]
        assert mine == sorted(mine)


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
