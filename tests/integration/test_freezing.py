"""P6 for what was asked for before: frozen when its means go, thawed when they are back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from readingroom.core.lifecycle import REQUEST_TRANSITIONS, THAWS_TO, GrantStatus, ProjectStatus, RequestStatus
from readingroom.core.requests import Decision, Vote
from readingroom.errors import InvalidTransition, ReadingRoomError
from readingroom.services import freezing, grants, members, notices, people, releases, requests
from tests.factories import add_project, checked, make_workshop, upload
from tests.reviews import status

S = RequestStatus


@pytest.fixture
def workshop(workshop):
    add_project(workshop)
    return workshop


def submitted(workshop):
    return requests.submit(workshop, "ada", "returns", "Title", "Purpose", [upload()]).number


def vote(workshop, checker, number=1):
    files = requests.get(workshop, checker, number).request.files
    return requests.review(workshop, checker, number, [Vote(file.id, Decision.APPROVE, "Seen.") for file in files])


def in_review(workshop):
    submitted(workshop)
    checked(workshop, 1)


def approved(workshop):
    in_review(workshop)
    vote(workshop, "freya")
    vote(workshop, "imran")
    assert status(workshop) is S.APPROVED


def suspend(workshop, username="ada"):
    people.suspend(workshop, "robin", username, reason="Check")


def reinstate(workshop):
    people.reinstate(workshop, "robin", "ada", reason="Checked")


class TestWhatFreezes:
    def test_p6_what_was_approved_before_a_withdrawal_is_not_released_after_it(self, workshop):
        approved(workshop)
        grants.withdraw(workshop, "mercer", 1, "The purpose has ended")
        assert status(workshop) is S.FROZEN
        assert releases.make(workshop, 1) is None
        with workshop.store.reading() as tx:
            assert tx.requests.release(1) is None
        freezing.sweep(workshop)
        assert status(workshop) is S.FROZEN

    def test_p6_dropping_what_was_withdrawn_does_not_let_out_what_was_made_from_it(self, workshop):
        """The project may go on without the dataset; what was made while it was there may not leave."""
        approved(workshop)
        grants.withdraw(workshop, "mercer", 1, "The purpose has ended")
        with workshop.store.transaction() as tx:  # as an amendment leaves the records that asks for it anew
            held = tx.grants.get(1)
            tx.grants.save(replace(held, status=GrantStatus.SUPERSEDED))
            tx.grants.add(replace(held, id=0, status=GrantStatus.ACTIVE))
        freezing.sweep(workshop)
        assert status(workshop) is S.FROZEN
        assert releases.make(workshop, 1) is None
        assert [one.rule for one in requests.get(workshop, "ada", 1).frozen] == ["grant.withdrawn"]
        requests.withdraw(workshop, "ada", 1)
        workshop.clock.forward(minutes=1)
        assert checked(workshop, submitted(workshop)).status is S.IN_REVIEW

    def test_p6_an_end_that_only_time_brings_stops_a_release_that_was_under_way(self, workshop):
        """The last look is in the transaction of the release, whatever the sweep has or has not done."""
        approved(workshop)
        workshop.clock.forward(days=366)
        assert releases.make(workshop, 1) is None
        assert status(workshop) is S.FROZEN

    def test_p6_withdrawal_and_release_at_once_have_one_outcome(self, workshop):
        approved(workshop)
        gate = threading.Barrier(2)

        def go(act):
            gate.wait()
            act()

        threads = [threading.Thread(target=go, args=(act,)) for act in (
            lambda: releases.make(workshop, 1), lambda: grants.withdraw(workshop, "mercer", 1, "Now"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with workshop.store.reading() as tx:
            actions = [event.action for event in tx.events.of_project("returns")]
            left = tx.requests.release(1) is not None
        assert left == (status(workshop) is S.RELEASED)
        assert not left or actions.index("release.made") < actions.index("grant.withdrawn")

    @pytest.mark.parametrize("end", [
        lambda room: suspend(room),
        lambda room: room.clock.forward(days=301),  # the training
        lambda room: room.clock.forward(days=366),  # project and grant
    ], ids=["suspension", "training", "grant and project"])
    def test_whatever_takes_the_means_away(self, workshop, end):
        in_review(workshop)
        end(workshop)
        freezing.sweep(workshop)
        assert status(workshop) is S.FROZEN
        assert freezing.sweep(workshop) == 0, "repeating changes nothing"

    def test_another_members_standing_is_theirs(self, workshop):
        in_review(workshop)
        suspend(workshop, "bilal")
        assert freezing.sweep(workshop) == 0

    def test_checks_that_end_after_the_means_did_go_on_to_the_ice(self, workshop):
        submitted(workshop)
        grants.withdraw(workshop, "mercer", 1, "Now")
        assert status(workshop) is S.SUBMITTED
        assert checked(workshop, 1).status is S.FROZEN
        assert notices.page(workshop, "freya").unread == 0, "nobody is called to a request that is frozen"

    def test_an_approval_after_the_end_is_refused_before_any_sweep(self, workshop):
        in_review(workshop)
        vote(workshop, "freya")
        workshop.clock.forward(days=366)
        with pytest.raises(InvalidTransition, match="frozen"):
            vote(workshop, "imran")
        assert status(workshop) is S.IN_REVIEW
        assert freezing.sweep(workshop) == 1
        with pytest.raises(InvalidTransition, match="frozen"):
            requests.conclude(workshop, "freya", 1, S.REJECTED, "No")

    def test_a_project_that_is_closing_has_its_requests_concluded(self, workshop):
        in_review(workshop)
        members.close(workshop, "robin", "returns", "Finished")
        freezing.sweep(workshop)
        assert status(workshop) is S.IN_REVIEW
        grants_end(workshop)
        freezing.sweep(workshop)
        assert status(workshop) is S.FROZEN, "but what ends by itself is over"


def grants_end(workshop):
    workshop.clock.forward(days=366)


class TestThawing:
    @pytest.mark.parametrize("start", [in_review, approved])
    def test_it_goes_back_to_where_it_was(self, workshop, start):
        start(workshop)
        before = status(workshop)
        suspend(workshop)
        assert status(workshop) is S.FROZEN
        reinstate(workshop)
        assert status(workshop) is before
        with workshop.store.reading() as tx:
            thawed = [event for event in tx.events.of_subject("request:1") if event.action == "request.thawed"]
        assert [event.detail["status"] for event in thawed] == [before.value]

    def test_a_review_given_before_counts_after(self, workshop):
        in_review(workshop)
        vote(workshop, "freya")
        suspend(workshop)
        reinstate(workshop)
        vote(workshop, "imran")
        assert status(workshop) is S.APPROVED
        assert releases.make(workshop, 1) is not None

    def test_a_clock_that_jumps_and_comes_back(self, workshop):
        in_review(workshop)
        workshop.clock.forward(days=4000)
        freezing.sweep(workshop)
        workshop.clock.forward(days=-4000)
        freezing.sweep(workshop)
        assert status(workshop) is S.IN_REVIEW

    def test_its_author_may_withdraw_it(self, workshop):
        in_review(workshop)
        suspend_grant_for_good(workshop)
        assert requests.withdraw(workshop, "ada", 1).status is S.WITHDRAWN
        with workshop.store.reading() as tx:
            assert tx.requests.get(1).thaws_to is None


def suspend_grant_for_good(workshop):
    grants.withdraw(workshop, "mercer", 1, "Now")


def test_everyone_concerned_is_told(workshop):
    in_review(workshop)
    vote(workshop, "freya")
    grants.withdraw(workshop, "mercer", 1, "A secret reason")
    kinds = {name: [one.notice.kind for one in notices.page(workshop, name).told]
             for name in ("ada", "bilal", "freya", "imran")}
    assert kinds == {"ada": ["request.frozen", "grant.withdrawn"], "bilal": ["grant.withdrawn"],
                     "freya": ["request.frozen", "request.to-check"], "imran": ["request.to-check"]}


def test_blindness_holds_on_ice(workshop):
    in_review(workshop)
    vote(workshop, "freya")
    suspend(workshop)
    assert requests.get(workshop, "imran", 1).reviews == ()
    assert len(requests.get(workshop, "freya", 1).reviews) == 1
    assert requests.get(workshop, "bilal", 1).reviews == ()


def test_the_author_reads_why_and_nobody_else_is_told_of_their_standing(workshop):
    """Whoever waits with them learns that it is about the author, and no more."""
    in_review(workshop)
    suspend(workshop)
    assert [reason.rule for reason in requests.get(workshop, "ada", 1).frozen] == ["person.status"]
    for other in ("freya", "bilal"):
        (reason,) = requests.get(workshop, other, 1).frozen
        assert reason.rule == "person.means" and "suspended" not in reason.message


def test_two_sweeps_at_once_freeze_once(workshop):
    in_review(workshop)
    workshop.clock.forward(days=366)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(freezing.sweep, [workshop] * 4))
    with workshop.store.reading() as tx:
        actions = [event.action for event in tx.events.of_subject("request:1")]
    assert actions.count("request.frozen") == 1


def in_state(workshop, wanted: RequestStatus) -> None:
    """Request 1 in any state, as the records may hold it."""
    (approved if wanted is S.APPROVED else in_review)(workshop)
    with workshop.store.transaction() as tx:
        tx.requests.set_status(1, wanted)


MAY = {
    "withdraw": ({S.DRAFT, S.SUBMITTED, S.CHECKING, S.IN_REVIEW, S.RETURNED, S.APPROVED, S.FROZEN}, {"ada"}),
    "resubmit": ({S.RETURNED}, {"ada"}),
    "review": ({S.IN_REVIEW}, {"freya"}),
}
ACTS = {
    "withdraw": lambda room, name: requests.withdraw(room, name, 1),
    "resubmit": lambda room, name: requests.resubmit(room, name, 1, [upload()]),
    "review": lambda room, name: requests.review(room, name, 1, [
        Vote(file.id, Decision.APPROVE, "Seen.") for file in requests.get(room, "ada", 1).request.files]),
}


@pytest.mark.parametrize("name", ["ada", "bilal", "chloe", "mercer", "freya", "robin"])
@pytest.mark.parametrize("state", RequestStatus)
def test_every_state_action_and_person(tmp_path, state, name):
    """Only what MAY says succeeds; all else changes nothing and is logged. Means are gone while it is frozen."""
    workshop = make_workshop(tmp_path)
    add_project(workshop)
    in_state(workshop, state)
    if state is S.FROZEN:
        with workshop.store.transaction() as tx:
            tx.projects.set_status("returns", ProjectStatus.CLOSED)
    for action, act in ACTS.items():
        states, people = MAY[action]
        with workshop.store.reading() as tx:
            before, head = tx.requests.get(1), tx.events.head()
        try:
            act(workshop, name)
            succeeded = True
        except ReadingRoomError as refused:
            assert refused.next_step
            succeeded = False
        assert succeeded == (state in states and name in people), (action, state, name)
        with workshop.store.reading() as tx:
            if not succeeded:
                told = [event for event in tx.events.all() if event.seq > head.seq]
                assert tx.requests.get(1) == before
                assert [(event.actor, event.action) for event in told] == [(name, "attempt.refused")]
        if succeeded:
            break
    workshop.store.engine.dispose()


def test_every_state_thaws_to_one_that_it_may_become():
    for frozen_in, thaws_to in THAWS_TO.items():
        assert S.FROZEN in REQUEST_TRANSITIONS[frozen_in]
        assert thaws_to in REQUEST_TRANSITIONS[S.FROZEN]
    assert {state for state in S if S.FROZEN in REQUEST_TRANSITIONS[state]} == set(THAWS_TO)


def test_the_records_refuse_a_frozen_request_that_thaws_to_nothing(workshop):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    in_review(workshop)
    with pytest.raises(DBAPIError), workshop.store.engine.begin() as connection:
        connection.execute(text("UPDATE egress_request SET status = 'frozen'"))


def test_without_an_active_person_nothing_changes_for_others(workshop):
    in_review(workshop)
    with workshop.store.reading() as tx:
        request = tx.requests.get(1)
        assert freezing.reasons(workshop, tx, request) == ()
        assert freezing.reasons(workshop, tx, replace(request, author="chloe")) != ()
