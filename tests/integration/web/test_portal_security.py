"""Who gets in, what a change must carry, who sees what, and what a page must not give away."""

from __future__ import annotations

import itertools
from urllib.parse import parse_qs, urlsplit

import pytest

from readingroom.core.requests import Decision
from readingroom.services import people
from readingroom.web.sessions import COOKIE, HUB_CHECK_SECONDS, Identities, Seal
from tests.integration.web.world import BASE, PEOPLE

NAMES = [name for name, _, _ in PEOPLE]


class TestSigningIn:
    def begin(self, client, wanted=f"{BASE}/projects"):
        answer = client.get(f"{BASE}/sign-in", params={"next": wanted})
        return parse_qs(urlsplit(answer.headers["location"]).query)

    def test_a_stranger_is_sent_to_sign_in_and_comes_back_to_the_page(self, world):
        client = world.stranger()
        first = client.get(f"{BASE}/projects")
        assert first.status_code == 303 and "/sign-in?next=" in first.headers["location"]
        asked = self.begin(client)
        assert asked["code_challenge_method"] == ["S256"] and asked["client_id"] == ["service-portal"]
        back = client.get(f"{BASE}/oauth_callback", params={"code": "code-of-ada", "state": asked["state"][0]})
        assert back.headers["location"] == f"{BASE}/projects"
        cookie = back.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and f"Path={BASE}/" in cookie
        assert "Returning defendants" in client.get(f"{BASE}/projects").text

    def test_a_state_of_another_browser_is_refused(self, world):
        theirs, ours = world.stranger(), world.stranger()
        state = self.begin(theirs)["state"][0]
        self.begin(ours)
        answer = ours.get(f"{BASE}/oauth_callback", params={"code": "code-of-ada", "state": state})
        assert answer.status_code == 403 and COOKIE not in answer.cookies

    @pytest.mark.parametrize(
        "wanted",
        [
            "https://evil.example/",
            "//evil.example/",
            f"{BASE}//evil.example",
            "/hub/logout",
            f"{BASE}/..//evil",
            "\\\\evil",
            f"{BASE}/x\r\nSet-Cookie: a=b",
        ],
    )
    def test_only_our_own_pages_are_returned_to(self, world, wanted):
        client = world.stranger()
        state = self.begin(client, wanted)["state"][0]
        back = client.get(f"{BASE}/oauth_callback", params={"code": "code-of-ada", "state": state})
        assert back.headers["location"] == f"{BASE}/"

    def test_a_workspaces_token_opens_no_page(self, world):
        session = world.session("ada")
        stolen = type(session)("ada", world.hub.workspace_token("ada", "returning-defendants"), "x")
        client = world.stranger()
        client.cookies.set(COOKIE, world.seal.session_cookie(stolen), domain="testserver.local", path=f"{BASE}/")
        assert client.get(f"{BASE}/projects").status_code == 303

    @pytest.mark.parametrize("cookie", ["", "x", "é", "gAAAAA" + "A" * 200])
    def test_a_made_up_cookie_is_nobody(self, world, cookie):
        assert world.seal.session(cookie) is None
        other = Seal("another secret").session_cookie(world.session("ada"))
        assert world.seal.session(other) is None

    def test_suspension_takes_effect_at_the_next_request(self, world):
        ada = world.client("ada")
        assert ada.see("/projects").status_code == 200
        people.suspend(world.room, "robin", "ada", reason="left")
        assert ada.see("/projects").status_code == 403
        assert world.workspace("ada").get(f"{BASE}/api/v1/requests").status_code == 403

    def test_a_token_that_the_hub_forgot_is_noticed_within_the_promised_time(self):
        time, known = [0.0], {"t": {"name": "ada"}}
        identities = Identities(lambda token: known[token], lambda: time[0])
        identities.of("t")
        known.clear()
        time[0] = HUB_CHECK_SECONDS - 1
        assert identities.of("t") == {"name": "ada"}
        time[0] = HUB_CHECK_SECONDS
        with pytest.raises(KeyError):
            identities.of("t")
        assert HUB_CHECK_SECONDS <= 30

    def test_signing_out_ends_the_hubs_session_too(self, world):
        ada = world.client("ada")
        answer = ada.do("/sign-out")
        assert answer.headers["location"] == "/hub/logout" and f'{COOKIE}=""' in answer.headers["set-cookie"]


class TestHeaders:
    PATHS = ("/projects", "/requests/999", "/static/review.js", "/api/v1/requests", "/nothing")

    @pytest.mark.parametrize("path", PATHS)
    def test_every_answer_carries_them(self, world, path):
        headers = world.client("ada").see(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert f"script-src testserver{BASE}/static/;" in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cache-control"] == ("no-cache" if "static" in path else "no-store")

    def test_an_unexpected_fault_carries_them_and_tells_nothing(self, world):
        world.hub.workspace_states = lambda *_: 1 / 0
        client = world.client("ada")
        client._transport.raise_server_exceptions = False
        answer = client.see("/projects")
        assert answer.status_code == 500 and "division" not in answer.text and "ZeroDivision" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    def test_a_hostile_host_header_gets_a_policy_that_allows_nothing(self, world):
        policy = (
            world.client("ada")
            .get(f"{BASE}/projects", headers={"host": "a; script-src *"})
            .headers["content-security-policy"]
        )
        assert "*" not in policy and "script-src 'none'" in policy

    def test_pages_hold_no_inline_script_or_style(self, world):
        request = world.in_review()
        for name, path in (
            ("ada", "/projects"),
            ("imran", f"/requests/{request.number}/review"),
            ("robin", "/health"),
        ):
            page = world.client(name).see(path).text
            assert "style=" not in page and "onclick" not in page and "<style" not in page
            assert page.count("<script") == page.count("<script src=")

    def test_a_page_cannot_be_fetched_by_a_script(self, world):
        """Notebooks share the origin: their scripts must not read a form's token with the person's cookie."""
        headers = {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "sec-fetch-site": "same-origin"}
        client = world.client("ada")
        answer = client.get(f"{BASE}/projects", headers=headers)
        assert answer.status_code == 403 and client.session.csrf_token not in answer.text

    @pytest.mark.parametrize(
        "path", ["/requests/77/files/1/image.png", "/projects/nonesuch/workspace/state", "/nothing", "/audit"]
    )
    def test_not_even_by_way_of_an_error(self, world, path):
        client = world.client("ada")
        answer = client.get(BASE + path, headers={"sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"})
        assert answer.status_code >= 400 and client.session.csrf_token not in answer.text

    def test_static_files_are_a_list_not_a_directory(self, world):
        for name in ("../app.py", "..%2fapp.py", "portal.scss", "%2e%2e/%2e%2e/settings.py"):
            assert world.stranger().get(f"{BASE}/static/{name}").status_code == 404


class TestChanges:
    ADDRESSES = (
        "/sign-out",
        "/projects/returning-defendants/workspace/open",
        "/projects/returning-defendants/workspace/close",
        "/projects/returning-defendants/workspace/leave",
        "/projects/returning-defendants/packages",
        "/packages/1/refuse",
        "/requests",
        "/requests/1/withdraw",
        "/requests/1/resubmit",
        "/requests/1/review",
        "/requests/1/conclude",
        "/projects/returning-defendants/private/price",
        "/projects/returning-defendants/private/ask",
        "/private-answers/1/release",
        "/grants/3/decision",
        "/grants/1/withdraw",
        "/releases/1/recall",
        "/projects/returning-defendants/private/dry-run",
        "/notices/read",
        "/notices/1/read",
        "/notices/address",
        "/grants/3/return",
        "/grants/1/suspend",
        "/projects",
        "/projects/from-file",
        "/projects/returning-defendants/application/aim",
        "/projects/returning-defendants/application/data/magistrates",
        "/projects/returning-defendants/application/data/magistrates/reasons",
        "/projects/returning-defendants/application/data/magistrates/rows",
        "/projects/returning-defendants/application/submit",
        "/projects/returning-defendants/application/recall",
        "/projects/returning-defendants/application/discard",
        "/projects/returning-defendants/members/bilal/remove",
        "/projects/returning-defendants/end",
        "/applications/courts-and-schools/accept",
        "/applications/courts-and-schools/return",
        "/applications/courts-and-schools/reviews/1",
        "/grants/1/renew",
        "/sign-offs/1",
        "/invite",
        "/people/bilal/suspend",
        "/account/undertaking",
        "/account/recovery-codes",
        "/account/second-factor",
        "/account/sign-out-everywhere",
        "/projects/returning-defendants/members/bilal/lead",
        "/incoming",
        "/requests/1/comments",
        "/requests/1/place",
        "/training",
        "/training/1/review",
    )
    # Nobody is signed in there: the link itself is the proof, and test_people_pages.py tries it from elsewhere.
    BY_LINK = "/invitation/{token}"

    @pytest.mark.parametrize("path", ADDRESSES)
    def test_without_the_forms_token_nothing_changes(self, world, path):
        world.in_review()
        client = world.client("ada")
        for token in ("", "wrong", world.session("ada").csrf_token):
            answer = client.post(BASE + path, data={"csrf_token": token})
            assert answer.status_code == 403 and "portal.csrf" in answer.text
        assert world.hub.asked == []

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ],
    )
    def test_a_change_from_elsewhere_is_refused_even_with_the_token(self, world, headers):
        client = world.client("ada")
        data = {"csrf_token": client.session.csrf_token}
        answer = client.post(f"{BASE}/projects/returning-defendants/workspace/open", data=data, headers=headers)
        assert answer.status_code == 403 and world.hub.asked == []

    @pytest.mark.parametrize("path", ADDRESSES)
    def test_a_stranger_changes_nothing(self, world, path):
        answer = world.stranger().post(BASE + path, data={"csrf_token": "x"})
        assert answer.status_code == 303 and "/sign-in" in answer.headers["location"]

    @pytest.mark.parametrize("path", ADDRESSES)
    def test_reading_never_changes(self, world, path):
        world.in_review()
        with world.store.reading() as tx:
            before = [event.action for event in tx.events.all() if event.action != "file.viewed"]
        world.client("ada").see(path)
        with world.store.reading() as tx:
            assert [event.action for event in tx.events.all() if event.action != "file.viewed"] == before
        assert world.hub.asked == []

    def test_too_much_is_refused_before_it_is_read(self, world):
        ada = world.client("ada")
        answer = ada.post(
            f"{BASE}/grants/1/withdraw", content=b"x" * 1_100_000, headers={"content-type": "text/plain"}
        )
        assert answer.status_code == 413

    def test_too_much_without_a_length_is_refused_while_it_arrives(self, world):
        ada = world.client("ada")

        def endless():
            for _ in range(40):
                yield b"x" * 65_536

        answer = ada.post(
            f"{BASE}/grants/1/withdraw",
            content=endless(),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 413


class TestObjectAccess:
    """Each object, each person: seen by exactly those who may, and for all others as if it did not exist."""

    @pytest.fixture()
    def objects(self, world):
        request = world.in_review()
        number, file = request.number, request.files[0].id
        members, checkers = {"ada", "bilal", "dara"}, {"imran", "freya", "tomas", "kim"}
        insiders = members | checkers
        return {
            "/projects/returning-defendants": members | {"mercer", "robin"},
            "/projects/courts-and-schools": {"ada", "chloe", "mercer", "okafor", "robin"},
            "/projects/returning-defendants/workspace": members,
            "/projects/returning-defendants/private": members,
            f"/requests/{number}": insiders,
            f"/requests/{number}/files/{file}": insiders,
            f"/requests/{number}/review": checkers,
            f"/grants/{world.live.id}": {"mercer"},
            f"/grants/{world.live.id}/withdraw": {"mercer"},
            f"/grants/{world.proposed.id}": {"okafor"},
        }

    def test_the_matrix(self, world, objects):
        wrong = []
        for (path, allowed), name in itertools.product(objects.items(), NAMES):
            status = world.client(name).see(path).status_code
            if (status == 200) != (name in allowed):
                wrong.append((path, name, status))
        assert not wrong

    def test_other_peoples_objects_look_like_none_at_all(self, world, objects):
        noor = world.client("noor")
        for there, absent in (
            ("/projects/returning-defendants", "/projects/nonesuch"),
            ("/requests/1", "/requests/77"),
            (f"/grants/{world.live.id}", "/grants/77"),
            ("/requests/1/release", "/requests/77/release"),
        ):
            one, other = noor.see(there), noor.see(absent)
            assert one.status_code == other.status_code == 404
            assert one.text == other.text.replace(absent, there)

    @pytest.mark.parametrize("path", ["/grants", "/queue", "/health", "/audit"])
    def test_a_researcher_reaches_no_other_roles_page(self, world, path):
        world.in_review()
        answer = world.client("ada").see(path)
        assert answer.status_code == 403 or "Returns by sex" not in answer.text

    def test_only_members_download_a_release(self, world):
        request = world.released()
        got = {
            name for name in NAMES if world.client(name).see(f"/requests/{request.number}/release").status_code == 200
        }
        assert got == {"ada", "bilal", "dara"}

    @pytest.mark.parametrize(
        "path", ["/requests/0", "/requests/-1", "/requests/abc", "/requests/99999999999999999999", "/grants/1e3"]
    )
    def test_odd_numbers_are_not_found(self, world, path):
        assert world.client("ada").see(path).status_code == 404


class TestBlindReview:
    """Before answering, a checker learns nothing of the other: not the vote, not the words, not that they started."""

    def pages(self, world, name, number):
        client = world.client(name)
        return {
            path: client.see(path).text.replace(client.session.csrf_token, "")
            for path in (
                "/queue",
                f"/requests/{number}/review",
                f"/requests/{number}",
                "/",
                "/requests",
                "/projects",
                "/audit",
                "/grants",
            )
        }

    def test_every_page_is_the_same_whether_or_not_the_other_answered(self, world):
        request = world.in_review()
        before = self.pages(world, "freya", request.number)
        world.vote("imran", request, Decision.CHANGE, "Merge the small groups.", "Between us: third time.")
        after = self.pages(world, "freya", request.number)
        assert after == before

    def test_the_author_learns_nothing_while_it_is_reviewed(self, world):
        request = world.in_review()
        before = self.pages(world, "ada", request.number)
        world.vote("imran", request, Decision.CHANGE, "Merge the small groups.")
        assert self.pages(world, "ada", request.number) == before
        world.vote("freya", request, Decision.CHANGE, "Merge them.")
        assert self.pages(world, "ada", request.number) == before

    def test_nor_does_the_api_tell(self, world):
        request = world.in_review()
        workspace = world.workspace("ada")
        before = workspace.get(f"{BASE}/api/v1/requests/{request.number}").json()
        world.vote("imran", request, Decision.CHANGE, "Merge the small groups.")
        assert workspace.get(f"{BASE}/api/v1/requests/{request.number}").json() == before


def test_every_change_is_on_the_list_above(world):
    """A new form without a line in ADDRESSES fails here."""
    for module in __import__("readingroom.web.app", fromlist=["PAGES"]).PAGES:
        for route in module.router.routes:
            if "POST" in route.methods and route.path != TestChanges.BY_LINK:
                assert any(route.path_regex.match(path) for path in TestChanges.ADDRESSES), route.path
