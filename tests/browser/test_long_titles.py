"""Lists of what has the longest titles that there may be, as they are seen on a phone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core.requests import Decision
from tests.browser.site import Site, faults_of, picture, serve
from tests.integration.web.world import World

LONG = "Reoffending" * 15 + " by sex, offence group and region of the court that sentenced"
SIDEWAYS = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.ariaLabel)"


@pytest.fixture(scope="module")
def overfull(tmp_path_factory):
    """Few requests, each with a title as long as one may be, of a project whose title is no shorter."""
    world = World(tmp_path_factory.mktemp("overfull") / "state")
    with world.store.transaction() as tx:
        tx.projects.save(replace(tx.projects.get("returning-defendants"), title=LONG))
    dataset, policy = world.room.policies.datasets["magistrates"]
    world.released(title=LONG[:200])
    for author in ("ada", "bilal"):
        world.in_review(author=author, title=LONG[:200])
    world.room.policies.datasets["magistrates"] = dataset, policy.model_copy(update={"custodian_sign_off": True})
    signed = world.in_review(author="dara", title=LONG[:200])
    for checker in ("imran", "freya"):
        world.vote(checker, signed, Decision.APPROVE, "Large counts only.")
    with serve(world) as made:
        yield made


@pytest.mark.parametrize(("name", "path"), [
    ("ada", "/requests"), ("tomas", "/queue"), ("ada", "/releases"), ("mercer", "/sign-offs"), ("ada", "/incoming")])
def test_the_longest_titles_wrap_on_a_phone(overfull: Site, name, path):
    """Nobody should have to move a list sideways to read it. What a cell is, is said where its column has no head."""
    with overfull.browser(name) as page:
        overfull.open(page, path)
        assert faults_of(page) == []
        picture(page, f"overfull-{path.strip('/')}")
        page.set_viewport_size({"width": 390, "height": 844})
        picture(page, f"overfull-{path.strip('/')}-phone")
        assert page.eval_on_selector_all(".rr-scroll", SIDEWAYS) == []
        assert page.locator(".rr-list").count() or path == "/incoming"
