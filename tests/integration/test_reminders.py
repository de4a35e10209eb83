"""Whoever has not answered is reminded: weekly, daily in the urgent lane, once however often it is looked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.db.tables import VersionRow
from readingroom.services import grants, notices, reminders
from tests.factories import add_project, make_workshop


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path)
    add_project(made, status=ProjectStatus.AGREEMENT,
                grants={"courts": GrantStatus.PROPOSED, "schools": GrantStatus.PROPOSED})
    return made


def told(workshop, name):
    return sum(one.notice.kind == "grant.to-decide" for one in notices.page(workshop, name).told)


def test_only_those_who_have_not_answered_and_once_a_week(workshop):
    grants.agree(workshop, "mercer", 1, "Yes")
    assert reminders.sweep(workshop) == 0
    workshop.clock.forward(days=8)
    assert reminders.sweep(workshop) == 1
    assert reminders.sweep(workshop) == 0
    assert (told(workshop, "mercer"), told(workshop, "okafor")) == (0, 1)
    workshop.clock.forward(days=8)
    assert reminders.sweep(workshop) == 1 and told(workshop, "okafor") == 2
    grants.agree(workshop, "okafor", 2, "Yes")
    workshop.clock.forward(days=30)
    assert reminders.sweep(workshop) == 0


def test_the_urgent_lane_reminds_sooner(workshop):
    with workshop.store.transaction() as tx:
        version = tx.applications.version("returns", 1)
        row = tx.applications._session.get_one(VersionRow, ("returns", 1))
        row.application = replace(version.application, urgent="Now").as_json()
    workshop.clock.forward(days=2)
    assert reminders.sweep(workshop) == 1
    assert told(workshop, "mercer") == 1


def test_a_clock_that_jumps_back_reminds_nobody(workshop):
    workshop.clock.forward(days=8)
    reminders.sweep(workshop)
    workshop.clock.forward(days=-20)
    assert reminders.sweep(workshop) == 0
