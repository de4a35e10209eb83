"""The life of a request: whatever happens to people, data, disk and policy, it has an end that can be seen."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from readingroom.core.lifecycle import TRANSITIONS_OF, Direction, GrantStatus, ProjectStatus, RequestStatus
from readingroom.core.people import Standing
from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.model import strictest
from readingroom.core.requests import Decision
from readingroom.core.roles import Role
from readingroom.errors import NotFound, Unavailable
from readingroom.services import (
    deliveries,
    file_checks,
    freezing,
    holdups,
    members,
    notices,
    releases,
    requests,
    sign_off,
    turnaround,
)
from readingroom.storage.blobs import FileBlobs
from tests.factories import COURTS, POLICIES, SCHOOLS, SITE, add_project, make_workshop, upload
from tests.integration.test_incoming import approved as approved_incoming
from tests.integration.test_incoming import made_workshop as incoming_room
from tests.integration.test_incoming import shared
from tests.reviews import events, in_review, review, status

S = RequestStatus
TO_SIGN = replace(POLICIES, datasets={"courts": (COURTS, Policy(custodian_sign_off=True)),
                                      "schools": (SCHOOLS, Policy())})


def with_policies(workshop, **changes):
    """The same room once its policy files were changed."""
    return replace(workshop, policies=replace(workshop.policies, **changes))


def with_site(workshop, **rules):
    return with_policies(workshop, site=Layer("site", strictest(SITE, Policy(**rules))))


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path, policies=TO_SIGN)
    add_project(made)
    return made


@pytest.fixture
def plain(tmp_path):
    made = make_workshop(tmp_path)
    add_project(made)
    return made


def approved(workshop):
    request = in_review(workshop)
    for checker in ("freya", "imran"):
        last = review(workshop, checker, request)
    return last


def signed(workshop):
    approved(workshop)
    return sign_off.give(workshop, "mercer", 1, 1)


def change_members(workshop, *who):
    with workshop.store.transaction() as tx:
        tx.projects.save(replace(tx.projects.get("returns"), members=frozenset(who)))


def change_person(workshop, username, **changes):
    with workshop.store.transaction() as tx:
        tx.people.save(replace(tx.people.get(username), **changes))


def told(workshop, who):
    return [one.notice.kind for one in notices.page(workshop, who).told]


def why(workshop, who="ada", number=1):
    view = requests.get(workshop, who, number)
    return [reason.rule for reason in (*view.frozen, *view.held_up)]


class TestACustodianWhoSignedOff:
    def test_and_joined_the_project_has_not_signed_any_more(self, workshop):
        assert signed(workshop).status is S.APPROVED
        change_members(workshop, "ada", "bilal", "mercer")
        assert releases.make(workshop, 1) is None and status(workshop) is S.IN_REVIEW
        assert events(workshop)[-2:] == ["sign-off.voided", "request.reopened"]
        assert "request.reopened" in told(workshop, "ada")
        assert holdups.sweep(workshop) == 1
        assert why(workshop) == why(workshop, "freya") == ["sign-off.custodian"]
        assert "request.held-up" in told(workshop, "ada") and "request.stuck" in told(workshop, "robin")
        assert [(request.number, reason.rule) for request, reason in turnaround.look(workshop, "robin").held_up] == [
            (1, "sign-off.custodian")]

    def test_and_left_it_again_signs_again_and_it_leaves(self, workshop):
        signed(workshop)
        change_members(workshop, "ada", "mercer")
        releases.make(workshop, 1)
        holdups.sweep(workshop)
        change_members(workshop, "ada")
        holdups.sweep(workshop)
        assert why(workshop) == [] and status(workshop) is S.IN_REVIEW
        assert sign_off.give(workshop, "mercer", 1, 1).status is S.APPROVED
        assert releases.make(workshop, 1) is not None

    @pytest.mark.parametrize("changes", [{"standing": Standing.SUSPENDED}, {"roles": frozenset({Role.RESEARCHER})}])
    def test_and_may_decide_nothing_now_has_not_signed(self, workshop, changes):
        signed(workshop)
        change_person(workshop, "mercer", **changes)
        assert holdups.sweep(workshop) == 1 and status(workshop) is S.IN_REVIEW
        assert why(workshop) == ["sign-off.custodian"]

    def test_and_was_followed_by_another_leaves_it_to_them(self, workshop):
        """The one in office answers for the data, even where the policy no longer asks for it."""
        signed(workshop)
        for demanding in (Policy(custodian_sign_off=True), Policy()):
            later = with_policies(workshop, datasets={"courts": (replace(COURTS, custodian="okafor"), demanding)})
            releases.make(later, 1)
            assert status(later) is S.IN_REVIEW
            with later.store.reading() as tx:
                assert tx.requests.get(1).sign_off_by == {"okafor"}
        assert "request.to-sign-off" in told(later, "okafor")
        assert sign_off.give(later, "okafor", 1, 1).status is S.APPROVED
        assert releases.make(later, 1) is not None


class TestACheckerWhoVoted:
    def test_and_was_suspended_is_replaced_and_whoever_can_is_asked(self, plain):
        request = in_review(plain)
        review(plain, "freya", request)
        before = told(plain, "tomas").count("request.to-check")
        change_person(plain, "freya", standing=Standing.SUSPENDED)
        assert holdups.sweep(plain) == 1 and events(plain)[-1] == "review.voided"
        assert told(plain, "tomas").count("request.to-check") == before + 1
        assert review(plain, "tomas", request).status is S.IN_REVIEW
        assert review(plain, "imran", request).status is S.APPROVED

    def test_and_without_whom_too_few_are_left(self, plain):
        """It is said of all who may, not of those who have not answered: nobody learns who did."""
        request = in_review(plain)
        review(plain, "freya", request)
        change_person(plain, "imran", standing=Standing.SUSPENDED)
        assert holdups.sweep(plain) == 0 and why(plain) == []
        change_person(plain, "tomas", standing=Standing.SUSPENDED)
        assert (holdups.sweep(plain), holdups.sweep(plain)) == (1, 0)
        assert why(plain) == why(plain, "freya") == ["review.too-few"]
        assert "only one person" in requests.get(plain, "ada", 1).held_up[0].message
        assert "request.stuck" in told(plain, "robin")
        change_person(plain, "tomas", standing=Standing.ACTIVE)
        assert holdups.sweep(plain) == 1 and why(plain) == [] and events(plain)[-1] == "request.goes-on"
        assert review(plain, "tomas", request).status is S.APPROVED


class TestPolicyThatTightened:
    def test_asks_for_a_further_checker_of_what_has_not_left(self, plain):
        approved(plain)
        strict = with_site(plain, checkers_required=3)
        assert releases.make(strict, 1) is None and status(plain) is S.IN_REVIEW
        assert "request.to-check" in told(plain, "tomas")
        with strict.store.reading() as tx:
            request = tx.requests.get(1)
        assert request.checkers_required == 3
        assert review(strict, "tomas", request).status is S.APPROVED
        assert releases.make(strict, 1) is not None

    def test_and_was_loosened_changes_nothing_that_was_submitted(self, tmp_path):
        strict = make_workshop(tmp_path, policies=replace(
            POLICIES, site=Layer("site", strictest(SITE, Policy(checkers_required=3)))))
        add_project(strict)
        request = in_review(strict)
        loose = with_policies(strict, site=Layer("site", SITE))
        for checker in ("freya", "imran"):
            assert review(loose, checker, request).status is S.IN_REVIEW
        assert review(loose, "tomas", request).status is S.APPROVED


class TestWhatThePlatformCannotDo:
    def broken(self, *_):
        raise OSError(28, "No space left on device")

    def test_a_package_that_cannot_be_stored_says_why_and_people_are_told_in_time(self, plain, monkeypatch):
        approved(plain)
        with monkeypatch.context() as patch:
            patch.setattr(FileBlobs, "put", self.broken)
            for _ in range(3):
                with pytest.raises(OSError, match="No space"):
                    releases.make(plain, 1)
        assert status(plain) is S.APPROVED and events(plain).count("request.held-up") == 1
        assert why(plain) == why(plain, "freya") == ["platform.failed"]
        assert "No space left on device" in requests.get(plain, "ada", 1).held_up[0].message
        assert holdups.sweep(plain) == 0 and "request.stuck" not in told(plain, "robin")
        plain.clock.forward(minutes=10)
        assert (holdups.sweep(plain), holdups.sweep(plain)) == (1, 0)
        assert "request.stuck" in told(plain, "robin") and "request.held-up" in told(plain, "ada")
        assert releases.make(plain, 1) is not None and why(plain) == []

    def test_and_its_author_need_not_wait_for_it(self, plain):
        approved(plain)
        assert requests.withdraw(plain, "ada", 1).status is S.WITHDRAWN
        assert releases.make(plain, 1) is None
        assert in_review(plain).number == 2

    @pytest.mark.parametrize("rule", ["incoming.folder", "platform.failed"])
    def test_a_folder_that_is_gone_is_named_on_the_page(self, tmp_path, rule):
        room = incoming_room(tmp_path)
        approved_incoming(room)
        if rule == "incoming.folder":
            shared(room).rmdir()
            shared(room).symlink_to(tmp_path)
        else:
            shutil.rmtree(room.settings.homes_dir)
            room.settings.homes_dir.write_text("not a folder")
        with pytest.raises((Unavailable, OSError)):
            deliveries.make(room, 1)
        assert status(room) is S.APPROVED and why(room) == why(room, "freya") == [rule]
        for place in (shared(room), room.settings.homes_dir):
            if place.is_symlink() or place.is_file():
                place.unlink()
        shared(room).mkdir(parents=True, exist_ok=True)
        assert deliveries.make(room, 1) is not None and why(room) == []

    def test_one_whose_dataset_is_registered_no_more_is_frozen_and_keeps_no_other_from_it(self, plain):
        in_review(plain)
        gone = with_policies(plain, datasets={"schools": (SCHOOLS, Policy())})
        assert requests.queue(gone, "freya") == ()
        assert freezing.sweep(gone) == 1 and status(gone) is S.FROZEN
        assert why(gone) == ["grant.unknown"]
        assert freezing.sweep(plain) == 1 and status(plain) is S.IN_REVIEW

    def test_checks_that_cannot_begin_say_so_too(self, plain):
        requests.submit(plain, "ada", "returns", "By sex", "A paper", (upload(),))
        gone = with_policies(plain, datasets={})
        file_checks.begin_checks(gone, 1)
        with pytest.raises(NotFound, match="No dataset"):
            file_checks.check_files(gone, 1)
        assert status(plain) is S.CHECKING and why(plain) == ["dataset.exists"]


class TestTheEndOfAProject:
    @pytest.mark.parametrize("state", ["submitted", "in review", "returned", "approved", "frozen"])
    def test_ends_its_requests_that_nobody_could_go_on_with(self, plain, state):
        if state == "submitted":
            requests.submit(plain, "ada", "returns", "By sex", "A paper", (upload(),))
        elif state == "approved":
            approved(plain)
        else:
            request = in_review(plain)
            if state == "returned":
                for checker in ("freya", "imran"):
                    review(plain, checker, request, Decision.CHANGE)
                requests.conclude(plain, "freya", 1, S.RETURNED, "Because.")
        if state == "frozen":
            change_members(plain, "bilal")
            freezing.sweep(plain)
            assert status(plain) is S.FROZEN
            assert why(plain, "bilal") == why(plain, "freya") == ["project.member"]
        with plain.store.transaction() as tx:
            tx.projects.save(replace(tx.projects.get("returns"), status=ProjectStatus.CLOSING))
        freezing.sweep(plain)
        assert status(plain) is not S.WITHDRAWN
        members.finish(plain, "robin", "returns")
        assert status(plain) is S.WITHDRAWN and events(plain)[-1] == "request.ended"
        assert "request.ended" in told(plain, "ada")
        assert releases.make(plain, 1) is None and freezing.sweep(plain) == 0

    def test_one_that_was_left_behind_is_ended_by_the_sweep(self, plain):
        in_review(plain)
        with plain.store.transaction() as tx:
            tx.projects.save(replace(tx.projects.get("returns"), status=ProjectStatus.CLOSED))
        assert (freezing.sweep(plain), freezing.sweep(plain)) == (1, 0) and status(plain) is S.WITHDRAWN


def test_a_sweep_approves_what_waits_for_nobody_any_more(tmp_path):
    """Of two custodians one signed; then the other's data became hers too."""
    both = {"courts": (COURTS, Policy(custodian_sign_off=True)), "schools": (SCHOOLS, Policy(custodian_sign_off=True))}
    workshop = make_workshop(tmp_path, policies=replace(POLICIES, datasets=both))
    add_project(workshop, grants=dict.fromkeys(both, GrantStatus.ACTIVE))
    approved(workshop)
    assert sign_off.give(workshop, "mercer", 1, 1).status is S.IN_REVIEW
    later = with_policies(workshop, datasets=both | {
        "schools": (replace(SCHOOLS, custodian="mercer"), Policy(custodian_sign_off=True))})
    assert holdups.sweep(later) == 1 and status(later) is S.APPROVED


def test_what_is_approved_can_be_taken_back_in_both_directions():
    assert all(S.WITHDRAWN in TRANSITIONS_OF[direction][S.APPROVED] for direction in Direction)
