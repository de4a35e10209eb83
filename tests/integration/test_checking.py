"""Who may check, who is asked first, and what happens to a request that nobody takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from readingroom.core.lifecycle import Direction, ProjectStatus
from readingroom.core.policy import Layer
from readingroom.core.requests import Decision
from readingroom.core.roles import Role
from readingroom.errors import PermissionDenied
from readingroom.services import holdups, notices, releases, requests, turnaround
from tests.factories import NOW, POLICIES, SITE, add_project, make_workshop
from tests.reviews import in_review, review


def room_with(tmp_path, **policy):
    made = make_workshop(tmp_path, policies=replace(POLICIES, site=Layer("site", SITE.model_copy(update=policy))))
    add_project(made)
    return made


def change(workshop, username, **changes):
    with workshop.store.transaction() as tx:
        tx.people.save(replace(tx.people.get(username), **changes))


def refusal(workshop, checker, request):
    with pytest.raises(PermissionDenied) as refused:
        review(workshop, checker, request)
    with pytest.raises(PermissionDenied):
        requests.sights(workshop, checker, request.number)
    assert requests.queue(workshop, checker) == ()
    assert requests.get(workshop, checker, request.number).may["review"] == refused.value.message
    return refused.value.rule


class TestCoauthors:
    def joined(self, workshop, ends_in_days, status=ProjectStatus.ACTIVE):
        """freya is a checker, and was in a project with ada."""
        change(workshop, "freya", roles=frozenset({Role.CHECKER, Role.RESEARCHER}))
        add_project(workshop, "together", members=("ada", "freya"), status=status,
                    expires_on=NOW.date() + timedelta(days=ends_in_days))
        return in_review(workshop)

    @pytest.mark.parametrize(("ended", "days", "may"), [
        (100, None, False), (0, None, False), (-1, None, True), (-1, 30, False), (-30, 30, False), (-31, 30, True)])
    def test_until_so_many_days_after_a_project_of_both(self, tmp_path, ended, days, may):
        workshop = room_with(tmp_path, coauthor_days=days)
        request = self.joined(workshop, ended)
        if may:
            review(workshop, "freya", request)
        else:
            assert refusal(workshop, "freya", request) == "review.coauthor"

    def test_a_closed_project_counts_as_ended_unless_policy_looks_back(self, tmp_path):
        review(room := room_with(tmp_path / "a"), "freya", self.joined(room, 100, ProjectStatus.CLOSED))
        strict = room_with(tmp_path / "b", coauthor_days=30)
        assert refusal(strict, "freya", self.joined(strict, 100, ProjectStatus.CLOSED)) == "review.coauthor"


class TestOrganisation:
    def test_policy_may_ask_for_another_one(self, tmp_path):
        workshop = room_with(tmp_path, other_organisation=True)
        change(workshop, "freya", organisation="Another")
        request = in_review(workshop)
        review(workshop, "freya", request)
        assert refusal(workshop, "imran", request) == "review.organisation"
        change(workshop, "imran", organisation=" oRG ")
        assert refusal(workshop, "imran", request) == "review.organisation"

    def test_unless_it_does_colleagues_check(self, tmp_path):
        workshop = room_with(tmp_path)
        review(workshop, "imran", in_review(workshop))


class TestAskedFirst:
    def test_those_who_answered_least_of_late(self, tmp_path):
        workshop = room_with(tmp_path)
        first = in_review(workshop)
        for checker in ("freya", "imran"):
            review(workshop, checker, first)
        releases.make(workshop, first.number)
        second = in_review(workshop, "bilal")
        asked = {name: requests.queue(workshop, name)[0].suggested for name in ("freya", "imran", "tomas")}
        assert asked["tomas"] and sum(asked.values()) == 2
        before = requests.queue(workshop, "tomas")
        review(workshop, "freya" if not asked["freya"] else "imran", second)
        assert requests.queue(workshop, "tomas") == before  # nothing tells that somebody answered

    def test_nobody_is_asked_who_may_not(self, tmp_path):
        workshop = room_with(tmp_path, other_organisation=True)
        for name in ("freya", "imran"):
            change(workshop, name, organisation="Another")
        in_review(workshop)
        assert all(requests.queue(workshop, name)[0].suggested for name in ("freya", "imran"))


class TestEscalation:
    def told(self, workshop, who):
        return [one.notice.kind for one in notices.page(workshop, who).told].count("request.escalated")

    def test_once_a_round_after_so_many_hours_to_whoever_can_help(self, tmp_path):
        workshop = room_with(tmp_path, escalate_hours=24)
        request = in_review(workshop)
        review(workshop, "freya", request)
        workshop.clock.forward(hours=24, seconds=-1)
        assert holdups.sweep(workshop) == 0
        workshop.clock.forward(seconds=1)
        assert holdups.sweep(workshop) == 1
        assert holdups.sweep(workshop) == 0
        assert {name: self.told(workshop, name) for name in ("freya", "imran", "tomas", "robin", "ada")} == {
            "freya": 0, "imran": 1, "tomas": 1, "robin": 1, "ada": 0}

    def test_checkers_who_do_not_settle_it_are_reminded_from_their_last_answer_on(self, tmp_path):
        workshop = room_with(tmp_path, escalate_hours=24)
        request = in_review(workshop)
        workshop.clock.forward(hours=20)
        review(workshop, "freya", request, Decision.CHANGE)
        review(workshop, "imran", request)
        workshop.clock.forward(hours=23)
        assert holdups.sweep(workshop) == 0
        workshop.clock.forward(hours=1)
        assert (holdups.sweep(workshop), holdups.sweep(workshop)) == (1, 0)
        assert {name: self.told(workshop, name) for name in ("freya", "imran", "tomas", "robin", "ada")} == {
            "freya": 1, "imran": 1, "tomas": 0, "robin": 1, "ada": 0}

    def test_not_where_policy_says_nothing(self, tmp_path):
        workshop = room_with(tmp_path)
        in_review(workshop)
        workshop.clock.forward(days=90)
        assert holdups.sweep(workshop) == 0


class TestTheDesk:
    def test_it_is_read_from_what_happened(self, tmp_path):
        workshop = room_with(tmp_path)
        request = in_review(workshop)
        for checker in ("freya", "imran"):
            requests.sights(workshop, checker, request.number)
            workshop.clock.forward(minutes=6)
            review(workshop, checker, request)
        waiting = in_review(workshop, "bilal")
        desk = turnaround.look(workshop, "freya")
        leaves, comes_in = desk.figures[Direction.OUT], desk.figures[Direction.IN]
        assert (leaves.decided, leaves.median_hours, leaves.minutes_per_output) == (1, 0.2, 6.0)
        assert (comes_in.decided, comes_in.median_hours, comes_in.causes) == (0, None, ())
        assert desk.own[Direction.OUT].agreement.share == 1.0
        assert [(number, way) for number, _, way in desk.waiting] == [(waiting.number, Direction.OUT)]
        assert requests.get(workshop, "bilal", waiting.number).likely == (1, 0.2, 0.2)

    @pytest.mark.parametrize("who", ["ada", "chloe"])
    def test_researchers_do_not_see_it(self, tmp_path, who):
        with pytest.raises(PermissionDenied):
            turnaround.look(room_with(tmp_path), who)
