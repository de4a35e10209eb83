"""The release page, the recall, and what the JSON API says of a release, as those who see them see them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core.people import Standing
from readingroom.services import handover
from tests.integration.web.test_portal_pages import text_of
from tests.integration.web.world import API, safe_uploads


@pytest.fixture
def number(world):
    return world.released(uploads=safe_uploads()).number


def suspend(world, *names):
    with world.store.transaction() as tx:
        for name in names:
            tx.people.save(replace(tx.people.get(name), standing=Standing.SUSPENDED))


class TestReleasePage:
    def test_it_shows_files_approvals_terms_and_the_way_to_check_it(self, world, number):
        page = text_of(world.client("ada").see(f"/releases/{number}"))
        assert "returns.csv" in page and "Freya Lindqvist, Imran Qureshi" in page
        assert "For Ada Marsh, Bilal Hussain, Dara Quinn." in page and "0 downloads" in page
        assert "readingroom release verify" in page and "Recall this release" not in page

    def test_who_has_it_is_shown_to_custodians_and_checkers(self, world, number):
        assert world.client("bilal").see(f"/requests/{number}/release").status_code == 200
        for who in ("mercer", "imran", "robin"):
            page = text_of(world.client(who).see(f"/releases/{number}"))
            assert "Bilal Hussain</th>" in page and "1 download" in page, who
        assert "Bilal Hussain</th>" not in text_of(world.client("ada").see(f"/releases/{number}"))

    @pytest.mark.parametrize("who", ["imran", "mercer", "robin"])
    def test_it_says_when_nobody_can_download_it(self, world, number, who):
        said = "none of those to whom policy lets this release go can sign in"
        suspend(world, "ada", "bilal")
        assert said not in text_of(world.client(who).see(f"/releases/{number}")), "Dara still can"
        suspend(world, "dara")
        assert said in text_of(world.client(who).see(f"/releases/{number}"))
        handover.recall(world.room, "freya", number, "Wrong.")
        assert said not in text_of(world.client(who).see(f"/releases/{number}")), "a recall says more"

    def test_a_member_reads_that_its_only_recipient_cannot_come(self, world, number):
        dataset, policy = world.room.policies.datasets["magistrates"]
        world.room.policies.datasets["magistrates"] = dataset, policy.model_copy(
            update={"release_recipients": frozenset({"author"})})
        suspend(world, "ada")
        page = text_of(world.client("bilal").see(f"/releases/{number}"))
        assert "Nobody can download it now" in page and "suspended" not in page

    def test_strangers_find_nothing(self, world, number):
        for who in ("noor", "okafor"):
            assert world.client(who).see(f"/releases/{number}").status_code == 404
            assert "Nothing that concerns you" in text_of(world.client(who).see("/releases"))

    def test_a_request_without_release_has_no_page(self, world):
        waiting = world.in_review()
        assert world.client("ada").see(f"/releases/{waiting.number}").status_code == 404


class TestRecall:
    def test_a_custodian_recalls_it_with_one_form(self, world, number):
        world.client("ada").see(f"/requests/{number}/release")
        mercer = world.client("mercer")
        asked = text_of(mercer.see(f"/releases/{number}/recall"))
        assert "1 download, by Ada Marsh" in asked
        assert mercer.do(f"/releases/{number}/recall", reason=" ").status_code == 422
        done = mercer.do(f"/releases/{number}/recall", reason="A hidden cell <b>can</b> be solved for.")
        assert (done.status_code, done.headers["location"]) == (303, f"/services/portal/releases/{number}")
        page = text_of(mercer.see(f"/releases/{number}"))
        assert "This release was taken back" in page and "&lt;b&gt;can&lt;/b&gt;" in page
        assert "being checked again" in page
        refused = world.client("ada").see(f"/requests/{number}/release")
        assert refused.status_code == 403 and "was recalled" in refused.text
        told = text_of(world.client("ada").see(f"/requests/{number}"))
        assert "The release was recalled" in told and "can be downloaded" not in told
        assert "Recalled" in text_of(world.client("ada").see("/requests"))

    def test_what_was_checked_again_is_shown(self, world, number):
        later = world.released(author="bilal", uploads=safe_uploads()).number
        handover.recall(world.room, "freya", number, "Wrong.")
        handover.finish_recheck(world.room, number, handover.recheck(world.room, number, later))
        page = text_of(world.client("freya").see(f"/releases/{number}"))
        assert "1 file to look at next" in page and "same bytes as a recalled file" in page

    def test_a_form_without_its_token_recalls_nothing(self, world, number):
        mercer = world.client("mercer")
        answer = mercer.post(f"/services/portal/releases/{number}/recall", data={"reason": "Wrong."})
        assert answer.status_code == 403
        assert handover.get(world.room, "mercer", number).recall is None

    def test_a_member_cannot(self, world, number):
        assert world.client("ada").do(f"/releases/{number}/recall", reason="Mine.").status_code == 403
        assert "You can’t recall it" in text_of(world.client("ada").see(f"/releases/{number}/recall"))


def test_the_api_says_what_became_of_it(world, number):
    workspace = world.workspace("ada")
    before = workspace.get(f"{API}/requests/{number}").json()["release"]
    assert before["recalled_at"] is None and before["downloads_left"] is None and len(before["sha256"]) == 64
    handover.recall(world.room, "mercer", number, "Wrong.")
    after = workspace.get(f"{API}/requests/{number}").json()["release"]
    assert after["recalled_at"] and after["recall_reason"] == "Wrong."
