"""Records from before applications had versions keep their meaning: what waited waits, what was live stays live."""

from __future__ import annotations

import json

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from readingroom.core.applications import UNWRITTEN, Outcome
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.db.migrate import config
from readingroom.db.store import Store
from tests.factories import TickingClock

BEFORE = "0011"
PROJECTS = {"waits": "owner-review", "works": "active", "sketch": "draft", "over": "closed"}
GRANTS = [("waits", "courts", "active"), ("waits", "schools", "proposed"), ("works", "courts", "active"),
          ("works", "courts", "active"), ("works", "schools", "withdrawn"), ("over", "courts", "expired")]


@pytest.fixture
def store(database_url):
    command.upgrade(config(database_url), BEFORE)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO person (username, display_name, organisation, standing, roles, email) "
                                "VALUES ('ada', 'Ada', 'Org', 'active', '[]', '')"))
        for slug, status in PROJECTS.items():
            connection.execute(
                text("INSERT INTO project (slug, title, programme, aim, public_benefit, purpose, legal_gateway, "
                     "status, expires_on) VALUES (:slug, 'T', 'data-first', 'A', 'B', 'research', 'DEA', :status, "
                     "'2027-01-31')"), {"slug": slug, "status": status})
            connection.execute(text("INSERT INTO membership (project, username) VALUES (:slug, 'ada')"), {"slug": slug})
        for project, dataset, status in GRANTS:
            connection.execute(
                text("INSERT INTO dataset_grant (project, dataset, status, columns, row_filter, expires_on, "
                     "budget_micro_rho, conditions, policy_hash, decision_reason) VALUES (:project, :dataset, :status, "
                     ":columns, '{}', '2027-01-31', 5, '', '', '')"),
                {"project": project, "dataset": dataset, "status": status,
                 "columns": json.dumps({"defendants": ["age"]})})
    engine.dispose()
    command.upgrade(config(database_url), "head")
    made = Store(database_url, TickingClock())
    yield made
    made.engine.dispose()


def test_states_and_versions_say_what_was_so(store):
    with store.reading() as tx:
        found = {slug: tx.projects.get(slug) for slug in PROJECTS}
        versions = {slug: tx.applications.version(slug, 1) for slug in PROJECTS}
        grants = {slug: [(one.dataset, one.status) for one in tx.grants.ever_of_project(slug)] for slug in PROJECTS}
        standing = tx.grants.of_project("works")
    assert {slug: one.status for slug, one in found.items()} == {
        "waits": ProjectStatus.AGREEMENT, "works": ProjectStatus.ACTIVE, "sketch": ProjectStatus.DRAFT,
        "over": ProjectStatus.CLOSED}
    assert grants["waits"] == [("courts", GrantStatus.AGREED), ("schools", GrantStatus.PROPOSED)]
    assert grants["works"] == [("courts", GrantStatus.SUPERSEDED), ("courts", GrantStatus.ACTIVE),
                               ("schools", GrantStatus.WITHDRAWN)]
    assert [(one.dataset, one.status) for one in standing] == grants["works"][1:]
    assert (versions["waits"].outcome, versions["works"].outcome) == (Outcome.WAITING, Outcome.AGREED)
    assert {one.lead for one in found.values()} == {"ada"} and found["works"].version == 1
    asked = versions["waits"].application
    assert asked.ask("courts").columns == {"defendants": {"age": UNWRITTEN}}
    assert asked.ends_on.isoformat() == "2027-01-31" and asked.sha256
    assert versions["waits"].accepted_by is None, "nobody accepted it for the programme: its owner still has to"
