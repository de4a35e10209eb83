"""The portal in a real browser: every page at desktop and phone width, with and without JavaScript, per role."""

from __future__ import annotations

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.populated import pages, populate
from tests.browser.site import WIDTHS, faults_of, picture, serve
from tests.integration.web.world import BASE, World

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("portal") / "state")
    world.numbers = populate(world)
    with serve(world) as site:
        yield site


def test_every_page_is_accessible_and_fits(site):
    """axe finds nothing at either width, nothing but tables scrolls sideways, no script fails, no policy is broken."""
    found = []
    for name, path in pages(site.world.numbers):
        with site.browser(name) as page:
            site.open(page, path)
            found += [(name, path, *fault) for fault in faults_of(page)]
    assert not found


@pytest.mark.parametrize("statistic", ["people", "mean", "quantile"])
def test_the_page_of_a_price_is_accessible_and_fits_without_javascript(site, statistic):
    with site.browser("ada", javascript=False) as page:
        site.open(page, f"/projects/returning-defendants/private?statistic={statistic}")
        page.get_by_role("button", name="See the price first").click()
        assert "What would another spend buy?" in page.locator("main").inner_text()
        query = page.locator('form[action$="/ask"] input[name=query]').get_attribute("value")
        page.get_by_label("Less noise costs more").fill("16")
        page.get_by_role("button", name="Price it at this spend").click()
        page.get_by_role("button", name="Pay 0.010 rho and ask").wait_for()
        for spend in ("0.001 rho", "0.0001 rho"):
            page.get_by_role("button", name=f"Choose {spend}").click()
            page.get_by_role("button", name=f"Pay {spend} and ask").wait_for()
    with site.browser("ada") as page:
        site.open(page, f"/projects/returning-defendants/private?statistic={statistic}")
        page.get_by_role("button", name="See the price first").click()
        assert page.locator('form[action$="/ask"] input[name=query]').get_attribute("value") == query
        slider, said = page.get_by_label("Less noise costs more"), page.locator("#step-text")
        before = said.inner_text()
        expect(slider).to_have_attribute("aria-valuetext", before)  # the page's script has begun
        slider.press("ArrowRight")
        assert said.inner_text() != before == slider.evaluate("it => it.list.options[8].label")
        assert slider.get_attribute("aria-valuetext") == said.inner_text()
        for across, down in WIDTHS.values():
            page.set_viewport_size({"width": across, "height": down})
            picture(page, f"price-{statistic}-{across}")
            assert [one["id"] for one in Axe().run(page).response["violations"]] == []
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_checker_decides_by_keyboard(site):
    number = site.world.numbers["waiting"]
    with site.browser("tomas") as page:
        site.open(page, f"/requests/{number}/review")
        assert page.locator(".rr-sheet:visible").count() == 1
        page.keyboard.press("c")
        page.keyboard.press("/")
        page.keyboard.type("Merge robbery into other.")
        page.keyboard.press("Escape")
        for _ in range(2):
            page.keyboard.press("j")
            page.keyboard.press("c")
            page.keyboard.press("/")
            page.keyboard.type("See the table.")
            page.keyboard.press("Escape")
        assert page.locator("#progress").inner_text() == "3 of 3 decided"
        page.locator("#submit-review").click()
        assert "Your answer to request" in page.locator("main").inner_text()


def test_a_decision_needs_no_scrolling(site):
    with site.browser("freya") as page:
        site.open(page, f"/requests/{site.world.numbers['waiting']}/review")
        for what in (".rr-output", ".rr-finding", ".rr-vote"):
            box = page.locator(f"{what}:visible").first.bounding_box()
            assert box["y"] + min(box["height"], 120) <= 900


def test_everything_works_without_javascript(site):
    """A custodian refuses, a researcher submits and withdraws, a checker sees all files stacked."""
    with site.browser("freya", javascript=False) as page:
        site.open(page, f"/requests/{site.world.numbers['waiting']}/review")
        assert page.locator(".rr-sheet:visible").count() == 3
    world = site.world
    with site.browser("ada", javascript=False) as page:
        site.open(page, f"/requests/{world.numbers['waiting']}/withdraw")
        page.get_by_role("button", name="Withdraw the request").click()
        assert "Withdrawn by its author" in page.locator("main").inner_text()
        site.open(page, "/requests/new?project=returning-defendants")
        page.get_by_label("Title").fill("Counts by sex")
        page.get_by_label("Where will it appear?").fill("An article")
        page.locator("#file-1").set_input_files(
            [{"name": "t.csv", "mimeType": "text/csv", "buffer": b"sex,n\nF,120\nM,340\n"}]
        )
        page.get_by_label("What does it show, and for which people?").first.fill(
            "Distinct defendants by sex, 2011 to 2019."
        )
        page.get_by_role("button", name="Freeze these files and submit").click()
        assert "Counts by sex" in page.locator("h1").inner_text()


def test_an_opening_workspace_is_followed_to_its_end(site):
    with site.browser("dara") as page:
        site.open(page, "/projects/returning-defendants/workspace")
        assert "opening" in page.locator("h1").inner_text()
        site.world.hub.states["dara", "returning-defendants"] = "running"
        page.locator("iframe[title=JupyterLab]").wait_for(timeout=8000)


def test_the_parts_of_a_date_stand_side_by_side(site):
    with site.browser("mercer") as page:
        site.open(page, "/grants/1/renew")
        boxes = [page.get_by_label(part, exact=True).bounding_box() for part in ("Day", "Month", "Year")]
        assert len({box["y"] for box in boxes}) == 1 and all(box["width"] < 120 for box in boxes)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_bar_above_a_workspace_leaves_the_frame_its_room(site, width):
    with site.browser("ada") as page:
        page.set_viewport_size({"width": width, "height": 800})
        site.world.hub.states["ada", "returning-defendants"] = "running"
        site.open(page, "/projects/returning-defendants/workspace")
        bar, frame = page.locator(".rr-shell").bounding_box(), page.locator("iframe[title=JupyterLab]").bounding_box()
        assert frame["y"] >= bar["y"] + bar["height"] - 1
        assert frame["width"] == width and frame["height"] > 300
        assert frame["y"] + frame["height"] <= 801
        assert "shown in 24 hours" in page.locator(".rr-shell").inner_text()
        if folder := os.environ.get("READINGROOM_PICTURES"):
            page.screenshot(path=f"{folder}/shell-{width}.png")
        page.faults.clear()  # the frame leads to no running workspace here


def test_a_script_of_the_same_origin_cannot_read_a_page(site):
    """What a notebook's page could try: fetch a form's token with the cookie of whoever looks at it."""
    with site.browser("mercer") as page:
        page.goto(f"{site.address}{BASE}/static/icon.svg")
        got = page.evaluate(
            "path => fetch(path).then(async answer => [answer.status, await answer.text()])", f"{BASE}/grants"
        )
        assert got[0] == 403 and 'name="csrf_token"' not in got[1]
        page.faults.clear()
