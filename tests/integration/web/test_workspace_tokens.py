"""A workspace's token, tried by hand on everything: it acts for its own person in its own project, by the document.

Every operation and every page that there is in turn, so a new one is tried without anybody thinking of it. That the
token decides nothing at the desk is in test_desk_api, and what belongs to another project in test_others_objects.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from readingroom.core.people import Standing
from readingroom.web.addresses import API as BELOW
from readingroom.web.api.document import OPERATIONS
from readingroom.web.app import PAGES
from tests.browser.populated import populate
from tests.integration.web.desk import HOME, records
from tests.integration.web.world import API, BASE, World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
# Whose token opens nothing: for a project of others or of nobody, its custodian's and an administrator's; a stranger's.
NOBODYS = (("ada", "second-look"), ("ada", "ended-early"), ("ada", "nonesuch"), ("noor", HOME), ("mercer", HOME),
           ("robin", HOME), ("nobody", HOME), ("nonesuch", HOME), ("nonesuch", "nonesuch"))
UNLIKE = re.compile(r"(state|code_challenge)=[\w-]+")  # of one sign-in alone


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("tokens"))
    numbers = populate(made)
    made.keep()
    yield made, numbers
    made.close()


def routes(*modules):
    """Every method and address, the parameters filled with a 1."""
    return sorted((method, re.sub(r"{\w+(:\w+)?}", "1", route.path)) for module in modules
                  for route in module.router.routes for method in route.methods)


def told(answer):
    return answer.status_code, UNLIKE.sub("", answer.headers.get("location", "")), answer.content


@pytest.mark.parametrize(("method", "path"), routes(*OPERATIONS[BELOW]))
def test_a_token_for_what_is_not_its_persons_is_one_for_nothing(full, method, path):
    """Not a member, no such project, no such person: each is told the same, before what was sent is read."""
    world, _ = full
    before = records(world)
    sent = {} if method == "GET" else {"json": {"round": 1}}
    answers = {told(world.workspace(*whose).request(method, API + path, **sent)) for whose in NOBODYS}
    (status, _, content), = answers
    assert status == 404 and json.loads(content)["rule"] == "address"
    assert records(world) == before


@pytest.mark.parametrize(("method", "path"), routes(*OPERATIONS[BELOW]))
def test_a_suspended_persons_token_opens_nothing_from_the_next_call_on(full, method, path):
    world, _ = full
    dara = world.workspace("dara")
    with world.store.transaction() as tx:
        tx.people.save(replace(tx.people.get("dara"), standing=Standing.SUSPENDED))
    try:
        answer = dara.request(method, API + path, json=None if method == "GET" else {"round": 1})
    finally:
        world.again()
    assert answer.status_code == 403 and answer.json()["next_step"]


def test_nothing_answers_that_the_document_does_not_name(full):
    world, _ = full
    document = world.stranger().get(f"{API}/openapi.json").json()["paths"]
    before, ada = records(world), world.workspace("ada")
    for path, described in document.items():
        for method in {*METHODS} - {one.upper() for one in described}:
            if path.startswith(API):
                answer = ada.request(method, re.sub(r"{\w+}", "1", path))
                assert answer.status_code in (404, 405), (method, path)
    assert {(method, re.sub(r"{\w+(:\w+)?}", "1", path.removeprefix(API))) for path, described in document.items()
            for method in map(str.upper, described) if path.startswith(API)} == set(routes(*OPERATIONS[BELOW]))
    assert records(world) == before


@pytest.mark.parametrize(("method", "path"), routes(*PAGES))
def test_a_page_answers_as_if_no_token_had_been_sent(full, method, path):
    """Those that are public; of the others none, checkers' and administrators' included, whoever's the token is."""
    world, _ = full
    before = records(world)
    plain = told(world.stranger().request(method, BASE + path))
    for who in ("ada", "kim", "imran", "mercer", "robin"):
        assert told(world.workspace(who).request(method, BASE + path)) == plain, who
    assert plain[0] in (303, 403) or method in ("GET", "HEAD")
    assert records(world) == before


@pytest.mark.parametrize("who", ["bilal", "dara", "kim"])
def test_a_colleagues_request_is_theirs_to_change(full, who):
    """Members read each other's requests; what is done with one is its author's, whoever asks."""
    world, numbers = full
    before, client, mine = records(world), world.workspace(who), f"{API}/requests/{numbers['waiting']}"
    described = {"request": json.dumps({"round": 1, "keep": ["method.txt"], "files": []})}
    for path, sent in (("withdraw", {"json": {"round": 1}}), ("resubmit", {"data": described})):
        answer = client.post(f"{mine}/{path}", **sent)
        assert answer.status_code in (403, 404), answer.text
    assert records(world) == before
