"""A real Hub behind its real proxy: what a browser, and somebody with only a password, get from it."""

from __future__ import annotations

import re
import time

import pytest

from readingroom.core.second_factor import code_of, secret_of, step_at
from readingroom.hub.sign_in import STEP_COOKIE, last_address
from readingroom.services import people, sign_in
from readingroom.tour.phone import PHONE
from readingroom.tour.run import free_ports
from readingroom.tour.visitor import Page, Visitor, client, wait_until
from tests.factories import PASSWORD
from tests.integration.hub.running import running_hub, set_clock


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    port, proxy_api_port = free_ports(2)
    with running_hub(tmp_path_factory.mktemp("hub"), port=port, proxy_api_port=proxy_api_port) as made:
        yield made


@pytest.fixture(autouse=True)
def set_clock_for_each(room):
    set_clock(room)


def at_hub(room, username: str, password: str = PASSWORD) -> tuple[Visitor, Page]:
    """A browser after the first step."""
    visitor = Visitor(room.settings.public_url, username, password)
    page = Page(visitor.http.get("/hub/login"))
    return visitor, visitor.send(page.form("login"), username=username, password=password)


def give(visitor: Visitor, page: Page, code: str, **fields: str) -> Page:
    return visitor.send(page.form("second-step"), code=code, **fields)


def key_on(page: Page) -> str:
    return re.search(r'id="setup-key"[^>]*>([A-Z2-7 ]+)<', page.html)[1]


def signed_in(visitor: Visitor) -> bool:
    return visitor.http.get("/hub/home").url.path == "/hub/home"


def test_the_first_sign_in_sets_an_app_up_and_gives_recovery_codes(room):
    visitor, page = at_hub(room, "ada")
    assert "Set up your second factor" in page.text and "<svg" in page.html and "demo account" not in page.text
    assert not signed_in(visitor)
    page = Page(visitor.http.get("/hub/second-step"))
    PHONE.set_up(room.settings.public_url, "ada", key_on(page))
    done = give(visitor, page, PHONE.code(room.settings.public_url, "ada"))
    codes = re.findall(r"<li><code>([a-z0-9-]+)</code>", done.html)
    assert len(codes) == 10 and done.status == 200
    assert signed_in(visitor)
    visitor, page = at_hub(room, "ada")
    assert "Enter your code" in page.text and 'id="setup-key"' not in page.html
    assert "/services/portal" in give(visitor, page, "", recovery=codes[0]).url
    assert signed_in(visitor)


def test_a_wrong_and_a_used_code_read_alike_and_let_nobody_in(room):
    visitor, page = at_hub(room, "bilal")
    secret = secret_of(key_on(page))
    used = code_of(secret, step_at(room.now()))
    give(visitor, page, used)
    other, page = at_hub(room, "bilal")
    texts = {give(other, page, code).text for code in (used, "000000", "", "x" * 60)}
    assert len(texts) == 1 and "does not count" in texts.pop()
    assert not signed_in(other)


def test_nobody_gets_past_the_second_step_without_the_first(room):
    stranger = client(room.settings.public_url)
    assert stranger.get("/hub/second-step").url.path == "/hub/login"
    visitor, _ = at_hub(room, "chloe")
    cookie = next(one for one in visitor.http.cookies.jar if one.name == STEP_COOKIE)
    assert cookie.has_nonstandard_attr("HttpOnly") and cookie.path == "/hub/second-step"
    assert cookie.get_nonstandard_attr("SameSite") == "Strict"
    forged = cookie.value[:-4] + ("AAAA" if not cookie.value.endswith("AAAA") else "BBBB")
    stranger.cookies.set(STEP_COOKIE, forged, domain=cookie.domain, path=cookie.path)
    assert stranger.get("/hub/second-step").url.path == "/hub/login"
    stranger.close()


@pytest.mark.parametrize("auth", [
    {"username": "freya", "password": PASSWORD}, {"username": "freya"}, {"data": {"username": "freya"}}])
def test_the_hubs_api_gives_no_token_for_a_password(room, auth):
    """JupyterHub takes a username and password in the body of a request for a token; that would be one factor."""
    with client(room.settings.public_url) as http:
        answer = http.post("/hub/api/users/freya/tokens", json={"auth": auth})
    assert answer.status_code == 403 and "token" not in answer.json()


@pytest.mark.parametrize(("username", "password"), [
    ("freya", "wrong"), ("nobody", PASSWORD), ("", ""), ("freya", "x" * 5000), ("f" * 5000, "x"), ("fre\x00ya", "x")])
def test_every_wrong_pair_reads_the_same(room, username, password):
    visitor, page = at_hub(room, username, password)
    assert page.status == 403 and "Invalid username or password" in page.text
    assert "does not exist" not in page.text and not signed_in(visitor)


def test_only_pages_of_our_own_come_next(room):
    visitor = Visitor(room.settings.public_url, "tomas", PASSWORD)
    page = Page(visitor.http.get("/hub/login?next=https%3A%2F%2Fevil.example%2F"))
    page = visitor.send(page.form("login"), username="tomas", password=PASSWORD)
    PHONE.set_up(room.settings.public_url, "tomas", key_on(page))
    done = give(visitor, page, PHONE.code(room.settings.public_url, "tomas"))
    assert not any("evil" in link for link in done.links)


def test_signing_out_everywhere_ends_sessions_and_a_new_sign_in_stands(room):
    first, page = at_hub(room, "mercer")
    PHONE.set_up(room.settings.public_url, "mercer", key_on(page))
    give(first, page, PHONE.code(room.settings.public_url, "mercer"))
    assert signed_in(first)
    time.sleep(1.1)
    set_clock(room)
    sign_in.sign_out_everywhere(room, "mercer")
    wait_until(lambda: not signed_in(first), "the end of the session", seconds=20, every=1)
    time.sleep(1.1)
    second, page = at_hub(room, "mercer")
    give(second, page, PHONE.code(room.settings.public_url, "mercer"))
    assert signed_in(second)
    assert not signed_in(first), "the cookie of before is worth nothing, also within the Hub's memory of the new one"


def test_a_reset_between_the_steps_leads_back_to_the_start(room):
    visitor, page = at_hub(room, "okafor")
    secret = secret_of(key_on(page))
    set_clock(room)
    people.reset_sign_in(room, "robin", "okafor", reason="Asked for by telephone")
    assert give(visitor, page, code_of(secret, step_at(room.now()))).status == 403
    assert not signed_in(visitor)


@pytest.mark.parametrize(("forwarded", "expected"), [
    ([], "this machine"),
    (["127.0.0.1"], "this machine"),
    (["192.0.2.7"], "192.0.2.7"),
    (["198.51.100.1, 192.0.2.7"], "192.0.2.7"),
    (["198.51.100.1", "192.0.2.7"], "192.0.2.7"),
    (["192.0.2.7, 127.0.0.1"], "192.0.2.7"),
    (["192.0.2.7,::ffff:127.0.0.1"], "192.0.2.7"),
    (["::ffff:192.0.2.7"], "192.0.2.7"),
    (["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
    (["192.0.2.7, not-an-address"], "this machine"),
])
def test_only_the_address_that_our_own_proxy_said_counts(forwarded, expected):
    assert last_address(forwarded) == expected


def test_no_secret_of_a_person_is_in_the_hubs_log(room):
    log = (room.settings.state_dir / "hub.log").read_text()
    assert PASSWORD not in log
