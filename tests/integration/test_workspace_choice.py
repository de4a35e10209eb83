"""Image and tier of a project's workspaces: chosen by an administrator, within what policy allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core.lifecycle import GrantStatus
from readingroom.core.policy import Layer, Policy, Tier
from readingroom.core.policy.library import Policies
from readingroom.core.workspaces import beside_bytes
from readingroom.errors import AccessDenied, PermissionDenied
from readingroom.services import people, projects, requests, turns, walls, workspaces
from tests.factories import COURTS, SCHOOLS, SITE, add_project, make_workshop

R, PLAIN = "notebook-r", "notebook"


class Killer:
    """The Engine port, which says whom it was told to kill."""

    def __init__(self):
        self.killed = []

    def inspect(self, container):
        return None

    def kill(self, container):
        self.killed.append(container)


def room(directory, *, site=frozenset({PLAIN, R}), courts=None, schools=None, tier=None):
    policies = Policies(Layer("site", SITE.model_copy(update={"images": site})), {}, {
        "courts": (COURTS, Policy(images=courts, tier=tier)), "schools": (SCHOOLS, Policy(images=schools))})
    made = make_workshop(directory, policies=policies)
    add_project(made, grants={"courts": GrantStatus.ACTIVE, "schools": GrantStatus.ACTIVE})
    return made


def choose(made, image=PLAIN, tier=Tier.STANDARD):
    projects.set_workspace(made, "returns", image=image, tier=tier, by="robin")


def test_a_workspace_runs_what_its_project_chose(tmp_path):
    made = room(tmp_path)
    assert workspaces.plan(made, "ada", "returns").image == PLAIN
    choose(made, R)
    assert workspaces.plan(made, "ada", "returns").image == R
    assert projects.images(made) == {R}


@pytest.mark.parametrize("limits", [{"site": None}, {"courts": frozenset({PLAIN})}, {"schools": frozenset()}])
def test_an_image_that_any_layer_forbids_cannot_be_chosen(tmp_path, limits):
    with pytest.raises(PermissionDenied, match="notebook-r"):
        choose(room(tmp_path, **limits), R)


def test_a_policy_that_no_longer_allows_the_image_closes_the_workspace(tmp_path):
    made = room(tmp_path)
    choose(made, R)
    workspaces.opened(made, "ada", "returns", "c1")
    made.hub.start_workspace("ada", "returns")
    stricter = replace(made, policies=replace(made.policies, site=Layer("site", SITE)))
    with pytest.raises(AccessDenied) as refusal:
        workspaces.plan(stricter, "ada", "returns")
    assert {reason.rule for reason in refusal.value.reasons} == {"workspace.image"}
    assert workspaces.sweep(stricter, made.hub) == 1


def test_a_layer_that_allows_nothing_lets_not_even_the_notebook_run(tmp_path):
    with pytest.raises(AccessDenied):
        workspaces.plan(room(tmp_path, schools=frozenset()), "ada", "returns")


def test_whoever_says_strict_project_or_policy_the_plan_is_strict(tmp_path):
    by_policy, by_project = room(tmp_path / "a", tier=Tier.STRICT), room(tmp_path / "b")
    assert workspaces.plan(by_project, "ada", "returns").policy.tier is Tier.STANDARD
    choose(by_project, tier=Tier.STRICT)
    for made in (by_policy, by_project):
        assert workspaces.plan(made, "ada", "returns").policy.tier is Tier.STRICT


def test_a_strict_project_needs_the_display(tmp_path):
    made = room(tmp_path)
    assert projects.images(made) == {"notebook"}
    choose(made, tier=Tier.STRICT)
    assert projects.images(made) == {"notebook", "display"}


def test_a_display_counts_as_memory_of_its_workspace(tmp_path):
    made = room(tmp_path)
    choose(made, tier=Tier.STRICT)
    policy = workspaces.plan(made, "ada", "returns").policy
    turns.ask(made, "ada", "returns", policy.memory_bytes, beside_bytes(policy))
    with made.store.reading() as tx:
        [turn] = tx.turns.all()
    assert turn.memory_bytes == policy.memory_bytes + 1024**3


def test_making_a_project_strict_closes_its_open_workspaces(tmp_path):
    made = room(tmp_path)
    workspaces.opened(made, "ada", "returns", "c1")
    made.hub.start_workspace("ada", "returns")
    choose(made, tier=Tier.STRICT)
    assert workspaces.sweep(made, made.hub) == 1


def test_a_strict_project_stays_open_as_pixels_and_all_of_it_is_killed(tmp_path):
    made = room(tmp_path)
    choose(made, tier=Tier.STRICT)
    demand = {"host": {}, "beside": [{"host": {}, "part": part, "container": part} for part in ("screen", "browser")]}
    workspaces.opened(made, "ada", "returns", "c1", demand)
    made.hub.start_workspace("ada", "returns")
    engine = Killer()
    assert workspaces.sweep(made, made.hub, engine) == 0
    assert walls.known_containers(made) == {"c1", "screen", "browser"}
    people.suspend(made, "robin", "ada", reason="Check")
    assert workspaces.sweep(made, made.hub, engine) == 1
    assert engine.killed == ["c1", "screen", "browser"]


def test_a_strict_projects_files_are_not_text_on_the_portal_before_release(tmp_path):
    made = room(tmp_path)
    request = requests.submit(made, "ada", "returns", "A table", "To publish it", [
        requests.Upload("a.txt", b"Nothing about anyone.", "One sentence that is about nobody at all.")])
    assert requests.file_content(made, "ada", request.number, request.files[0].id)[1]
    choose(made, tier=Tier.STRICT)
    with pytest.raises(PermissionDenied, match="pixels only"):
        requests.file_content(made, "ada", request.number, request.files[0].id)
    assert requests.file_content(made, "imran", request.number, request.files[0].id)[1], "a checker reads it"
