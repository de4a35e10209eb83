"""What is kept of slow answers: only ever the answer to these very bytes, and never more than there is room for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.kept import OVERHEAD_BYTES, Kept

ROOM = 4 * OVERHEAD_BYTES


def answering(asked: list[tuple[bytes, str]], room: int = ROOM) -> Kept[bytes]:
    def function(content: bytes, kind: str) -> bytes:
        asked.append((content, kind))
        return kind.encode() + content

    return Kept(function, len, room)


@given(st.lists(st.tuples(st.binary(max_size=2 * ROOM), st.sampled_from(["png", "jpeg"])), max_size=40))
def test_it_answers_as_the_function_does(questions):
    kept = answering([])
    for content, kind in questions + questions[::-1]:
        assert kept(content, kind) == kind.encode() + content


def test_the_same_bytes_are_asked_about_once():
    asked: list[tuple[bytes, str]] = []
    kept = answering(asked)
    for _ in range(5):
        kept(b"one", "png")
        kept(b"one", "jpeg")
    assert asked == [(b"one", "png"), (b"one", "jpeg")]


def test_what_was_not_asked_for_longest_makes_room():
    asked: list[tuple[bytes, str]] = []
    kept = answering(asked, 3 * (OVERHEAD_BYTES + 10))
    for content in (b"a" * 7, b"b" * 7, b"c" * 7, b"a" * 7, b"d" * 7):  # of ten bytes each, with their kind
        kept(content, "png")
    asked.clear()
    for content in (b"a" * 7, b"c" * 7, b"d" * 7):
        kept(content, "png")
    assert asked == []
    kept(b"b" * 7, "png")
    assert asked == [(b"b" * 7, "png")]


def test_what_is_larger_than_all_the_room_is_answered_and_not_kept():
    asked: list[tuple[bytes, str]] = []
    kept = answering(asked)
    kept(b"small", "png")
    large = b"x" * (2 * ROOM)
    assert kept(large, "png") == kept(large, "png") == b"png" + large
    assert asked.count((large, "png")) == 2


def test_many_threads_get_the_right_answers_and_leave_the_room_as_it_is():
    asked: list[tuple[bytes, str]] = []
    kept = answering(asked)
    contents = [bytes([number % 7]) * 200 for number in range(700)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda content: kept(content, "png"), contents)) == [b"png" + one for one in contents]
    weights = [len(answer) + OVERHEAD_BYTES for answer in kept._known.values()]
    assert kept._room + sum(weights) == ROOM and kept._room >= 0
