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
    """The Activity port: who was seen at theirs since it was last asked; None: it does not answer."""

    def __init__(self, keys: tuple | None = ()):
        self.keys = keys

    def used(self):
        if self.keys is None:
            raise Unavailable("away")
        return frozenset(self.keys)


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
    use.note_use(workshop, Seen())
    workshop.clock.forward(minutes=119)
    assert workspaces.sweep(workshop, workshop.hub) == 0
    workshop.clock.forward(minutes=2)
    use.note_use(workshop, Seen())
    assert workspaces.sweep(workshop, workshop.hub) == 1
    with workshop.store.reading() as tx:
        assert "Nobody used it for the 120 minutes" in tx.workspaces.last(*KEY).close_reason


def test_use_moves_the_end_but_never_beyond_the_greatest_age(workshop):
    assert use.note_use(workshop, Seen()) == 1
    assert closing_at(workshop) == timedelta(hours=2)
    workshop.clock.forward(minutes=90)
    assert use.note_use(workshop, Seen()) == 0
    assert closing_at(workshop) == timedelta(minutes=30)
    assert use.note_use(workshop, Seen((KEY,))) == 1
    assert closing_at(workshop) == timedelta(hours=2)
    workshop.clock.forward(hours=10)
    use.note_use(workshop, Seen((KEY,)))
    assert closing_at(workshop) == timedelta(minutes=30)


def test_somebody_elses_use_is_not_theirs(workshop):
    use.note_use(workshop, Seen())
    workshop.clock.forward(minutes=90)
    assert use.note_use(workshop, Seen((("ada", "other"), ("bilal", KEY[1])))) == 0


def test_while_the_door_says_nothing_nobody_is_idle_but_age_counts(workshop):
    use.note_use(workshop, Seen())
    workshop.clock.forward(hours=3)
    with pytest.raises(Unavailable):
        use.note_use(workshop, Seen(None))
    assert workspaces.sweep(workshop, workshop.hub) == 0
    use.note_use(workshop, Seen())
    assert closing_at(workshop) == timedelta(hours=2), "counted from when it could be known again"
    workshop.clock.forward(hours=10)
    assert workspaces.sweep(workshop, workshop.hub) == 1


def test_small_steps_write_nothing(workshop):
    use.note_use(workshop, Seen())
    workshop.clock.forward(seconds=20)
    assert use.note_use(workshop, Seen((KEY,))) == 0
