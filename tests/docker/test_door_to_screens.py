"""The door to the screen of a strict workspace: entered with the portal's ticket, and the only way (promise P8)."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from readingroom.hub import dooradmin, tickets
from readingroom.hub.activity import DoorActivity
from readingroom.hub.names import workspace_key
from tests.docker.doorway import TICKET_KEY, Doorway
from tests.docker.test_door_inwards import LED

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]
BASE = "/user/ada/strict"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


@pytest.fixture
def screen(doorway):
    yield doorway.open("ada", "strict", screen=True)
    doorway.shut("ada", "strict", screen=True)


def entrance(doorway, person="ada", project="strict", now=None):
    address = tickets.entrance(doorway.settings, person, project, now or datetime.now(UTC))
    return address.removeprefix(doorway.settings.workspace_origin(
        workspace_key(doorway.settings, person, project)))


def enter(doorway):
    """The cookie that the door gives for a ticket."""
    answer = doorway.ask(entrance(doorway))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{BASE}/pixels/"
    given = answer.headers["set-cookie"]
    assert f"Path={BASE}/pixels/" in given and "HttpOnly" in given and "SameSite=Strict" in given
    return {"Cookie": given.partition(";")[0]}


def signed(claim, end, doorway):
    text = f"{claim}/{doorway.settings.instance}/ada/strict/{end}"
    return f"{end}.{hmac.new(TICKET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def test_with_a_ticket_one_sees_the_picture_and_what_shows_it(doorway, screen):
    cookie = enter(doorway)
    for path in ("", "screen.js", "screen.css", "core/rfb.js", "vendor/pako/lib/zlib/inflate.js"):
        assert doorway.ask(f"{BASE}/pixels/{path}", headers=cookie).status_code == 200, path
    assert [path for _, path, _, _ in screen.seen][:2] == ["/", "/screen.js"], "the screen knows no owner"
    assert "cookie" not in screen.seen[0][2]


def test_its_pages_may_run_their_own_scripts_only(doorway, screen):
    policy = doorway.ask(f"{BASE}/pixels/", headers=enter(doorway)).headers["content-security-policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy
    assert policy.endswith("sandbox allow-scripts allow-same-origin")
    assert f"frame-ancestors {doorway.settings.public_url};" in policy


@pytest.mark.parametrize(("method", "path"), LED)
def test_none_of_jupyters_routes_leads_to_a_strict_workspace(doorway, screen, method, path):
    headers = {**enter(doorway), **({"Content-Length": "0"} if method != "GET" else {})}
    answer = doorway.ask(BASE + path, method, headers=headers)
    assert answer.status_code == 503 and answer.json()["rule"] == "door.closed"
    assert screen.seen == []


@pytest.mark.parametrize("path", ["pixels/%2e%2e/", "pixels/core/%2e%2e/x.js", "pixels/core/", "pixels/vnc.html",
                                  "pixels/core/x.json", "pixels", "pixels/socket/x", "pixels/enter/",
                                  "pixels/core/x.js.map"])
def test_nothing_else_of_the_screen_is_served(doorway, screen, path):
    assert doorway.ask(f"{BASE}/{path}", headers=enter(doorway)).status_code == 403
    assert screen.seen == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_is_sent_to_a_screen_but_by_its_websocket(doorway, screen, method):
    headers = {**enter(doorway), "Content-Length": "0"}
    assert doorway.ask(f"{BASE}/pixels/", method, headers=headers).status_code == 403


def test_that_somebody_is_at_it_is_noted_by_the_door_alone(doorway, screen):
    activity = DoorActivity(doorway.settings)
    activity.used()
    assert doorway.ask(f"{BASE}/pixels/here", "POST", headers={"Content-Length": "0"}).status_code == 403, "no ticket"
    assert activity.used() == frozenset()
    assert doorway.ask(f"{BASE}/pixels/", headers=enter(doorway)).status_code == 200
    assert activity.used() == frozenset(), "looking is no use"
    answer = doorway.ask(f"{BASE}/pixels/here", "POST", headers={**enter(doorway), "Content-Length": "0"})
    assert answer.status_code == 204
    assert activity.used() == {("ada", "strict")}
    assert "/here" not in [path for _, path, _, _ in screen.seen]


def test_without_a_ticket_nobody_sees_anything(doorway, screen):
    for headers in ({}, {"Cookie": "rr-pixels="}, {"Cookie": "rr-pixels=1.0"}, {"Cookie": "rr-pixels=99999999999."}):
        for path in ("", "screen.js", "socket"):
            more = UPGRADE if path == "socket" else {}
            answer = doorway.ask(f"{BASE}/pixels/{path}", headers={**headers, **more})
            assert (answer.status_code, answer.json()["rule"]) == (403, "door.ticket"), (headers, path)
    assert screen.seen == []


def test_a_ticket_is_good_for_its_workspace_its_minute_and_entering_only(doorway, screen):
    now, old = int(time.time()), datetime.now(UTC) - timedelta(minutes=2)
    good = entrance(doorway)
    ticket = urlsplit(good).query
    foreign = entrance(doorway, "ada", "other").partition("?")[2]
    refused = [
        entrance(doorway, now=old), f"{BASE}/pixels/enter", f"{BASE}/pixels/enter?ticket=",
        f"{BASE}/pixels/enter?{foreign}",
        f"{BASE}/pixels/enter?{ticket[:-1]}{'0' if ticket[-1] != '0' else '1'}",
        f"{BASE}/pixels/enter?ticket={signed('stay', now + 60, doorway)}",
        f"{BASE}/pixels/enter?" + re.sub(r"=\d+", f"={now + 9999}", ticket),
    ]
    for path in refused:
        assert doorway.ask(path).status_code == 403, path
    for value in (signed("enter", now + 60, doorway), signed("stay", now - 1, doorway)):
        assert doorway.ask(f"{BASE}/pixels/", headers={"Cookie": f"rr-pixels={value}"}).status_code == 403, value
    assert doorway.ask(f"{BASE}/pixels/", headers={"Cookie": f"rr-pixels={signed('stay', now + 60, doorway)}"}
                       ).status_code == 200, "the control: a cookie that is as it should be"


def counted_within(doorway, owner, wanted, *, seconds):
    """A running transfer is counted every few seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        rows = dooradmin.ask(doorway.settings.door_admin_socket, "show table inwards").splitlines()
        row = next(one for one in rows if f"/{owner} " in one)
        if int(re.search(r"bytes_out_cnt=(\d+)", row)[1]) >= wanted:
            return True
        time.sleep(0.5)
    return False


def test_pixels_are_counted_and_cut_off_when_the_workspace_closes(doorway):
    server = doorway.open("ada", "cut", screen=True)
    cookie = doorway.ask(entrance(doorway, "ada", "cut")).headers["set-cookie"].partition(";")[0]
    request = (f"GET /user/ada/cut/pixels/socket HTTP/1.1\r\nHost: {doorway.host('ada', 'cut')}\r\nCookie: {cookie}\r\n"
               + "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items()) + "\r\n")
    with doorway.connect(request.encode()) as line:
        assert b" 101 " in line.recv(4096)
        line.sendall(b"x" * 50_000)
        received = 0
        while received < 50_000:
            received += len(line.recv(65536))
        assert counted_within(doorway, "ada/cut", 50_000, seconds=15)
        assert server.seen[0][1] == "/socket"
        doorway.shut("ada", "cut", screen=True)
        line.settimeout(5)
        assert line.recv(10) == b"", "the websocket ended with the workspace"


def test_a_standard_workspace_has_no_picture(doorway):
    doorway.open("ada", "plain")
    cookie = doorway.ask(entrance(doorway, "ada", "plain")).headers["set-cookie"].partition(";")[0]
    assert doorway.ask("/user/ada/plain/pixels/", headers={"Cookie": cookie}).status_code == 503
    assert doorway.ask("/user/ada/plain/lab").status_code == 200
    doorway.shut("ada", "plain")


def test_a_door_without_the_key_lets_nobody_enter(tmp_path):
    made = Doorway(tmp_path / "state")
    try:
        (made.settings.keys_dir / tickets.KEY_FILE).rename(tmp_path / "away")
        made.kill()
        made.start()
        (tmp_path / "away").rename(made.settings.keys_dir / tickets.KEY_FILE)
        assert made.ask(entrance(made)).status_code == 403
    finally:
        made.close()
