"""The checker's desk in a real browser: by keys alone, without scrolling, and without JavaScript."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from readingroom.core.requests import Decision
from readingroom.core.training import cases_of
from readingroom.services import requests, training
from readingroom.services.uploads import Upload
from tests.browser.site import picture, serve
from tests.integration.web.world import CONTEXT, World

pytestmark = pytest.mark.browser
LAPTOP = {"width": 1280, "height": 800}
LONG = b"band,n\n" + b"".join(b"band %d,%d\n" % (n, 1400 + n) for n in range(450))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("desk") / "state")
    world.request = world.in_review(author="ada")
    world.long = world.in_review(author="bilal", title="A long table", uploads=(
        Upload("long.csv", LONG, CONTEXT), Upload("unseen.txt", b"It " * 3000, CONTEXT)))
    with serve(world) as site:
        yield site


@pytest.fixture
def desk(site):
    """Opens the review page of a request as someone, on a laptop's screen."""
    made = []

    def opened(who, request, *, javascript=True, more=""):
        made.append(site.browser(who, javascript=javascript))
        page = made[-1].__enter__()
        page.set_viewport_size(LAPTOP)
        site.open(page, f"/requests/{request.number}/review{more}")
        return page

    yield opened
    for context in made:
        context.__exit__(None, None, None)


def known(site, who, request):
    return [(one.anchor.at, one.text) for one in requests.get(site.world.room, who, request.number).comments]


def test_a_whole_review_is_done_by_keys_alone(site, desk):
    request = site.world.request
    page = desk("tomas", request)
    keys = page.keyboard
    keys.press("p")  # the flagged cell: Robbery, female
    assert page.evaluate("document.activeElement.value.split(' ')[1]") == "cell:2,2"
    keys.press("ArrowDown")
    keys.press("ArrowRight")
    assert page.evaluate("document.activeElement.value.split(' ')[1]") == "cell:3,3"
    keys.press("ArrowLeft")
    keys.press("ArrowUp")
    keys.press("Enter")
    keys.type("Four people: merge it with theft.")
    keys.press("Escape")
    keys.press("c")
    keys.press("j")
    keys.press("c")
    keys.press("/")
    keys.type("Save it without the label of the smallest bar.")
    keys.press("Escape")
    keys.press("j")
    keys.press("w")
    keys.type("line:1")
    keys.press("Tab")
    keys.type("Which years?")
    keys.press("Escape")
    keys.press("c")
    assert page.locator("#progress").inner_text() == "3 of 3 decided"
    keys.press("n")
    keys.type("Seen the like in 2025.")
    keys.press("Escape")
    keys.press("s")
    keys.press("Enter")
    page.get_by_text("Your answer to request").wait_for()
    assert known(site, "tomas", request) == [("cell:2,2", "Four people: merge it with theft."),
                                             ("line:1", "Which years?")]
    own = requests.get(site.world.room, "tomas", request.number).own_review
    assert {vote.decision for vote in own.votes} == {Decision.CHANGE} and own.note == "Seen the like in 2025."


def test_what_is_decided_on_and_with_is_on_the_screen_without_scrolling(site, desk):
    page = desk("freya", site.world.request)
    assert page.evaluate("window.scrollY") == 0
    for whole in (".rr-output", ".rr-vote", "#submit-review", ".rr-files"):
        box = page.locator(f"{whole}:visible").first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= LAPTOP["height"], whole
    finding = page.locator(".rr-finding:visible").first.bounding_box()
    assert finding["y"] + finding["height"] <= LAPTOP["height"]
    picture(page, "desk-1280x800")


def test_the_list_of_keys_is_shown_and_keys_can_be_switched_off(site, desk):
    page = desk("freya", site.world.request)
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    page.keyboard.press("a")  # not while the list is open
    page.get_by_label("Use single keys on this page").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    assert page.locator("#progress").inner_text() == "0 of 3 decided"
    page.reload()
    page.keyboard.press("a")
    assert page.locator("#progress").inner_text() == "0 of 3 decided"
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use single keys on this page").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("a")
    assert page.locator("#progress").inner_text() == "1 of 3 decided"


def test_tab_and_enter_do_it_too(site, desk):
    """Nothing needs a single key or a pointer: the flagged cell is reached by Tab, and a radio by Space."""
    page = desk("freya", site.world.request)
    page.locator(".rr-sheet:visible .rr-output").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value.split(' ')[1]") == "cell:2,2"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.value") == "cell:2,2"
    page.locator("input[data-key=u]:visible").focus()
    page.keyboard.press("ArrowUp")
    assert page.locator("#progress").inner_text() == "1 of 3 decided"


def test_following_a_cell_loses_nothing_that_was_typed(site, desk):
    page = desk("freya", site.world.request)
    page.keyboard.press("/")
    page.keyboard.type("Half a sent")
    page.keyboard.press("Escape")
    page.locator(".rr-place:visible", has_text="5400").click()
    assert page.locator(".rr-vote textarea:visible").first.input_value() == "Half a sent"
    assert page.locator(".rr-say input:visible").input_value() == "cell:1,3"
    page.keyboard.type("Of which year?")
    page.get_by_role("button", name="Add comment").click()
    assert page.locator(".rr-vote textarea:visible").first.input_value() == "Half a sent"
    assert page.locator(".rr-comment:visible", has_text="Of which year?").count() == 1
    page.get_by_role("button", name="Take back").click()
    assert page.locator(".rr-comment", has_text="Of which year?").count() == 0


def test_a_comment_is_written_and_found_without_javascript(site, desk):
    request = site.world.long
    page = desk("freya", request, javascript=False)
    assert page.locator(".rr-sheet:visible").count() == 2 and page.locator("#keys").is_hidden()
    page.locator(".rr-vote textarea").first.fill("Half a sent")
    page.locator(".rr-place", has_text="band 7").first.click()
    assert page.locator(".rr-vote textarea").first.input_value() == "Half a sent"
    say = page.locator(".rr-say[open]")
    say.get_by_label("What").fill("Is this band empty in 2020?")
    say.get_by_role("button", name="Add comment").click()
    assert known(site, "freya", request) == [("cell:8,1", "Is this band empty in 2020?")]
    assert page.locator("a[href$='cell-8-1']").count() == 1


def test_a_long_file_is_approved_once_its_parts_were_opened_and_one_unseen_is_not(site, desk):
    request = site.world.long
    page = desk("imran", request)
    for part in ("2", "3"):
        with page.expect_popup() as opened:
            page.get_by_role("link", name=f"{part} part (opens in new tab)").click()
        opened.value.get_by_text("Shown in 3 parts").wait_for()
        opened.value.close()
    page.keyboard.press("a")
    page.keyboard.press("/")
    page.keyboard.type("Large counts.")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.keyboard.press("/")
    page.keyboard.type("I trust them.")
    page.keyboard.press("Escape")
    page.locator("#submit-review").click()
    assert "unseen.txt can't be approved" in page.locator(".govuk-error-summary").inner_text()
    page.get_by_text("2 of 2 decided").wait_for()  # the script has begun
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.locator("#submit-review").click()
    page.get_by_text("Your answer to request").wait_for()


def test_a_training_set_is_taken_by_keys(site):
    with site.browser("imran") as page:
        page.set_viewport_size(LAPTOP)
        site.open(page, "/training")
        page.get_by_role("button", name="Begin the next set").click()
        page.get_by_text("0 of 12 decided").wait_for()
        for case in cases_of(1):
            page.keyboard.press("a" if case.answer is Decision.APPROVE else "c")
            page.keyboard.press("j")
        assert page.locator("#progress").inner_text() == "12 of 12 decided"
        page.keyboard.press("s")
        page.keyboard.press("Enter")
        page.get_by_text("12 of 12", exact=True).wait_for()
    assert training.mine(site.world.room, "imran")[0].score.right == 12
