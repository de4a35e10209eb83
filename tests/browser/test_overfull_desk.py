"""The airlock's pages when overfull: a hundred files, fifty comments, endless names, writing both ways."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readingroom.core.comments import Audience, Remark
from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.policy import Layer, Policy, strictest
from readingroom.core.policy.library import Policies
from readingroom.core.releases import Download
from readingroom.core.requests import Decision, Delivery, FileKind, Vote
from readingroom.services import handover, holdups, requests
from readingroom.services.uploads import Upload
from tests.browser.populated import files_on_their_way_in, to_sign
from tests.browser.site import Site, look_at_both_widths, picture, serve
from tests.integration.web.world import CONTEXT, NOW, PEOPLE, SITE, World

LONG, HEBREW = "Unbroken" * 25, "טבלאות של עבירות לפי מין ושנה " * 6
WORDS = "Say which year this is, and why the small row was kept; the paper does not. " * 5
MANY = b"offence,F,M\n" + b"".join(b"Offence group %d,%d,%d\n" % (n, 1400 + n, 2500 + n) for n in range(25))
SLUG = "returning-defendants"


def _policies(world: World, more: Policy) -> None:
    found = world.room.policies
    object.__setattr__(world.room, "policies", Policies(
        Layer("site", strictest(SITE.policy.model_copy(update={"max_files": 100}), more)), found.programmes,
        found.datasets, found.undertakings))


def a_hundred_files(world: World) -> int:
    """Of them one with fifty comments, as both checkers see them while they settle it."""
    uploads = tuple(Upload(f"{'a' * 90}-{n}.csv", MANY, CONTEXT + " " + LONG) for n in range(100))
    request = world.in_review(author="bilal", title=LONG, uploads=uploads)
    for checker in ("imran", "freya"):
        requests.review(world.room, checker, request.number,
                        [Vote(file.id, Decision.CHANGE, LONG) for file in request.files], "Between us: " + LONG,
                        [Remark(request.files[0].id, f"cell:{n + 1},2", WORDS if n % 2 else LONG, Audience.RESEARCHER)
                         for n in range(25)])
    return request.number


def arrivals(world: World) -> int:
    """Names and titles that do not break by themselves, many of them in one request."""
    files_on_their_way_in(world)
    _policies(world, Policy(incoming_kinds=frozenset({"code"}), incoming_files=30, incoming_file_bytes=100_000,
                            incoming_bytes=1_000_000, incoming_checkers=1))
    for title, names in ((LONG, [f"{'x' * 95}{n}.py" for n in range(30)]), (HEBREW, ["groups.py"])):
        made = requests.submit(world.room, "bilal", SLUG, title[:200].strip(), "The second paper", tuple(
            Upload(name, b"A = 1\n", CONTEXT, kind=FileKind.CODE, source=LONG, licence="MIT") for name in names),
            direction=Direction.IN)
        world.check(made.number)
        with world.store.transaction() as tx:
            tx.requests.set_status(made.number, RequestStatus.DELIVERED)
            tx.requests.add_delivery(Delivery(made.number, NOW))
    waiting = requests.submit(world.room, "bilal", SLUG, HEBREW[:200].strip(), LONG, (
        Upload("b.py", b"A = 1\n", CONTEXT, kind=FileKind.CODE, source=LONG, licence=LONG),), direction=Direction.IN)
    world.check(waiting.number)
    with world.store.transaction() as tx:
        tx.requests.set_status(waiting.number, RequestStatus.APPROVED)
        tx.events.record("system", holdups.HELD_UP, f"request:{waiting.number}", SLUG, round=1, status="approved",
                         rule="incoming.folder", message="The shared folder of the project cannot be opened: " + LONG,
                         next_step="An administrator should look at it; nothing was lost.")
    return waiting.number


def recalled(world: World) -> int:
    """Downloaded by many, and taken back with much to say."""
    request = world.released(author="dara", title=LONG)
    with world.store.transaction() as tx:
        for n in range(60):
            tx.releases.add_download(request.number, Download(PEOPLE[n % 6][0], NOW + timedelta(minutes=n), "a" * 64))
    handover.recall(world.room, "mercer", request.number, WORDS + LONG)
    return request.number


def populated(root) -> World:
    world = World(root)
    _policies(world, Policy())
    world.numbers = {"hundred": a_hundred_files(world), "recalled": recalled(world), "held": arrivals(world),
                     "sign": to_sign(world)}
    world.returned(author="ada", title=LONG)
    return world


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serve(populated(tmp_path_factory.mktemp("overfull") / "state")) as made:
        yield made


FULL = [
    ("bilal", "/incoming", "What arrived"), ("bilal", "/requests/{held}", "Why it does not go on"),
    ("imran", "/requests/{held}", "Why it does not go on"), ("robin", "/turnaround", "What does not go on"),
    ("imran", "/turnaround", "What leaves"), ("bilal", "/requests/{hundred}", "Files"),
    ("imran", "/queue", "Requests to check"),
    ("mercer", "/releases/{recalled}", "Recalled"), ("dara", "/requests/{recalled}", "The release was recalled"),
    ("bilal", "/incoming/new?project=returning-defendants", "Before you ask"), ("ada", "/requests", "Your requests"),
    ("mercer", "/releases", "Releases"), ("okafor", "/sign-offs/{sign}", "Rules in force"),
    ("imran", "/training", "Training"),
]


@pytest.mark.parametrize(("who", "path", "words"), FULL)
def test_an_overfull_page_can_be_read_at_either_width(site: Site, who, path, words):
    with site.browser(who) as page:
        look_at_both_widths(site, page, path.format(**site.world.numbers), f"full-{who}-{path}")
        assert words in page.locator("main").inner_text()


def test_a_hundred_files_with_fifty_comments_fit_the_checker_s_page(site: Site):
    """One at a time with the script; without it all stand below each other, and none is wider than the window."""
    for javascript in (True, False):
        with site.browser("imran", javascript=javascript) as page:
            site.open(page, f"/requests/{site.world.numbers['hundred']}/review")
            assert "Settle it together" in page.locator("h1").inner_text()
            assert page.locator(".rr-sheet:visible").count() == (1 if javascript else 100)
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 900})
                picture(page, f"full-hundred-{width}" if javascript else "")
                across = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                assert not javascript or page.evaluate(across) <= 0
