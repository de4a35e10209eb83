"""Image and tier of a project's workspaces: chosen by an administrator, within what policy allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core.lifecycle import GrantStatus
from readingroom.core.policy import Layer, Policy, Tier
from readingroom.core.policy.library import Policies
from readingroom.errors import AccessDenied, PermissionDenied
from readingroom.services import projects, workspaces
from tests.factories import COURTS, SCHOOLS, SITE, add_project, make_workshop

R, PLAIN = "notebook-r", "notebook"


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


def test_a_strict_project_is_not_opened_in_a_looser_way(tmp_path):
    """Fails closed: whoever says strict, project or policy, gets no JupyterLab in the browser."""
    by_policy, by_project = room(tmp_path / "a", tier=Tier.STRICT), room(tmp_path / "b")
    choose(by_project, tier=Tier.STRICT)
    for made in (by_policy, by_project):
        with pytest.raises(AccessDenied) as refusal:
            workspaces.plan(made, "ada", "returns")
        assert [reason.rule for reason in refusal.value.reasons] == ["workspace.tier"], "told once"


def test_making_a_project_strict_closes_its_open_workspaces(tmp_path):
    made = room(tmp_path)
    workspaces.opened(made, "ada", "returns", "c1")
    made.hub.start_workspace("ada", "returns")
    choose(made, tier=Tier.STRICT)
    assert workspaces.sweep(made, made.hub) == 1
