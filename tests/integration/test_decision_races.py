"""Answers that come at the same time, or too late, or on a clock that jumps: on both engines, with real threads."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from readingroom.core.access import about_person
from readingroom.core.audit import faults_of_chain
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.people import QualificationKind
from readingroom.core.roles import Role
from readingroom.core.second_factor import code_of, secret_of, step_at
from readingroom.core.undertakings import sha256_of
from readingroom.db.store import Store
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services import (
    access,
    applications,
    dossiers,
    grants,
    invitations,
    lapsing,
    members,
    owners,
    people,
    sign_in,
)
from tests.factories import PASSWORD, add_project

ROUNDS = 5
REFUSED = (InvalidTransition, PermissionDenied, NotFound)


def at_once(workshop, *deeds):
    """Each deed in a thread with connections of its own, all let go at the same moment; what came of each."""
    barrier, outcomes = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place, deed):
        room = replace(workshop, store=Store(workshop.settings.database_url, workshop.clock))
        barrier.wait()
        try:
            deed(room)
            outcomes[place] = "done"
        except REFUSED as refusal:
            outcomes[place] = type(refusal).__name__
        finally:
            room.store.engine.dispose()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return outcomes


def asked(workshop, slug):
    return add_project(workshop, slug, status=ProjectStatus.AGREEMENT,
                       grants={"courts": GrantStatus.PROPOSED, "schools": GrantStatus.PROPOSED})


def state(workshop, slug):
    with workshop.store.reading() as tx:
        return tx.projects.get(slug).status, {one.dataset: one.status for one in tx.grants.ever_of_project(slug)}


def events(workshop, action, slug):
    with workshop.store.reading() as tx:
        return sum(event.action == action for event in tx.events.of_project(slug))


def test_two_custodians_deciding_at_once_activate_the_project_once(workshop):
    for number in range(ROUNDS):
        courts, schools = asked(workshop, f"both-{number}")
        assert at_once(workshop, lambda room, one=courts: grants.agree(room, "mercer", one.id, "Yes"),
                       lambda room, one=schools: grants.agree(room, "okafor", one.id, "Yes")) == ["done", "done"]
        status, found = state(workshop, f"both-{number}")
        assert status is ProjectStatus.ACTIVE and set(found.values()) == {GrantStatus.ACTIVE}
        assert events(workshop, "project.activated", f"both-{number}") == 1


def test_one_custodian_in_two_windows_answers_once(workshop):
    for number in range(ROUNDS):
        courts, _ = asked(workshop, f"twice-{number}")
        outcomes = at_once(workshop, lambda room, one=courts: grants.agree(room, "mercer", one.id, "Yes"),
                           lambda room, one=courts: grants.refuse(room, "mercer", one.id, "No"))
        assert sorted(outcomes) == ["InvalidTransition", "done"]
        agreed = outcomes[0] == "done"
        found = state(workshop, f"twice-{number}")[1]["courts"]
        assert found is (GrantStatus.AGREED if agreed else GrantStatus.REFUSED)


def test_a_yes_and_taking_the_application_back_never_both_count(workshop):
    for number in range(ROUNDS):
        slug = f"back-{number}"
        courts, schools = asked(workshop, slug)
        grants.agree(workshop, "okafor", schools.id, "Yes")
        outcomes = at_once(workshop, lambda room, one=courts: grants.agree(room, "mercer", one.id, "Yes"),
                           lambda room, name=slug: applications.recall(room, "ada", name))
        assert sorted(outcomes) == ["InvalidTransition", "done"]
        status, found = state(workshop, slug)
        if outcomes[0] == "done":
            assert status is ProjectStatus.ACTIVE and set(found.values()) == {GrantStatus.ACTIVE}
        else:
            assert status is ProjectStatus.RETURNED
            assert found == {"courts": GrantStatus.SUPERSEDED, "schools": GrantStatus.AGREED}


def test_an_approval_after_a_withdrawal_opens_nothing(workshop):
    """One custodian takes a yes back while the other gives theirs: the project does not open on half of it."""
    for number in range(ROUNDS):
        slug = f"late-{number}"
        courts, schools = asked(workshop, slug)
        grants.agree(workshop, "mercer", courts.id, "Yes")
        outcomes = at_once(workshop, lambda room, one=courts: grants.withdraw(room, "mercer", one.id, "Changed"),
                           lambda room, one=schools: grants.agree(room, "okafor", one.id, "Yes"))
        assert outcomes == ["done", "done"]
        status, found = state(workshop, slug)
        assert found["courts"] is GrantStatus.WITHDRAWN
        assert status in (ProjectStatus.RETURNED, ProjectStatus.ACTIVE)
        if status is ProjectStatus.ACTIVE:  # both yeses came first, then the withdrawal: access is refused by it
            assert found["schools"] is GrantStatus.ACTIVE
        with pytest.raises(InvalidTransition):
            grants.agree(workshop, "mercer", courts.id, "Again")


def test_removal_and_activation_at_once_leave_the_member_out(workshop):
    for number in range(ROUNDS):
        slug = f"out-{number}"
        (courts,) = add_project(workshop, slug, status=ProjectStatus.AGREEMENT,
                                grants={"courts": GrantStatus.PROPOSED})
        outcomes = at_once(workshop, lambda room, one=courts: grants.agree(room, "mercer", one.id, "Yes"),
                           lambda room, name=slug: members.remove(room, "ada", name, "bilal", "Left"))
        assert outcomes == ["done", "done"]
        with workshop.store.reading() as tx:
            project = tx.projects.get(slug)
        assert project.status is ProjectStatus.ACTIVE and project.members == {"ada"}


def test_two_owners_accept_once(workshop):
    for number in range(ROUNDS):
        slug = f"owners-{number}"
        add_project(workshop, slug, status=ProjectStatus.OWNER_REVIEW, grants={"courts": GrantStatus.SUPERSEDED})
        with workshop.store.transaction() as tx:
            version = tx.applications.version(slug, 1)
            tx.applications.settle(replace(version, accepted_by=None, accepted_at=None))
        outcomes = at_once(workshop, lambda room, name=slug: owners.accept(room, "quinn", name, 1),
                           lambda room, name=slug: owners.accept(room, "quinn", name, 1))
        assert sorted(outcomes) == ["InvalidTransition", "done"]
        assert events(workshop, "grant.proposed", slug) == 1


def test_a_clock_that_jumps_back_brings_no_removed_member_back(workshop):
    (courts,) = add_project(workshop, status=ProjectStatus.AGREEMENT, grants={"courts": GrantStatus.PROPOSED})
    workshop.clock.forward(days=-30)
    members.remove(workshop, "ada", "returns", "bilal", "Left")
    grants.agree(workshop, "mercer", courts.id, "Yes")
    with workshop.store.reading() as tx:
        assert tx.projects.get("returns").members == {"ada"}


def test_a_clock_that_jumps_ahead_lets_nobody_agree_to_what_is_over(workshop):
    (courts,) = add_project(workshop, status=ProjectStatus.AGREEMENT, grants={"courts": GrantStatus.PROPOSED})
    workshop.clock.forward(days=900)
    with pytest.raises(InvalidInput, match="is over"):
        grants.agree(workshop, "mercer", courts.id, "Yes")
    assert state(workshop, "returns")[0] is ProjectStatus.AGREEMENT


def test_a_renewal_while_the_sweep_ends_the_grant_always_holds(workshop):
    """Whoever comes first: it is live until the new day afterwards, and nobody was told that it is over for good."""
    for number in range(ROUNDS):
        slug, over = f"renewed-{number}", workshop.today() - timedelta(days=1)
        (courts,) = add_project(workshop, slug, grants={"courts": GrantStatus.ACTIVE})
        with workshop.store.transaction() as tx:
            tx.grants.save(replace(courts, expires_on=over))
        until = workshop.today() + timedelta(days=100)
        outcomes = at_once(workshop, lapsing.sweep,
                           lambda room, one=courts, day=until: grants.renew(room, "mercer", one.id, day, "It goes on"))
        assert outcomes == ["done", "done"]
        lapsing.sweep(workshop)
        with workshop.store.reading() as tx:
            found = tx.grants.get(courts.id)
            assert (found.status, found.expires_on) == (GrantStatus.ACTIVE, until)
            actions = [event.action for event in tx.events.of_subject(f"grant:{courts.id}")]
        assert actions[-1] == "grant.renewed" and actions.count("grant.expired") <= 1
        assert access.decide(workshop, "ada", slug).allowed
    with workshop.store.reading() as tx:
        assert faults_of_chain(tx.events.all()) == []


def test_of_two_with_one_invitation_one_sets_the_password(workshop):
    for number in range(ROUNDS):
        name = f"new-{number}"
        made = people.invite(workshop, "robin", name, "New", "Leeds", [Role.RESEARCHER], reason="Asked for")
        passwords = [f"the password of window {window}" for window in "ab"]
        outcomes = at_once(workshop, *(lambda room, token=made.token, word=word: invitations.take(room, token, word)
                                       for word in passwords))
        assert sorted(outcomes) == ["PermissionDenied", "done"]
        right, wrong = passwords if outcomes[0] == "done" else reversed(passwords)
        assert sign_in.first_step(workshop, name, right).person.username == name
        with pytest.raises(PermissionDenied):
            sign_in.first_step(workshop, name, wrong)


def test_of_two_with_one_recovery_code_one_is_let_in(workshop):
    sign_in.first_step(workshop, "ada", PASSWORD)
    key = sign_in.enrolment(workshop, "ada").key
    codes = sign_in.second_step(workshop, "ada", code_of(secret_of(key), step_at(workshop.now()))).recovery_codes
    for code in codes[:ROUNDS]:
        outcomes = at_once(workshop, *(lambda room, one=code: sign_in.second_step(room, "ada", one) for _ in range(2)))
        assert sorted(outcomes) == ["PermissionDenied", "done"]
        workshop.clock.forward(hours=1)  # a wrong code locks out for a while


def test_an_undertaking_that_changes_while_it_is_signed_keeps_the_words_that_were_read(workshop):
    """One process has the new words already, the other signs the old: what is kept is what the person read."""
    (old,) = workshop.policies.undertakings
    newer = replace(workshop, policies=replace(workshop.policies, undertakings=(
        replace(old, version="2", text="I promise more."),)))
    read = sha256_of(old.words_for(dossiers.dossier(workshop, "ada", "ada").person))
    with pytest.raises(InvalidInput, match="changed"):
        people.sign_undertaking(newer, "ada", read)
    outcomes = at_once(workshop, *(lambda room: people.sign_undertaking(room, "ada", read) for _ in range(2)))
    assert "done" in outcomes
    (reason,) = about_person(dossiers.dossier(newer, "ada", "ada").person, newer.today(), newer.policies.undertaking(
        "Leeds"))
    assert reason.rule == "person.undertaking"


@pytest.mark.parametrize(("last_day", "open_at", "closed_at"), [
    (date(2027, 6, 30), datetime(2027, 6, 30, 22, 59, 59, tzinfo=UTC), datetime(2027, 6, 30, 23, 0, tzinfo=UTC)),
    (date(2027, 1, 31), datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 2, 1, 0, 0, tzinfo=UTC)),
    (date(2027, 3, 28), datetime(2027, 3, 28, 22, 59, 59, tzinfo=UTC), datetime(2027, 3, 28, 23, 0, tzinfo=UTC)),
    (date(2027, 10, 31), datetime(2027, 10, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 11, 1, 0, 0, tzinfo=UTC)),
    (date(2028, 2, 29), datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), datetime(2028, 3, 1, 0, 0, tzinfo=UTC)),
])
def test_p6_a_last_day_ends_at_midnight_where_the_data_are(workshop, last_day, open_at, closed_at):
    """In summer, on the days when clocks change, and on the day that only leap years have."""
    (courts,) = add_project(workshop, expires_on=date(2029, 1, 1))
    with workshop.store.transaction() as tx:
        tx.grants.save(replace(courts, expires_on=last_day))
        for kind in (QualificationKind.TRAINING, QualificationKind.ACCREDITATION):
            tx.people.add_qualification("ada", replace(tx.people.get("ada").qualification(kind),
                                                       held_until=date(2029, 1, 1)))
    workshop.clock.at = open_at
    assert access.decide(workshop, "ada", "returns").allowed
    workshop.clock.at = closed_at
    assert [reason.rule for reason in access.decide(workshop, "ada", "returns").reasons] == ["grant.expiry"]
    lapsing.sweep(workshop)
    with workshop.store.reading() as tx:
        assert tx.grants.get(courts.id).status is GrantStatus.EXPIRED
