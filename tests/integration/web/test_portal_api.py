"""The JSON API as the SDK uses it: one workspace's token, its own person and project, nothing else."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from readingroom.core.privacy.ledger import Cost
from tests.integration.web.world import API, BASE, CONTEXT, NOW, SAFE_TABLE, evidence

DESCRIBED = {"title": "A table", "purpose": "An article", "files": [
    {"name": "t.csv", "context": CONTEXT, "controls": "", "evidence": evidence(SAFE_TABLE)}]}  # fmt: skip
COUNT = {"dataset": "magistrates", "table": "defendants", "statistic": "count", "rho_micro": 1000}


def submit(client, described=DESCRIBED, files=(("t.csv", SAFE_TABLE),)):
    return client.post(
        f"{API}/requests",
        data={"request": json.dumps(described)},
        files=[("files", (name, content, "text/csv")) for name, content in files],
    )


def test_the_workspace_is_told_who_where_and_under_which_rules(world):
    told = world.workspace("ada").get(f"{API}/workspace").json()
    assert told["person"] == {"username": "ada", "display_name": "Ada Marsh"}
    assert told["project"]["slug"] == "returning-defendants"
    assert told["datasets"][0]["slug"] == "magistrates"
    budget = told["datasets"][0]["budget"]
    assert (budget["total_micro_rho"], budget["spent_micro_rho"], budget["remaining_micro_rho"]) == (
        20_000,
        0,
        20_000,
    )
    assert budget["epsilon_total"] > 0 and budget["delta"] > 0
    assert told["rules"]["threshold"] == 10 and told["rules"]["output_types"] == sorted(told["rules"]["output_types"])


def test_the_status_bar_is_told_how_the_workspace_stands(world):
    with world.room.store.transaction() as tx:
        tx.workspaces.open("ada", "returning-defendants", NOW)
    told = world.workspace("ada").get(f"{API}/workspace/standing").json()
    assert told["project"]["slug"] == "returning-defendants" and told["tier"] == "standard"
    assert told["shown"]["used_bytes"] == 0
    assert told["words"]["tier"] == "Standard tier" and "0 bytes" in told["words"]["shown"]
    assert told["words"]["ends"].startswith("Data until ") and told["words"]["warning"] == ""
    assert told["closing"]["warn"] is False and "Closes in" in told["words"]["closes"]


def test_a_request_is_submitted_and_followed(world):
    client = world.workspace("ada")
    made = submit(client)
    assert made.status_code == 201
    assert made.json() | {"files": None} == {
        "number": 1,
        "status": "submitted",
        "url": f"{BASE}/requests/1",
        "files": None,
    }
    world.check(1)
    assert [one["status"] for one in client.get(f"{API}/requests").json()] == ["in-review"]
    detail = client.get(f"{API}/requests/1").json()
    assert detail["round"] == 1 and detail["place_in_queue"] == 1
    assert (
        detail["files"][0]["verdict"] == "pass" and detail["files"][0]["sha256"] == made.json()["files"][0]["sha256"]
    )


def test_comments_come_with_the_return(world):
    world.returned()
    comments = world.workspace("ada").get(f"{API}/requests/1").json()["comments"]
    assert {"file": "", "comment": "Please merge the small groups."} in comments


@pytest.mark.parametrize("files", [(), (("u.csv", SAFE_TABLE),), (("t.csv", SAFE_TABLE), ("t.csv", SAFE_TABLE)),
                                   (("t.csv", SAFE_TABLE), ("u.csv", SAFE_TABLE))])  # fmt: skip
def test_files_and_descriptions_must_match(world, files):
    answer = submit(world.workspace("ada"), files=files)
    assert answer.status_code == 422 and answer.json()["rule"] == "api.files"


@pytest.mark.parametrize("described", [None, [], {}, {"title": 1}, DESCRIBED | {"status": "released"}, "\ud800"])
def test_a_malformed_description_is_refused_with_what_is_wrong(world, described):
    answer = submit(world.workspace("ada"), described)
    assert answer.status_code == 422 and set(answer.json()) == {"error", "message", "rule", "value", "next_step"}


@pytest.mark.parametrize("name", ["../t.csv", "a/b.csv", "..", "t.csv\u202e", "con\n.csv", ""])
def test_names_with_tricks_are_refused(world, name):
    described = DESCRIBED | {"files": [DESCRIBED["files"][0] | {"name": name}]}
    assert submit(world.workspace("ada"), described, ((name, SAFE_TABLE),)).status_code == 422


def test_private_answers_are_priced_paid_and_free_the_second_time(world):
    client = world.workspace("ada")
    price = client.post(f"{API}/private/price", json={"query": COUNT}).json()
    assert (
        price["cost_micro_rho"] == 1000 and not price["already_answered"] and price["accuracy"]["half_width_95"] > 0
    )
    first = client.post(f"{API}/private/answers", json={"query": COUNT})
    assert first.status_code == 202
    said = first.json()
    assert datetime.fromisoformat(said.pop("deliver_at")) > NOW
    assert said == {"id": 1, "status": "reserved", "charged_micro_rho": 1000, "dry_run": False}
    assert client.post(f"{API}/private/answers", json={"query": COUNT}).json()["charged_micro_rho"] == 0
    assert client.get(f"{API}/private/answers/1").json()["status"] == "reserved"


def test_a_question_over_budget_is_402(world):
    with world.store.transaction() as tx:
        tx.accounts.debit("magistrates", "returning-defendants", Cost(19_500))
    answer = world.workspace("ada").post(f"{API}/private/answers", json={"query": COUNT})
    assert answer.status_code == 402 and answer.json()["error"] == "BudgetExceeded"


class TestWhoMayCall:
    @pytest.mark.parametrize("header", [None, "", "token", "token ", "Basic YTpi", "token nonsense", "token é"])
    def test_no_token_no_answer(self, world, header):
        headers = {} if header is None else {"Authorization": header.encode()}
        assert world.stranger().get(f"{API}/requests", headers=headers).status_code in (401, 403)

    def test_a_browsers_token_and_cookie_open_nothing_here(self, world):
        ada = world.client("ada")
        assert ada.get(f"{API}/requests").status_code == 401
        headers = {"Authorization": f"token {ada.session.hub_token}"}
        assert world.stranger().get(f"{API}/requests", headers=headers).status_code == 403

    def test_a_token_acts_for_its_own_project_only(self, world):
        world.submit(author="ada")
        other = world.workspace("ada", "courts-and-schools")
        assert other.get(f"{API}/requests").json() == []
        assert other.get(f"{API}/requests/1").status_code == 404
        query = {"query": COUNT}
        assert world.workspace("ada").post(f"{API}/private/answers", json=query).status_code == 202
        assert other.get(f"{API}/private/answers/1").status_code == 404

    def test_a_withdrawn_grant_closes_the_api_too(self, world):
        world.client("mercer").do(f"/grants/{world.live.id}/withdraw", reason="Changed aim.")
        answer = submit(world.workspace("ada"))
        assert answer.status_code == 403 and "withdrawn" in answer.json()["next_step"]

    def test_large_bodies_are_refused_by_size(self, world):
        body = {"query": COUNT | {"x": "y" * 1_100_000}}
        assert world.workspace("ada").post(f"{API}/private/price", json=body).status_code == 413


def test_the_openapi_document_describes_every_address(world):
    document = world.stranger().get(f"{API}/openapi.json").json()
    assert {path.removeprefix(API) for path in document["paths"] if path.startswith(API)} == {
        "/person",
        "/workspace",
        "/workspace/standing",
        "/project",
        "/project/application",
        "/project/application/{section}",
        "/project/versions",
        "/project/versions/{number}",
        "/notices",
        "/notices/{notice}/read",
        "/packages/pip/simple/",
        "/packages/pip/simple/{name}/",
        "/packages/pip/files/{sha256}/{filename}",
        "/packages/cran/src/contrib/PACKAGES",
        "/packages/cran/src/contrib/{filename}",
        "/packages/list",
        "/packages/requests",
        "/requests",
        "/requests/{number}",
        "/requests/{number}/comments",
        "/requests/{number}/resubmit",
        "/requests/{number}/withdraw",
        "/incoming",
        "/private/price",
        "/private/curve",
        "/private/dry-runs",
        "/private/plan",
        "/private/answers",
        "/private/answers/{answer_id}/release",
        "/private/answers/{answer_id}",
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            assert {"401", "403", "422"} <= set(operation["responses"]) and operation["security"]
