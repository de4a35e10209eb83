"""The custodian's own sign-off: nothing leaves without it where the policy of a grant demands it (P1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core import package
from readingroom.core.egress import Phase
from readingroom.core.lifecycle import GrantStatus, RequestStatus
from readingroom.core.policy import Policy
from readingroom.core.requests import Decision
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services import handover, notices, releases, requests, sign_off
from tests.factories import COURTS, POLICIES, SCHOOLS, add_project, checked, make_workshop, upload
from tests.reviews import review

DEMANDS = Policy(custodian_sign_off=True)


def room(tmp_path, courts=DEMANDS, schools=None):
    policies = replace(POLICIES, datasets={"courts": (COURTS, courts), "schools": (SCHOOLS, schools or Policy())})
    made = make_workshop(tmp_path, policies=policies)
    live = {"courts": GrantStatus.ACTIVE} | ({"schools": GrantStatus.ACTIVE} if schools else {})
    add_project(made, grants=live)
    return made


def approved_by_checkers(workshop):
    request = requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),))
    return settled(workshop, request)


def settled(workshop, request):
    checked(workshop, request.number)
    for checker in ("freya", "imran"):
        last = review(workshop, checker, request)
    return last


def test_it_is_asked_for_after_the_checkers_and_completes_the_request(tmp_path):
    workshop = room(tmp_path)
    request = approved_by_checkers(workshop)
    assert request.status is RequestStatus.IN_REVIEW
    assert requests.get(workshop, "freya", request.number).phase is Phase.SIGN_OFF
    assert releases.make(workshop, request.number) is None
    assert [one.notice.kind for one in notices.page(workshop, "mercer").told][:1] == ["request.to-sign-off"]
    assert [one.number for one in sign_off.waiting(workshop, "mercer")] == [request.number]
    signed = sign_off.give(workshop, "mercer", request.number, 1, "Fine.")
    assert signed.status is RequestStatus.APPROVED
    releases.make(workshop, request.number)
    _, content = handover.download(workshop, "ada", request.number)
    manifest = package.verify(content, workshop.release_key.public_key()).manifest
    assert [(one["custodian"], one["comment"]) for one in manifest["sign_offs"]] == [("mercer", "Fine.")]


def test_without_the_policy_nobody_is_asked(tmp_path):
    assert approved_by_checkers(room(tmp_path, courts=Policy())).status is RequestStatus.APPROVED


def test_every_custodian_whose_policy_demands_it_and_no_other(tmp_path):
    workshop = room(tmp_path, schools=DEMANDS)
    request = approved_by_checkers(workshop)
    assert request.sign_off_by == {"mercer", "okafor"}
    assert sign_off.give(workshop, "okafor", request.number, 1).status is RequestStatus.IN_REVIEW
    with pytest.raises(InvalidTransition):
        sign_off.give(workshop, "okafor", request.number, 1)
    assert sign_off.give(workshop, "mercer", request.number, 1).status is RequestStatus.APPROVED


@pytest.mark.parametrize("who", ["ada", "bilal", "chloe", "freya", "tomas", "robin", "okafor"])
def test_nobody_else_sees_or_gives_it(tmp_path, who):
    workshop = room(tmp_path)
    request = approved_by_checkers(workshop)
    for act in (sign_off.look, lambda *a: sign_off.give(*a, 1), lambda *a: sign_off.send_back(*a, 1, "No.")):
        with pytest.raises(NotFound):
            act(workshop, who, request.number)


def test_a_custodian_sees_nothing_before_its_checkers_have_approved(tmp_path):
    workshop = room(tmp_path)
    request = requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),))
    for _ in range(2):
        with pytest.raises(NotFound):
            sign_off.look(workshop, "mercer", request.number)
        checked(workshop, request.number)
        review(workshop, "freya", request) if request.reviews == () else None
        request = replace(request, reviews=(None,))


def test_a_custodian_in_the_project_cannot(tmp_path):
    workshop = room(tmp_path)
    request = approved_by_checkers(workshop)
    with workshop.store.transaction() as tx:
        tx.projects.save(replace(tx.projects.get("returns"), members=frozenset({"ada", "mercer"})))
    with pytest.raises(PermissionDenied):
        sign_off.give(workshop, "mercer", request.number, 1)


def test_sent_back_with_a_reason_it_needs_everything_again(tmp_path):
    workshop = room(tmp_path)
    request = approved_by_checkers(workshop)
    with pytest.raises(InvalidInput):
        sign_off.send_back(workshop, "mercer", request.number, 1, " ")
    back = sign_off.send_back(workshop, "mercer", request.number, 1, "Name no court.")
    assert (back.status, back.outcome_comment) == (RequestStatus.RETURNED, "Name no court.")
    again = requests.resubmit(workshop, "ada", request.number, (upload(content=b"sex,people\nF,140\nM,150\n"),))
    again = settled(workshop, again)
    assert again.status is RequestStatus.IN_REVIEW
    with pytest.raises(InvalidTransition):
        sign_off.give(workshop, "mercer", request.number, 1)  # a page of the first round
    assert sign_off.give(workshop, "mercer", request.number, 2).status is RequestStatus.APPROVED


def test_a_checker_who_changes_their_mind_takes_it_from_the_custodian(tmp_path):
    workshop = room(tmp_path)
    request = approved_by_checkers(workshop)
    assert review(workshop, "imran", request, Decision.CHANGE).status is RequestStatus.IN_REVIEW
    assert requests.get(workshop, "freya", request.number).phase is Phase.CONSOLIDATING
    with pytest.raises(NotFound):
        sign_off.give(workshop, "mercer", request.number, 1)


def test_policy_that_tightened_while_it_was_in_review_holds(tmp_path):
    workshop = room(tmp_path, courts=Policy())
    request = requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),))
    tight = replace(workshop, policies=replace(POLICIES, datasets={
        "courts": (COURTS, DEMANDS), "schools": (SCHOOLS, Policy())}, undertakings=workshop.policies.undertakings))
    assert settled(tight, request).status is RequestStatus.IN_REVIEW
    assert sign_off.give(tight, "mercer", request.number, 1).status is RequestStatus.APPROVED


def test_who_has_the_last_word_does_not_check_as_well(tmp_path):
    """Two parts, two people: also where a custodian is an output checker too."""
    workshop = room(tmp_path)
    with workshop.store.transaction() as tx:
        found = tx.people.get("mercer")
        tx.people.save(replace(found, roles=found.roles | {Role.CHECKER}))
    request = checked(workshop, requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),)).number)
    with pytest.raises(PermissionDenied) as refused:
        review(workshop, "mercer", request)
    assert refused.value.rule == "review.custodian" and requests.queue(workshop, "mercer") == ()
