"""Long lists, and looking after people, as they are seen at either width: axe objects to nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from readingroom.core.people import Standing
from readingroom.core.policy import Layer, Policy, strictest
from readingroom.core.policy.library import Policies
from readingroom.core.roles import Role
from readingroom.services import people
from tests.browser.site import Site, faults_of, picture, serve
from tests.factories import UNDERTAKING
from tests.integration.web.test_list_pages import Filling
from tests.integration.web.world import NOW, World

WHY = {"reason": "Agreed with their department"}
LISTS = [("ada", "/projects"), ("ada", "/projects?page=2"), ("ada", "/requests"), ("ada", "/releases"),
         ("ada", "/projects/returning-defendants/versions"), ("ada", "/projects/returning-defendants/packages"),
         ("mercer", "/grants"), ("mercer", "/grants/1"), ("mercer", "/sign-offs"), ("mercer", "/releases"),
         ("mercer", "/datasets/magistrates/account"), ("imran", "/queue"), ("robin", "/people"), ("robin", "/packages"),
         ("robin", "/health"), ("robin", "/audit"), ("olive", "/applications")]
PEOPLE = {
    "second-person": ("robin", "/people/verified", "policy asks for a second person"),
    "undertaking-ends": ("bilal", "/account/undertaking", "sign again before then"),
    "account-ends": ("bilal", "/account", "Read and sign the undertaking"),
    "lead-away-member": ("bilal", "/projects/returning-defendants", "An administrator can name another"),
    "lead-away": ("robin", "/projects/returning-defendants", "Name as lead"),
    "name-lead": ("robin", "/projects/returning-defendants/members/bilal/lead", "lead this project?"),
    "urgent": ("r0", "/projects?page=2", "Urgent"),
    "own-part": ("mercer", "/projects/courts-and-schools", "Magistrates"),
}


def populated(root) -> World:
    world = World(root)
    found = world.room.policies
    site = Layer("site", strictest(found.site.policy, Policy(two_people_vouch=True)))
    ending = replace(UNDERTAKING, days=20)
    object.__setattr__(world.room, "policies", Policies(site, found.programmes, found.datasets, (ending,)))
    Filling(world, 27)
    people.invite(world.room, "robin", "verified", "Vera Fied", "University of Leeds", [Role.RESEARCHER], **WHY)
    people.verify(world.room, "robin", "verified", "Passport seen", **WHY)
    people.record_training(world.room, "robin", "verified", "Safe researcher", NOW.date() - timedelta(days=3), **WHY)
    with world.store.transaction() as tx:
        people.record_signature(tx, tx.people.get("bilal"), ending, NOW)
    return world


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serve(populated(tmp_path_factory.mktemp("lists") / "state")) as made:
        yield made


@pytest.mark.parametrize(("name", "path"), LISTS)
def test_a_long_list_can_be_read_and_turned(site: Site, name, path):
    with site.browser(name) as page:
        site.open(page, path)
        assert faults_of(page) == []
        picture(page, "list-" + path.strip("/").replace("/", "-").replace("?", "-"))
        onwards = page.locator("nav a", has_text="Next").or_(page.locator("nav a", has_text="Older"))
        if onwards.count():
            onwards.first.click()
            assert page.locator("h1").count() == 1 and faults_of(page) == []


@pytest.mark.parametrize("what", PEOPLE)
def test_looking_after_people(site: Site, what):
    name, path, said = PEOPLE[what]
    if "lead" in what:  # not before: her lists are looked at above
        with site.world.store.transaction() as tx:
            tx.people.save(replace(tx.people.get("ada"), standing=Standing.SUSPENDED))
    with site.browser(name) as page:
        site.open(page, path)
        assert said in page.inner_text("main"), page.inner_text("main")[:2000]
        assert faults_of(page) == []
        picture(page, what)
        page.set_viewport_size({"width": 390, "height": 844})
        picture(page, f"{what}-phone")


def test_a_custodian_reads_nothing_of_another_departments_columns(site: Site):
    with site.browser("mercer") as page:
        site.open(page, "/projects/courts-and-schools")
        said = page.inner_text("main")
        assert "Magistrates" in said and "School census" not in said and "Pupil records" not in said
