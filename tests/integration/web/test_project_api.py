"""The project's application over the API: the same services as the pages, for its own project only."""

from __future__ import annotations

import pytest

from tests.integration.web.world import BASE

PROJECT = f"{BASE}/api/v1/project"


@pytest.fixture
def workspace(world):
    return world.workspace("ada")


def test_how_the_project_stands(workspace):
    found = workspace.get(PROJECT).json()
    assert (found["slug"], found["status"], found["version"]) == ("returning-defendants", "active", 1)
    assert found["newest"]["outcome"] == "agreed" and len(found["newest"]["sha256"]) == 64
    assert [grant["status"] for grant in found["grants"]] == ["active"]


def test_a_section_is_kept_with_its_faults_and_never_over_another(workspace):
    sent = {"revision": 0, "typed": {"ends_on": "2027-13-01"}}
    found = workspace.post(f"{PROJECT}/application/dates", json=sent).json()
    assert "application.end-date" in {fault["rule"] for fault in found["faults"]}
    assert found["sections"]["dates"] == {"typed": {"ends_on": "2027-13-01", "urgent": "", "urgent_reason": ""},
                                          "revision": 1}
    stale = workspace.post(f"{PROJECT}/application/dates", json=sent)
    assert stale.status_code == 409 and stale.json()["rule"] == "application.stale"


def test_columns_are_picked_with_reasons(workspace):
    typed = {"columns": {"defendants": {"sex": "Compare", "age_at_offence": "Bands"}}, "row_filter": {}}
    found = workspace.post(f"{PROJECT}/application/data/magistrates", json={"revision": 0, "typed": typed})
    assert found.status_code == 200
    assert not [fault for fault in found.json()["faults"] if fault["section"] == "data/magistrates"]


@pytest.mark.parametrize(("path", "body", "status"), [
    ("nothing", {"revision": 0, "typed": {}}, 404), ("aim", {"revision": 0}, 422),
    ("aim", {"revision": 0, "typed": {"title": ["a", "list"]}}, 422), ("aim", {"revision": -1, "typed": {}}, 422),
    ("data/nowhere", {"revision": 0, "typed": {}}, 404), ("aim", {"revision": 0, "typed": {"age": "x"}}, 422),
    ("data/magistrates", {"revision": 0, "typed": {"columns": ["sex"]}}, 422),
    ("Aim", {"revision": 0, "typed": {}}, 404),
])
def test_what_cannot_be_kept_is_refused_by_name(workspace, path, body, status):
    answer = workspace.post(f"{PROJECT}/application/{path}", json=body)
    assert answer.status_code == status and answer.json()["message"]


def test_versions_and_their_changes(world, workspace):
    assert [one["number"] for one in workspace.get(f"{PROJECT}/versions").json()] == [1]
    found = workspace.get(f"{PROJECT}/versions/1").json()
    assert found["application"]["lead"] == "ada" and found["changes"] == []
    assert workspace.get(f"{PROJECT}/versions/9").status_code == 404


def test_no_token_sees_another_project(world):
    outsider = world.workspace("chloe", "returning-defendants")
    assert outsider.get(PROJECT).status_code == 404
    assert outsider.post(f"{PROJECT}/application/aim", json={"revision": 0, "typed": {}}).status_code == 404
