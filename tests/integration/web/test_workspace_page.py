"""The page around a workspace, its frame's rules, and addresses that belong to no page (promise P8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from readingroom.errors import SettingsError
from readingroom.hub.names import workspace_key
from readingroom.settings import Settings
from readingroom.web.sessions import COOKIE, cookie_place
from tests.integration.web.test_portal_pages import text_of
from tests.integration.web.world import BASE, World

SLUG = "returning-defendants"
PAGE = f"/projects/{SLUG}/workspace"


@pytest.fixture
def framed(world: World):
    world.hub.states["ada", SLUG] = "running"
    return world.client("ada").get(BASE + PAGE)


def policy_of(answer) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))


def test_the_frame_shows_the_workspace_at_its_own_host_in_a_sandbox(world, framed):
    settings = world.room.settings
    origin = settings.workspace_origin(workspace_key(settings, "ada", SLUG))
    assert f'src="{origin}/user/ada/{SLUG}/"' in framed.text
    assert 'sandbox="allow-scripts allow-same-origin allow-forms allow-modals"' in framed.text
    for power in ("allow-top-navigation", "allow-popups", "allow-downloads"):
        assert power not in framed.text


def test_the_frame_leads_to_its_workspace_and_its_sign_in_alone(world, framed):
    settings, policy = world.room.settings, policy_of(framed)
    origin = settings.workspace_origin(workspace_key(settings, "ada", SLUG))
    assert policy["frame-src"].split() == [f"{origin}/", f"{settings.public_url}/hub/api/oauth2/authorize"]
    assert policy["frame-ancestors"] == "'none'"
    assert "frame-src 'none'" in world.client("ada").get(f"{BASE}/projects").headers["content-security-policy"]


def test_the_bar_tells_the_tier_and_warns_when_it_closes_soon(world, framed):
    assert '<span class="rr-shell__fact" data-fact="tier">Standard tier</span>' in framed.text
    assert 'data-fact="warning" hidden' in framed.text
    with world.room.store.transaction() as tx:
        tx.workspaces.open("ada", SLUG, world.room.now() - timedelta(hours=71, minutes=55))
    page = world.client("ada").get(BASE + PAGE).text
    assert 'data-fact="warning">This workspace closes at ' in page and "Save your work" in page
    told = world.client("ada").get(f"{BASE}{PAGE}/state").json()
    assert told["warning"].startswith("This workspace closes at ") and told["tier"] == "Standard tier"


def test_two_projects_of_one_person_have_different_hosts(world):
    settings = world.room.settings
    hosts = {settings.workspace_host(workspace_key(settings, who, project))
             for who in ("ada", "bilal") for project in (SLUG, "courts-and-schools")}
    assert len(hosts) == 4
    assert all(host.endswith(f".{settings.public_host}") for host in hosts)


def test_a_closed_workspace_says_when_why_and_what_would_open_it(world):
    page = text_of(world.client("chloe").get(f"{BASE}/projects/plea-timing/workspace"))
    assert "Your workspace is closed" in page and "ended on" in page and "Apply for an extension" in page
    assert "iframe" not in page


def test_who_has_no_workspace_there_sees_no_page_of_it(world):
    for path in (PAGE, f"{PAGE}/state"):
        assert world.client("robin").get(BASE + path).status_code in (403, 404)


@pytest.mark.parametrize(("path", "wanted"), [
    ("/user/ada/returning-defendants/lab/tree/x.ipynb", PAGE), ("/user/ada/returning-defendants", PAGE),
    ("/", "/"), ("/anything", "/"), ("/user/ada", "/"), ("/user/ada/..%2f..%2fx", "/"),
])
def test_an_address_of_nothing_leads_to_the_portals_own_name(world, path, wanted):
    answer = world.stranger().get(path, headers={"host": "127.0.0.1:8000"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{world.room.settings.public_url}{BASE}{wanted}"


@pytest.mark.parametrize("path", ["/", "/projects", "/sign-in", "/static/portal.css", "/api/v1/workspace"])
def test_no_page_of_the_portal_is_at_a_workspaces_host(world, path):
    """There a workspace's own page could read it."""
    for host in ("w0123456789ab.readingroom.localhost:8000", "W0.ReadingRoom.localhost.", "x.y.readingroom.localhost"):
        answer = world.client("ada").get(BASE + path, headers={"host": host})
        assert answer.status_code == 303 and answer.headers["location"] == f"{world.room.settings.public_url}{BASE}/"


def test_a_script_of_a_closed_workspace_is_told_that_it_is_closed(world):
    answer = world.stranger().get(f"/user/ada/{SLUG}/api/kernels", headers={"sec-fetch-dest": "empty"})
    assert answer.status_code == 424 and "not running" in answer.json()["message"]
    assert world.stranger().get("/anything", headers={"sec-fetch-dest": "image"}).status_code == 404


def test_cookies_take_the_prefix_that_other_hosts_cannot_give_where_there_is_tls():
    assert cookie_place(COOKIE, secure=True) == (f"__Host-{COOKIE}", "/")
    assert cookie_place(COOKIE, secure=False) == (COOKIE, f"{BASE}/")


class TestAddresses:
    def test_the_demos_name_is_one_that_browsers_take_to_this_machine(self, tmp_path):
        assert Settings(state_dir=tmp_path, port=8123).public_url == "http://readingroom.localhost:8123"

    @pytest.mark.parametrize(("given", "origin", "host"), [
        ("https://rr.example.org", "https://w0.rr.example.org", "rr.example.org"),
        ("https://rr.example.org/", "https://w0.rr.example.org", "rr.example.org"),
        ("https://rr.example.org:8443", "https://w0.rr.example.org:8443", "rr.example.org"),
        ("http://http", "http://w0.http", "http"),
    ])
    def test_each_workspace_has_a_name_below_it(self, tmp_path, given, origin, host):
        settings = Settings(state_dir=tmp_path, public_url=given)
        assert (settings.workspace_origin("0"), settings.public_host) == (origin, host)
        assert replace(settings).public_url == settings.public_url

    @pytest.mark.parametrize("given", ["https://192.0.2.1", "http://[::1]:8000", "rr.example.org", "ftp://rr.example.org",
                                       "https://rr.example.org/path", "https://a:b@rr.example.org", "https://", "https://-a.b",
                                       "https://rr.example.org:x", "https://RR.example.org", "https://a_b.example.org"])
    def test_what_can_have_no_names_below_it_is_refused(self, tmp_path, given):
        with pytest.raises(SettingsError, match="public_url"):
            Settings(state_dir=tmp_path, public_url=given)
