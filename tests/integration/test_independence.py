"""P1 until the last moment: an approval counts only while who gave it may still check the request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from readingroom.core.egress import Phase
from readingroom.core.lifecycle import ProjectStatus, RequestStatus
from readingroom.core.people import Standing
from readingroom.core.policy import Policy
from readingroom.core.requests import Decision
from readingroom.core.roles import Role
from readingroom.services import handover, holdups, notices, releases, requests, sign_off
from tests.factories import COURTS, NOW, POLICIES, SCHOOLS, add_project, make_workshop
from tests.reviews import in_review, review


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path)
    add_project(made)
    return made


def approved(workshop):
    request = in_review(workshop)
    review(workshop, "freya", request)
    return review(workshop, "imran", request)


def joins_the_project(workshop):
    with workshop.store.transaction() as tx:
        project = tx.projects.get("returns")
        tx.projects.save(replace(project, members=project.members | {"imran"}))


def joins_the_author_elsewhere(workshop):
    add_project(workshop, "other", members=("ada", "imran"))


def is_suspended(workshop):
    with workshop.store.transaction() as tx:
        tx.people.save(replace(tx.people.get("imran"), standing=Standing.SUSPENDED))


def is_no_checker_any_more(workshop):
    with workshop.store.transaction() as tx:
        tx.people.save(replace(tx.people.get("imran"), roles=frozenset({Role.RESEARCHER})))


LOST = {"review.member": joins_the_project, "review.coauthor": joins_the_author_elsewhere,
        "role.review-outputs": is_suspended, "a role": is_no_checker_any_more}


def of(workshop, number=1):
    with workshop.store.reading() as tx:
        return tx.requests.get(number)


def events(workshop, action):
    with workshop.store.reading() as tx:
        return [event for event in tx.events.of_subject("request:1") if event.action == action]


@pytest.mark.parametrize("rule", LOST)
def test_an_approval_lost_before_the_release_sends_the_request_back(workshop, rule):
    request = approved(workshop)
    assert request.status is RequestStatus.APPROVED
    LOST[rule](workshop)
    assert releases.make(workshop, request.number) is None
    assert of(workshop).status is RequestStatus.IN_REVIEW
    voided, = events(workshop, "review.voided")
    assert voided.detail["checker"] == "imran"
    assert voided.detail["rule"] == (rule if "." in rule else "role.review-outputs")
    assert notices.page(workshop, "ada").told[0].notice.kind == "request.reopened"
    assert requests.get(workshop, "freya", request.number).phase is Phase.INDEPENDENT
    assert review(workshop, "tomas", request).status is RequestStatus.APPROVED
    releases.make(workshop, request.number)
    assert handover.download(workshop, "ada", request.number)
    assert {one.checker for one in of(workshop).reviews if not one.void} == {"freya", "tomas"}


@pytest.mark.parametrize("rule", LOST)
def test_the_last_approval_does_not_complete_one_that_was_lost(workshop, rule):
    request = in_review(workshop)
    review(workshop, "imran", request)
    LOST[rule](workshop)
    assert review(workshop, "freya", request).status is RequestStatus.IN_REVIEW
    assert review(workshop, "tomas", request).status is RequestStatus.APPROVED


def test_the_sweep_finds_what_nobody_touches_and_repeating_it_changes_nothing(workshop):
    request = in_review(workshop)
    for checker in ("freya", "imran"):
        review(workshop, checker, request, Decision.CHANGE)
    assert requests.get(workshop, "freya", request.number).phase is Phase.CONSOLIDATING
    is_suspended(workshop)
    assert (holdups.sweep(workshop), holdups.sweep(workshop)) == (1, 0)
    assert requests.get(workshop, "freya", request.number).phase is Phase.INDEPENDENT
    assert len(events(workshop, "review.voided")) == 1


def test_who_may_check_again_has_to_answer_again(workshop):
    request = in_review(workshop)
    review(workshop, "imran", request)
    is_suspended(workshop)
    holdups.sweep(workshop)
    with workshop.store.transaction() as tx:
        tx.people.save(replace(tx.people.get("imran"), standing=Standing.ACTIVE))
    assert review(workshop, "freya", request).status is RequestStatus.IN_REVIEW
    assert review(workshop, "imran", request).status is RequestStatus.APPROVED


def test_a_custodians_sign_off_does_not_complete_an_approval_that_was_lost(tmp_path):
    workshop = make_workshop(tmp_path, policies=replace(POLICIES, datasets={
        "courts": (COURTS, Policy(custodian_sign_off=True)), "schools": (SCHOOLS, Policy())}))
    add_project(workshop)
    request = approved(workshop)
    assert requests.get(workshop, "freya", request.number).phase is Phase.SIGN_OFF
    is_suspended(workshop)
    assert sign_off.give(workshop, "mercer", request.number, 1).status is RequestStatus.IN_REVIEW
    assert review(workshop, "tomas", request).status is RequestStatus.APPROVED


def test_only_who_may_check_a_request_is_told_that_it_waits(workshop):
    """Not those who work with its author, who would learn of what they may not see."""
    with workshop.store.transaction() as tx:
        tx.people.save(replace(tx.people.get("tomas"), roles=frozenset({Role.CHECKER, Role.RESEARCHER})))
    add_project(workshop, "other", members=("ada", "tomas"), status=ProjectStatus.ACTIVE,
                expires_on=NOW.date() + timedelta(days=90))
    in_review(workshop)
    told = {name: [one.notice.kind for one in notices.page(workshop, name).told]
            for name in ("freya", "imran", "tomas")}
    assert told == {"freya": ["request.to-check"], "imran": ["request.to-check"], "tomas": []}
