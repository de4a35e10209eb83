"""Asked all the time, little is asked: extracts are looked for where the log says that something happened."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event

from readingroom.core.lifecycle import GrantStatus
from readingroom.errors import Unavailable
from readingroom.services import grants, workspaces
from readingroom.services.changes import Changes
from tests.factories import DirectoryExtracts, add_project, make_workshop


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path)
    for number in range(3):
        add_project(made, f"p{number}")
    yield made
    made.store.engine.dispose()


def looked_at(workshop, changes) -> set[str]:
    """The projects of which a pass read grants."""
    asked = []

    def note(_connection, _cursor, statement, parameters, *_) -> None:
        if "LEFT OUTER JOIN extract" in statement:
            asked.append(set(parameters) & {"p0", "p1", "p2"} or {"p0", "p1", "p2"})

    event.listen(workshop.store.engine, "before_cursor_execute", note)
    workspaces.prepare_extracts(workshop, changes)
    event.remove(workshop.store.engine, "before_cursor_execute", note)
    return set().union(*asked)


def live(workshop, grant: int) -> bool:
    with workshop.store.reading() as tx:
        return tx.extracts.live_of_grant(grant) is not None


def test_only_what_happened_is_looked_at(workshop):
    changes = Changes()
    assert looked_at(workshop, changes) == {"p0", "p1", "p2"}, "the first time all of it"
    assert looked_at(workshop, changes) == set()
    grants.suspend(workshop, "mercer", 2, "Wait")
    assert looked_at(workshop, changes) == {"p1"}
    workspaces.destroy_dead_extracts(workshop)
    grants.resume(workshop, "mercer", 2, "Go on")
    assert not live(workshop, 2)
    assert looked_at(workshop, changes) == {"p1"} and live(workshop, 2)


@pytest.mark.parametrize("what", ["a minute", "the clock set back", "the next day", "a new version"])
def test_what_is_not_on_the_log_makes_it_look_at_everything(workshop, what):
    changes = Changes()
    looked_at(workshop, changes)
    assert looked_at(workshop, changes) == set()
    moves = {"a minute": {"seconds": 61}, "the clock set back": {"seconds": -1}, "the next day": {"hours": 20}}
    workshop.clock.forward(**moves.get(what, {}))
    if what == "a new version":
        class TwoVersions:
            def versions(self, dataset):
                return ("v1", "v2")

        workshop = replace(workshop, vault=TwoVersions())
    assert looked_at(workshop, changes) == {"p0", "p1", "p2"}


def test_what_could_not_be_made_is_looked_at_again(workshop):
    class Full(DirectoryExtracts):
        full = True

        def build(self, *what):
            if self.full:
                raise Unavailable("no space", rule="disk")
            return super().build(*what)

    disk, changes = Full(workshop.extracts.root), Changes()
    workshop = replace(workshop, extracts=disk)
    looked_at(workshop, changes)
    grants.withdraw(workshop, "mercer", 1, "Anew")
    with workshop.store.transaction() as tx:
        made = tx.grants.add(replace(tx.grants.get(1), status=GrantStatus.ACTIVE))
        tx.events.record("system", "grant.activated", f"grant:{made.id}", "p0")
    for _ in range(2):
        with pytest.raises(Unavailable):
            workspaces.prepare_extracts(workshop, changes)
    disk.full = False
    assert workspaces.prepare_extracts(workshop, changes) == 1 and live(workshop, made.id)


def test_a_copy_that_is_newer_replaces_one_and_what_nobody_knows_goes(workshop):
    """The oldest go once no workspace has them open, what a crash left goes at once, what is live stays."""
    with workshop.store.reading() as tx:
        first = tx.extracts.live_of_grant(1)
    workshop.clock.forward(seconds=5)
    with workshop.store.transaction() as tx:
        tx.extracts.put(replace(first, id="p0-1-newer", made_at=workshop.now()))
    for name in ("p0-1-newer", "p9-left-by-a-crash"):
        workshop.extracts.build(name, workshop.policies.dataset("courts"), "v1", {}, {}, "p0")
    with workshop.store.transaction() as tx:
        opening = tx.workspaces.open("ada", "p0", workshop.now())
    workspaces.destroy_dead_extracts(workshop)
    assert {first.id, "p0-1-newer"} <= set(workshop.extracts.stored())
    assert "p9-left-by-a-crash" not in workshop.extracts.stored()
    with workshop.store.transaction() as tx:
        tx.workspaces.close(opening.id, workshop.now(), "Closed")
    assert workspaces.destroy_dead_extracts(workshop) == 1
    assert set(workshop.extracts.stored()) == {"p0-1-newer", *(
        name for name in workshop.extracts.stored() if name.startswith(("p1", "p2")))}
