"""The airlock against those who replay, mix up and overdo: each is refused by its rule, and nothing changes."""

from __future__ import annotations

import threading

import pytest

from readingroom.core.comments import Audience, Remark
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import Decision, Vote
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, ReadingRoomError
from readingroom.services import releases, requests
from tests.factories import make_workshop, upload, with_two_projects
from tests.reviews import events, in_review

S = RequestStatus


@pytest.fixture
def workshop(tmp_path):
    return with_two_projects(make_workshop(tmp_path))


def votes(request, decision=Decision.APPROVE):
    return [Vote(file.id, decision, "Because.") for file in request.files]


def test_a_vote_on_a_file_of_another_request_counts_for_neither(workshop):
    mine, other = in_review(workshop), in_review(workshop, "chloe", "other")
    for sent in (votes(other), [*votes(mine), *votes(other)], [*votes(mine), *votes(mine)], []):
        with pytest.raises(InvalidInput) as refused:
            requests.review(workshop, "freya", mine.number, sent)
        assert refused.value.rule == "review.complete"
    assert "request.reviewed" not in events(workshop, 1) + events(workshop, 2)


@pytest.mark.parametrize("at", ["cell:0,99", "cell:99999,1", "line:1", "code:1,1", "cell:1,1\u0000", "cell:-1,1"])
def test_a_comment_outside_the_file_is_refused_with_the_review_it_came_with(workshop, at):
    request = in_review(workshop)
    remark = Remark(request.files[0].id, at, "Here.", Audience.RESEARCHER)
    with pytest.raises(InvalidInput) as refused:
        requests.review(workshop, "freya", request.number, votes(request), remarks=[remark])
    assert refused.value.rule == "comment.place"
    assert not {"comment.written", "request.reviewed"} & set(events(workshop))


def test_a_comment_on_a_file_of_another_request_or_round_is_refused(workshop):
    request, other = in_review(workshop), in_review(workshop, "chloe", "other")
    with pytest.raises(NotFound):
        requests.remark(workshop, "freya", request.number, 1, [
            Remark(other.files[0].id, "", "Here.", Audience.RESEARCHER)])
    with pytest.raises(InvalidTransition):
        requests.remark(workshop, "freya", request.number, 2, [
            Remark(request.files[0].id, "", "Here.", Audience.RESEARCHER)])
    assert "comment.written" not in events(workshop, 1) + events(workshop, 2)


def test_ten_thousand_files_are_refused_before_any_is_stored(workshop):
    with pytest.raises(InvalidInput) as refused:
        requests.submit(workshop, "ada", "returns", "T", "P", tuple(upload(f"{n}.csv") for n in range(10_000)))
    assert refused.value.rule == "request.max-files" and refused.value.value == 10_000
    assert not list(workshop.settings.blobs_dir.rglob("*"))


@pytest.mark.parametrize("name", ["../table.csv", "/etc/passwd", "a/b.csv", "..", "table.csv\u0000.png",
                                  "\u202evsc.elbat", "", ".hidden", "a" * 101,
                                  "con\ntrol.csv", "table.csv ", "tаble.csv"])
def test_names_that_are_more_than_names_are_refused(workshop, name):
    with pytest.raises(InvalidInput) as refused:
        requests.submit(workshop, "ada", "returns", "T", "P", (upload(name),))
    assert refused.value.rule == "request.file-name"


def test_two_tabs_one_of_which_withdrew_it(workshop):
    """What the other tab then sends is refused, whoever's it is, and nothing leaves."""
    request = in_review(workshop)
    requests.review(workshop, "freya", request.number, votes(request))
    requests.withdraw(workshop, "ada", request.number)
    for act in (lambda: requests.review(workshop, "imran", request.number, votes(request)),
                lambda: requests.withdraw(workshop, "ada", request.number),
                lambda: requests.resubmit(workshop, "ada", request.number, (upload(),)),
                lambda: requests.conclude(workshop, "freya", request.number, S.RETURNED, "Because.")):
        with pytest.raises(ReadingRoomError):
            act()
    assert releases.make(workshop, request.number) is None


def test_what_others_said_of_a_round_that_was_withdrawn_undecided_stays_unknown(workshop):
    """Else an author could withdraw to read it, and who judges the same files anew would not be blind."""
    request = in_review(workshop)
    requests.review(workshop, "freya", request.number, votes(request, Decision.CHANGE))
    requests.withdraw(workshop, "ada", request.number)
    for who in ("ada", "bilal", "imran"):
        assert requests.get(workshop, who, request.number).reviews == ()
    assert len(requests.get(workshop, "freya", request.number).reviews) == 1


def test_a_withdrawal_and_the_release_at_once_have_one_outcome(workshop):
    """An approved request may be withdrawn until it has left: never both."""
    request = in_review(workshop)
    for checker in ("freya", "imran"):
        requests.review(workshop, checker, request.number, votes(request))
    start, ends = threading.Barrier(2), []

    def run(act):
        start.wait()
        try:
            act()
        except ReadingRoomError as refused:
            ends.append(refused.rule)

    threads = [threading.Thread(target=run, args=(act,)) for act in (
        lambda: releases.make(workshop, 1), lambda: requests.withdraw(workshop, "ada", 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = events(workshop)
    assert told.count("release.made") + told.count("request.withdrawn") == 1
    with workshop.store.reading() as tx:
        assert (tx.requests.release(1) is not None) == ("release.made" in told)
