"""Metering on real records: every byte once, on the log by the hour, and the policy's two numbers (promise P8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from readingroom.core.policy import Policy, strictest
from readingroom.core.shown import Reading
from readingroom.errors import AccessDenied
from readingroom.services import access, shown, workspaces
from tests.factories import add_project, make_workshop

PROJECT = "returns"


class Door:
    """A door whose counter a test sets; `boot` changes when it was killed and came back."""

    def __init__(self) -> None:
        self.boot, self.counters = "1", {}

    def read(self):
        return tuple(Reading(who, project, self.boot, count) for (who, project), count in self.counters.items())


@pytest.fixture
def door():
    return Door()


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path)
    add_project(made, PROJECT)
    return made


@pytest.fixture
def tight(workshop):
    """The same records under a policy of 1000 bytes, and an alert at 500."""
    site = workshop.policies.site
    policy = site.policy.model_copy(update={"shown_bytes_alert": 500, "shown_bytes_limit": 1000})
    return replace(workshop, policies=replace(workshop.policies, site=replace(site, policy=policy)))


def used(workshop, who="ada"):
    with workshop.store.reading() as tx:
        return shown.of_members(workshop, tx, tx.projects.get(PROJECT), (who,))[who].used


def events(workshop, action):
    with workshop.store.reading() as tx:
        return [event for event in tx.events.all() if event.action == action]


def show(workshop, door, count, who="ada"):
    door.counters[who, PROJECT] = count
    shown.read_meter(workshop, door)


def test_a_counter_is_counted_once_however_often_it_is_read(workshop, door):
    for count in (100, 100, 250, 250):
        show(workshop, door, count)
    assert used(workshop) == 250


def test_a_door_that_began_anew_adds_to_what_was(workshop, door):
    show(workshop, door, 250)
    door.boot = "2"
    show(workshop, door, 300)  # more than before, and yet all of it is new
    show(workshop, door, 310)
    assert used(workshop) == 560


def test_a_counter_that_the_door_forgot_begins_at_nothing(workshop, door):
    show(workshop, door, 250)
    show(workshop, door, 40)
    assert used(workshop) == 290


def test_each_person_has_their_own(workshop, door):
    show(workshop, door, 250)
    show(workshop, door, 30, who="bilal")
    assert (used(workshop), used(workshop, "bilal")) == (250, 30)


def test_paths_that_name_nobody_are_not_counted(workshop, door):
    door.counters = {("nobody", PROJECT): 5, ("ada", "nothing"): 5}
    assert shown.read_meter(workshop, door) == 0


def test_every_hour_is_one_event_with_its_sum(workshop, door):
    show(workshop, door, 100)
    show(workshop, door, 150)
    assert events(workshop, "workspace.shown") == []
    workshop.clock.forward(hours=1)
    show(workshop, door, 175)
    workshop.clock.forward(hours=3)
    shown.read_meter(workshop, door)
    shown.read_meter(workshop, door)
    assert [event.detail["bytes"] for event in events(workshop, "workspace.shown")] == [150, 25]


def test_what_was_shown_leaves_the_window_after_a_day(workshop, door):
    show(workshop, door, 100)
    workshop.clock.forward(hours=23)
    assert used(workshop) == 100
    workshop.clock.forward(hours=1)
    assert used(workshop) == 0


def test_an_alert_is_raised_once_a_day(tight, door):
    for count in (400, 501, 600, 700):
        show(tight, door, count)
    [alert] = events(tight, "workspace.shown-alert")
    assert alert.detail["bytes"] == 501 and alert.detail["alert"] == 500


def test_over_the_limit_the_workspace_closes_says_why_and_stays_closed_until_the_day_has_passed(tight, door):
    workspaces.opened(tight, "ada", PROJECT, "container")
    tight.hub.start_workspace("ada", PROJECT)
    show(tight, door, 1000)
    assert access.decide(tight, "ada", PROJECT).allowed
    show(tight, door, 1001)
    assert workspaces.sweep(tight, tight.hub) == 1
    with pytest.raises(AccessDenied) as refusal:
        workspaces.plan(tight, "ada", PROJECT)
    [reason] = refusal.value.reasons
    assert reason.rule == "workspace.shown" and "1,001 bytes" in reason.message and "1,000" in reason.message
    with tight.store.reading() as tx:
        assert "1,001 bytes were shown" in tx.workspaces.last("ada", PROJECT).close_reason
    assert access.decide(tight, "bilal", PROJECT).allowed
    tight.clock.forward(hours=24)
    assert access.decide(tight, "ada", PROJECT).allowed


def test_the_limit_is_the_tightest_of_all_layers():
    policy = strictest(Policy(shown_bytes_limit=10, shown_bytes_alert=9), Policy(shown_bytes_limit=5))
    assert (policy.shown_bytes_limit, policy.shown_bytes_alert) == (5, 9)


def test_the_day_starts_with_the_hour(workshop, door):
    show(workshop, door, 7)
    with workshop.store.reading() as tx:
        [hour] = tx.shown.since(PROJECT, workshop.now() - timedelta(hours=1))
    assert hour.hour.minute == hour.hour.second == hour.hour.microsecond == 0
