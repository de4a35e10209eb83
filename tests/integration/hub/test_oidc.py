"""Signing in by an organisation's own provider: a real one (npm's oidc-provider), and tokens not to be believed."""

from __future__ import annotations

import base64
import json
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from readingroom.core.roles import Role
from readingroom.errors import PermissionDenied, SettingsError
from readingroom.hub import oidc
from readingroom.hub.configure import NODE
from readingroom.services import accounts, dossiers, people
from readingroom.settings import REPOSITORY, Settings
from readingroom.tour.phone import PHONE
from readingroom.tour.run import free_ports
from readingroom.tour.visitor import Page, client, wait_until
from tests.factories import PASSWORD
from tests.integration.hub.running import running_hub, set_clock

PROVIDER = REPOSITORY / "tests" / "oidc"
SECRET = "a secret of the client: %+&"
ISSUER = "https://id.example.org"
CLIENT = oidc.Client(ISSUER, "reading-room", SECRET, "https://rr.example.org/hub/oidc/return", "sub",
                     frozenset({"mfa"}))
KEY, OTHER = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})
GOOD = {"iss": ISSUER, "aud": "reading-room", "sub": "42", "nonce": "n", "amr": ["pwd", "mfa"]}


def token(key=KEY, alg="RS256", **changes) -> str:
    now = int(time.time())
    claims = {**GOOD, "iat": now, "exp": now + 300, **changes}
    return jwt.encode({"alg": alg, "kid": "one"}, {name: value for name, value in claims.items() if value is not None},
                      key, algorithms=[alg])


def read(given: str, nonce: str = "n", client: oidc.Client = CLIENT) -> oidc.Identity:
    return oidc.read_token(client, given, {"keys": [KEY.as_dict(private=False)]}, nonce)


class TestTokens:
    def test_one_that_holds(self):
        assert read(token()) == oidc.Identity("42", second_factor=True)
        assert read(token(aud=["reading-room"], azp="reading-room"))

    @pytest.mark.parametrize("changes", [
        {"iss": "https://evil.example.org"}, {"iss": ISSUER + "/"}, {"iss": None},
        {"aud": "another"}, {"aud": None}, {"aud": ["reading-room", "another"]}, {"azp": "another"},
        {"exp": int(time.time()) - 3600}, {"exp": None}, {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"nonce": "another"}, {"nonce": None}, {"sub": None}, {"sub": ""}, {"sub": 42}, {"sub": "x" * 256}])
    def test_any_claim_that_does_not_hold_is_a_no(self, changes):
        with pytest.raises(PermissionDenied):
            read(token(**changes))

    def test_the_signature_must_be_the_providers(self):
        forged = token(key=OTHER)
        body = ".".join(token().split(".")[:2])
        for given in (forged, body + ".", f"{body}.AAAA", "not a token", "", unsigned()):
            with pytest.raises(PermissionDenied):
                read(given)

    @pytest.mark.parametrize(("claims", "expected"), [
        ({"amr": ["pwd", "mfa"]}, True), ({"acr": "mfa"}, True), ({"amr": ["pwd"]}, False), ({}, False),
        ({"amr": "mfa"}, False), ({"amr": [["mfa"], 1, None]}, False), ({"acr": ["mfa"]}, False), ({"acr": ""}, False)])
    def test_silence_is_no_second_factor(self, claims, expected):
        assert oidc.shows_second_factor(claims, frozenset({"mfa"})) is expected


def unsigned() -> str:
    def part(value) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({**GOOD, 'iat': int(time.time()), 'exp': int(time.time()) + 300})}."


@pytest.mark.parametrize("wrong", [{"oidc_issuer": "http://id.example.org"}, {"oidc_issuer": "id.example.org"},
                                   {"oidc_issuer": ISSUER, "oidc_client_id": ""}])
def test_settings_that_would_send_people_or_secrets_in_the_clear_stop_the_start(wrong):
    with pytest.raises(SettingsError):
        Settings(state_dir=Path("/nowhere"), **{"oidc_client_id": "rr", **wrong})


# Against a real provider


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """What a test says before somebody goes there: `provider(account, amr)`."""
    if not (PROVIDER / "node_modules").exists():
        npm = shutil.which("npm")
        assert npm, "npm is needed to install the provider of tests/oidc"
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=PROVIDER, check=True, capture_output=True)
    port, hub_port, proxy_api_port = free_ports(3)
    home = f"http://readingroom.localhost:{hub_port}"
    log = (tmp_path_factory.mktemp("provider") / "log").open("wb")
    process = subprocess.Popen([str(NODE), "provider.mjs", str(port), "reading-room", SECRET,
                                f"{home}/hub/oidc/return", f"{home}/hub/login"], cwd=PROVIDER, stdout=log, stderr=log)

    def listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def next_there(account: str, amr: tuple[str, ...] = ("pwd",), **more: str) -> None:
        httpx.post(f"http://localhost:{port}/next", json={"account": account, "amr": list(amr), **more})

    try:
        wait_until(lambda: process.poll() is not None or listening(), "the provider", seconds=30)
        next_there.issuer, next_there.hub_port, next_there.proxy_api_port = (
            f"http://localhost:{port}", hub_port, proxy_api_port)
        yield next_there
    finally:
        process.terminate()
        process.wait(10)
        log.close()


@pytest.fixture(scope="module")
def room(provider, tmp_path_factory):
    state = tmp_path_factory.mktemp("hub")
    (state / "client-secret").write_text(SECRET)
    (state / "client-secret").chmod(0o600)
    given = {"port": provider.hub_port, "proxy_api_port": provider.proxy_api_port, "oidc_issuer": provider.issuer,
             "oidc_client_id": "reading-room", "oidc_secret_file": "client-secret", "oidc_name": "Leeds"}
    with running_hub(state, **given) as made:
        for username in ("ada", "freya", "robin", "mercer"):
            people.link_provider(made, "robin" if username != "robin" else "command line", username,
                                 f"id-of-{username}", reason="Their account was shown.")
        time.sleep(1.1)
        yield made


def arrive(room) -> tuple[httpx.Client, Page]:
    """A new browser, from our sign-in page to the provider and back."""
    set_clock(room)
    http = client(room.settings.public_url)
    page = Page(http.get("/hub/login"))
    assert "Sign in with Leeds" in page.text
    return http, Page(http.get("/hub/oidc/leave?next="))


def signed_in(http: httpx.Client) -> bool:
    return http.get("/hub/home").url.path == "/hub/home"


def test_an_administrator_with_a_second_factor_there_is_in(room, provider):
    provider("id-of-robin", ("pwd", "mfa"))
    http, _ = arrive(room)
    assert signed_in(http)


@pytest.mark.parametrize("username", ["robin", "freya"])
def test_administrators_and_checkers_are_refused_if_it_says_nothing_of_one(room, provider, username):
    provider(f"id-of-{username}", ("pwd",))
    http, page = arrive(room)
    assert page.status == 403 and "second factor" in page.text and not signed_in(http)


def test_others_give_ours_if_it_says_nothing_of_one(room, provider):
    provider("id-of-ada")
    http, page = arrive(room)
    assert "Set up your second factor" in page.text and not signed_in(http)
    origin = room.settings.public_url
    PHONE.set_up(origin, "ada", re.search(r'id="setup-key"[^>]*>([A-Z2-7 ]+)<', page.html)[1])
    form = page.form("second-step")
    http.post(form.action, data={**form.fields, "code": PHONE.code(origin, "ada")}, headers={"Origin": origin})
    assert signed_in(http)


@pytest.mark.parametrize("account", ["nobody-linked", "ada", "robin"])
def test_who_is_not_registered_is_nobody_whatever_they_are_called(room, provider, account):
    provider(account, ("mfa",))
    http, page = arrive(room)
    assert page.status == 403 and "not registered" in page.text and not signed_in(http)
    with pytest.raises(Exception, match="no person"):
        accounts.person(room, "nobody-linked")


def test_a_suspended_person_is_out(room, provider):
    set_clock(room)
    people.suspend(room, "robin", "mercer", reason="On leave.")
    provider("id-of-mercer", ("mfa",))
    http, page = arrive(room)
    assert page.status == 403 and not signed_in(http)


def test_a_no_from_there_is_a_no_here(room, provider):
    provider("id-of-ada", error="access_denied")
    http, page = arrive(room)
    assert page.status == 403 and "did not let you in" in page.text and not signed_in(http)


def stopped_on_the_way_back(room, provider) -> tuple[httpx.Client, str]:
    """A browser, and the address with the code that the provider would send it to."""
    provider("id-of-robin", ("mfa",))
    http = client(room.settings.public_url)
    answer = http.get("/hub/oidc/leave?next=", follow_redirects=False)
    while "/hub/oidc/return" not in answer.headers["location"]:
        answer = http.get(httpx.URL(answer.url).join(answer.headers["location"]), follow_redirects=False)
    return http, answer.headers["location"]


def test_what_was_asked_for_carries_state_nonce_and_a_challenge(room, provider):
    with client(room.settings.public_url) as http:
        asked = parse_qs(urlsplit(http.get("/hub/oidc/leave", follow_redirects=False).headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    assert len({asked[name][0] for name in ("state", "nonce", "code_challenge")}) == 3


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(room, provider):
    http, place = stopped_on_the_way_back(room, provider)
    with client(room.settings.public_url) as other:
        assert other.get(place).status_code == 403 and not signed_in(other)
    other, _ = stopped_on_the_way_back(room, provider)
    assert other.get(place).status_code == 403, "another trip's state"
    assert http.get(place.replace("state=", "state=x")).status_code == 403
    http, place = stopped_on_the_way_back(room, provider)
    assert http.get(re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", place)).status_code == 403
    http, place = stopped_on_the_way_back(room, provider)
    http.get(place)
    assert signed_in(http)
    assert http.get(place).status_code == 403, "used"


def test_the_provider_takes_no_code_without_its_verifier_and_no_wrong_secret(room, provider):
    """PKCE: whoever catches the code alone gets nothing for it."""
    ours = oidc.Client(provider.issuer, "reading-room", SECRET, f"{room.settings.public_url}/hub/oidc/return", "sub",
                       frozenset({"mfa"}))
    caught = oidc.Trip("s", "n", "another-verifier-of-the-right-length-0123456789012")
    _, place = stopped_on_the_way_back(room, provider)
    code = parse_qs(urlsplit(place).query)["code"][0]
    with httpx.Client() as http, pytest.raises(PermissionDenied):
        oidc.identify(ours, oidc.discover(ours, http), caught, code, http)
    with httpx.Client() as http, pytest.raises(PermissionDenied):
        oidc.discover(oidc.Client(provider.issuer + "/", *("x",) * 4, frozenset()), http)


def test_signing_out_here_ends_the_session_there(room, provider):
    provider("id-of-robin", ("mfa",))
    http, _ = arrive(room)
    answer = http.get("/hub/logout", follow_redirects=False)
    assert answer.headers["location"].startswith(f"{provider.issuer}/session/end?")
    assert not signed_in(http)


def test_a_password_still_does(room, provider):
    with client(room.settings.public_url) as http:
        page = Page(http.get("/hub/login"))
        form = page.form("login")
        done = http.post(form.action, data={**form.fields, "username": "bilal", "password": PASSWORD},
                         headers={"Origin": room.settings.public_url})
        assert "Set up your second factor" in done.text


class TestLinks:
    def test_one_account_is_one_person(self, room):
        set_clock(room)
        with pytest.raises(Exception, match="one account, one person"):
            people.link_provider(room, "robin", "bilal", "id-of-ada", reason="Check")
        people.link_provider(room, "robin", "chloe", "id-of-chloe", reason="Check")
        people.link_provider(room, "robin", "chloe", "", reason="Check")
        assert dossiers.dossier(room, "robin", "chloe").subject == ""
        assert accounts.person(room, "chloe").roles == {Role.RESEARCHER}
