"""Idle workspaces are closed by what the platform saw, not by what a container says of itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.library import Policies
from readingroom.errors import Unavailable
from readingroom.services import use, workspaces
from tests.factories import COURTS, SITE, add_project, make_workshop

KEY = ("ada", "returns")


class Seen:
    """The Activity port: what the proxy saw; None: it does not answer."""

    def __init__(self, used=None):
        self.used = used

    def last_used(self):
        if self.used is None:
            raise Unavailable("away")
        return self.used


@pytest.fixture
def workshop(tmp_path):
    site = SITE.model_copy(update={"idle_minutes": 120, "max_age_hours": 12})
    made = make_workshop(tmp_path, policies=Policies(Layer("site", site), {}, {"courts": (COURTS, Policy())}))
    add_project(made)
    workspaces.opened(made, *KEY, "c1")
    made.hub.start_workspace(*KEY)
    return made


def closing_at(workshop):
    return use.closing_of(workshop, *KEY).at - workshop.now()


def test_one_that_nobody_used_is_closed_and_the_reason_kept(workshop):
    opened = workshop.now()
    use.note_use(workshop, Seen({KEY: opened}))
    workshop.clock.forward(minutes=119)
    assert workspaces.sweep(workshop, workshop.hub) == 0
    workshop.clock.forward(minutes=2)
    use.note_use(workshop, Seen({KEY: opened}))
    assert workspaces.sweep(workshop, workshop.hub) == 1
    with workshop.store.reading() as tx:
        assert "Nobody used it for the 120 minutes" in tx.workspaces.last(*KEY).close_reason


def test_use_moves_the_end_but_never_beyond_the_greatest_age(workshop):
    use.note_use(workshop, Seen({KEY: workshop.now()}))
    assert closing_at(workshop) == timedelta(hours=2)
    workshop.clock.forward(minutes=90)
    assert use.note_use(workshop, Seen({KEY: workshop.now()})) == 1
    assert closing_at(workshop) == timedelta(hours=2)
    workshop.clock.forward(hours=10)
    use.note_use(workshop, Seen({KEY: workshop.now()}))
    assert closing_at(workshop) == timedelta(minutes=30)


def test_while_the_proxy_says_nothing_nobody_is_idle_but_age_counts(workshop):
    use.note_use(workshop, Seen({KEY: workshop.now()}))
    workshop.clock.forward(hours=3)
    with pytest.raises(Unavailable):
        use.note_use(workshop, Seen())
    assert workspaces.sweep(workshop, workshop.hub) == 0
    workshop.clock.forward(hours=10)
    assert workspaces.sweep(workshop, workshop.hub) == 1


def test_a_time_in_the_future_counts_as_now(workshop):
    use.note_use(workshop, Seen({KEY: workshop.now() + timedelta(days=9)}))
    assert closing_at(workshop) == timedelta(hours=2)


def test_small_steps_write_nothing(workshop):
    use.note_use(workshop, Seen({KEY: workshop.now()}))
    workshop.clock.forward(seconds=20)
    assert use.note_use(workshop, Seen({KEY: workshop.now()})) == 0
