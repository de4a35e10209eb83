"""Beginning an application with a file, in the browser: every fault in one answer, else the answers to read through."""

from __future__ import annotations

import pytest

from readingroom.core.lifecycle import ProjectStatus
from tests.integration.web.world import GATEWAY, PURPOSE

SOUND = f"""\
programme: data-first
title: Sentences by age
aim: To learn how sentences vary.
public_benefit: Fairer courts.
purpose: {PURPOSE}
legal_gateway: {GATEWAY}
ends_on: 2027-03-31
members: [bilal]
datasets:
  - dataset: magistrates
    columns: {{defendants: {{defendant_id: To count people., sex: To compare groups.}}}}
outputs: Tables by age.
"""


def sent(world, content: str, name="application.yaml", who="ada"):
    return world.client(who).do("/projects/from-file", files={"file": (name, content.encode())})


def test_the_draft_is_read_through_and_submitted_by_the_person(world):
    answer = sent(world, SOUND)
    assert answer.status_code == 303 and answer.headers["location"].endswith("/application/check")
    slug = answer.headers["location"].split("/")[-3]
    ada = world.client("ada")
    page = ada.see(f"/projects/{slug}/application/check").text
    assert "To learn how sentences vary." in page and "Bilal Hussain" in page and ">\n  Submit" in page
    assert ada.do(f"/projects/{slug}/application/submit").status_code == 303
    with world.store.reading() as tx:
        assert tx.projects.get(slug).status is ProjectStatus.OWNER_REVIEW


def test_all_faults_are_listed_at_once_and_nothing_is_started(world):
    before = world.client("ada").see("/projects").text.count("rr-card__head")
    answer = sent(world, SOUND.replace("title:", "titel:").replace("bilal", "nobody-here"), "<b>mine.yaml")
    assert answer.status_code == 422
    for said in ("_b_mine.yaml:1: title: is missing", "_b_mine.yaml:2: titel: is not a field here; did you mean",
                 "_b_mine.yaml:8: members.0: No researcher here goes by “nobody-here”"):
        assert said in answer.text.replace("&#39;", "'"), said
    assert world.client("ada").see("/projects").text.count("rr-card__head") == before


@pytest.mark.parametrize(("content", "says"), [
    ("", "is empty"), ("a\x00", "is not valid YAML"), ("a: [", "is not valid YAML")])
def test_what_is_no_application_is_said_beside_the_field(world, content, says):
    answer = sent(world, content)
    assert answer.status_code == 422 and 'id="file-error"' in answer.text and says in answer.text


def test_without_a_file_the_page_asks_for_one(world):
    answer = world.client("ada").do("/projects/from-file")
    assert answer.status_code == 422 and "No file is chosen." in answer.text


def test_only_researchers_do_it(world):
    assert sent(world, SOUND, who="mercer").status_code == 403


def test_the_schema_is_beside_the_form(world):
    ada = world.client("ada")
    assert "/projects/application.schema.json" in ada.see("/projects/new").text
    assert ada.see("/projects/application.schema.json").json()["title"] == "ApplicationFile"
