"""Telling people, on the records: whom, once, in the transaction of what they are told of."""

from __future__ import annotations

import pytest

from readingroom.core.lifecycle import GrantStatus, ProjectStatus, RequestStatus
from readingroom.core.requests import Decision, Vote
from readingroom.errors import InvalidInput
from readingroom.services import grants, notices, people, releases, requests, walls
from tests.factories import add_project, checked, upload


def told(workshop, username):
    return [one.notice.kind for one in reversed(notices.page(workshop, username).told)]


def in_review(workshop):
    add_project(workshop)
    request = requests.submit(workshop, "ada", "returns", "Title", "Purpose", [upload()])
    return checked(workshop, request.number)


def vote(workshop, checker, request, decision=Decision.APPROVE):
    requests.review(workshop, checker, request.number,
                    [Vote(file.id, decision, "Seen.") for file in request.files])


class TestRequests:
    def test_checkers_are_told_and_nobody_of_the_project(self, workshop):
        in_review(workshop)
        assert told(workshop, "freya") == told(workshop, "tomas") == ["request.to-check"]
        assert told(workshop, "ada") == told(workshop, "bilal") == told(workshop, "mercer") == []

    def test_the_way_to_a_release(self, workshop):
        request = in_review(workshop)
        vote(workshop, "freya", request)
        assert told(workshop, "ada") == [], "nobody learns that one checker has answered"
        assert told(workshop, "imran") == ["request.to-check"]
        vote(workshop, "imran", request)
        releases.make(workshop, request.number)
        assert told(workshop, "ada") == ["request.approved", "release.made"]
        assert told(workshop, "bilal") == ["release.made"]

    def test_checkers_who_disagree_are_told_when_all_have_answered(self, workshop):
        request = in_review(workshop)
        vote(workshop, "freya", request, Decision.CHANGE)
        vote(workshop, "imran", request)
        assert told(workshop, "freya") == told(workshop, "imran") == ["request.to-check", "request.consolidating"]
        assert told(workshop, "tomas") == ["request.to-check"]
        requests.conclude(workshop, "freya", request.number, RequestStatus.RETURNED, "Merge groups")
        assert told(workshop, "ada") == ["request.returned"]

    def test_a_withdrawal_is_told_to_those_who_had_answered(self, workshop):
        request = in_review(workshop)
        vote(workshop, "freya", request)
        requests.withdraw(workshop, "ada", request.number)
        assert told(workshop, "freya")[-1] == "request.withdrawn"
        assert told(workshop, "imran") == ["request.to-check"]


class TestGrantsAndPeople:
    def test_a_decision_is_told_to_the_members(self, workshop):
        add_project(workshop, grants={"courts": GrantStatus.PROPOSED}, status=ProjectStatus.AGREEMENT)
        grants.agree(workshop, "mercer", 1, "Fits")
        assert sorted(told(workshop, "ada")) == ["grant.agreed", "project.activated"]
        grants.withdraw(workshop, "mercer", 1, "Secret reason")
        page = notices.page(workshop, "bilal")
        assert page.told[0].notice.kind == "grant.withdrawn"
        assert "Secret" not in str(page)

    def test_what_was_undone_was_never_told(self, workshop):
        add_project(workshop)
        with pytest.raises(InvalidInput):
            grants.withdraw(workshop, "mercer", 1, "")
        assert told(workshop, "ada") == []

    def test_a_suspension_is_told_to_the_person_and_the_custodians(self, workshop):
        add_project(workshop)
        people.suspend(workshop, "robin", "ada", reason="Check")
        assert told(workshop, "ada") == told(workshop, "mercer") == ["person.suspended"]
        assert told(workshop, "okafor") == told(workshop, "bilal") == []

    def test_an_incident_is_told_to_administrators_and_the_custodians_of_its_project(self, workshop):
        add_project(workshop)
        with pytest.raises(Exception, match="not start"):
            walls.refuse_drifted(workshop, "ada", "returns", "c1", ["privileged"])
        assert told(workshop, "robin") == ["incident.raised"]
        assert told(workshop, "mercer") == ["incident.in-project"]
        assert told(workshop, "ada") == []


class TestReading:
    def test_pages_counts_and_marks(self, workshop):
        with workshop.store.transaction() as tx:
            for number in range(1, 61):
                notices.tell(tx, ["ada", "ada", "nobody-here"], "request.approved", request=number, project="returns")
        first = notices.page(workshop, "ada")
        assert (len(first.told), first.unread, notices.page(workshop, "ada").unread) == (25, 60, 60)
        second = notices.page(workshop, "ada", before=first.older)
        third = notices.page(workshop, "ada", before=second.older)
        seen = [one.notice.facts["request"] for page in (first, second, third) for one in page.told]
        assert seen == [str(number) for number in range(60, 0, -1)] and third.older is None
        assert notices.mark_read(workshop, "ada", first.told[0].notice.id, only=True) == 1
        assert notices.mark_read(workshop, "ada", second.told[0].notice.id) == 35
        assert notices.mark_read(workshop, "ada", second.told[0].notice.id) == 0
        assert notices.page(workshop, "ada").unread == 24

    def test_nobody_marks_anothers(self, workshop):
        with workshop.store.transaction() as tx:
            notices.tell(tx, ["ada"], "request.approved", request=1, project="returns")
        theirs = notices.page(workshop, "ada").told[0].notice.id
        assert notices.mark_read(workshop, "bilal", theirs) == 0
        assert notices.page(workshop, "ada").unread == 1
