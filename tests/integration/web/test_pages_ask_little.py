"""What a page of a request costs, in what can be counted: how often it asks the records, and that looking writes
nothing but what goes on the log."""

from __future__ import annotations

import pytest

from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import Decision
from readingroom.db import request_reading
from tests.integration.web.test_list_pages import VIEWERS, address, filled, look, pages
from tests.integration.web.world import World, safe_uploads

MOST = {  # statements of a page, beginning a transaction included; whoever lowers one lowers the limit
    ("noor", "/notices"): 8,
    ("ada", "/requests/{waiting}"): 16,
    ("bilal", "/requests/{released}"): 15,
    ("imran", "/requests/{waiting}/review"): 20,
    ("imran", "/queue"): 16,
    ("bilal", "/requests"): 16,
}
LOGGED = {  # what may be looked at only on the record
    "/grants/{grant_id}/receipt.{form}", "/requests/{number}/files/{file_id}", "/requests/{number}/release",
    "/requests/{number}/review",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("desk") / "state")
    released = world.released(author="bilal", uploads=safe_uploads()).number
    waiting = world.in_review(author="ada").number
    world.vote("imran", world.in_review(author="dara", title="To settle"), Decision.CHANGE, "Merge them.")
    yield world, {"released": released, "waiting": waiting}
    world.close()


@pytest.mark.parametrize(("name", "path"), sorted(MOST))
def test_a_page_asks_the_records_no_more_often_than_it_did(desk, name, path):
    world, numbers = desk
    answer, asked = look(world, name, path.format_map(numbers))
    assert answer.status_code == 200
    assert len(asked) <= MOST[name, path], "\n".join(asked)


def test_looking_writes_nothing_but_what_goes_on_the_log(tmp_path):
    """A page that took the turn to write would wait for whoever writes, and for the disk."""
    world, wrote = filled(tmp_path / "state", 3), set()
    for name in VIEWERS:
        for pattern in pages():
            answer, asked = look(world, name, address(pattern))
            if answer.status_code == 200 and "BEGIN IMMEDIATE" in asked:
                wrote.add(pattern)
    world.close()
    assert wrote and wrote <= LOGGED


def test_many_requests_are_read_in_parts_and_whole(desk, monkeypatch):
    """However many there are, no question names more of them than a database takes."""
    world, _ = desk
    monkeypatch.setattr(request_reading, "AT_ONCE", 2)
    with world.store.reading() as tx:
        found = tx.requests.with_status(*RequestStatus)
        assert len(found) == 3 and found == tuple(tx.requests.get(one.number) for one in found)
        assert all(one.files for one in found) and any(one.reviews for one in found)
