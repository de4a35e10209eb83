"""Workspaces watched from outside: proofs, the canary's runs, incidents, the queue, limits on people (P6, P8, P9)."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from readingroom.core.lifecycle import GrantStatus
from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.library import Policies
from readingroom.core.walls import Finding
from readingroom.errors import AccessDenied, PermissionDenied, Unavailable
from readingroom.services import projects, turns, walls, workspaces
from readingroom.services.turns import Queued
from tests.factories import COURTS, SCHOOLS, SITE, add_project, make_workshop
from tests.unit.core.test_proof import DEMAND, as_the_engine_says, asked

GIB = 1024**3
HELD = [Finding("only loopback", True, "lo")]
FALLEN = [Finding("only loopback", False, "lo, eth0"), Finding("no rights", True, "")]


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path)
    add_project(made)
    return made


class StillEngine:
    """The Engine port over answers that a test sets."""

    def __init__(self) -> None:
        self.running = {}
        self.away = False

    def inspect(self, container):
        if self.away:
            raise Unavailable("The engine does not answer.")
        return self.running.get(container)

    def kill(self, container):
        self.running.pop(container, None)


@pytest.fixture
def engine():
    return StillEngine()


def open_workspace(workshop, engine, container="c1", username="ada", project="returns"):
    workshop.hub.start_workspace(username, project)
    engine.running[container] = as_the_engine_says(asked())
    workspaces.opened(workshop, username, project, container, DEMAND, engine.running[container])


def log_of(workshop, subject="workspace:ada/returns"):
    with workshop.store.reading() as tx:
        return list(tx.events.of_subject(subject))


def actions(workshop, subject="workspace:ada/returns"):
    return [event.action for event in log_of(workshop, subject)]


class TestProof:
    def test_a_start_is_proved_before_anybody_is_let_in(self, workshop, engine):
        open_workspace(workshop, engine)
        assert actions(workshop) == ["workspace.opened", "workspace.proved"]
        detail = log_of(workshop)[-1].detail
        assert detail["held"] is True and detail["facts"] >= 40 and len(detail["demand"]) == 64

    def test_a_start_that_is_not_as_demanded_is_refused_and_an_incident(self, workshop):
        found = as_the_engine_says(asked())
        found["HostConfig"]["NetworkMode"] = "bridge"
        with pytest.raises(AccessDenied, match="not start as its policy demands"):
            workspaces.opened(workshop, "ada", "returns", "c1", DEMAND, found)
        assert workspaces.open_now(workshop) == ()
        [incident] = walls.incidents(workshop, "robin")
        assert incident.detail == ("NetworkMode is bridge, not none",)
        assert actions(workshop) == ["incident.raised"]

    def test_an_hour_of_proofs_that_hold_is_one_line(self, workshop, engine):
        open_workspace(workshop, engine)
        for _ in range(60):
            workshop.clock.forward(minutes=1)
            assert walls.prove_all(workshop, engine, workshop.hub) == 1
        assert actions(workshop).count("workspace.proved") == 2
        [opening] = workspaces.open_now(workshop)
        assert opening.proof.held and opening.proof.at == workshop.now()

    def test_a_drift_kills_it_closes_it_and_says_why(self, workshop, engine):
        open_workspace(workshop, engine)
        engine.running["c1"]["NetworkSettings"]["Networks"] = {"bridge": {"IPAddress": "172.17.0.2"}}
        assert walls.prove_all(workshop, engine, workshop.hub) == 0
        assert engine.running == {} and workshop.hub.running == set()
        workspaces.sweep(workshop, workshop.hub)
        assert workspaces.open_now(workshop) == ()
        reason = projects.get(workshop, "ada", "returns").last_opening.close_reason
        assert "networks is [\"bridge\"]" in reason and "172.17.0.2" in reason
        told = actions(workshop)
        counted = [told.count(action) for action in ("workspace.proved", "incident.raised", "workspace.closed")]
        assert counted == [2, 1, 1]
        workspaces.plan(workshop, "ada", "returns")  # one container's drift is not everybody's

    def test_one_that_was_opened_without_a_demand_is_not_believed(self, workshop, engine):
        workshop.hub.start_workspace("ada", "returns")
        workspaces.opened(workshop, "ada", "returns", "c1")
        engine.running["c1"] = as_the_engine_says(asked())
        assert walls.prove_all(workshop, engine, workshop.hub) == 0
        assert engine.running == {}

    def test_an_engine_that_is_away_kills_nobody_and_proves_nothing(self, workshop, engine):
        open_workspace(workshop, engine)
        [before] = workspaces.open_now(workshop)
        engine.away = True
        workshop.clock.forward(minutes=5)
        with pytest.raises(Unavailable):
            walls.prove_all(workshop, engine, workshop.hub)
        [after] = workspaces.open_now(workshop)
        assert after.proof == before.proof

    def test_only_administrators_see_incidents(self, workshop):
        for username in ("ada", "mercer", "freya"):
            with pytest.raises(PermissionDenied):
                walls.incidents(workshop, username)


class TestCanary:
    def test_while_a_wall_does_not_hold_no_workspace_starts(self, workshop):
        walls.record_probe(workshop, FALLEN)
        with pytest.raises(AccessDenied) as refusal:
            workspaces.plan(workshop, "ada", "returns")
        assert refusal.value.rule == "walls.probe" and "eth0" not in str(refusal.value)
        walls.record_probe(workshop, HELD)
        workspaces.plan(workshop, "ada", "returns")

    @pytest.mark.parametrize("hours", [1, 48])
    def test_a_run_that_is_too_old_is_not_believed(self, workshop, hours):
        workshop.clock.forward(hours=hours)
        with pytest.raises(Unavailable, match="walls"):
            workspaces.plan(workshop, "ada", "returns")

    def test_a_run_that_reports_nothing_did_not_hold(self, workshop):
        assert not walls.record_probe(workshop, []).held

    def test_each_run_is_a_line_and_a_wall_that_stays_fallen_one_incident(self, workshop):
        for findings in (FALLEN, FALLEN, HELD, FALLEN):
            walls.record_probe(workshop, findings)
        told = actions(workshop, "walls:canary")
        assert told.count("walls.probed") == 5  # the factory's own as well
        assert told.count("incident.raised") == 2


class TestPeople:
    def test_a_person_has_so_many_workspaces_open_and_no_more(self, tmp_path, engine):
        workshop = make_workshop(tmp_path)
        workshop = replace(workshop, settings=replace(workshop.settings, workspaces_per_person=2))
        for slug in ("one", "two", "three"):
            add_project(workshop, slug)
        for number, slug in enumerate(("one", "two")):
            open_workspace(workshop, engine, f"c{number}", project=slug)
        with pytest.raises(AccessDenied) as refusal:
            workspaces.plan(workshop, "ada", "three")
        assert "one, two" in refusal.value.parts[0]
        workspaces.plan(workshop, "ada", "two")  # its own it may have again
        workspaces.plan(workshop, "bilal", "three")  # and another person is not concerned
        workspaces.closed(workshop, "ada", "one", "done")
        workspaces.plan(workshop, "ada", "three")

    def test_the_policy_of_any_of_them_may_let_there_be_fewer(self, tmp_path, engine):
        policies = Policies(Layer("site", SITE), {}, {"courts": (COURTS, Policy()),
                                                      "schools": (SCHOOLS, Policy(workspaces=1))})
        workshop = make_workshop(tmp_path, policies=policies)
        add_project(workshop, "one")
        add_project(workshop, "two")
        add_project(workshop, "alone", grants={"schools": GrantStatus.ACTIVE})
        open_workspace(workshop, engine, "c0", project="one")
        workspaces.plan(workshop, "ada", "two")
        with pytest.raises(AccessDenied, match="one person may"):
            workspaces.plan(workshop, "ada", "alone")
        workspaces.closed(workshop, "ada", "one", "done")
        open_workspace(workshop, engine, "c1", project="alone")
        with pytest.raises(AccessDenied) as refusal:
            workspaces.plan(workshop, "ada", "two")
        assert "alone" in refusal.value.parts[0] and "1 at once" in refusal.value.parts[0]


class TestQueue:
    @pytest.fixture
    def full(self, tmp_path):
        """A machine with room for two workspaces of 1 GiB."""
        made = make_workshop(tmp_path)
        made = replace(made, settings=replace(made.settings, workspaces_memory_bytes=2 * GIB,
                                              workspace_memory_bytes=GIB))
        for slug in ("a", "b", "c", "d"):
            add_project(made, slug)
        return made

    def test_whoever_does_not_fit_waits_in_the_order_of_asking(self, full):
        asked_for = [turns.ask(full, "ada", slug, GIB) for slug in ("a", "b", "c", "d")]
        assert asked_for == [Queued(0, 0), Queued(0, 0), Queued(1, 1), Queued(2, 2)]
        assert turns.ask(full, "ada", "d", GIB) == Queued(2, 2)  # asking again moves nobody
        with pytest.raises(Unavailable, match="number 1 in the queue"):
            turns.check_turn(full, "ada", "c", GIB)
        turns.check_turn(full, "ada", "a", GIB)

    def test_the_next_is_started_when_one_closes(self, full, engine):
        for number, slug in enumerate(("a", "b", "c", "d")):
            if not turns.ask(full, "ada", slug, GIB).place:
                open_workspace(full, engine, f"c{number}", project=slug)
        assert turns.start_waiting(full, full.hub) == 0
        workspaces.closed(full, "ada", "a", "done")
        assert turns.start_waiting(full, full.hub) == 1
        assert ("ada", "c") in full.hub.running and ("ada", "d") not in full.hub.running
        assert turns.place(full, "ada", "d").place == 1
        assert turns.start_waiting(full, full.hub) == 0

    def test_one_that_never_opens_gives_its_place_back(self, full):
        for slug in ("a", "b", "c"):
            turns.ask(full, "ada", slug, GIB)
        full.clock.forward(minutes=7)
        assert turns.start_waiting(full, full.hub) == 1
        turns.leave(full, "ada", "c")
        assert turns.place(full, "ada", "c") is None

    def test_whoever_may_not_any_more_loses_the_turn_and_the_next_is_not_held_up(self, full):
        for slug in ("a", "b", "c", "d"):
            turns.ask(full, "ada", slug, GIB)

        def refuse(username, project):
            if project == "c":
                raise AccessDenied("No.")
            full.hub.running.add((username, project))
        hub = type("RefusingHub", (), {"start_workspace": staticmethod(refuse)})()
        for slug in ("a", "b"):
            turns.leave(full, "ada", slug)
        turns.start_waiting(full, hub)
        assert turns.place(full, "ada", "c") is None and ("ada", "d") in full.hub.running

    def test_a_start_that_fails_frees_its_place_and_one_that_waits_goes_on_waiting(self, full):
        for slug in ("a", "b", "c"):
            turns.ask(full, "ada", slug, GIB)
        turns.gave_up(full, "ada", "c")
        assert turns.place(full, "ada", "c").place == 1
        turns.gave_up(full, "ada", "a")
        assert turns.place(full, "ada", "a") is None
        assert turns.start_waiting(full, full.hub) == 1

    def test_leaving_the_queue_moves_the_others_up(self, full):
        for slug in ("a", "b", "c", "d"):
            turns.ask(full, "ada", slug, GIB)
        turns.leave(full, "ada", "c")
        assert turns.place(full, "ada", "d") == Queued(1, 1)

    def test_what_could_never_fit_is_refused_and_does_not_wait_for_ever(self, full):
        larger = replace(full, settings=replace(full.settings, workspace_memory_bytes=3 * GIB))
        with pytest.raises(AccessDenied, match="cannot hold"):
            turns.ask(larger, "ada", "a", 3 * GIB)

    def test_many_who_ask_at_once_never_get_more_than_there_is(self, full):
        people = [(person, slug) for person in ("ada", "bilal", "chloe") for slug in ("a", "b", "c", "d")]
        answers, gate = [], threading.Barrier(len(people))

        def one(person, slug):
            gate.wait()
            answers.append(turns.ask(full, person, slug, GIB).place)
        threads = [threading.Thread(target=one, args=pair) for pair in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers.count(0) == 2
        assert sorted(turns.place(full, *pair).place for pair in people) == [0, 0, *range(1, 11)]
