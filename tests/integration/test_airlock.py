"""The airlock on real records: P1 and blindness, from asking to the signed package."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from readingroom.core import package
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.egress import Phase
from readingroom.core.lifecycle import GrantStatus, RequestStatus
from readingroom.core.requests import Decision, Vote
from readingroom.errors import (
    AccessDenied,
    InvalidInput,
    InvalidTransition,
    NotFound,
    PermissionDenied,
    ReadingRoomError,
)
from readingroom.services import file_checks, grants, handover, releases, requests
from tests.factories import checked, make_workshop, upload, with_two_projects


@pytest.fixture
def workshop(tmp_path):
    return with_two_projects(make_workshop(tmp_path))


def submitted(workshop, *uploads):
    return requests.submit(workshop, "ada", "returns", "Returns by sex", "A paper", uploads or (upload(),))


def in_review(workshop, *uploads):
    request = submitted(workshop, *uploads)
    return checked(workshop, request.number)


def votes(request, decision=Decision.APPROVE, comment="Counts are far above ten."):
    return [Vote(file.id, decision, comment) for file in request.files]


def approved(workshop):
    request = in_review(workshop)
    requests.review(workshop, "freya", request.number, votes(request))
    return requests.review(workshop, "imran", request.number, votes(request))


class TestP1NothingLeavesUnreviewed:
    def test_two_checkers_approve_and_a_verifiable_package_is_made(self, workshop):
        request = approved(workshop)
        assert request.status is RequestStatus.APPROVED
        releases.make(workshop, request.number)
        name, content = handover.download(workshop, "ada", request.number)
        result = package.verify(content, workshop.release_key.public_key())
        assert name == f"release-{request.number}-returns.zip"
        assert result.holds, result.faults
        approvals = result.manifest["files"][0]["approvals"]
        assert {approval["checker"] for approval in approvals} == {"freya", "imran"}

    def test_one_approval_is_not_enough(self, workshop):
        request = in_review(workshop)
        after = requests.review(workshop, "freya", request.number, votes(request))
        assert after.status is RequestStatus.IN_REVIEW
        assert releases.make(workshop, request.number) is None
        with pytest.raises(NotFound):
            handover.download(workshop, "ada", request.number)

    @pytest.mark.parametrize("insider", ["ada", "bilal"])
    def test_author_and_members_cannot_review_even_as_checkers(self, workshop, insider):
        from readingroom.core.roles import Role
        with workshop.store.transaction() as tx:
            person = tx.people.get(insider)
            tx.people.save(replace(person, roles=person.roles | {Role.CHECKER}))
        request = in_review(workshop)
        with pytest.raises(PermissionDenied):
            requests.review(workshop, insider, request.number, votes(request))

    def test_one_person_is_one_approval(self, workshop):
        request = in_review(workshop)
        requests.review(workshop, "freya", request.number, votes(request))
        with pytest.raises(InvalidTransition):
            requests.review(workshop, "freya", request.number, votes(request))

    def test_a_new_round_needs_new_approvals(self, workshop):
        request = in_review(workshop)
        requests.review(workshop, "freya", request.number, votes(request))
        requests.review(workshop, "imran", request.number, votes(request, Decision.CHANGE, "Round it."))
        requests.conclude(workshop, "imran", request.number, RequestStatus.RETURNED, "Round to 5, please.")
        again = requests.resubmit(workshop, "ada", request.number, [upload(content=b"sex,people\nF,120\nM,135\n")])
        assert (again.status, again.round) == (RequestStatus.SUBMITTED, 2)
        again = checked(workshop, again.number)
        after = requests.review(workshop, "imran", again.number, votes(again))
        assert after.status is RequestStatus.IN_REVIEW

    def test_simultaneous_last_votes_have_one_outcome(self, workshop):
        request = in_review(workshop)
        outcomes = []

        def vote(checker):
            try:
                outcomes.append(requests.review(workshop, checker, request.number, votes(request)).status)
            except ReadingRoomError as error:
                outcomes.append(type(error))

        threads = [threading.Thread(target=vote, args=(name,)) for name in ("freya", "imran", "tomas")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes.count(RequestStatus.APPROVED) == 1
        assert outcomes.count(InvalidTransition) == 1
        with workshop.store.reading() as tx:
            assert [event.action for event in tx.events.of_subject("request:1")].count("request.approved") == 1


class TestCheckersAreBlindToEachOther:
    def test_nothing_of_the_first_review_is_seen_before_the_second(self, workshop):
        request = in_review(workshop)
        before = requests.get(workshop, "imran", request.number)
        requests.review(workshop, "freya", request.number, votes(request, Decision.CHANGE, "SECRET"), note="SECRET")
        after = requests.get(workshop, "imran", request.number)
        assert before == after
        assert "SECRET" not in repr(after)

    def test_a_checker_who_answered_still_waits_for_the_other(self, workshop):
        request = in_review(workshop)
        requests.review(workshop, "freya", request.number, votes(request))
        view = requests.get(workshop, "freya", request.number)
        assert [review.checker for review in view.reviews] == ["freya"]
        assert view.may["review"]

    def test_both_see_all_when_consolidating(self, workshop):
        request = in_review(workshop)
        requests.review(workshop, "freya", request.number, votes(request))
        requests.review(workshop, "imran", request.number, votes(request, Decision.CHANGE, "Round it."))
        view = requests.get(workshop, "freya", request.number)
        assert view.phase is Phase.CONSOLIDATING
        assert {review.checker for review in view.reviews} == {"freya", "imran"}

    def test_the_author_sees_no_review_before_the_decision_and_no_names_after(self, workshop):
        request = in_review(workshop)
        requests.review(workshop, "freya", request.number, votes(request, Decision.CHANGE, "Round."), note="PRIVATE")
        assert requests.get(workshop, "ada", request.number).reviews == ()
        requests.review(workshop, "imran", request.number, votes(request))
        assert requests.get(workshop, "ada", request.number).reviews == ()
        requests.conclude(workshop, "freya", request.number, RequestStatus.RETURNED, "Round it.")
        view = requests.get(workshop, "ada", request.number)
        assert "PRIVATE" not in repr(view)
        assert "freya" not in repr(view.reviews)
        assert view.request.outcome_comment == "Round it."


class TestAsking:
    def test_the_bytes_are_frozen_by_hash_and_checked(self, workshop):
        content = b"sex,people\nF,4\nM,130\n"
        request = in_review(workshop, upload(content=content))
        assert request.files[0].verdict.word == "fail"
        (file,) = request.files
        assert requests.file_content(workshop, "freya", request.number, file.id) == (file, content)

    def test_one_active_request_per_person_and_project(self, workshop):
        submitted(workshop)
        with pytest.raises(InvalidTransition, match="active request"):
            submitted(workshop)

    def test_a_project_that_may_not_be_opened_may_not_ask(self, workshop):
        grants.withdraw(workshop, "mercer", 1, "Purpose ended")
        with pytest.raises(AccessDenied):
            submitted(workshop)

    def test_others_requests_look_like_none(self, workshop):
        number = submitted(workshop).number
        with pytest.raises(NotFound) as refused:
            requests.get(workshop, "chloe", number)
        with pytest.raises(NotFound) as absent:
            requests.get(workshop, "chloe", 999)
        assert refused.value.message.replace(str(number), "N") == absent.value.message.replace("999", "N")

    def test_p1_withdrawn_until_it_has_left(self, workshop):
        request = approved(workshop)
        requests.withdraw(workshop, "ada", request.number)
        assert releases.make(workshop, request.number) is None
        left = approved(workshop)
        releases.make(workshop, left.number)
        with pytest.raises(InvalidTransition):
            requests.withdraw(workshop, "ada", left.number)

    def test_a_file_too_many_leaves_nothing_behind(self, workshop):
        with pytest.raises(InvalidInput):
            submitted(workshop, *[upload(f"t{i}.csv") for i in range(6)])
        assert requests.mine(workshop, "ada") == ()

    def test_p9_a_check_that_breaks_is_a_failure(self, workshop):
        request = submitted(workshop)
        file_checks.begin_checks(workshop, request.number)
        digest = request.files[0].sha256
        blob = workshop.settings.blobs_dir / digest[:2] / digest
        blob.chmod(0o600)
        blob.write_bytes(b"other bytes")
        file_checks.check_files(workshop, request.number)
        assert file_checks.finish_checks(workshop, request.number).files[0].verdict is Verdict.FAIL

    def test_the_log_tells_the_whole_story(self, workshop):
        request = approved(workshop)
        releases.make(workshop, request.number)
        handover.download(workshop, "ada", request.number)
        with workshop.store.reading() as tx:
            story = [event.action for event in tx.events.of_subject(f"request:{request.number}")]
        assert story == ["request.submitted", "request.checking", "file.checked", "request.in-review",
                         "request.reviewed", "request.reviewed", "request.approved", "release.made",
                         "release.downloaded"]


def test_p6_a_withdrawn_grant_cannot_come_back(workshop):
    grants.withdraw(workshop, "mercer", 1, "Purpose ended")
    with pytest.raises(InvalidTransition):
        grants.agree(workshop, "mercer", 1, "Changed my mind")
    with workshop.store.reading() as tx:
        assert tx.grants.get(1).status is GrantStatus.WITHDRAWN


def test_files_of_one_request_are_checked_together(workshop):
    """P7: a cell that one file suppresses is shown by the other."""
    people = {("N", "F"): 4, ("N", "M"): 33, ("S", "F"): 40, ("S", "M"): 27}

    def table(name, hidden):
        cells = [{"row": [row], "column": [column], "people": count, "records": count,
                  "suppressed": (row, column) in hidden} for (row, column), count in people.items()]
        lines = [",".join([row, *("[c]" if (row, column) in hidden else str(people[row, column]) for column in "FM")])
                 for row in "NS"]
        return upload(name, ("region,F,M\n" + "\n".join(lines) + "\n").encode(),
                      evidence={"kind": "table", "statistic": "count", "unit": "person_id", "cells": cells,
                                "row_names": ["region"], "column_names": ["sex"]})

    request = in_review(workshop, table("hidden.csv", {("N", "F")}), table("shown.csv", set()))
    by_name = {file.name: {finding.rule for finding in file.findings} for file in request.files}
    assert "differencing.files" in by_name["hidden.csv"]
    assert "differencing.files" not in by_name["shown.csv"]
    assert by_name["shown.csv"] >= {"threshold"}
