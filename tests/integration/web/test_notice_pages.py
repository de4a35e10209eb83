"""The notices page, the count in the header, and the same over the API."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.services import notices
from tests.integration.web.world import API, BASE


def tell(world, *people, count=1, project="returning-defendants"):
    with world.store.transaction() as tx:
        for number in range(1, count + 1):
            notices.tell(tx, people, "request.returned", request=number, project=project)


def test_someone_new_learns_what_notices_are(world):
    page = world.client("noor").see("/notices").text
    assert "None yet. You are told here" in page and ">Notices</a>" in page


def test_the_header_counts_what_is_unread_on_every_page(world):
    tell(world, "ada", count=3)
    ada = world.client("ada")
    for path in ("/projects", "/requests", "/notices"):
        assert "Notices (3 unread)" in ada.see(path).text
    assert "unread" not in world.client("bilal").see("/projects").text


def test_one_and_then_all_are_marked_as_read(world):
    tell(world, "ada", count=3)
    ada = world.client("ada")
    assert ada.do("/notices/2/read").status_code == 303
    assert "Notices (2 unread)" in ada.see("/notices").text
    assert ada.do("/notices/read", up_to=3).status_code == 303
    page = ada.see("/notices").text
    assert "unread)" not in page and "Mark all" not in page and "Request 3 was returned" in page


def test_what_came_since_the_page_was_made_stays_unread(world):
    tell(world, "ada", count=2)
    ada = world.client("ada")
    ada.do("/notices/read", up_to=1)
    assert "Notices (1 unread)" in ada.see("/notices").text


@pytest.mark.parametrize("sent", ["", "-1", "x", "9" * 30, "²"])
def test_a_number_that_is_none_marks_nothing(world, sent):
    tell(world, "ada")
    ada = world.client("ada")
    assert ada.do("/notices/read", up_to=sent).status_code == 303
    assert "Notices (1 unread)" in ada.see("/notices").text


def test_many_are_paged(world):
    tell(world, "ada", count=60)
    ada = world.client("ada")
    first = ada.see("/notices")
    assert first.text.count('class="rr-notice ') == 25 and "before=36" in first.text
    last = ada.see("/notices?before=11").text
    assert last.count('class="rr-notice ') == 10 and "Older notices" not in last and "Newest notices" in last


def test_nobody_marks_anothers(world):
    tell(world, "ada")
    world.client("bilal").do("/notices/1/read")
    world.client("bilal").do("/notices/read", up_to=100)
    assert "Notices (1 unread)" in world.client("ada").see("/notices").text


class TestAddress:
    def test_without_a_mail_server_there_is_nothing_to_give(self, world):
        assert "sends no e-mail" in world.client("ada").see("/notices").text

    def test_it_is_kept_shown_refused_and_taken_back(self, world):
        here = world.app.state.portal
        room = replace(here.room, settings=replace(here.room.settings, mail_host="localhost", mail_security="none",
                                                   mail_from="rr@example.org"))
        world.app.state.portal = replace(here, room=room)
        ada = world.client("ada")
        assert ada.do("/notices/address", address="ada@leeds.example").status_code == 303
        assert 'value="ada@leeds.example"' in ada.see("/notices").text
        refused = ada.do("/notices/address", address="ada at leeds")
        assert refused.status_code == 422 and "is not an e-mail address" in refused.text
        assert 'value="ada at leeds"' in refused.text
        assert 'value="ada@leeds.example"' in ada.see("/notices").text
        ada.do("/notices/address", address="")
        assert notices.address(room, "ada") == ""
        with world.store.reading() as tx:
            events = [one.detail for one in tx.events.of_subject("person:ada") if one.action == "person.mail-changed"]
        assert events == [{"by_mail": True}, {"by_mail": False}]


class TestApi:
    def test_a_workspace_is_told_of_its_own_person_and_project_only(self, world):
        tell(world, "ada", "bilal", count=2)
        tell(world, "ada", project="courts-and-schools")
        told = world.workspace("ada").get(f"{API}/notices").json()
        assert told["unread"] == 2 and told["older"] is None
        assert told["notices"][0] | {"at": ""} == {
            "id": 3, "kind": "request.returned", "facts": {"request": "2", "project": "returning-defendants"}, "at": "",
            "read": False, "subject": "Request 2 was returned for changes",
            "text": "The checkers of request 2 of project returning-defendants ask for changes. Their comments are on "
                    "its page.", "url": f"{BASE}/requests/2"}

    def test_one_is_marked_as_read_and_none_of_others(self, world):
        tell(world, "ada")
        tell(world, "ada", project="courts-and-schools")
        client = world.workspace("ada")
        assert client.post(f"{API}/notices/1/read").json() == {"marked": 1}
        assert client.post(f"{API}/notices/1/read").json() == {"marked": 0}
        assert client.post(f"{API}/notices/2/read").json() == {"marked": 0}, "about another project"
        assert world.workspace("bilal").post(f"{API}/notices/1/read").json() == {"marked": 0}
        assert client.get(f"{API}/notices").json()["unread"] == 0
