"""Training: on the page of the desk, apart from all that is real, blind until answered, and dated."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from readingroom.core.requests import Decision
from readingroom.core.training import cases_of
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services import requests, training, turnaround
from readingroom.web.presenters.words import DECISION_WORDS


def right(number):
    return [case.answer for case in cases_of(number)]


def sent(decisions):
    return {f"decision-{place}": decision.value for place, decision in enumerate(decisions, 1)} | {"round": "1"}


def take(world, who, decisions=None):
    session = training.begin(world.room, who)
    return training.answer(world.room, who, session, decisions or right(1))


def test_a_checker_takes_a_set_on_the_page_of_the_desk(world):
    imran = world.client("imran")
    assert "You have not taken a set yet." in imran.see("/training").text
    answer = imran.do("/training")
    assert answer.status_code == 303
    page = imran.get(answer.headers["location"]).text
    assert page.count('class="rr-sheet"') == 12 and "Rules in force" in page and "Made-up outputs" in page
    assert "Answer this set" in page and "Comment on a place" not in page and "Note between checkers" not in page
    assert imran.do("/training").headers["location"] == answer.headers["location"]
    done = imran.do(answer.headers["location"].removeprefix("/services/portal") + "/review", **sent(right(1)))
    assert done.status_code == 303
    result = imran.get(done.headers["location"]).text
    assert result.count("✓ Right") == 12 and "12 of 12" in result and "1.00 (n = 12)" in result
    assert result.count("What was planted:") == result.count("Nothing was planted:") == 6
    assert "12 of 12 right" in imran.see("/training").text


def test_nothing_tells_what_was_planted_before_it_is_answered(world):
    session = training.begin(world.room, "imran")
    imran = world.client("imran")
    page = imran.see(f"/training/{session}").text
    for case in cases_of(1):
        if case.fault:
            assert case.fault.why not in page
        assert case.lesson not in page
    assert "rr-flag__mark" not in page and "few people" not in page
    refused = imran.do(f"/training/{session}/review", **sent([*right(1)[:11], Decision.UNDECIDED]))
    assert refused.status_code == 422 and "Not every output is decided" in refused.text
    assert all(case.fault.why not in refused.text for case in cases_of(1) if case.fault)
    assert refused.text.count("checked>") >= 12  # what was chosen is chosen still


def test_a_set_is_answered_once_and_the_next_is_another(world):
    taken = take(world, "imran")
    with pytest.raises(InvalidTransition):
        training.answer(world.room, "imran", taken.session.id, right(1))
    again = training.begin(world.room, "imran")
    assert training.look(world.room, "imran", again).session.number == 2


def test_agreement_is_with_those_who_answered_the_same_set(world):
    wrong = [Decision.APPROVE if one is Decision.CHANGE else Decision.CHANGE for one in right(1)]
    assert take(world, "imran").score.people == 0
    taken = take(world, "freya", wrong)
    assert (taken.score.right, taken.score.missed, taken.score.false_alarms, taken.score.people) == (0, 6, 6, 1)
    assert taken.score.others.kappa == taken.score.answer.kappa == -1.0
    assert training.mine(world.room, "imran")[0].score.others.pairs == 12


def test_it_touches_nothing_real(world):
    request = world.in_review()
    before = turnaround.look(world.room, "tomas"), requests.queue(world.room, "tomas")
    with world.store.reading() as tx:
        counts, notices = tx.requests.counts(), tx.notices.unread("tomas")
    session = training.begin(world.room, "imran")
    take(world, "imran")
    assert (turnaround.look(world.room, "tomas"), requests.queue(world.room, "tomas")) == before
    with world.store.reading() as tx:
        assert (tx.requests.counts(), tx.notices.unread("tomas")) == (counts, notices)
        events = [event for event in tx.events.all() if event.subject.startswith("training:")]
    assert [event.action for event in events] == ["training.begun", "training.answered"]
    for path in (f"/requests/{request.number + session}", f"/requests/{request.number + session}/release"):
        assert world.client("imran").see(path).status_code == 404


def test_no_form_of_training_reaches_a_request_nor_the_other_way(world):
    request = world.in_review()
    session = training.begin(world.room, "imran")
    answer = world.client("imran").do(f"/training/{session}/review", **{
        f"decision-{file.id}": "approve" for file in request.files} | {"round": "1"})
    assert answer.status_code == 422
    assert requests.get(world.room, "imran", request.number).own_review is None


@pytest.mark.parametrize("who", ["ada", "mercer", "robin", "olive"])
def test_training_is_for_checkers(world, who):
    assert world.client(who).see("/training").status_code == 403
    assert world.client(who).do("/training").status_code == 403


def test_another_ones_session_is_as_if_it_did_not_exist(world):
    session = training.begin(world.room, "imran")
    freya = world.client("freya")
    for path in (f"/training/{session}", f"/training/{session}/files/1", f"/training/{session}/files/1/image.png"):
        assert freya.see(path).status_code == 404
    assert freya.do(f"/training/{session}/review", **sent(right(1))).status_code == 404
    with pytest.raises(NotFound):
        training.look(world.room, "freya", session + 1)


def test_wrong_numbers_of_decisions_are_refused(world):
    session = training.begin(world.room, "imran")
    for decisions in ([], right(1)[:5], [*right(1), Decision.APPROVE]):
        with pytest.raises(InvalidInput):
            training.answer(world.room, "imran", session, decisions)


def test_custodians_and_administrators_see_scores_with_their_dates(world):
    for who in ("mercer", "robin"):
        assert "No set has been answered yet." in world.client(who).see("/training/scores").text
    training.begin(world.room, "imran")
    world.clock.time += timedelta(minutes=20)
    take(world, "imran", [Decision.APPROVE] * 12)
    for who in ("mercer", "robin"):
        page = world.client(who).see("/training/scores").text
        assert "Imran Qureshi" in page and "6 of 12 right" in page and world.clock.time.isoformat() in page
        assert "not defined" not in page and "0.00 (n = 12)" in page
    for who in ("imran", "ada", "olive"):
        assert world.client(who).see("/training/scores").status_code == 403
    with pytest.raises(PermissionDenied):
        training.scores(world.room, "imran")


def test_a_set_of_an_earlier_edition_keeps_its_date_but_not_its_outputs(world, monkeypatch):
    taken = take(world, "imran")
    monkeypatch.setattr(training, "EDITION", 2)
    page = world.client("imran").see(f"/training/{taken.session.id}").text
    assert "earlier edition" in page
    assert "of an earlier edition" in world.client("imran").see("/training").text


def test_pictures_and_parts_are_inert_here_too(world):
    session = training.begin(world.room, "imran")
    imran = world.client("imran")
    place = next(place for place, case in enumerate(cases_of(1), 1) if case.name.endswith(".png"))
    answer = imran.see(f"/training/{session}/files/{place}/image.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.content != cases_of(1)[place - 1].content
    assert imran.see(f"/training/{session}/files/{place}").status_code == 200
    assert imran.see(f"/training/{session}/files/13").status_code == 404
    assert re.search(rf"/training/{session}/files/{place}/image.png", imran.see(f"/training/{session}").text)
    assert set(DECISION_WORDS) == set(Decision)
