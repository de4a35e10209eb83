"""Before the yes: who could read which columns of which rows, and what would be different from today."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete

from readingroom.core.application_changes import Effect
from readingroom.core.decisions import Conditions
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.policy import Policy
from readingroom.core.policy.library import Policies
from readingroom.db.tables import QualificationRow
from readingroom.errors import NotFound
from readingroom.services import agreement, grants, simulation
from tests import storage_world
from tests.factories import POLICIES, add_project, make_workshop

WHERE = {"people": "sex = 'F'"}


@pytest.fixture
def workshop(tmp_path):
    """A room whose courts are on a real disk, with six people in them, three of them women."""
    policies = Policies(POLICIES.site, POLICIES.programmes, {**POLICIES.datasets, "courts": (
        storage_world.COURTS, Policy())}, POLICIES.undertakings)
    stores = storage_world.stores(tmp_path / "stores")
    stores.vault.add("courts", storage_world.courts())
    made = make_workshop(tmp_path, policies=policies)
    return replace(made, vault=stores.vault, extracts=stores.extracts)


@pytest.fixture
def asked(workshop):
    (grant,) = add_project(workshop, status=ProjectStatus.AGREEMENT, grants={"courts": GrantStatus.PROPOSED})
    return grant


def test_rows_are_counted_for_the_custodian_by_what_would_be_opened(workshop, asked):
    conditions = Conditions(narrower=WHERE)
    assert simulation.preview(workshop, "mercer", asked.id, conditions).rows["people"][0].rows is None
    assert simulation.count_rows(workshop) == 2
    opened, every = simulation.preview(workshop, "mercer", asked.id, conditions).rows["people"]
    assert (opened.rows, every.rows) == (3, 6)
    assert simulation.count_rows(workshop) == 0
    workshop.vault.add("courts", storage_world.courts(8))
    assert simulation.count_rows(workshop) == 2, "a new version of the data is counted anew"
    assert simulation.preview(workshop, "mercer", asked.id, conditions).rows["people"][0].rows == 4


def test_a_filter_that_the_data_do_not_bear_is_not_known(workshop, asked):
    simulation.preview(workshop, "mercer", asked.id, Conditions(narrower={"people": "year = 'not a year'"}))
    assert simulation.count_rows(workshop) == 2
    found = simulation.preview(workshop, "mercer", asked.id, Conditions(narrower={"people": "year = 'not a year'"}))
    assert found.rows["people"][0].version and found.rows["people"][0].rows is None


def test_it_says_who_could_read_and_who_not_yet(workshop, asked):
    with workshop.store.transaction() as tx:
        tx.people._session.execute(delete(QualificationRow).where(
            QualificationRow.username == "bilal", QualificationRow.kind == "training"))
    readers = simulation.preview(workshop, "mercer", asked.id).simulated.readers
    kept_out = {one.person.username: {reason.rule for reason in one.access.reasons} for one in readers}
    assert "person.training" in kept_out["bilal"] and "person.training" not in kept_out["ada"]


def test_conditions_show_in_what_it_opens_and_changes_nothing(workshop, asked):
    found = simulation.preview(workshop, "mercer", asked.id, Conditions(
        without=frozenset({"people.secret"}), rules=Policy(threshold=30)))
    assert "secret" not in found.simulated.grant.columns["people"]
    assert found.simulated.policy.threshold == 30
    threshold = next(one for one in found.simulated.explained if one.field == "threshold")
    assert threshold.set_by == ("grant of courts",) and threshold.said["site"] == 10
    assert grants.get(workshop, "mercer", asked.id).grant == asked


def test_an_amendment_is_shown_against_what_is_live(workshop):
    (live,) = add_project(workshop)
    with workshop.store.transaction() as tx:
        project, version = tx.projects.get("returns"), tx.applications.version("returns", 1)
        wider = replace(version, number=2, application=replace(version.application, members=("ada", "bilal", "chloe")),
                        outcome=version.outcome.WAITING, settled_at=None)
        tx.applications.add(wider)
        tx.projects.set_status("returns", ProjectStatus.AMENDED)
        agreement.ask(workshop, tx, project, wider)
    (waiting,) = grants.inbox(workshop, "mercer")
    found = simulation.preview(workshop, "mercer", waiting.grant.id)
    assert found.simulated.before.id == live.id
    assert [(one.what, one.after, one.effect) for one in found.simulated.changes] == [
        ("member", "chloe", Effect.WIDENS)]


@pytest.mark.parametrize("name", ["okafor", "ada", "robin", "quinn"])
def test_nobody_else_can_simulate_with_a_dataset(workshop, asked, name):
    with pytest.raises(NotFound):
        simulation.preview(workshop, name, asked.id)
