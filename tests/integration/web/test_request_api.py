"""Answering and withdrawing a request by the JSON API, and the evidence that goes with bytes that did not change."""

from __future__ import annotations

import json
import re

import pytest

from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import Assurance, Decision, Group
from readingroom.services import requests, uploads
from readingroom.services.uploads import Upload
from tests.integration.web.world import API, CONTEXT, LOW_TABLE, SAFE_TABLE, evidence
from tests.reviews import record

KEY = {"Idempotency-Key": "0123456789abcdef"}
MERGED = SAFE_TABLE + b"Other,640,5100\n"


def send(client, path, described, files=(), headers=None):
    return client.post(API + path, data={"request": json.dumps(described)}, headers=headers,
                       files=[("files", (name, content)) for name, content in files] or None)


def described(name="returns.csv", **more):
    return {"name": name, "context": CONTEXT, "controls": "All counts over one hundred.", **more}


def refused(world, number=1):
    with world.store.reading() as tx:
        return [(event.actor, event.detail["attempted"], event.detail["rule"])
                for event in tx.events.of_subject(f"request:{number}") if event.action == "attempt.refused"]


class TestEvidenceGoesWithTheBytes:
    def test_a_kept_file_is_what_it_was(self, world):
        world.returned()
        said = {"round": 1, "keep": ["returns.png", "method.txt"], "files": [described(evidence=evidence(SAFE_TABLE))]}
        answer = send(world.workspace("ada"), "/requests/1/resubmit", said, [("returns.csv", SAFE_TABLE)])
        assert answer.status_code == 201, answer.text
        request = record(world)
        before = {file.name: file.as_asked for file in request.earlier}
        assert {file.name: file.as_asked for file in request.files if file.name != "returns.csv"} == {
            name: asked for name, asked in before.items() if name != "returns.csv"}
        assert (request.round, request.status.value, len(request.files)) == (2, "submitted", 3)

    def test_a_file_sent_again_without_evidence_keeps_it_and_one_that_changed_does_not(self, world):
        world.returned()
        for content, kept in ((LOW_TABLE, True), (MERGED, False)):
            made = uploads._with_evidence(record(world), Upload("returns.csv", content, CONTEXT))
            assert (made.evidence == evidence(LOW_TABLE)) is kept and bool(made.evidence) is kept

    def test_its_own_evidence_counts_for_more(self, world):
        world.returned()
        said = {"round": 1, "files": [described(evidence={"kind": "table", "cells": []})]}
        send(world.workspace("ada"), "/requests/1/resubmit", said, [("returns.csv", LOW_TABLE)])
        assert record(world).files[0].evidence == {"kind": "table", "cells": []}

    def test_the_portals_page_keeps_it_too(self, world):
        world.returned()
        answer = world.client("ada").do(
            "/requests/1/resubmit", files={"file-1": ("returns.csv", LOW_TABLE), "file-2": ("merged.csv", MERGED)},
            **{"context-1": CONTEXT, "context-2": CONTEXT})
        assert answer.status_code == 303, answer.text
        same, changed = record(world).files
        assert same.evidence == evidence(LOW_TABLE) and same.assurance is Assurance.EVIDENCED
        assert changed.evidence is None and changed.assurance is Assurance.DECLARED

    def test_the_portals_page_sends_the_rest_along(self, world):
        """Every file is ticked; one that is chosen anew takes the place of its name; what was unticked stays so."""
        world.returned()
        ada, before = world.client("ada"), {file.name: file.as_asked for file in record(world).files}
        assert ticked(ada.see("/requests/1/resubmit").text) == dict.fromkeys(before, True)
        form = {"keep": ["returns.csv", "returns.png"], "context-1": ""}
        typed = ada.do("/requests/1/resubmit", files={"file-1": ("returns.csv", SAFE_TABLE)}, **form)
        assert typed.status_code == 422
        assert ticked(typed.text) == {"returns.csv": True, "returns.png": True, "method.txt": False}
        answer = ada.do("/requests/1/resubmit", files={"file-1": ("returns.csv", SAFE_TABLE)},
                        **form | {"context-1": CONTEXT})
        assert answer.status_code == 303, answer.text
        after = {file.name: file.as_asked for file in record(world).files}
        assert set(after) == {"returns.csv", "returns.png"} and after["returns.png"] == before["returns.png"]
        assert after["returns.csv"] != before["returns.csv"]

    def test_the_portals_page_keeps_nothing_that_is_not_there(self, world):
        world.returned()
        answer = world.client("ada").do("/requests/1/resubmit", keep=["/etc/passwd"])
        assert answer.status_code == 422 and "has no file" in answer.text and record(world).round == 1

    def test_a_kept_file_brings_its_group_unless_that_is_described_anew(self, world):
        group = Group("Tables", CONTEXT, "Rounded.")
        world_returned(world, (Upload("a.csv", SAFE_TABLE, group="Tables"), Upload("b.csv", MERGED, group="Tables")),
                       (group,))
        said = {"round": 1, "keep": ["a.csv"], "files": [described("b.csv")]}
        assert send(world.workspace("ada"), "/requests/1/resubmit", said, [("b.csv", MERGED)]).status_code == 201
        assert [(file.name, file.group) for file in record(world).files] == [("a.csv", group), ("b.csv", Group())]


def ticked(page):
    """The files that the page offers to send along, and whether it would."""
    boxes = re.findall(r'<input[^>]*name="keep"[^>]*>', page)
    return {re.search(r'value="([^"]*)"', box)[1]: " checked" in box for box in boxes}


def world_returned(world, uploads, groups=()):
    """A request with these groups, returned."""
    asked = requests.submit(world.room, "ada", "returning-defendants", "Returns", "A paper", uploads, groups)
    checked = world.check(asked.number)
    for checker in ("imran", "freya"):
        world.vote(checker, checked, Decision.CHANGE, "Because.")
    requests.conclude(world.room, "imran", asked.number, RequestStatus.RETURNED, "Merge.")


class TestWhatIsRefusedChangesNothing:
    @pytest.mark.parametrize(("said", "files", "status", "rule"), [
        ({"round": 1, "keep": ["other.csv"]}, (), 422, "request.keep"),
        ({"round": 1, "keep": ["returns.csv"], "files": [described()]}, [("returns.csv", SAFE_TABLE)], 422,
         "request.file-name"),
        ({"round": 1}, (), 422, "request.outputs"),
        ({"round": 2, "keep": ["returns.csv"]}, (), 409, "review.round"),
        ({"keep": ["returns.csv"]}, (), 422, "api.request"),
        ({"round": "one", "keep": ["returns.csv"]}, (), 422, "api.request"),
        ({"round": 1, "keep": "returns.csv"}, (), 422, "api.request"),
        ({"round": 1, "keep": ["returns.csv"], "status": "approved"}, (), 422, "api.request"),
        ({"round": 1, "files": [described()]}, (), 422, "api.files")])
    def test_an_answer_that_cannot_be_taken(self, world, said, files, status, rule):
        world.returned()
        before = record(world)
        answer = send(world.workspace("ada"), "/requests/1/resubmit", said, files)
        assert (answer.status_code, answer.json()["rule"]) == (status, rule)
        assert answer.json()["next_step"] and record(world) == before

    @pytest.mark.parametrize(("who", "project", "status", "rule"), [
        ("bilal", "returning-defendants", 403, "request.author"),
        ("chloe", "plea-timing", 404, "address"), ("ada", "courts-and-schools", 404, "address"),
        ("kim", "returning-defendants", 404, "address")])
    def test_somebody_elses_and_from_elsewhere(self, world, who, project, status, rule):
        """Kim is a checker: what she may see on the portal's pages, her token of a workspace may not."""
        world.returned()
        before, client = record(world), world.workspace(who, project)
        for path, how in (("withdraw", {"json": {"round": 1}}), ("resubmit", {"data": {"request": json.dumps(
                {"round": 1, "keep": ["returns.csv"]})}})):
            answer = client.post(f"{API}/requests/1/{path}", **how)
            assert (answer.status_code, answer.json()["rule"]) == (status, rule), (path, answer.text)
        assert record(world) == before

    def test_a_withdrawal_that_is_not_possible_is_on_the_log(self, world):
        world.released()
        answer = world.workspace("ada").post(f"{API}/requests/1/withdraw", json={"round": 1})
        assert answer.status_code == 409 and record(world).status.value == "released"
        assert refused(world) == [("ada", "request.withdraw", "lifecycle.request")]

    @pytest.mark.parametrize("body", [{}, {"round": 0}, {"round": True}, {"round": 1.5}, {"round": 10**30}, [1], "1",
                                      {"round": 1, "number": 2}])
    def test_a_withdrawal_of_the_wrong_form(self, world, body):
        world.submit()
        answer = world.workspace("ada").post(f"{API}/requests/1/withdraw", json=body)
        assert answer.status_code == 422 and record(world).status.value == "submitted"


SAID = {"title": "Returns", "purpose": "A paper", "files": [described()]}
FILES = (("returns.csv", SAFE_TABLE),)


class TestTheSameKeyTwice:
    def test_the_second_answer_is_the_first(self, world):
        ada = world.workspace("ada")
        first, second = (send(ada, "/requests", SAID, FILES, KEY) for _ in range(2))
        assert first.status_code == second.status_code == 201 and first.json() == second.json()
        assert len(requests.mine(world.room, "ada")) == 1

    def test_other_files_under_it_are_refused(self, world):
        ada = world.workspace("ada")
        send(ada, "/requests", SAID, FILES, KEY)
        other = send(ada, "/requests", SAID, (("returns.csv", MERGED),), KEY)
        assert (other.status_code, other.json()["rule"]) == (422, "request.key")

    def test_it_is_its_senders_own(self, world):
        for who in ("ada", "bilal"):
            assert send(world.workspace(who), "/requests", SAID, FILES, KEY).status_code == 201
        assert [len(requests.mine(world.room, who)) for who in ("ada", "bilal")] == [1, 1]

    @pytest.mark.parametrize("key", ["", "short", "x" * 65, "with blank inside", "semi;colon;semi", "é" * 10])
    def test_it_has_to_be_one(self, world, key):
        answer = send(world.workspace("ada"), "/requests", SAID, FILES, {"Idempotency-Key": key.encode()})
        assert answer.status_code == 422 and not requests.mine(world.room, "ada")
