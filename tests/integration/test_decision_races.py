"""Answers that come at the same time, or too late, or on a clock that jumps: on both engines, with real threads."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.db.store import Store
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services import applications, grants, members, owners
from tests.factories import add_project

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
