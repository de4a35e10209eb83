"""Time acts: warnings, ends and renewals on real records, in SQLite and PostgreSQL."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from readingroom.core.lapsing import ENDED, Means, Term, Told, news_of
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.people import Accreditation
from readingroom.core.policy import Policy
from readingroom.core.walls import Finding
from readingroom.db.tables import LapseRow
from readingroom.errors import InvalidInput, InvalidTransition, PermissionDenied
from readingroom.services import access, grants, lapsing, notices, people, walls, workspaces
from tests.factories import COURTS, NOW, add_project, make_workshop

TODAY = NOW.date()


def told(workshop, username):
    """Everything that was told, oldest first."""
    return [one.notice.kind for one in reversed(notices.page(workshop, username).told)]


def status(workshop, grant=1):
    with workshop.store.reading() as tx:
        return tx.grants.get(grant).status


def project(workshop, days, grant_days=None, **how):
    """A project that ends in so many days, its grant earlier if asked."""
    (grant, *_) = add_project(workshop, expires_on=TODAY + timedelta(days=days), **how)
    if grant_days is not None:
        with workshop.store.transaction() as tx:
            tx.grants.save(replace(grant, expires_on=TODAY + timedelta(days=grant_days)))
    return grant


class TestWarnings:
    def test_each_is_told_once_to_everyone_concerned(self, workshop):
        project(workshop, 500, grant_days=40)
        for _ in range(45):
            lapsing.sweep(workshop)
            lapsing.sweep(workshop)
            workshop.clock.forward(days=1)
        assert told(workshop, "ada") == told(workshop, "bilal") == ["grant.ends-soon"] * 3 + ["grant.ended"]
        assert told(workshop, "mercer") == ["grant.ends-soon-yours"] * 3 + ["grant.ended-yours"]
        assert told(workshop, "chloe") == told(workshop, "okafor") == []

    def test_after_a_downtime_only_the_most_urgent_is_told(self, workshop):
        project(workshop, 500, grant_days=40)
        lapsing.sweep(workshop)
        workshop.clock.forward(days=38)
        assert lapsing.sweep(workshop) == 1
        assert told(workshop, "ada") == ["grant.ends-soon"]

    def test_a_project_is_told_to_members_and_custodians(self, workshop):
        project(workshop, 3)
        lapsing.sweep(workshop)
        assert "project.ends-soon" in told(workshop, "ada") and "project.ends-soon" in told(workshop, "mercer")

    def test_training_and_accreditation_are_told_to_the_person(self, workshop):
        workshop.clock.forward(days=290)
        lapsing.sweep(workshop)
        assert told(workshop, "chloe") == ["training.ends-soon"]
        workshop.clock.forward(days=20)
        lapsing.sweep(workshop)
        assert told(workshop, "chloe") == ["training.ends-soon", "training.ended"]
        people.record_training(workshop, "robin", "chloe", "Refresher", workshop.today(), reason="Passed")
        lapsing.sweep(workshop)
        assert told(workshop, "chloe")[-1] == "training.renewed"
        workshop.clock.forward(days=600)
        lapsing.sweep(workshop)
        assert set(told(workshop, "chloe")[-2:]) == {"training.ended", "accreditation.ended"}

    def test_what_is_over_or_never_began_is_not_told(self, workshop):
        project(workshop, 10, grants={"courts": GrantStatus.WITHDRAWN, "schools": GrantStatus.PROPOSED})
        project(workshop, 10, slug="closed", status=ProjectStatus.CLOSED)
        lapsing.sweep(workshop)
        assert [kind for kind in told(workshop, "ada") if kind.startswith("grant")] == []
        assert told(workshop, "ada") == ["project.ends-soon"]

    def test_a_dataset_that_is_registered_no_more_silences_nothing_else(self, workshop):
        project(workshop, 500, grant_days=2, grants={"courts": GrantStatus.ACTIVE})
        project(workshop, 500, grant_days=2, slug="others", grants={"schools": GrantStatus.ACTIVE})
        kept = {"schools": workshop.policies.datasets["schools"]}
        lapsing.sweep(replace(workshop, policies=replace(workshop.policies, datasets=kept)))
        assert told(workshop, "okafor") == ["grant.ends-soon-yours"] and told(workshop, "mercer") == []


class TestTheEnd:
    def test_p6_everything_closes_by_itself(self, workshop):
        project(workshop, 500, grant_days=1)
        copy = workspaces.plan(workshop, "ada", "returns").mounts[0][1]
        workshop.hub.start_workspace("ada", "returns")
        workspaces.opened(workshop, "ada", "returns", "c1")
        workshop.clock.forward(days=1)
        assert lapsing.sweep(workshop) == 1 and status(workshop) is GrantStatus.ACTIVE, "its last day counts"
        workshop.clock.forward(days=1)
        lapsing.sweep(workshop)
        workspaces.sweep(workshop, workshop.hub)
        workspaces.destroy_dead_extracts(workshop)
        assert status(workshop) is GrantStatus.EXPIRED
        assert workshop.hub.running == set() and not copy.exists()
        assert not access.decide(workshop, "ada", "returns").allowed
        with workshop.store.reading() as tx:
            assert [one.action for one in tx.events.of_subject("grant:1")][-2:] == [
                "grant.expired", "extract.destroyed"]

    def test_a_clock_that_jumps_and_comes_back_leaves_all_as_it_was(self, workshop):
        project(workshop, 500, grant_days=400)
        lapsing.sweep(workshop)
        workshop.clock.forward(days=9000)
        lapsing.sweep(workshop)
        assert status(workshop) is GrantStatus.EXPIRED
        workshop.clock.forward(days=-9000)
        lapsing.sweep(workshop)
        assert status(workshop) is GrantStatus.ACTIVE
        assert access.decide(workshop, "ada", "returns").allowed
        before = told(workshop, "ada")
        assert "grant.restored" in before and "project.restored" in before and "training.restored" in before
        lapsing.sweep(workshop)
        assert told(workshop, "ada") == before

    def test_what_was_taken_back_before_does_not_come_back_with_the_clock(self, workshop):
        for wanted in (GrantStatus.WITHDRAWN, GrantStatus.SUSPENDED, GrantStatus.EXPIRED):
            grant = project(workshop, 500, slug=f"p-{wanted.value}")
            with workshop.store.transaction() as tx:
                tx.grants.save(replace(tx.grants.get(grant.id), status=wanted))
            for days in (9000, -9000):
                workshop.clock.forward(days=days)
                lapsing.sweep(workshop)
            assert status(workshop, grant.id) is wanted

    def test_two_sweeps_at_once_tell_once(self, workshop):
        for number in range(20):
            project(workshop, 500, grant_days=-1, slug=f"p{number}")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lapsing.sweep, [workshop] * 4))
        with workshop.store.reading() as tx:
            expired = [one.subject for one in tx.events.all() if one.action == "grant.expired"]
            kinds = [one.kind for one in tx.notices.of_person("ada", 100)]
        assert len(expired) == len(set(expired)) == 20 and kinds.count("grant.ended") == 20

    def test_killed_between_it_goes_on_where_it_was(self, workshop, monkeypatch):
        monkeypatch.setattr(lapsing, "BATCH", 3)
        for number in range(8):
            project(workshop, 500, grant_days=-1, slug=f"p{number}")
        real, calls = notices.tell_all, []

        def dies(tx, tellings):
            calls.append(1)
            real(tx, tellings)
            if len(calls) == 2:
                raise KeyboardInterrupt

        monkeypatch.setattr(notices, "tell_all", dies)
        with pytest.raises(KeyboardInterrupt):
            lapsing.sweep(workshop)
        assert told(workshop, "ada") == ["grant.ended"] * 3
        lapsing.sweep(workshop)
        assert told(workshop, "ada") == ["grant.ended"] * 8


def test_the_database_finds_exactly_what_the_core_has_news_of(workshop):
    """The condition in SQL and the function say the same of every nearness, last telling and end date told."""
    add_project(workshop, "p", expires_on=TODAY + timedelta(days=5000))
    wanted = set()
    ends = [-40, -1, 0, 1, 3, 4, 14, 15, 30, 31, 90]
    with workshop.store.transaction() as tx:
        tx.grants.save(replace(tx.grants.get(1), status=GrantStatus.SUSPENDED))
        example = tx.projects.get("p")
        for number, (left, stage, moved) in enumerate(
                itertools.product(ends, [None, 30, 14, 3, ENDED, "untold"], [0, 7])):
            slug, ends_on = f"p{number}", TODAY + timedelta(days=left)
            last = None if stage == "untold" else Told(ends_on - timedelta(days=moved), stage)
            tx.projects.add(replace(example, slug=slug, expires_on=ends_on))
            if last is not None:  # whatever stage a wrong clock may have left
                tx.lapses._session.add(LapseRow(means="project", key=slug, ends_on=last.ends_on, stage=last.stage))
            if news_of(Term(Means.PROJECT, slug, ends_on, last), TODAY) is not None:
                wanted.add(slug)
    with workshop.store.reading() as tx:
        due = {term.key for term in tx.lapses.due(TODAY, 10_000) if term.means is Means.PROJECT}
    assert due == wanted and 20 < len(due) < 110


class TestRenewal:
    def test_it_reopens_what_had_ended(self, workshop):
        project(workshop, 500, grant_days=1)
        workshop.clock.forward(days=2)
        lapsing.sweep(workshop)
        workspaces.destroy_dead_extracts(workshop)
        until = TODAY + timedelta(days=200)
        renewed = grants.renew(workshop, "mercer", 1, until, "The work goes on")
        assert (renewed.status, renewed.expires_on) == (GrantStatus.ACTIVE, until)
        assert access.decide(workshop, "ada", "returns").allowed
        workspaces.prepare_extracts(workshop)
        walls.record_probe(workshop, [Finding("only loopback", True, "lo")])
        assert workspaces.plan(workshop, "ada", "returns").mounts
        assert told(workshop, "ada")[-1] == "grant.renewed"
        lapsing.sweep(workshop)
        assert told(workshop, "ada")[-1] == "grant.renewed", "told once, by whoever renewed it"
        with workshop.store.reading() as tx:
            (told_of,) = [one for one in tx.events.of_subject("grant:1") if one.action == "grant.renewed"]
        assert told_of.detail["until"] == until.isoformat() and told_of.detail["reason"] == "The work goes on"

    def test_an_early_one_begins_its_warnings_anew(self, workshop):
        project(workshop, 500, grant_days=10)
        lapsing.sweep(workshop)
        grants.renew(workshop, "mercer", 1, TODAY + timedelta(days=12), "A little longer")
        lapsing.sweep(workshop)
        assert told(workshop, "mercer") == ["grant.ends-soon-yours"] * 2

    @pytest.mark.parametrize(("days", "rule"), [
        (-1, "grant.renew-later"), (0, "grant.renew-later"), (100, "grant.renew-later"), (501, "grant.within-project"),
        (450, "grant.max-days")])
    def test_an_end_that_will_not_do(self, workshop, days, rule):
        project(workshop, 500, grant_days=100)
        datasets = {**workshop.policies.datasets, "courts": (COURTS, Policy(max_grant_days=400))}
        strict = replace(workshop, policies=replace(workshop.policies, datasets=datasets))
        with pytest.raises(InvalidInput) as refused:
            grants.renew(strict, "mercer", 1, TODAY + timedelta(days=days), "Longer")
        assert refused.value.rule == rule and refused.value.next_step
        assert grants.latest_end(strict, "mercer", 1) == TODAY + timedelta(days=400)

    def test_columns_that_policy_denies_by_now_are_not_granted_again(self, workshop):
        project(workshop, 500, grant_days=100)
        datasets = {**workshop.policies.datasets,
                    "courts": (COURTS, Policy(denied_columns=frozenset({"defendants.age"})))}
        strict = replace(workshop, policies=replace(workshop.policies, datasets=datasets))
        renewed = grants.renew(strict, "mercer", 1, TODAY + timedelta(days=200), "Longer")
        assert renewed.columns == {"defendants": ("person_id", "sex")}

    def test_one_that_was_replaced_stays_over(self, workshop):
        project(workshop, 500, grant_days=-1)
        lapsing.sweep(workshop)
        with workshop.store.transaction() as tx:
            tx.grants.add(replace(tx.grants.get(1), id=0, status=GrantStatus.ACTIVE,
                                  expires_on=TODAY + timedelta(days=50)))
        with pytest.raises(InvalidTransition, match="took its place"):
            grants.renew(workshop, "mercer", 1, TODAY + timedelta(days=60), "Longer")

    def test_it_needs_a_reason(self, workshop):
        project(workshop, 500, grant_days=100)
        with pytest.raises(InvalidInput, match="reason"):
            grants.renew(workshop, "mercer", 1, TODAY + timedelta(days=200), " ")

    def test_a_custodian_who_belongs_to_the_project_is_refused(self, workshop):
        project(workshop, 500, grant_days=100, members=("ada", "mercer"))
        with pytest.raises(PermissionDenied):
            grants.renew(workshop, "mercer", 1, TODAY + timedelta(days=200), "Longer")


def test_an_accreditation_renewed_thaws_without_anybody_asking(workshop):
    project(workshop, 2000, grant_days=1900)
    workshop.clock.forward(days=1000)
    assert not access.decide(workshop, "ada", "returns").allowed
    people.record_training(workshop, "robin", "ada", "Refresher", workshop.today(), reason="Passed")
    people.accredit(workshop, "robin", "ada", Accreditation.FULL, workshop.today(), reference="R1", reason="Renewed")
    assert access.decide(workshop, "ada", "returns").allowed


@pytest.mark.parametrize("many", [5, 60])
def test_the_number_of_questions_does_not_grow(tmp_path, many):
    workshop = make_workshop(tmp_path)
    for number in range(many):
        project(workshop, 500, grant_days=400, slug=f"p{number}")
    asked = []
    event.listen(workshop.store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    lapsing.sweep(workshop)
    assert len(asked) < 15, asked
    asked.clear()
    assert workspaces.prepare_extracts(workshop) == 0
    assert workspaces.destroy_dead_extracts(workshop) == 0
    assert len(asked) < 15, asked
    workshop.store.engine.dispose()
