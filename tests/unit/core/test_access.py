"""P2, P6, P10: access needs every condition, and each refusal tells all reasons with a way to a yes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from readingroom.core.access import decide
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.people import Person, Signature, Standing
from readingroom.core.policy import Policy
from readingroom.core.projects import Grant, Project
from readingroom.core.roles import Role
from readingroom.core.undertakings import Undertaking, sha256_of
from tests.factories import NOW, qualifications

TODAY = date(2026, 11, 24)
LATER, EARLIER = TODAY + timedelta(days=1), TODAY - timedelta(days=1)
WORDS = Undertaking("", "1", "I, {person} of {organisation}, will keep the data in.")
SIGNED = Signature("Leeds", "1", sha256_of("I, Ada of Leeds, will keep the data in."), NOW)
ADA = Person("ada", "Ada", "Leeds", Standing.ACTIVE, frozenset({Role.RESEARCHER}),
             qualifications(accredited=LATER, trained=LATER), SIGNED)
PROJECT = Project("p", "P", "data-first", "", "", "research", "DEA", ProjectStatus.ACTIVE, LATER, frozenset({"ada"}))
GRANT = Grant(1, "p", "courts", GrantStatus.ACTIVE, {"t": ("a",)}, {}, LATER, 0)
POLICY = Policy(purposes=frozenset({"research"}), legal_gateways=frozenset({"DEA"}))

BROKEN = {
    "person.status": (replace(ADA, standing=Standing.SUSPENDED), PROJECT, GRANT, POLICY),
    "person.identity": (replace(ADA, qualifications=qualifications()[1:]), PROJECT, GRANT, POLICY),
    "person.role": (replace(ADA, roles=frozenset({Role.CHECKER})), PROJECT, GRANT, POLICY),
    "person.accreditation": (replace(ADA, qualifications=qualifications(accredited=EARLIER)), PROJECT, GRANT, POLICY),
    "person.training": (replace(ADA, qualifications=qualifications(trained=None)), PROJECT, GRANT, POLICY),
    "person.undertaking": (replace(ADA, undertaking=None), PROJECT, GRANT, POLICY),
    "project.member": (ADA, replace(PROJECT, members=frozenset({"bilal"})), GRANT, POLICY),
    "project.expiry": (ADA, replace(PROJECT, expires_on=EARLIER), GRANT, POLICY),
    "project.status": (ADA, replace(PROJECT, status=ProjectStatus.OWNER_REVIEW), GRANT, POLICY),
    "grant.expiry": (ADA, PROJECT, replace(GRANT, expires_on=EARLIER), POLICY),
    "grant.purpose": (ADA, replace(PROJECT, purpose="operations"), GRANT, POLICY),
    "grant.legal-gateway": (ADA, PROJECT, GRANT, Policy(purposes=POLICY.purposes)),
}


def test_all_conditions_met_is_a_yes():
    assert decide(ADA, PROJECT, [(GRANT, POLICY)], TODAY, WORDS).allowed


def test_the_last_day_still_counts():
    last = replace(GRANT, expires_on=TODAY)
    assert decide(ADA, replace(PROJECT, expires_on=TODAY), [(last, POLICY)], TODAY, WORDS).allowed


@pytest.mark.parametrize("rule", BROKEN)
def test_p2_each_condition_alone_refuses_and_says_why(rule):
    person, project, grant, policy = BROKEN[rule]
    reasons = decide(person, project, [(grant, policy)], TODAY, WORDS).reasons
    assert [reason.rule for reason in reasons] == [rule]
    assert reasons[0].message and reasons[0].next_step


@pytest.mark.parametrize("status", [status for status in GrantStatus if status is not GrantStatus.ACTIVE])
def test_p6_a_grant_that_is_not_live_refuses(status):
    decision = decide(ADA, PROJECT, [(GRANT, POLICY), (replace(GRANT, id=2, status=status), POLICY)], TODAY, WORDS)
    assert [reason.rule for reason in decision.reasons] == ["grant.status"]


@pytest.mark.parametrize(("person", "undertaking"), [
    (replace(ADA, organisation="Cardiff"), WORDS),
    (ADA, replace(WORDS, version="2")),
    (ADA, replace(WORDS, text=WORDS.text + " And out.")),
    (ADA, None),
], ids=["another organisation", "another version", "other words", "no undertaking"])
def test_what_was_signed_counts_only_for_this_organisation_and_these_words(person, undertaking):
    reasons = decide(person, PROJECT, [(GRANT, POLICY)], TODAY, undertaking).reasons
    assert [reason.rule for reason in reasons] == ["person.undertaking"]


def test_no_grant_at_all_refuses():
    assert [reason.rule for reason in decide(ADA, PROJECT, [], TODAY, WORDS).reasons] == ["project.grants"]


def test_p10_all_reasons_are_told_not_the_first():
    person = replace(ADA, qualifications=qualifications(accredited=EARLIER), undertaking=None)
    decision = decide(person, replace(PROJECT, expires_on=EARLIER), [(GRANT, POLICY)], TODAY, WORDS)
    assert {reason.rule for reason in decision.reasons} == {
        "person.accreditation", "person.undertaking", "project.expiry"}
