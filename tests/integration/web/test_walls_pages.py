"""What people see of the walls: the queue, the proof beside a grant, the canary and incidents, full folders."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core.volumes import Usage
from readingroom.core.walls import Finding
from readingroom.services import turns, walls, workspaces
from readingroom.web.presenters.walls import storage
from tests.integration.web.test_portal_pages import text_of
from tests.unit.core.test_proof import DEMAND, as_the_engine_says, asked

PROJECT = "returning-defendants"
HERE = f"/projects/{PROJECT}"


@pytest.fixture
def full(world):
    """A machine whose memory is all promised to bilal, with ada in the queue."""
    capacity = replace(world.room.settings, workspaces_memory_bytes=world.room.settings.workspace_memory_bytes)
    object.__setattr__(world.room, "settings", capacity)
    assert turns.ask(world.room, "bilal", PROJECT, None).place == 0
    return world


def test_a_full_machine_is_a_place_in_the_queue_and_says_what_happens_next(full):
    ada = full.client("ada")
    answer = ada.do(f"{HERE}/workspace/open")
    assert answer.headers["location"].endswith(f"{HERE}/workspace")
    assert full.hub.asked == []
    page = text_of(ada.see(f"{HERE}/workspace"))
    assert "you are number 1 of 1 in the queue" in page and "It starts by itself" in page
    assert "Leave the queue" in page and "Open workspace" not in page
    assert "number 1 of 1" in ada.see(f"{HERE}/workspace/state").json()["preparing"]


def test_whoever_is_let_in_is_told_and_started(full):
    ada = full.client("ada")
    ada.do(f"{HERE}/workspace/open")
    turns.leave(full.room, "bilal", PROJECT)
    assert turns.start_waiting(full.room, full.hub) == 1
    assert full.hub.asked == [("start", "ada", PROJECT)]
    full.hub.states.clear()
    assert "There is room now" in text_of(ada.see(f"{HERE}/workspace"))


def test_the_queue_can_be_left(full):
    ada = full.client("ada")
    ada.do(f"{HERE}/workspace/open")
    assert ada.do(f"{HERE}/workspace/leave").headers["location"].endswith(HERE)
    assert turns.place(full.room, "ada", PROJECT) is None
    assert "Leave the queue" not in text_of(ada.see(f"{HERE}/workspace"))


def test_nobody_leaves_or_sees_another_persons_place(full):
    full.client("ada").do(f"{HERE}/workspace/open")
    assert full.client("noor").do(f"{HERE}/workspace/leave").status_code == 404
    assert turns.place(full.room, "ada", PROJECT).place == 1


def test_a_fallen_wall_is_told_to_who_wanted_to_open_and_shown_to_the_administrator(world):
    walls.record_probe(world.room, [Finding("no route", False, "default via <b>10.0.0.1</b>")])
    answer = world.client("ada").do(f"{HERE}/workspace/open")
    assert answer.status_code == 403
    assert "a wall around workspaces does not hold" in answer.text and "10.0.0.1" not in answer.text
    page = text_of(world.client("robin").see("/health"))
    assert "Fallen" in page and "no route: default via &lt;b&gt;10.0.0.1" in page
    assert "no workspace starts" in page.lower()


def test_walls_that_hold_are_shown_with_when_they_were_tried(world):
    page = text_of(world.client("robin").see("/health"))
    assert "Holding" in page and "1 wall tried from inside" in page


class TestProofBesideAGrant:
    @pytest.fixture
    def opened(self, world):
        workspaces.opened(world.room, "ada", PROJECT, "c1", DEMAND, as_the_engine_says(asked()))
        return world

    def grant(self, world):
        with world.room.store.reading() as tx:
            grant = tx.grants.of_project(PROJECT)[0]
        return world.client(world.room.policies.dataset(grant.dataset).custodian), f"/grants/{grant.id}"

    def test_the_custodian_sees_when_what_was_compared_and_the_verdict(self, opened):
        custodian, page = self.grant(opened)
        text = text_of(custodian.see(page))
        assert "As demanded" in text and "What was compared for" in text
        assert "mounts" in text and "SecurityOpt" in text

    def test_a_drift_is_shown(self, opened):
        found = as_the_engine_says(asked())
        found["HostConfig"]["Privileged"] = True
        engine = type("Engine", (), {"inspect": lambda self, _: found, "kill": lambda self, _: None})()
        walls.prove_all(opened.room, engine, opened.hub)
        custodian, page = self.grant(opened)
        assert "Privileged is true, not false" in text_of(custodian.see(page))
        assert "Privileged is true" in text_of(opened.client("robin").see("/health"))

    def test_one_that_was_never_compared_does_not_look_proved(self, world):
        workspaces.opened(world.room, "ada", PROJECT, "c1")
        custodian, page = self.grant(world)
        assert "Not compared yet" in text_of(custodian.see(page))


def test_a_full_folder_says_what_to_do():
    gib = 1024**3
    assert storage("Your home", None) is None
    assert storage("Your home", Usage(gib, 4 * gib)).warning == ""
    nearly = storage("Your home", Usage(4 * gib - 1, 4 * gib))
    assert nearly.text == "4.0 of 4.0 GiB used" and "remove files" in nearly.warning
