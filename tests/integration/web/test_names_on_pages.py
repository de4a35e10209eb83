"""People go by their names on pages, and datasets by their titles; usernames and slugs are for addresses."""

from __future__ import annotations

import re

import pytest

from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from tests.integration.web import applicant
from tests.integration.web.applicant import Applicant, agreed, started


def words(page) -> str:
    """What the page says, without what only machines read."""
    main = re.sub(r"(?s)<script.*?</script>", "", page.text[page.text.index("<main"):])
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


@pytest.fixture
def asked(world):
    """An application by Ada of both departments' data, before its owner."""
    written = Applicant(world, "ada", started(world))
    written.fill(("magistrates", "pupils"))
    written.submit()
    return written


def test_the_owner_reads_names_and_titles(world, asked):
    olive = world.client("olive")
    inbox = words(olive.see("/applications"))
    assert "Lead Ada Marsh Datasets Magistrates’ courts defendants, Pupil records" in inbox
    assert "by Ada Marsh" in words(olive.see(f"/applications/{asked.slug}"))
    olive.do(f"/applications/{asked.slug}/accept", version="1")
    assert "Accepted by Olive Hart." in words(olive.see(f"/applications/{asked.slug}"))


def test_versions_and_the_last_look_name_the_people(world, asked):
    bilal = world.client("bilal")
    assert "by Ada Marsh" in words(bilal.see(f"/projects/{asked.slug}/versions"))
    assert "by Ada Marsh." in words(bilal.see(f"/projects/{asked.slug}/versions/1"))
    assert "Only the lead, Ada Marsh, can submit it" in words(bilal.see(f"/projects/{asked.slug}/application/check"))


def test_the_catalogue_names_who_decides_and_where_to_apply(world):
    ada = world.client("ada")
    assert "Custodian Jo Mercer" in words(ada.see("/datasets"))
    page = ada.see("/datasets/magistrates")
    assert "Custodian Jo Mercer" in words(page) and 'href="/services/portal/projects/new"' in page.text
    assert "Apply for data" not in words(world.client("mercer").see("/datasets/magistrates"))


def test_a_grant_and_a_record_name_who_decided_and_recorded(world, asked):
    world.client("olive").do(f"/applications/{asked.slug}/accept", version="1")
    agreed(world, asked.slug, "magistrates")
    number = applicant.grants(world, asked.slug)["magistrates"].id
    page = words(world.client("mercer").see(f"/grants/{number}"))
    assert "Decided by Jo Mercer" in page
    story = page[page.index("What happened under it"):]
    assert "Jo Mercer grant.agreed" in story
    robin = world.client("robin")
    assert robin.do("/people/bilal/suspend", reason="Lost their laptop").status_code == 303
    assert "Robin Adeyemi person.suspended" in words(robin.see("/people/bilal"))


def test_a_grant_of_a_project_that_is_over_says_who_can_do_what(world):
    """A date that could never be given is not asked for."""
    world.project("over", "Over by now", ProjectStatus.ACTIVE, -3, {"chloe"})
    grant = world.grant("over", "magistrates", GrantStatus.ACTIVE)
    page = world.client("mercer").see(f"/grants/{grant.id}/renew")
    assert "The project itself ended on 21 November 2026" in words(page)
    assert "can ask for a later end" in words(page) and 'name="until-day"' not in page.text


def test_why_a_workspace_stays_shut_names_the_data_by_title(world):
    world.client("mercer").do(f"/grants/{world.live.id}/withdraw", reason="The purpose changed")
    page = words(world.client("ada").see("/projects"))
    assert "The grant of Magistrates’ courts defendants was withdrawn by its custodian: “The purpose changed”." in page
