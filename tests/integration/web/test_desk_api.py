"""The JSON API of the desk: every operation tried by everyone, in every state that it is for.

What the tables below allow succeeds and is answered as documented; everything else changes nothing.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from readingroom.core.people import Standing
from readingroom.settings import REPOSITORY
from tests.integration.web.desk import (
    DESK,
    HOME,
    IN,
    OUT,
    RELEASED,
    RETURNED,
    SETTLING,
    TO_SIGN,
    WAITING,
    address,
    ballots,
    call,
    form,
    placed,
    records,
    round_one,
)
from tests.integration.web.world import API, BASE, PEOPLE, SAFE_TABLE

EVERYONE = tuple(name for name, *_ in PEOPLE)
CHECKERS = ("imran", "freya", "tomas", "kim")
MEMBERS = ("ada", "bilal", "dara")
EXAMPLES = 10


@pytest.fixture(scope="module")
def document(site):
    return site.app.openapi()


def answered_round():
    said = {"round": 1, "keep": ["method.txt"], "files": [OUT["files"][0] | {"name": "returns.csv"}]}
    return form(said, returns_csv=SAFE_TABLE)


# Each change: what is sent by whom it succeeds for, and its status. Written by hand, not asked of the code under test.
CHANGES = {
    ("post", "/requests"): (lambda _: form(OUT, counts_csv=SAFE_TABLE), ("bilal",), 201),
    ("post", "/incoming"): (lambda _: form(IN, groups_py=b"GROUPS = {}\n"), ("bilal", "dara"), 201),
    ("post", f"/requests/{RETURNED}/resubmit"): (lambda _: answered_round(), ("ada",), 201),
    ("post", f"/requests/{WAITING}/withdraw"): (lambda _: round_one(), ("dara",), 200),
    ("post", f"/requests/{WAITING}/review"): (
        lambda world: round_one(votes=ballots(world, WAITING, "change-needed")), CHECKERS, 200),
    ("post", f"/requests/{WAITING}/comments"): (
        lambda world: round_one(comments=[placed(world)]), CHECKERS, 200),
    ("post", f"/requests/{WAITING}/comments/1/take-back"): (lambda _: round_one(), ("tomas",), 200),
    ("post", f"/requests/{SETTLING}/conclude"): (
        lambda _: round_one(outcome="returned", comment="Round them."), ("imran", "freya"), 200),
    ("post", f"/sign-offs/{TO_SIGN}"): (lambda _: round_one(decision="sign"), ("mercer",), 200),
    ("post", f"/releases/{RELEASED}/package"): (lambda _: {}, MEMBERS, 200),
    ("post", f"/releases/{RELEASED}/recall"): (
        lambda _: {"json": {"reason": "A small cell."}}, ("mercer", "imran", "freya"), 200),
}
READS = {
    "/session": EVERYONE, "/requests": EVERYONE, "/incoming": EVERYONE, "/queue": EVERYONE, "/sign-offs": EVERYONE,
    "/releases": EVERYONE,
    f"/requests/{RETURNED}": (*MEMBERS, *CHECKERS), f"/requests/{RELEASED}": (*MEMBERS, *CHECKERS),
    f"/requests/{WAITING}/review": CHECKERS, f"/requests/{WAITING}/review/files/FILE": CHECKERS,
    f"/sign-offs/{TO_SIGN}": ("mercer",), f"/sign-offs/{TO_SIGN}/files/SIGNED": ("mercer",),
    "/turnaround": (*CHECKERS, "mercer", "okafor", "robin"),
    f"/releases/{RELEASED}": (*MEMBERS, *CHECKERS, "mercer", "robin"),
}


def logged(world):
    with closing(sqlite3.connect(world._records)) as connection:
        return connection.execute("SELECT actor, action, detail FROM audit_event ORDER BY seq").fetchall()


def documented(document, method, path, answer):
    """The answer in the form that the document says of its status. Returns the operation's place in it."""
    known = next(one for one in sorted(document["paths"]) if method in document["paths"][one]
                 and re.fullmatch(re.sub(r"{\w+}", "[^/]+", one), DESK + path))
    described = document["paths"][known][method]["responses"][str(answer.status_code)]
    (media,) = described["content"]
    assert answer.headers["content-type"].partition(";")[0] == media, path
    if media == "application/json":
        schema = {**described["content"][media]["schema"], "components": document["components"]}
        Draft202012Validator(schema).validate(answer.json())
    return method, known


def test_the_tables_name_every_operation(document):
    """A new operation without a line here would be tried by nobody."""
    paths = [path for path in document["paths"] if path.startswith(DESK)]
    for path in paths:
        for method in document["paths"][path]:
            pattern = re.sub(r"{\w+}", "[^/]+", path.removeprefix(DESK))
            named = [one for how, one in CHANGES if how == method] if method == "post" else list(READS)
            assert any(re.fullmatch(pattern, one) for one in named), (method, path)


class TestWhoMayDoWhat:
    @pytest.mark.parametrize(("method", "path"), CHANGES, ids=lambda part: part)
    def test_a_change_is_for_those_named_and_nobody_else(self, site, document, method, path):
        sent, allowed, status = CHANGES[method, path]
        for who in EVERYONE:
            site.again()
            before, events = records(site), len(logged(site))
            answer = call(site, who, method, path, **sent(site))
            if who in allowed:
                assert answer.status_code == status, (who, answer.text)
                documented(document, method, path, answer)
                assert records(site) != before, who
                continue
            assert answer.status_code in (403, 404, 409), (who, answer.text)
            documented(document, method, path, answer)
            assert answer.json()["next_step"] and records(site) == before, who
            (actor, action, _), = logged(site)[events:]
            assert (actor, action) == (who, "attempt.refused")

    @pytest.mark.parametrize("path", READS)
    def test_a_look_is_for_those_named_and_tells_others_nothing(self, again, document, path):
        for who in EVERYONE:
            answer = call(again, who, "get", address(again, path))
            assert (answer.status_code == 200) is (who in READS[path]), (who, answer.text)
            documented(document, "get", address(again, path), answer)
            if answer.status_code == 404:
                absent = call(again, who, "get", re.sub("FILE|SIGNED", "1", re.sub("[0-9]+", "987654", path, count=1)))
                assert absent.json() == answer.json(), who

    @pytest.mark.parametrize("number", [RETURNED, RELEASED, WAITING, SETTLING, TO_SIGN])
    def test_whoever_has_nothing_to_do_with_a_request_is_answered_as_if_there_were_none(self, again, number):
        """Chloe and noor are authors of one each; a custodian, an administrator and an owner see none."""
        mine = {"noor": SETTLING, "chloe": TO_SIGN}
        for who in ("noor", "chloe", "mercer", "okafor", "robin", "olive", "nobody"):
            if mine.get(who) == number:
                continue
            for (method, path), (sent, *_) in CHANGES.items():
                if not path.startswith("/requests/"):
                    continue
                there, absent = (re.sub(r"/[0-9]+", f"/{one}", path, count=1) for one in (number, 987_654))
                assert call(again, who, method, there, **sent(again)).json() == call(
                    again, who, method, absent, **sent(again)).json(), (who, path)


class TestWhatOpensTheDesk:
    """Nothing but the session of somebody who signed in, and for changes its token, sent by no other page."""

    def every(self, world):
        for method, path in [*CHANGES, *(("get", path) for path in READS)]:
            sent = CHANGES[method, path][0](world) if method == "post" else {}
            yield method, DESK + address(world, path), sent

    def hold(self, world, client, statuses, headers=None, *, changes_only=False):
        before = records(world)
        for method, path, sent in self.every(world):
            if changes_only and method == "get":
                continue
            answer = client.request(method, path, headers=headers, **sent)
            assert answer.status_code in statuses, (method, path, answer.text)
            assert set(answer.json()) == {"error", "message", "rule", "value", "next_step"}
        assert records(world) == before

    def test_no_cookie_and_no_cookie_of_ours(self, again):
        self.hold(again, again.stranger(), (401,))
        self.hold(again, again.stranger(), (401,), {"Cookie": "readingroom-portal=made-up"})

    @pytest.mark.parametrize(("who", "project"), [("ada", HOME), ("kim", HOME), ("imran", HOME)])
    def test_a_workspaces_token_decides_nothing_and_takes_nothing_away_and_is_logged(self, again, who, project):
        """Kim checks elsewhere: with her notebook's token she does not; nor does a checker's, if there were one."""
        events = len(logged(again))
        self.hold(again, again.workspace(who, project), (403,))
        new = logged(again)[events:]
        assert len(new) == len(CHANGES) + len(READS)
        assert {(actor, action) for actor, action, _ in new} == {(who, "attempt.refused")}
        assert all('"api.desk"' in detail for *_, detail in new)

    def test_nor_does_it_beside_a_session(self, again):
        client = again.client("tomas")
        headers = {"X-CSRF-Token": client.session.csrf_token,
                   "Authorization": f"token {again.hub.workspace_token('tomas', HOME)}"}
        self.hold(again, client, (403,), headers)

    def test_a_browsers_token_sent_as_such_is_none(self, again):
        headers = {"Authorization": f"token {again.hub.browser_token('tomas')}"}
        self.hold(again, again.stranger(), (403,), headers)

    @pytest.mark.parametrize("headers", [
        {}, {"X-CSRF-Token": "guess"}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "é".encode()}])
    def test_a_change_without_the_sessions_token(self, again, headers):
        events = len(logged(again))
        self.hold(again, again.client("tomas"), (403,), headers, changes_only=True)
        assert [one[:2] for one in logged(again)[events:]] == [("tomas", "attempt.refused")] * len(CHANGES)

    @pytest.mark.parametrize("headers", [
        {"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"}])
    def test_a_change_that_another_site_asked_for(self, again, headers):
        client = again.client("tomas")
        self.hold(again, client, (403,), headers | {"X-CSRF-Token": client.session.csrf_token}, changes_only=True)

    def test_another_persons_token_of_a_session(self, again):
        self.hold(again, again.client("tomas"), (403,), {"X-CSRF-Token": again.client("imran").session.csrf_token},
                  changes_only=True)

    @pytest.mark.parametrize("mode", ["cors", "no-cors", "same-origin", "websocket"])
    def test_a_script_in_a_page_reads_nothing(self, again, mode):
        """Whatever page it is in: it would read the token that changes need."""
        client = again.client("tomas")
        for path in READS:
            answer = client.get(DESK + address(again, path), headers={"Sec-Fetch-Mode": mode})
            assert answer.status_code == 403 and answer.json()["rule"] == "portal.navigation"

    def test_a_suspended_person_is_shut_out_at_once(self, again):
        client = again.client("tomas")
        with again.store.transaction() as tx:
            tx.people.save(replace(tx.people.get("tomas"), standing=Standing.SUSPENDED))
        self.hold(again, client, (403,), {"X-CSRF-Token": client.session.csrf_token})

    def test_a_parameter_that_is_not_known_is_refused(self, again):
        answer = call(again, "ada", "get", "/requests?author=bilal")
        assert (answer.status_code, answer.json()["rule"]) == (422, "api.query")

    def test_the_door_does_not_lead_workspaces_there(self):
        allowed = re.findall(r"acl portal_api path_beg (\S+)", (REPOSITORY / "images/door/haproxy.cfg").read_text())
        assert allowed == [f"{API}/"] and not DESK.startswith(tuple(allowed))


def test_nothing_is_answered_below_another_host(again):
    client = again.client("tomas")
    answer = client.get(f"{DESK}/session", headers={"Host": "w0123456789ab.readingroom.localhost"})
    assert answer.status_code == 303 and BASE in answer.headers["location"]


class TestWhateverIsSent:
    @pytest.mark.parametrize("mode", list(GenerationMode))
    @pytest.mark.parametrize("who", ["ada", "tomas", "mercer"])
    def test_is_answered_as_documented(self, site, who, mode):
        """On requests in every state, restored before each change; tried with the session's own token."""
        load_all_checks()
        api = schemathesis.openapi.from_asgi(f"{API}/openapi.json", site.app)
        api.config.generation.update(with_security_parameters=False)  # ours are sent, whatever it draws
        tried = []
        for found in api.get_all_operations():
            operation = found.ok()
            if not operation.path.startswith(DESK):
                continue
            described = operation.definition.raw
            tried.append((operation.method, operation.path))
            if mode is GenerationMode.POSITIVE or "parameters" in described or "requestBody" in described:
                hold(site, operation, who, mode)  # of the others nothing can be sent wrongly
        assert len(tried) == len(CHANGES) + len(READS) - 1  # two lines of READS are of one operation


def hold(site, operation, who, mode):
    client = site.client(who)
    headers = {"X-CSRF-Token": client.session.csrf_token}
    cookies = {"readingroom-portal": site.seal.session_cookie(client.session)}

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case):
        if operation.method.upper() != "GET":
            site.again()
        case.call_and_validate(headers=headers, cookies=cookies, excluded_checks=[positive_data_acceptance])

    one()
