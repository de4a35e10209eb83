"""People, grants, workspaces and the log on real records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.policy import Policy
from readingroom.core.walls import Finding
from readingroom.errors import AccessDenied, InvalidInput, NotFound, PermissionDenied, Unavailable
from readingroom.services import access, audit, grants, people, projects, walls, workspaces
from tests.factories import COURTS, add_project, make_workshop


@pytest.fixture
def workshop(tmp_path):
    return make_workshop(tmp_path)


class TestGrants:
    def test_the_last_agreement_activates_the_project(self, workshop):
        first, second = add_project(workshop, grants={"courts": GrantStatus.PROPOSED, "schools": GrantStatus.PROPOSED},
                                    status=ProjectStatus.AGREEMENT)
        grants.agree(workshop, "mercer", first.id, "Fits")
        assert projects.get(workshop, "ada", "returns").project.status is ProjectStatus.AGREEMENT
        grants.agree(workshop, "okafor", second.id, "Fits")
        assert projects.get(workshop, "ada", "returns").project.status is ProjectStatus.ACTIVE

    def test_another_departments_grant_does_not_exist_for_a_custodian(self, workshop):
        (grant,) = add_project(workshop, grants={"courts": GrantStatus.PROPOSED})
        with pytest.raises(NotFound):
            grants.agree(workshop, "okafor", grant.id, "I would")

    def test_a_custodian_on_the_project_cannot_grant_to_it(self, workshop):
        (grant,) = add_project(workshop, grants={"courts": GrantStatus.PROPOSED}, members=("mercer", "ada"))
        with pytest.raises(PermissionDenied):
            grants.agree(workshop, "mercer", grant.id, "To myself")

    @pytest.mark.parametrize(("policy", "rule"), [
        (Policy(denied_columns=frozenset({"defendants.age"})), "grant.denied-columns"),
        (Policy(max_grant_days=30), "grant.max-days"),
    ])
    def test_p2_p3_a_yes_cannot_open_more_than_policy_allows(self, workshop, policy, rule):
        (grant,) = add_project(workshop, grants={"courts": GrantStatus.PROPOSED}, status=ProjectStatus.AGREEMENT)
        narrower = {**workshop.policies.datasets, "courts": (COURTS, policy)}
        strict = replace(workshop, policies=replace(workshop.policies, datasets=narrower))
        with pytest.raises(InvalidInput) as refusal:
            grants.agree(strict, "mercer", grant.id, "Fits")
        assert refusal.value.rule == rule

    def test_taking_back_needs_a_reason(self, workshop):
        (grant,) = add_project(workshop)
        with pytest.raises(InvalidInput):
            grants.withdraw(workshop, "mercer", grant.id, "  ")


class TestP6NoMeansNow:
    def test_a_withdrawal_closes_the_workspace_and_destroys_the_copy(self, workshop):
        (grant,) = add_project(workshop)
        plan = workspaces.plan(workshop, "ada", "returns")
        copy = plan.mounts[0][1]
        workshop.hub.start_workspace("ada", "returns")
        workspaces.opened(workshop, "ada", "returns", "c1")
        grants.withdraw(workshop, "mercer", grant.id, "The purpose has ended")
        workspaces.destroy_dead_extracts(workshop)
        workspaces.sweep(workshop, workshop.hub)
        assert not copy.exists()
        assert workshop.hub.running == set()
        assert workspaces.open_now(workshop) == ()
        card = projects.get(workshop, "ada", "returns")
        assert "The purpose has ended" in card.last_opening.close_reason
        with pytest.raises(AccessDenied) as refusal:
            workspaces.plan(workshop, "ada", "returns")
        assert "withdrawn" in refusal.value.reasons[0].message

    def test_the_reason_is_told_whoever_notices_the_end_first(self, workshop):
        """The Hub reports that a container ended before the sweep that ended it comes back."""
        (grant,) = add_project(workshop)
        workspaces.opened(workshop, "ada", "returns", "c1")
        grants.withdraw(workshop, "mercer", grant.id, "The purpose has ended")
        workspaces.closed(workshop, "ada", "returns", "The workspace was stopped.")
        assert "The purpose has ended" in projects.get(workshop, "ada", "returns").last_opening.close_reason

    def test_expiry_and_suspension_close_too(self, workshop):
        add_project(workshop)
        workshop.hub.start_workspace("ada", "returns")
        workspaces.opened(workshop, "ada", "returns", "c1")
        assert workspaces.sweep(workshop, workshop.hub) == 0
        people.suspend(workshop, "robin", "ada", reason="Check")
        assert workspaces.sweep(workshop, workshop.hub) == 1
        workshop.clock.forward(days=400)
        assert workspaces.destroy_dead_extracts(workshop) == 1


    def test_a_workspace_open_for_too_long_closes_and_may_be_opened_again(self, workshop):
        add_project(workshop)
        workshop.hub.start_workspace("ada", "returns")
        workspaces.opened(workshop, "ada", "returns", "c1")
        workshop.clock.forward(hours=11)
        assert workspaces.sweep(workshop, workshop.hub) == 0
        workshop.clock.forward(hours=2)
        assert workspaces.sweep(workshop, workshop.hub) == 1
        assert "12 hours" in projects.get(workshop, "ada", "returns").last_opening.close_reason
        walls.record_probe(workshop, [Finding("only loopback", True, "lo")])
        assert workspaces.plan(workshop, "ada", "returns").mounts


class TestExtracts:
    def test_a_live_grant_gets_its_extract_once(self, workshop):
        add_project(workshop, grants={"courts": GrantStatus.PROPOSED}, status=ProjectStatus.AGREEMENT)
        with pytest.raises(AccessDenied):
            workspaces.plan(workshop, "ada", "returns")
        assert workspaces.prepare_extracts(workshop) == 0
        grants.agree(workshop, "mercer", 1, "Fits")
        with pytest.raises(Unavailable):
            workspaces.plan(workshop, "ada", "returns")
        assert workspaces.prepare_extracts(workshop) == 1
        assert workspaces.prepare_extracts(workshop) == 0
        assert workspaces.plan(workshop, "ada", "returns").mounts[0][0] == "courts"

    def test_an_extract_lost_from_disk_is_made_again(self, workshop):
        add_project(workshop)
        lost = workspaces.plan(workshop, "ada", "returns").mounts[0][1]
        workshop.extracts.destroy(lost.name)
        workshop.clock.forward(minutes=1)
        assert workspaces.prepare_extracts(workshop) == 1
        assert workspaces.plan(workshop, "ada", "returns").mounts[0][1].exists()


    def test_p2_a_column_denied_later_leaves_the_next_extract(self, workshop):
        add_project(workshop)
        first = workspaces.plan(workshop, "ada", "returns").mounts[0][1]
        narrower = {**workshop.policies.datasets,
                    "courts": (COURTS, Policy(denied_columns=frozenset({"defendants.age"})))}
        strict = replace(workshop, policies=replace(workshop.policies, datasets=narrower))
        strict.clock.forward(minutes=1)
        assert workspaces.prepare_extracts(strict) == 1
        assert workspaces.destroy_dead_extracts(strict) == 1
        second = workspaces.plan(strict, "ada", "returns").mounts[0][1]
        assert second != first
        assert not first.exists()
        with strict.store.reading() as tx:
            made = [event for event in tx.events.of_subject("grant:1") if event.action == "extract.made"]
        assert made[-1].detail["columns"] == {"defendants": ["person_id", "sex"]}


def test_strangers_see_no_project(workshop):
    add_project(workshop)
    for stranger in ("chloe", "freya", "okafor"):
        with pytest.raises(NotFound):
            projects.get(workshop, stranger, "returns")
    assert not access.decide(workshop, "chloe", "returns").allowed


def test_a_custodian_sees_their_own_part_of_a_project_only(workshop):
    """What another department was asked for, and on which terms it answered, is between it and the project."""
    add_project(workshop, grants={
        "courts": GrantStatus.ACTIVE, "schools": GrantStatus.REFUSED}, status=ProjectStatus.AGREEMENT)
    everything = {"courts", "schools"}
    for viewer, seen in (("mercer", {"courts"}), ("okafor", {"schools"}), ("ada", everything), ("robin", everything)):
        card = projects.get(workshop, viewer, "returns")
        assert {grant.dataset for grant in card.grants} == seen, viewer
        assert {line.dataset for line in card.budgets} == seen
        assert not any(other in reason.message for reason in card.access.reasons for other in everything - seen)


class TestP5TheLogTells:
    def test_edits_in_the_database_are_found(self, workshop):
        add_project(workshop)
        grants.withdraw(workshop, "mercer", 1, "Ended")
        audit.checkpoint(workshop)
        known = audit.read_checkpoints(workshop.settings.checkpoints_file)
        key = workshop.audit_key.public_key()
        assert audit.faults(workshop, known, key)[1] == []
        with workshop.store.engine.connect() as connection:
            connection.execute(text("BEGIN IMMEDIATE"))
            connection.execute(text("UPDATE audit_event SET actor = 'someone' WHERE action = 'grant.withdrawn'"))
            connection.commit()
        assert "was changed" in audit.faults(workshop, known, key)[1][0]

    def test_a_shortened_log_is_found(self, workshop):
        audit.checkpoint(workshop)
        with workshop.store.engine.connect() as connection:
            connection.execute(text("BEGIN IMMEDIATE"))
            connection.execute(text("DELETE FROM audit_event WHERE seq = (SELECT max(seq) FROM audit_event)"))
            connection.commit()
        known = audit.read_checkpoints(workshop.settings.checkpoints_file)
        assert "the log ends at" in audit.faults(workshop, known, workshop.audit_key.public_key())[1][0]

    def test_a_change_that_fails_leaves_no_event(self, workshop):
        add_project(workshop)
        with workshop.store.reading() as tx:
            before = tx.events.head().seq
        with pytest.raises(InvalidInput):
            grants.withdraw(workshop, "mercer", 1, "")
        with workshop.store.reading() as tx:
            assert tx.events.head().seq == before

    def test_a_checkpoint_torn_by_a_crash_is_written_over(self, workshop):
        audit.checkpoint(workshop)
        file = workshop.settings.checkpoints_file
        file.write_text(file.read_text() + '{"seq": 12, "ha')
        people.suspend(workshop, "robin", "ada", reason="x")
        audit.checkpoint(workshop)
        assert len(audit.read_checkpoints(file)) == 2

    def test_people_without_the_permission_cannot_read_it(self, workshop):
        with pytest.raises(PermissionDenied):
            audit.latest(workshop, "ada")
