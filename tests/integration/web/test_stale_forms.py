"""A form that the request has left behind: what happened is said, nothing typed is lost, and the right page is near."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest

from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import Decision
from readingroom.errors import NoRoom
from readingroom.services import requests
from readingroom.services.uploads import Upload
from tests.integration.web.world import BASE, CONTEXT

TABLE = b"offence,F\nRobbery,40\nTheft,310\n"


def says(answer, *words):
    shown = html.unescape(answer.text)
    assert [one for one in words if one not in shown] == []


def text_areas(answer, name):
    """What the field of that name holds."""
    return html.unescape(answer.text.split(f'name="{name}"')[1].split(">", 1)[1].split("</textarea>")[0]).strip()


def send_back(world, request, comment="Merge the small row."):
    for checker in ("imran", "freya"):
        world.vote(checker, request, Decision.CHANGE, comment)
    requests.conclude(world.room, "freya", request.number, RequestStatus.RETURNED, "Please mend it.")


def second_round(world, request, *names):
    requests.resubmit(world.room, "ada", request.number, [Upload(name, TABLE, CONTEXT) for name in names])
    return world.check(request.number)


@pytest.fixture
def request_(world):
    return world.in_review(uploads=(Upload("a.csv", TABLE, CONTEXT), Upload("b.csv", TABLE, CONTEXT)))


def answer_of(request, **more):
    """A checker's form as the page of this round has it, with words in every field."""
    a, b = (file.id for file in request.files)
    return {"round": str(request.round), f"decision-{a}": "approve", f"decision-{b}": "change-needed",
            f"comment-{a}": "WORDS ON A", f"comment-{b}": "WORDS ON B", f"at-{a}": "cell:1,2",
            f"say-{a}": "A REMARK ON A", f"audience-{a}": "checkers", "note": "A NOTE",
            "comment": "A CONCLUSION"} | more


ALL_WORDS = ("WORDS ON A", "WORDS ON B", "A REMARK ON A", "A NOTE", "A CONCLUSION")


class TestCheckers:
    @pytest.mark.parametrize(("verb", "more"), [
        ("review", {}), ("comments", {}), ("comments", {"take-back": "1"}), ("place", {"place": "1 cell:1,1"}),
        ("conclude", {"outcome": "returned"})])
    def test_what_was_written_of_an_earlier_round_stands_by_the_files_of_this_one(self, world, request_, verb, more):
        send_back(world, request_)
        again = second_round(world, request_, "a.csv", "c.csv")
        answer = world.client("imran").do(f"/requests/{request_.number}/{verb}", **answer_of(request_, **more))
        assert answer.status_code == 409
        says(answer, "Your answer is about round 1, and the request is in round 2 now", "Comment on b.csv", *ALL_WORDS)
        a, c = (file.id for file in again.files)
        assert text_areas(answer, f"comment-{a}") == "WORDS ON A" and text_areas(answer, f"comment-{c}") == ""
        assert text_areas(answer, f"say-{a}") == "A REMARK ON A" and text_areas(answer, "note") == "A NOTE"
        assert answer.text.count('value="approve" data-key="a" checked') == 0, "nobody decided on files not seen"
        assert 'name="round" value="2"' in answer.text
        assert requests.get(world.room, "imran", request_.number).own_review is None

    def test_what_was_kept_can_be_sent_at_once(self, world, request_):
        send_back(world, request_)
        again = second_round(world, request_, "a.csv", "b.csv")
        imran = world.client("imran")
        assert imran.do(f"/requests/{request_.number}/review", **answer_of(request_)).status_code == 409
        assert imran.do(f"/requests/{request_.number}/review", **answer_of(again)).status_code == 303

    @pytest.mark.parametrize("verb", ["review", "comments", "conclude"])
    @pytest.mark.parametrize("left", ["returned", "withdrawn"])
    def test_when_nothing_is_to_be_decided_any_more_all_of_it_can_be_copied(self, world, request_, verb, left):
        if left == "returned":
            send_back(world, request_)
        else:
            requests.withdraw(world.room, "ada", request_.number)
        answer = world.client("tomas").do(
            f"/requests/{request_.number}/{verb}", **answer_of(request_, outcome="returned"))
        assert answer.status_code == 409
        says(answer, "What you wrote", "Comment on a.csv", "Comment on cell:1,2 of a.csv", left, *ALL_WORDS)

    def test_a_second_answer_from_another_tab_keeps_its_words(self, world, request_):
        imran = world.client("imran")
        assert imran.do(f"/requests/{request_.number}/review", **answer_of(request_)).status_code == 303
        answer = imran.do(f"/requests/{request_.number}/review", **answer_of(request_, note="OTHER NOTE"))
        assert answer.status_code == 409
        says(answer, "You have already given your review of this round.", "OTHER NOTE", "WORDS ON B")

    def test_who_may_not_check_it_any_more_keeps_their_words_and_finds_back(self, world, request_):
        with world.store.transaction() as tx:
            project = tx.projects.get(request_.project)
            tx.projects.save(replace(project, members=project.members | {"imran"}))
        answer = world.client("imran").do(f"/requests/{request_.number}/review", **answer_of(request_))
        assert answer.status_code == 403
        says(answer, f'href="{BASE}/requests/{request_.number}/review"', *ALL_WORDS)

    def test_a_conclusion_without_an_outcome_is_asked_for_on_the_page(self, world, request_):
        for checker in ("imran", "freya"):
            world.vote(checker, request_, Decision.CHANGE, "Merge.")
        answer = world.client("freya").do(f"/requests/{request_.number}/conclude", **answer_of(request_))
        assert answer.status_code == 422 and text_areas(answer, "comment") == "A CONCLUSION"


class TestAuthors:
    FIELDS = {"context-1": "WHAT IT SHOWS", "controls-1": "WHAT I DID", "group-1-name": "CHAPTER",  # noqa: RUF012
              "group-1-context": "ITS CONTEXT", "group-1-controls": "ITS PROTECTION", "keep": "a.csv"}

    def answer(self, world, request, **more):
        return world.client("ada").do(f"/requests/{request.number}/resubmit", **self.FIELDS | more,
                                      files={"file-1": ("new.csv", TABLE, "text/csv")})

    def test_an_answer_to_what_is_not_returned_any_more_says_so_and_loses_nothing(self, world, request_):
        send_back(world, request_)
        second_round(world, request_, "a.csv")
        answer = self.answer(world, request_, round="1")
        assert answer.status_code == 409
        says(answer, "takes no answer now", "in-review", "WHAT IT SHOWS", "WHAT I DID", "CHAPTER", "ITS CONTEXT",
             "ITS PROTECTION", "What new.csv is and shows", f'href="{BASE}/requests/{request_.number}"')

    def test_an_answer_to_an_earlier_round_is_shown_again_as_one_to_this(self, world, request_):
        send_back(world, request_)
        send_back(world, second_round(world, request_, "a.csv", "c.csv"))
        answer = self.answer(world, request_, round="1")
        assert answer.status_code == 409
        says(answer, "This form answers round 1, and the request was returned again in round 2", "CHAPTER",
             "ITS CONTEXT", "ITS PROTECTION", "new.csv", f'href="{BASE}/requests/{request_.number}"')
        assert text_areas(answer, "context-1") == "WHAT IT SHOWS" and 'name="round" value="2"' in answer.text
        asked = re.findall(r'<input[^>]* name="keep"[^>]*>', answer.text)
        assert len(asked) == 2 and all(" checked" in one for one in asked), "what to keep is asked anew"
        assert requests.get(world.room, "ada", request_.number).request.round == 2

    def test_a_full_disk_keeps_what_was_typed(self, world, monkeypatch):
        def full(content):
            raise NoRoom("There is no room left.", rule="storage.room", next_step="Try again later.")

        monkeypatch.setattr(world.room.blobs, "put", full)
        answer = world.client("ada").do(
            "/requests", project="returning-defendants", title="A TITLE", purpose="A PURPOSE", **{"context-1": CONTEXT},
            files={"file-1": ("new.csv", TABLE, "text/csv")})
        assert answer.status_code == 507
        says(answer, "There is no room left. Try again later.", "A TITLE", "A PURPOSE", CONTEXT)

    @pytest.mark.parametrize("form", ["requests", "incoming"])
    def test_a_project_that_may_be_asked_from_no_more_loses_nothing(self, world, form):
        answer = world.client("chloe").do(
            f"/{form}", project="plea-timing", title="A TITLE", purpose="A PURPOSE",
            **{"context-1": CONTEXT, "source-1": "ITS SOURCE", "licence-1": "ITS LICENCE", "kind-1": "code"},
            files={"file-1": ("new.csv", TABLE, "text/csv")})
        assert answer.status_code == {"requests": 403, "incoming": 422}[form]
        says(answer, "A TITLE", "A PURPOSE", CONTEXT)
        assert form == "requests" or ("ITS SOURCE" in answer.text and "ITS LICENCE" in answer.text)


def test_a_sign_off_that_is_not_waited_for_any_more_keeps_the_comment(world):
    dataset, policy = world.room.policies.datasets["magistrates"]
    world.room.policies.datasets["magistrates"] = dataset, policy.model_copy(update={"custodian_sign_off": True})
    request = world.in_review()
    for checker in ("imran", "freya"):
        world.vote(checker, request, Decision.APPROVE, "Large counts only.")
    requests.withdraw(world.room, "ada", request.number)
    answer = world.client("mercer").do(f"/sign-offs/{request.number}", round="1", decision="return",
                                       comment="MY REASON")
    assert answer.status_code == 404
    says(answer, "MY REASON", f'href="{BASE}/sign-offs"')


def test_words_of_a_form_from_a_session_that_ended_can_be_copied(world, request_):
    """Someone signed in anew in another tab: the form has the token of the session before."""
    imran = world.client("imran")
    answer = imran.do(f"/requests/{request_.number}/review", **answer_of(request_, csrf_token="an-older-one"))
    assert answer.status_code == 403
    says(answer, *ALL_WORDS)
    assert requests.get(world.room, "imran", request_.number).own_review is None


def test_what_another_site_sends_is_not_shown(world, request_):
    imran = world.client("imran")
    imran.headers["sec-fetch-site"] = "cross-site"
    answer = imran.do(f"/requests/{request_.number}/review", **answer_of(request_))
    assert answer.status_code == 403 and "WORDS ON A" not in answer.text


def test_only_sentences_are_shown_again_and_inert(world, request_):
    requests.withdraw(world.room, "ada", request_.number)
    attack = "</textarea><script>alert(1)</script>"
    answer = world.client("tomas").do(f"/requests/{request_.number}/review", **answer_of(
        request_, note=attack, password="hunter2", query="SELECT 1"))
    assert "<script>alert" not in answer.text and attack in html.unescape(answer.text)
    assert "hunter2" not in answer.text and "SELECT 1" not in answer.text
