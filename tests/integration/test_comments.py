"""Comments on places in outputs: blind until all have answered, the researcher's when it is settled, always logged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core.comments import Audience, Remark
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.people import Standing
from readingroom.core.policy import Layer, Tier
from readingroom.core.requests import Decision, Vote
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services import holdups, requests
from tests.factories import POLICIES, SITE, add_project, checked, make_workshop, upload

TABLE = b"offence,F,M\nTheft,40,50\nRobbery,4,31\n"


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path)
    add_project(made)
    return made


def in_review(workshop, content=TABLE, name="by-offence.csv"):
    request = requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(name, content),))
    return checked(workshop, request.number)


def vote(workshop, checker, request, decision=Decision.CHANGE, comment="Because.", remarks=()):
    return requests.review(workshop, checker, request.number,
                           [Vote(file.id, decision, comment) for file in request.files], remarks=remarks)


def remark(workshop, checker, request, text="Four people.", at="cell:2,2", audience=Audience.RESEARCHER):
    requests.remark(workshop, checker, request.number, request.round,
                    [Remark(request.files[0].id, at, text, audience)])


def known(workshop, who, request):
    return [one.text for one in requests.get(workshop, who, request.number).comments]


def returned(workshop, request):
    requests.conclude(workshop, "freya", request.number, RequestStatus.RETURNED, "Please.")


def test_nobody_but_the_writer_knows_of_a_comment_before_all_have_answered(workshop):
    request = in_review(workshop)
    before = {name: requests.get(workshop, name, request.number) for name in ("imran", "ada", "bilal", "tomas")}
    remark(workshop, "freya", request, "SECRET")
    remark(workshop, "freya", request, "SECRET too", audience=Audience.CHECKERS)
    assert {name: requests.get(workshop, name, request.number) for name in before} == before
    vote(workshop, "freya", request)
    assert {name: requests.get(workshop, name, request.number) for name in before} == before
    assert known(workshop, "freya", request) == ["SECRET", "SECRET too"]


def test_checkers_read_all_when_settling_and_the_researcher_what_is_for_them_when_it_is_returned(workshop):
    request = in_review(workshop)
    remark(workshop, "freya", request, "Merge it.")
    remark(workshop, "freya", request, "Same team as before.", audience=Audience.CHECKERS)
    vote(workshop, "freya", request)
    vote(workshop, "imran", request, remarks=[Remark(request.files[0].id, "", "Say for which year.",
                                                     Audience.RESEARCHER)])
    assert known(workshop, "imran", request) == ["Merge it.", "Same team as before.", "Say for which year."]
    assert known(workshop, "tomas", request) == known(workshop, "ada", request) == []
    returned(workshop, request)
    view = requests.get(workshop, "ada", request.number)
    assert [one.text for one in view.comments] == ["Merge it.", "Say for which year."]
    anchor = view.comments[0].anchor
    assert (anchor.at, anchor.row, anchor.column, anchor.quote) == ("cell:2,2", "Robbery", "F", "4")


def test_a_comment_stays_with_the_bytes_that_it_is_about(workshop):
    request = in_review(workshop)
    remark(workshop, "freya", request, "Merge it.")
    vote(workshop, "freya", request)
    vote(workshop, "imran", request)
    returned(workshop, request)
    requests.resubmit(workshop, "ada", request.number, (upload("by-offence.csv", TABLE.replace(b"4,31", b"[c],31")),))
    again = checked(workshop, request.number)
    for who in ("ada", "imran", "tomas"):
        comment, = requests.get(workshop, who, request.number).comments
        about = next(file for file in again.earlier if file.id == comment.file_id)
        assert (comment.round, about.sha256) == (1, request.files[0].sha256)


def test_a_comment_for_the_researcher_says_what_has_to_change(workshop):
    request = in_review(workshop)
    with pytest.raises(InvalidInput, match="without saying which"):
        vote(workshop, "freya", request, comment="")
    remark(workshop, "freya", request, "Between us.", audience=Audience.CHECKERS)
    with pytest.raises(InvalidInput, match="without saying which"):
        vote(workshop, "freya", request, comment="")
    remark(workshop, "freya", request, "Merge it.")
    vote(workshop, "freya", request, comment="")


def test_an_unfinished_review_keeps_nothing_of_what_came_with_it(workshop):
    request = in_review(workshop)
    with pytest.raises(InvalidInput):
        requests.review(workshop, "freya", request.number, [], remarks=[
            Remark(request.files[0].id, "", "Lost?", Audience.RESEARCHER)])
    assert known(workshop, "freya", request) == []


@pytest.mark.parametrize("at", ["cell:9,9", "line:1", "<script>", "cell:1,1'--", "x" * 5000])
def test_a_place_that_is_not_shown_is_refused_and_changes_nothing(workshop, at):
    request = in_review(workshop)
    with pytest.raises(InvalidInput) as refused:
        remark(workshop, "freya", request, at=at)
    assert refused.value.rule == "comment.place" and known(workshop, "freya", request) == []


@pytest.mark.parametrize("text", ["", "  \n", "x" * 5001])
def test_a_comment_has_words(workshop, text):
    with pytest.raises(InvalidInput) as refused:
        remark(workshop, "freya", in_review(workshop), text)
    assert refused.value.rule == "comment.text"


def test_the_same_comment_sent_twice_is_one(workshop):
    request = in_review(workshop)
    for _ in range(2):
        remark(workshop, "freya", request)
    assert known(workshop, "freya", request) == ["Four people."]


def test_files_of_other_requests_and_rounds_take_no_comment(workshop):
    request = in_review(workshop)
    with pytest.raises(NotFound):
        requests.remark(workshop, "freya", request.number, 1, [Remark(999, "", "x", Audience.RESEARCHER)])
    with pytest.raises(InvalidTransition):
        requests.remark(workshop, "freya", request.number, 2, [
            Remark(request.files[0].id, "", "x", Audience.RESEARCHER)])


@pytest.mark.parametrize(("who", "error"), [("ada", PermissionDenied), ("chloe", NotFound), ("mercer", NotFound)])
def test_only_who_may_check_it_comments(workshop, who, error):
    with pytest.raises(error):
        remark(workshop, who, in_review(workshop))


def test_who_has_answered_waits_and_who_came_too_late_says_nothing(workshop):
    request = in_review(workshop)
    vote(workshop, "freya", request)
    with pytest.raises(InvalidTransition):
        remark(workshop, "freya", request)
    vote(workshop, "imran", request)
    remark(workshop, "freya", request, "Now together.")
    assert known(workshop, "imran", request) == ["Now together."]
    with pytest.raises(InvalidTransition):
        remark(workshop, "tomas", request)


def test_one_takes_back_ones_own_until_it_is_given_and_the_log_keeps_it(workshop):
    request = in_review(workshop)
    remark(workshop, "freya", request)
    comment, = requests.get(workshop, "freya", request.number).comments
    with pytest.raises(NotFound):
        requests.take_comment_back(workshop, "imran", request.number, 1, comment.id)
    requests.take_comment_back(workshop, "freya", request.number, 1, comment.id)
    assert known(workshop, "freya", request) == []
    with workshop.store.reading() as tx:
        told = [event for event in tx.events.of_subject(f"request:{request.number}") if "comment" in event.action]
    assert [event.action for event in told] == ["comment.written", "comment.taken-back"]
    assert told[0].detail["comment"] == "Four people." and told[0].detail["sha256"] == request.files[0].sha256
    remark(workshop, "freya", request)
    comment, = requests.get(workshop, "freya", request.number).comments
    vote(workshop, "freya", request)
    vote(workshop, "imran", request)
    with pytest.raises(InvalidTransition, match="stays"):
        requests.take_comment_back(workshop, "freya", request.number, 1, comment.id)


def test_nothing_is_heard_of_who_may_not_check_it_any_more(workshop):
    request = in_review(workshop)
    remark(workshop, "imran", request)
    vote(workshop, "imran", request)
    vote(workshop, "freya", request)
    with workshop.store.transaction() as tx:
        tx.people.save(replace(tx.people.get("imran"), standing=Standing.SUSPENDED))
    holdups.sweep(workshop)
    vote(workshop, "tomas", request)
    assert known(workshop, "freya", request) == []
    returned(workshop, request)
    assert known(workshop, "ada", request) == []


def test_withdrawing_does_not_show_what_was_not_given(workshop):
    request = in_review(workshop)
    remark(workshop, "freya", request)
    vote(workshop, "freya", request)
    requests.withdraw(workshop, "ada", request.number)
    assert known(workshop, "ada", request) == []


def test_a_strict_projects_members_read_where_but_not_what_stood_there(tmp_path):
    """The portal is text, and they may see their data as pixels only."""
    workshop = make_workshop(tmp_path, policies=replace(
        POLICIES, site=Layer("site", SITE.model_copy(update={"tier": Tier.STRICT}))))
    add_project(workshop)
    request = in_review(workshop)
    remark(workshop, "freya", request, "Merge it.")
    vote(workshop, "freya", request)
    vote(workshop, "imran", request)
    returned(workshop, request)
    comment, = requests.get(workshop, "ada", request.number).comments
    assert (comment.anchor.at, comment.anchor.quote, comment.anchor.row) == ("cell:2,2", "", "")
    assert requests.get(workshop, "freya", request.number).comments[0].anchor.quote == "4"


class TestWhatCanNotBeSeen:
    def test_a_file_that_can_not_be_shown_whole_can_not_be_approved_for_any_reason(self, workshop):
        request = in_review(workshop, b"It " * 4000, "notes.txt")
        with pytest.raises(InvalidInput) as refused:
            vote(workshop, "freya", request, Decision.APPROVE, "I trust them.")
        assert refused.value.rule == "review.unseen"
        vote(workshop, "freya", request, Decision.CHANGE, "Shorter lines.")

    def long(self, workshop):
        return in_review(workshop, b"band,n\n" + b"".join(b"band %d,%d\n" % (n, 140 + n) for n in range(450)))

    def test_a_long_file_is_approved_once_every_part_was_opened(self, workshop):
        request = self.long(workshop)
        file = request.files[0]
        requests.sights(workshop, "freya", request.number)
        for part in (2, 3):
            with pytest.raises(InvalidInput) as refused:
                vote(workshop, "freya", request, Decision.APPROVE)
            assert refused.value.rule == "review.unopened" and f"part {part}" in refused.value.message
            requests.file_content(workshop, "imran", request.number, file.id, part=part)
            requests.file_content(workshop, "freya", request.number, file.id, part=part)
        vote(workshop, "freya", request, Decision.APPROVE)

    def test_asking_for_a_change_needs_no_such_patience(self, workshop):
        vote(workshop, "freya", self.long(workshop), Decision.CHANGE)

    def test_who_may_not_check_it_may_not_read_it_either(self, workshop):
        request = in_review(workshop)
        add_project(workshop, "other", members=("ada", "tomas"))
        with pytest.raises(PermissionDenied):
            requests.file_content(workshop, "tomas", request.number, request.files[0].id)
