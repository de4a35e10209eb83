"""The desk's figures, each by its definition."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from readingroom.core.audit import Event
from readingroom.core.turnaround import BY_A_PERSON, figures, ninth_tenth, rounds

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


def events(*told):
    """Each (minutes, actor, action, detail)."""
    return [Event(seq, (START + timedelta(minutes=at)).isoformat(), actor, action, "request:1", "p", detail, "", "")
            for seq, (at, actor, action, detail) in enumerate(told)]


def submitted(at, files=2):
    return at, "ada", "request.submitted", {"files": [{"name": f"f{n}"} for n in range(files)]}


def answer(at, checker, *decisions):
    votes = [{"file": f"f{n}", "decision": choice} for n, choice in enumerate(decisions)]
    return at, checker, "request.reviewed", {"votes": votes}


def viewed(at, checker):
    return at, checker, "file.viewed", {"file": "f0"}


APPROVE, CHANGE = "approve", "change-needed"
STORY = events(
    submitted(0), (1, "system", "file.checked", {"file": "f0", "rules": ["threshold"]}),
    viewed(10, "freya"), viewed(12, "freya"), answer(20, "freya", CHANGE, APPROVE),
    viewed(30, "imran"), answer(34, "imran", APPROVE, APPROVE), answer(40, "imran", CHANGE, APPROVE),
    (60, "imran", "request.returned", {}),
    submitted(120), viewed(125, "freya"), answer(127, "freya", APPROVE, APPROVE),
    (240, "system", "request.approved", {}))


def test_times_rework_causes_and_minutes_are_read_from_the_events():
    found = figures(rounds(STORY))
    assert (found.decided, found.median_hours, found.slow_hours) == (2, 1.5, 2.0)
    assert found.minutes_per_output == 2.0  # 5, 2 and 1 minutes per file
    assert found.returned_share == 0.5
    assert found.causes == (("threshold", 1),)


def test_comments_on_places_count_where_the_researcher_reads_them_and_the_round_was_decided():
    def wrote(at, action="comment.written", audience="researcher"):
        return at, "freya", action, {"audience": audience}

    story = [submitted(0), wrote(1), wrote(2), wrote(3, audience="checkers"), wrote(4, "comment.taken-back"),
             answer(5, "freya", CHANGE), (9, "freya", "request.returned", {})]
    assert figures(rounds(events(*story))).comments_per_output == 0.5
    assert figures(rounds(events(*story, submitted(10), wrote(11)))).comments_per_output == 0.5
    assert figures(rounds(events(submitted(0), wrote(1)))).comments_per_output is None


def test_a_round_that_went_back_for_an_approval_is_not_decided():
    story = [submitted(0, 3), answer(5, "freya", APPROVE), (9, "system", "request.approved", {}),
             (12, "system", "request.reopened", {})]
    assert figures(rounds(events(*story))).decided == 0
    again = figures(rounds(events(*story, (60, "system", "request.approved", {}))))
    assert (again.decided, again.outputs, again.median_hours) == (1, 3, 1.0)


def test_only_the_first_answer_counts_as_given_without_knowing():
    agreement = figures(rounds(STORY)).agreement
    assert (agreement.pairs, agreement.share) == (2, 0.5)


def test_kappa_by_the_worked_example_of_its_definition():
    told = [submitted(0, 10), answer(1, "freya", *[APPROVE] * 8, *[CHANGE] * 2),
            answer(2, "imran", *[APPROVE] * 8, APPROVE, CHANGE)]
    agreement = figures(rounds(events(*told))).agreement
    by_chance = (17 / 20) ** 2 + (3 / 20) ** 2
    assert math.isclose(agreement.kappa, (0.9 - by_chance) / (1 - by_chance))


def test_where_everyone_always_approves_kappa_says_nothing():
    told = [submitted(0), answer(1, "freya", APPROVE, APPROVE), answer(2, "imran", APPROVE, APPROVE)]
    agreement = figures(rounds(events(*told))).agreement
    assert (agreement.share, agreement.kappa) == (1.0, None)


def test_a_file_that_no_rule_spoke_about_was_seen_by_a_checker_only():
    told = [submitted(0), answer(1, "freya", CHANGE, APPROVE), (2, "freya", "request.returned", {})]
    assert figures(rounds(events(*told))).causes == ((BY_A_PERSON, 1),)


def test_a_look_that_was_interrupted_does_not_count():
    told = [submitted(0), viewed(1, "freya"), answer(600, "freya", APPROVE, APPROVE)]
    assert figures(rounds(events(*told))).minutes_per_output is None


def test_of_one_checker_only_their_own():
    told = [submitted(0, 1), viewed(0, "freya"), answer(2, "freya", APPROVE), viewed(0, "imran"),
            answer(8, "imran", CHANGE), answer(9, "tomas", CHANGE)]
    mine = figures(rounds(events(*told)), "imran")
    assert (mine.minutes_per_output, mine.agreement.pairs, mine.agreement.share) == (8.0, 2, 0.5)


def test_of_nothing_nothing_is_told():
    found = figures(())
    assert (found.decided, found.median_hours, found.returned_share, found.agreement.share) == (0, None, None, None)


@pytest.mark.parametrize(("values", "expected"), [([1.0], 1.0), (list(range(1, 11)), 9), (list(range(1, 21)), 18)])
def test_nine_in_ten(values, expected):
    assert ninth_tenth(values) == expected
