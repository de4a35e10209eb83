"""What policy lets one person do through the door, and what the door takes for use, on the real door (P8)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from readingroom.hub import dooradmin, doorkeeper, doorlimits, doorlines
from readingroom.hub.activity import QUIET_BYTES, DoorActivity
from readingroom.hub.doorlimits import DEFAULT
from readingroom.hub.names import workspace_key

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]
BASE = "/user/ada/limited"
KEY = ("ada", "limited")
COUNTED_SECONDS = 6.0  # HAProxy adds to its counters every five seconds while a websocket is open
TERMINALS = [("GET", "/api/terminals", 200), ("POST", "/api/terminals", 200), ("GET", "/api/terminals/1", 200),
             ("DELETE", "/api/terminals/1", 200), ("GET", "/terminals/websocket/1", 403)]


@pytest.fixture
def server(doorway):
    yield doorway.open(*KEY)
    doorlimits.remove(doorway.settings, workspace_key(doorway.settings, *KEY))
    doorway.shut(*KEY)


def hold_to(doorway, **limits):
    """As the spawner and the worker do it; the door is told at the next look."""
    key = workspace_key(doorway.settings, *KEY)
    doorlimits.write(doorway.settings, key, replace(DEFAULT, **limits))
    doorkeeper.reconcile(doorway.settings)
    doorlines.tell(doorway.settings)


def terminal(doorway):
    return doorway.websocket(*KEY, path="/terminals/websocket/1")


@pytest.mark.parametrize(("method", "path", "status"), TERMINALS)
def test_terminals_are_refused_unless_policy_says_yes(doorway, server, method, path, status):
    assert doorway.ask(BASE + path, method).status_code == 403
    assert server.seen == []
    hold_to(doorway, terminals=1)
    assert doorway.ask(BASE + path, method).status_code == status
    hold_to(doorway, terminals=0)
    answer = doorway.ask(BASE + path, method)
    assert answer.status_code == 403 and answer.json()["rule"] == "door.terminals"


def test_a_terminals_websocket_is_let_through_and_only_as_one(doorway, server):
    hold_to(doorway, terminals=1)
    with terminal(doorway) as line:
        line.sendall(b"ls")
        assert line.recv(10) == b"ls"
    for path in ("/terminals/websocket/1/x", "/terminals/websocket/../x", "/terminals/1", "/api/terminals/a-b",
                 "/terminals/new/x"):
        assert doorway.ask(BASE + path).status_code == 403


def kernel(number, project=KEY[1]):
    path = f"/api/kernels/{number:08}-0000-0000-0000-{'0' * 12}/channels"
    return {"person": KEY[0], "project": project, "path": path}


def refused(doorway, **line):
    try:
        doorway.websocket(**line).close()
    except AssertionError as error:
        assert "429" in str(error)
        return True
    return False


def until(true):
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_p8_so_many_kernels_and_terminals_and_no_more_however_many_tabs(doorway, server):
    hold_to(doorway, terminals=1, lines=2)
    with doorway.websocket(**kernel(1)), terminal(doorway), doorway.websocket(**kernel(1)):
        assert refused(doorway, **kernel(2)), "before anybody has counted"
        doorlines.tell(doorway.settings)
        assert refused(doorway, **kernel(2))
        doorway.websocket(**kernel(1)).close()
        for path in ("/api/kernels", "/api/sessions", "/api/terminals"):
            answer = doorway.ask(BASE + path, "POST", json={})
            assert answer.status_code == 429 and answer.json()["rule"] == "door.kernels"
        assert doorway.ask(f"{BASE}/api/kernels").status_code == 200
        hold_to(doorway, terminals=1, lines=3)
        doorway.websocket(**kernel(2)).close()

    def free():
        doorlines.tell(doorway.settings)
        return doorway.ask(f"{BASE}/api/kernels", "POST", json={}).status_code == 200
    hold_to(doorway, terminals=1, lines=1)
    until(free)
    assert not refused(doorway, **kernel(3))


@pytest.fixture
def second(doorway, server):
    """Another workspace of the same person, and one of somebody else; all three hold their person to two lines."""
    others = ((KEY[0], "second"), ("bilal", "limited"))
    for key in others:
        doorway.open(*key)
    for key in (KEY, *others):
        doorlimits.write(doorway.settings, workspace_key(doorway.settings, *key), replace(DEFAULT, lines=2))
    doorkeeper.reconcile(doorway.settings)
    doorlines.tell(doorway.settings)
    yield "second"
    for key in others:
        doorway.shut(*key)


def test_p8_kernels_are_counted_over_all_workspaces_of_a_person_and_of_nobody_else(doorway, second):
    with doorway.websocket(**kernel(1)), doorway.websocket(**kernel(2, second)):
        for _ in ("before anybody has counted", "and after"):
            assert refused(doorway, **kernel(3)) and refused(doorway, **kernel(3, second))
            assert not refused(doorway, **(kernel(3) | {"person": "bilal"}))
            doorlines.tell(doorway.settings)
    until(lambda: doorlines.tell(doorway.settings) or not refused(doorway, **kernel(3)))


def test_p8_of_many_at_the_same_moment_no_more_come_in_than_policy_says(doorway, second):
    held = []

    def open_one(number):
        with suppress(AssertionError):
            held.append(doorway.websocket(**kernel(number, (KEY[1], second)[number % 2])))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(open_one, range(10, 34)))
    assert len(held) == 2
    for line in held:
        line.close()


def test_p8_who_opens_and_closes_without_end_is_not_shut_out_nor_let_past(doorway, server):
    hold_to(doorway, lines=3)
    for number in range(20):
        doorlines.tell(doorway.settings)
        with doorway.websocket(**kernel(number)):
            pass
        until(lambda: doorlines.tell(doorway.settings) or doorway.ask(f"{BASE}/api/kernels", "POST", json={}
                                                                       ).status_code == 200)
    held = [doorway.websocket(**kernel(number)) for number in range(3)]
    assert refused(doorway, **kernel(9))
    for line in held:
        line.close()


def test_uploads_and_requests_are_held_to_the_policys_numbers(doorway, server):
    hold_to(doorway, upload_bytes=1000)
    assert doorway.ask(f"{BASE}/api/contents/a.csv", "PUT", content=b"x" * 1000).status_code == 200
    refused = doorway.ask(f"{BASE}/api/contents/a.csv", "PUT", content=b"x" * 1001)
    assert refused.status_code == 413 and refused.json()["rule"] == "door.upload"
    hold_to(doorway, upload_bytes=40 * 1024**2)
    assert doorway.ask(f"{BASE}/api/contents/a.csv", "PUT", content=b"x" * 34_000_000).status_code == 200
    hold_to(doorway, upload_bytes_per_minute=1_000_000)
    assert doorway.ask(f"{BASE}/api").status_code == 429
    hold_to(doorway, requests_per_10_seconds=5)
    statuses = [doorway.ask(f"{BASE}/api").status_code for _ in range(8)]
    assert statuses[-1] == 429
    doorway.open("bilal", "limited")
    assert doorway.ask("/user/bilal/limited/api").status_code == 200
    doorway.shut("bilal", "limited")


def test_a_killed_door_learns_the_limits_again_and_forgets_those_of_what_closed(doorway, server):
    hold_to(doorway, terminals=1)
    doorway.kill()
    doorway.start()
    assert doorway.ask(f"{BASE}/api/terminals").status_code == 200
    doorway.open("bilal", "limited")
    doorlimits.write(doorway.settings, workspace_key(doorway.settings, "bilal", "limited"), DEFAULT)
    doorway.shut("bilal", "limited")
    told = dooradmin.ask(doorway.settings.door_admin_socket, f"show map {doorlimits.MAP}")
    assert told.count(":") == 4 and workspace_key(doorway.settings, *KEY) in told


class TestUse:
    """What somebody does, not what a page does by itself."""

    @pytest.fixture
    def activity(self, doorway, server):
        doorway.ask(f"{BASE}/lab")
        made = DoorActivity(doorway.settings)
        assert made.used() == frozenset(), "what was before the first look is not known"
        return made

    @pytest.mark.parametrize(("method", "path"), [
        ("GET", "/api/kernels"), ("GET", "/api/sessions"), ("GET", "/api/contents?content=1"), ("GET", "/api/status"),
        ("GET", "/api/contents/a.ipynb?type=notebook&content=1"), ("GET", "/readingroom/standing"),
        ("PUT", "/api/contents/a.ipynb"), ("PUT", "/lab/api/workspaces/default"), ("GET", "/static/lab/main.js"),
        ("POST", "/api/shutdown"), ("GET", "/files/a.csv"),
    ])
    def test_what_a_page_asks_and_saves_by_itself_is_none(self, doorway, activity, method, path):
        doorway.ask(BASE + path, method, **({"content": b"x" * 5000} if method != "GET" else {}))
        assert activity.used() == frozenset()

    @pytest.mark.parametrize(("method", "path"), [
        ("POST", "/readingroom/here"), ("GET", "/lab"), ("POST", "/api/sessions"), ("POST", "/api/contents/"),
        ("DELETE", "/api/contents/a.ipynb"), ("PATCH", "/api/contents/a.ipynb"),
        ("POST", "/api/contents/a.ipynb/checkpoints"),
    ])
    def test_what_a_person_does_is_use_once(self, doorway, activity, method, path):
        doorway.ask(BASE + path, method, **({"json": {}} if method in ("POST", "PATCH") else {}))
        assert activity.used() == {KEY}
        assert activity.used() == frozenset()

    def test_that_somebody_is_there_is_for_the_door_and_not_the_workspace(self, doorway, server, activity):
        assert doorway.ask(f"{BASE}/readingroom/here", "POST", content=b"").status_code == 204
        assert [seen for seen in server.seen if "here" in seen[1]] == []
        refused = doorway.ask(f"{BASE}/readingroom/here", "POST", content=b"", headers={"Origin": "http://other.test"})
        assert refused.status_code == 403

    def test_what_is_sent_to_a_kernel_is_and_pongs_are_not(self, doorway, activity):
        with doorway.websocket(*KEY) as line:
            time.sleep(COUNTED_SECONDS)
            activity.used()
            line.sendall(b"x" * QUIET_BYTES)
            time.sleep(COUNTED_SECONDS)
            assert activity.used() == frozenset()
            line.sendall(b"x" * 10 * QUIET_BYTES)
            time.sleep(COUNTED_SECONDS)
            line.sendall(b"x")
            deadline = time.monotonic() + 10
            while activity.used() != {KEY}:
                assert time.monotonic() < deadline
                time.sleep(0.5)

    def test_a_door_that_began_anew_makes_nobody_active(self, doorway, activity):
        doorway.ask(f"{BASE}/readingroom/here", "POST", content=b"")
        doorway.kill()
        doorway.start()
        doorway.ask(f"{BASE}/readingroom/here", "POST", content=b"")
        assert activity.used() == frozenset()
        doorway.ask(f"{BASE}/readingroom/here", "POST", content=b"")
        assert activity.used() == {KEY}
