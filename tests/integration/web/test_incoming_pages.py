"""Bringing files in on the portal's pages, what a checker sees of them, and what a workspace is told."""

from __future__ import annotations

import html

import pytest

from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.policy import Layer, strictest
from readingroom.core.policy.library import Policies
from readingroom.core.requests import Decision, FileKind, Vote
from readingroom.services import requests
from readingroom.services.uploads import Upload
from tests.integration.test_incoming import INCOMING
from tests.integration.web import world as worlds
from tests.integration.web.test_portal_pages import text_of
from tests.integration.web.world import API, SITE
from tests.unit.core.test_incoming_files import SOURCE, WHEEL, source, wheel

PROJECT = "returning-defendants"
TYPED = {"project": PROJECT, "title": "Offence groups", "purpose": "Second paper", "kind-1": "code",
         "context-1": "Groups offence codes as in our earlier paper.", "source-1": "written by me", "licence-1": "MIT"}


@pytest.fixture
def world(world):
    """The installation, where policy lets files in."""
    found = world.room.policies
    object.__setattr__(world.room, "policies", Policies(
        Layer("site", strictest(SITE.policy, INCOMING)), found.programmes, found.datasets, found.undertakings))
    return world


def send(client, name="groups.py", content=b"GROUPS = {}\n", **fields):
    return client.do("/incoming", files={"file-1": (name, content, "text/plain")}, **TYPED | fields)


def asked(world, *uploads):
    made = requests.submit(world.room, "ada", PROJECT, "Offence groups", "Second paper", uploads or (
        Upload("groups.py", b"GROUPS = {}\n", TYPED["context-1"], kind=FileKind.CODE, source="me", licence="MIT"),),
        direction=Direction.IN)
    return world.check(made.number)


class TestAsking:
    def test_an_empty_page_teaches_what_it_is_for(self, world):
        page = text_of(world.client("noor").see("/incoming"))
        assert "None yet." in page and "rr.incoming()" in page and "/project/incoming" in page

    def test_the_form_says_what_may_come_in_and_where_packages_are_asked_for(self, world):
        ada = world.client("ada")
        assert f"/incoming/new?project={PROJECT}" in text_of(ada.see("/incoming/new"))
        page = text_of(ada.see(f"/incoming/new?project={PROJECT}"))
        assert "At most 3 files" in page and "Nothing about people" in page and f"/projects/{PROJECT}/packages" in page
        assert f"/incoming/new?project={PROJECT}" in text_of(ada.see(f"/projects/{PROJECT}"))

    def test_it_says_why_when_nothing_can_be_brought_in(self, world):
        assert "cannot be brought into this project now" in text_of(
            world.client("ada").see("/incoming/new?project=courts-and-schools"))
        object.__setattr__(world.room, "policies", Policies(
            SITE, world.room.policies.programmes, world.room.policies.datasets, world.room.policies.undertakings))
        assert "incoming_kinds" in text_of(world.client("ada").see(f"/incoming/new?project={PROJECT}"))

    def test_a_file_is_sent_followed_and_listed_apart_from_outputs(self, world):
        ada = world.client("ada")
        assert send(ada).status_code == 303
        page = text_of(ada.see("/requests/1"))
        assert "Offence groups" in page and "groups.py" in page and "does not leave" not in page
        assert "Offence groups" in text_of(ada.see("/incoming"))
        assert "Offence groups" not in text_of(ada.see("/requests"))

    @pytest.mark.parametrize(("fields", "said"), [
        ({"licence-1": ""}, "The licence of groups.py has 0 characters."),
        ({"kind-1": "package"}, "is not a Python wheel"),
        ({"kind-1": "nonsense"}, "Nothing was chosen."),
        ({"title": ""}, "The title has 0 characters."),
        ({"content": b"MZ\x90\x00"}, "its content is a program"),
        ({"name": "../up.py"}, "is not accepted"),
        ({"content": b"#" * 100_001}, "100,001 bytes; policy allows 100,000"),
    ])
    def test_a_refusal_says_why_and_keeps_what_was_typed(self, world, fields, said):
        answer = send(world.client("ada"), **fields)
        assert answer.status_code == 422 and said in html.unescape(answer.text)
        assert "written by me" in answer.text and "choose it again" in answer.text
        assert "None yet." in text_of(world.client("ada").see("/incoming"))

    def test_a_larger_body_than_policy_lets_in_is_not_read(self, world):
        limit = world.app.state.portal.upload_bytes
        answer = send(world.client("ada"), content=b"#" * (limit + 1))
        assert answer.status_code == 413

    def test_who_is_no_member_is_told_of_no_project(self, world):
        for who in ("noor", "freya", "robin", "mercer"):
            assert send(world.client(who)).status_code in (403, 404)
        for who in ("noor", "freya"):
            assert world.client(who).see(f"/incoming/new?project={PROJECT}").status_code == 404


class TestChecking:
    def test_the_queue_and_the_sheet_say_that_it_is_to_come_in(self, world):
        asked(world)
        freya = world.client("freya")
        assert "to be brought in" in text_of(freya.see("/queue"))
        page = text_of(freya.see("/requests/1/review"))
        for said in ("Check what is to come in", "Where it comes from", "Licence", "MIT", "GROUPS = {}",
                     "No malware scanner has looked at it", "Nothing about people"):
            assert said in page, said
        assert "Released before" not in page and "does not leave" not in page

    @pytest.mark.parametrize(("name", "content", "shown"), [
        (WHEEL, wheel(), "own_tools/__init__.py"), (SOURCE, source(), "owntools/R/a.R"),
        ("evil.md", b"<script>alert(1)</script>\n", "&lt;script&gt;alert(1)")])
    def test_what_is_shown_is_inert(self, world, name, content, shown):
        kind = FileKind.CODE if name.endswith(".md") else FileKind.PACKAGE
        request = asked(world, Upload(name, content, TYPED["context-1"], kind=kind, source="me", licence="<b>MIT</b>"))
        page = text_of(world.client("freya").see("/requests/1/review"))
        assert shown in page and "<script>alert" not in page and "<b>MIT</b>" not in page
        assert request.files[0].verdict.word == "review"

    def test_a_yes_on_the_page_approves_and_a_barred_file_gets_none(self, world):
        request = asked(world)
        file = request.files[0].id
        answer = world.client("freya").do("/requests/1/review", **{
            "round": "1", f"decision-{file}": "approve", f"comment-{file}": "Plain code, read."})
        assert answer.status_code == 303
        with world.store.reading() as tx:
            assert tx.requests.get(1).status is RequestStatus.APPROVED

    def test_a_returned_request_is_answered_on_the_form_for_files_that_come_in(self, world):
        request = asked(world)
        requests.review(world.room, "freya", 1, [Vote(request.files[0].id, Decision.CHANGE, "Which codes?")])
        requests.conclude(world.room, "freya", 1, RequestStatus.RETURNED, "Say which.")
        ada = world.client("ada")
        assert "Under which licence?" in text_of(ada.see("/requests/1/resubmit"))
        refused = ada.do("/requests/1/resubmit", files={"file-1": ("g.py", b"x = 1\n", "text/plain")},
                         **TYPED | {"source-1": ""})
        assert refused.status_code == 422 and "Under which licence?" in refused.text
        answer = ada.do("/requests/1/resubmit", files={"file-1": ("g.py", b"x = 1\n", "text/plain")}, **TYPED)
        assert answer.status_code == 303 and "round 2" in text_of(ada.see("/requests/1"))


class TestArrived:
    def arrived(self, world):
        from readingroom.core.requests import Delivery
        request = asked(world)
        requests.review(world.room, "freya", 1, [Vote(request.files[0].id, Decision.APPROVE, "Plain code.")])
        with world.store.transaction() as tx:
            tx.requests.set_status(1, RequestStatus.DELIVERED)
            tx.requests.add_delivery(Delivery(1, worlds.NOW))

    def test_every_member_sees_where_it_is(self, world):
        self.arrived(world)
        assert "/project/incoming/1" in text_of(world.client("ada").see("/requests/1"))
        assert "/project/incoming/1" in text_of(world.client("bilal").see("/incoming"))
        assert "/project/incoming/1" not in text_of(world.client("noor").see("/incoming"))

    def test_a_workspace_is_told_what_arrived_in_its_own_project(self, world):
        self.arrived(world)
        (told,) = world.workspace("bilal").get(f"{API}/incoming").json()
        assert (told["number"], told["folder"], told["author"]) == (1, "/project/incoming/1", "ada")
        assert told["files"][0] | {"sha256": "", "size_bytes": 0} == {
            "name": "groups.py", "kind": "code", "purpose": TYPED["context-1"], "source": "me", "licence": "MIT",
            "sha256": "", "size_bytes": 0}
        assert world.stranger().get(f"{API}/incoming").status_code == 401
        assert world.workspace("bilal").get(f"{API}/requests").json() == []
