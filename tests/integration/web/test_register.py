"""The public register: what was agreed and nothing else, for everyone, without a trace of who looks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from sqlalchemy import event

from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.services import register
from tests.integration.web.applicant import started
from tests.integration.web.world import BASE, GATEWAY, PEOPLE, PURPOSE, TODAY, safe_uploads

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/reference/schemas/register.schema.json").read_text(encoding="utf-8"))


def document(world):
    answer = world.stranger().get(f"{BASE}/register.json")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    jsonschema.validate(answer.json(), SCHEMA, format_checker=jsonschema.FormatChecker())
    return answer.json()


def listed(world, slug="returning-defendants"):
    return next((one for one in document(world)["projects"] if one["slug"] == slug), None)


def test_a_project_is_listed_as_it_was_agreed(world):
    found = listed(world)
    assert found["title"] == "Returning defendants" and found["standing"] == "live"
    assert (found["purpose"], found["legal_gateway"]) == (PURPOSE, GATEWAY)
    assert found["organisations"] == ["University of Leeds"]
    assert found["started_on"] == TODAY.isoformat() and found["ends_on"] == (TODAY + timedelta(365)).isoformat()
    assert [(one["slug"], one["department"], one["standing"]) for one in found["datasets"]] == [
        ("magistrates", "Ministry of Justice", "live")]
    assert found["releases"] == []


def test_what_was_never_agreed_is_not_in_it(world):
    world.project("secret-draft", "Secret draft", ProjectStatus.DRAFT, 90, {"ada"})
    world.project("sent-back", "Sent back", ProjectStatus.RETURNED, 90, {"ada"})
    text = world.stranger().get(f"{BASE}/register.json").text
    assert listed(world, "courts-and-schools") is None
    assert "Secret draft" not in text and "Sent back" not in text


def test_a_draft_amendment_changes_nothing(world):
    with world.store.transaction() as tx:  # the records as an amendment under way leaves them
        tx.projects.save(replace(tx.projects.get("returning-defendants"), title="An unreviewed title"))
    assert listed(world)["title"] == "Returning defendants"


def test_nobody_is_named(world):
    world.released(author="ada", uploads=safe_uploads(), title="A title that ada chose")
    everything = world.stranger().get(f"{BASE}/register.json").text + world.stranger().get(f"{BASE}/register").text
    for username, shown, _ in PEOPLE:
        assert shown not in everything and f'"{username}"' not in everything
    assert "A title that ada chose" not in everything and "returns.csv" not in everything


def test_a_release_is_listed_with_its_types_and_hash(world):
    made = world.released(author="ada", uploads=safe_uploads())
    (release,) = listed(world)["releases"]
    with world.store.reading() as tx:
        package = tx.requests.release(made.number)
    assert release == {"released_on": TODAY.isoformat(), "outputs": 1, "output_types": ["csv"],
                       "sha256": package.sha256, "recalled": False}


@pytest.mark.parametrize(("status", "says"), [
    (GrantStatus.SUSPENDED, "paused"), (GrantStatus.WITHDRAWN, "withdrawn"), (GrantStatus.EXPIRED, "ended")])
def test_how_a_grant_stands(world, status, says):
    with world.store.transaction() as tx:
        tx.grants.save(replace(tx.grants.get(world.live.id), status=status))
    assert [one["standing"] for one in listed(world)["datasets"]] == [says]


def test_a_project_that_ended_stays_listed(world):
    assert listed(world, "plea-timing")["standing"] == "ended"


def test_it_sets_no_cookie_may_be_cached_and_says_when_nothing_changed(world):
    for path in ("register", "register.json"):
        stranger = world.stranger()
        answer = stranger.get(f"{BASE}/{path}")
        assert "set-cookie" not in answer.headers and answer.headers["cache-control"] == "public, max-age=300"
        assert answer.headers["access-control-allow-origin"] == "*"
        again = stranger.get(f"{BASE}/{path}", headers={"If-None-Match": f'W/{answer.headers["etag"]}, "x"'})
        assert again.status_code == 304 and again.content == b""
    world.released(author="ada", uploads=safe_uploads())
    changed = stranger.get(f"{BASE}/register.json", headers={"If-None-Match": answer.headers["etag"]})
    assert changed.status_code == 200 and changed.headers["etag"] != answer.headers["etag"]


def test_what_is_not_public_does_not_even_change_its_tag(world):
    """A draft, a sign-in, a notice: whoever polls the register learns of none of them."""
    before = {path: world.stranger().get(f"{BASE}/{path}").headers["etag"] for path in ("register", "register.json")}
    started(world)
    with world.store.transaction() as tx:
        tx.events.record("ada", "person.signed-in", "person:ada")
    for path, tag in before.items():
        answer = world.stranger().get(f"{BASE}/{path}", headers={"If-None-Match": tag})
        assert (answer.status_code, answer.headers["etag"]) == (304, tag)
        assert world.stranger().get(f"{BASE}/{path}", headers={"If-None-Match": "*"}).status_code == 304
        head = world.stranger().head(f"{BASE}/{path}")
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


def test_data_of_a_project_that_is_over_are_not_in_use(world):
    """Whatever the grant's own last day is: it ends with its project."""
    world.project("over", "Over", ProjectStatus.ACTIVE, -3, {"ada"})
    world.grant("over", "magistrates", GrantStatus.ACTIVE)
    world.record_version("over")
    (dataset,) = listed(world, "over")["datasets"]
    assert (dataset["standing"], dataset["until"]) == ("ended", (TODAY - timedelta(3)).isoformat())


def test_a_title_turns_nothing_around_it(world):
    """Marks of direction cannot be seen, and would set what follows from right to left."""
    slug = started(world, "noor", "Returns \u202eteews\u2066 \u200babc\u2028 \u0645\u200c\u062e")
    with world.store.reading() as tx:
        assert tx.projects.get(slug).title == "Returns teews abc \u0645\u200c\u062e"


def test_a_signed_in_reader_gets_the_same_page(world):
    assert world.client("ada").see("/register").text == world.stranger().get(f"{BASE}/register").text


def test_the_schema_is_served(world):
    answer = world.stranger().get(f"{BASE}/register.schema.json")
    assert answer.json() == SCHEMA


def test_what_people_wrote_cannot_break_the_page(world):
    hostile = '<script>alert(1)</script>" onload="x'
    world.project("hostile", hostile, ProjectStatus.ACTIVE, 90, {"ada"})
    world.record_version("hostile")
    page = world.stranger().get(f"{BASE}/register").text
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_many_are_paged_and_the_number_of_questions_does_not_grow(world):
    for number in range(45):
        world.project(f"project-{number:02}", f"Project {number:02}", ProjectStatus.ACTIVE, 90, {"ada"})
        world.grant(f"project-{number:02}", "magistrates", GrantStatus.ACTIVE)
        world.record_version(f"project-{number:02}")
    asked = []
    event.listen(world.store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    first = register.page(world.room, 1)
    assert (len(first.projects), first.total) == (20, 47) and len(asked) < 10
    asked.clear()
    assert len(register.register(world.room).projects) == 47 and len(asked) < 10
    assert "number=3" in world.stranger().get(f"{BASE}/register?number=2").text
    assert "There are no more projects" in world.stranger().get(f"{BASE}/register?number=9").text
    for wrong in ("0", "-1", "x", "1e9"):
        assert world.stranger().get(f"{BASE}/register?number={wrong}").status_code == 422
