"""The portal in a real browser: every page at desktop and phone width, with and without JavaScript, per role."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from readingroom.core.lifecycle import GrantStatus, ProjectStatus, RequestStatus
from readingroom.core.packages import Ecosystem
from readingroom.core.requests import Decision, Vote
from readingroom.core.roles import Role
from readingroom.hub.configure import NODE
from readingroom.ops.install import build_static
from readingroom.ops.progress import Progress
from readingroom.services import freezing, handover, packages, people, private_answers, requests
from readingroom.services.requests import Upload
from readingroom.web.private_forms import FIELDS
from readingroom.web.sessions import COOKIE
from tests.browser.people import ARGUMENTS, PICTURES
from tests.integration.test_packages import source, wheel
from tests.integration.web import applicant
from tests.integration.web.world import BASE, CONTEXT, NOW, World, safe_uploads
from tests.private_figures import settle

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}


class Site:
    """A populated installation behind a real server, and people's browsers in front of it."""

    def __init__(self, world: World, port: int, chromium) -> None:
        self.world, self.address, self._chromium = world, f"http://127.0.0.1:{port}", chromium

    @contextmanager
    def browser(self, name: str, *, javascript: bool = True):
        size = WIDTHS["desktop"]
        context = self._chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, java_script_enabled=javascript
        )
        cookie = self.world.seal.session_cookie(self.world.session(name))
        context.add_cookies(
            [{"name": COOKIE, "value": cookie, "domain": "127.0.0.1", "path": f"{BASE}/", "httpOnly": True}]
        )
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "console", lambda said: page.faults.append(said.text) if "Content Security Policy" in said.text else None
        )
        yield page
        assert page.faults == []
        context.close()

    def open(self, page, path: str) -> None:
        page.goto(self.address + BASE + path)


PRIVATE = {
    "answer": {"statistic": "histogram", "column": "sex"},
    "wide": {"statistic": "people", "by": ["sex", {"column": "age_at_offence", "edges": list(range(10, 91))}]},
    "mean": {"statistic": "mean", "column": "age_at_offence", "where": "sex = 'F'"},
    "quantile": {"statistic": "quantile", "column": "age_at_offence", "quantiles": [0.25, 0.5, 0.75], "by": "sex"},
    "top": {"statistic": "top", "column": "offence_group", "k": 3},
    "synthetic": {"statistic": "synthetic", "columns": ["sex", "offence_group"], "rows": 500},
    "unanswered": {"statistic": "count"},
}


def second_round(world: World) -> int:
    """A table with a changed cell, a new row and a table like one released before; one file approved before."""
    safe = safe_uploads()[0].content
    first = world.in_review(author="kim", project="second-look", title="The large groups again", uploads=(
        Upload("groups.csv", safe + b"Robbery,4,310\n", CONTEXT),
        Upload("method.txt", b"How.\nCounted.\n", CONTEXT)))
    for checker, decision in (("imran", Decision.CHANGE), ("freya", Decision.CHANGE)):
        requests.review(world.room, checker, first.number, [
            Vote(first.files[0].id, decision, "Robbery is four people."),
            Vote(first.files[1].id, Decision.APPROVE, "No numbers.")])
    requests.conclude(world.room, "imran", first.number, RequestStatus.RETURNED, "Merge robbery.")
    changed = safe.replace(b"410", b"412") + b"Other,140,1310\n"
    requests.resubmit(world.room, "kim", first.number, (
        Upload("groups.csv", changed, CONTEXT, ""), Upload("method.txt", b"How.\nCounted.\n", CONTEXT)))
    return world.check(first.number).number


def to_sign(world: World) -> int:
    """Approved by its checkers, waiting for the custodian of the pupils."""
    pupils, policy = world.room.policies.datasets["pupils"]
    world.room.policies.datasets["pupils"] = (pupils, policy.model_copy(update={"custodian_sign_off": True}))
    world.project("signed", "Signed off by its custodian", ProjectStatus.ACTIVE, 300, {"kim"})
    world.grant("signed", "pupils", GrantStatus.ACTIVE)
    request = world.in_review(author="kim", project="signed", title="Absences by sex")
    for checker in ("imran", "freya"):
        world.vote(checker, request, Decision.APPROVE, "Large counts only.")
    return request.number


def populate(world: World) -> dict[str, object]:
    numbers: dict[str, object] = {
        "released": world.released(author="bilal", uploads=safe_uploads(), title="Large groups only").number,
        "returned": world.returned(author="bilal", title="Returns by sex and offence, first try").number,
        "waiting": world.in_review(author="ada").number,
    }
    recalled = world.released(author="dara", uploads=safe_uploads(), title="Large groups, a second time").number
    handover.download(world.room, "dara", recalled)
    later = world.released(author="dara", uploads=safe_uploads(), title="And a third").number
    handover.recall(world.room, "mercer", recalled, "Together with release 1, a hidden cell can be solved for.")
    handover.finish_recheck(world.room, recalled, handover.recheck(world.room, recalled, later))
    numbers["recalled"] = recalled
    world.project("second-look", "A second look", ProjectStatus.ACTIVE, 200, {"kim"})
    world.grant("second-look", "magistrates", GrantStatus.ACTIVE)
    together = world.in_review(author="dara", title="Sentences by age band")
    world.vote(
        "imran", together, Decision.CHANGE, "Robbery among women is four people; merge it.", "Same team as before."
    )
    world.vote("freya", together, Decision.APPROVE, "Four is the number of cases known from the press.")
    numbers["together"] = together.number
    with world.store.transaction() as tx:
        tx.workspaces.open("bilal", "returning-defendants", NOW)
    numbers["second"] = second_round(world)
    numbers["to sign"] = to_sign(world)
    dataset = world.room.policies.dataset("magistrates")
    for name, question in PRIVATE.items():
        asked = {"dataset": "magistrates", "table": "defendants", "rho_micro": 200, **question}
        paid, _ = private_answers.ask(world.room, "ada", "returning-defendants", asked)
        numbers[name] = paid.id
        if name != "unanswered":
            settle(world.store, paid, dataset, NOW)
    tried = private_answers.dry_run(world.room, "ada", "returning-defendants", {
        "dataset": "magistrates", "table": "defendants", "rho_micro": 200, **PRIVATE["wide"]})
    settle(world.store, tried, dataset.twin, NOW)
    numbers["tried"] = tried.id
    world.clock.time += timedelta(minutes=5)  # their time has come
    world.hub.states["bilal", "returning-defendants"] = "running"
    world.hub.states["dara", "returning-defendants"] = "starting"
    packages.add(world.room, "returning-defendants", [wheel(), source()], by="command line")
    wishes = {"plotnine": "Figures in the style of our report.", f"a-very-{'long-' * 15}name": "x" * 300}
    for name, reason in wishes.items():
        packages.ask(world.room, "ada", "returning-defendants", Ecosystem.PIP, name, reason)
    refused = packages.ask(world.room, "dara", "returning-defendants", Ecosystem.CRAN, "keras", "Deep thoughts.")
    packages.refuse(world.room, "robin", refused.id, "It downloads models when it is first used.")
    world.project("ended-early", "Ended early", ProjectStatus.ACTIVE, 90, {"chloe"})
    world.grant("ended-early", "pupils", GrantStatus.ACTIVE)
    frozen = world.in_review(author="chloe", project="ended-early", title="Counts of a project that was closed")
    with world.store.transaction() as tx:
        tx.projects.set_status("ended-early", ProjectStatus.CLOSED)
    freezing.sweep(world.room)
    numbers["frozen"] = frozen.number
    numbers |= people_in_every_state(world)
    world.checkpoint()
    return numbers


def people_in_every_state(world: World) -> dict[str, str]:
    """Somebody new, somebody suspended, and somebody with more on record than fits; the link of the new one."""
    why = "Asked for by the lead of “Returning defendants”, on the telephone."
    new = people.invite(world.room, "robin", "invited", "Nia New", "Leeds", [Role.RESEARCHER], reason=why)
    people.invite(world.room, "robin", "suspended", "Sid", "Leeds", [Role.RESEARCHER, Role.CHECKER], reason=why)
    people.suspend(world.room, "robin", "suspended", reason=why)
    people.invite(world.room, "robin", "overfull", "Ottilie " + "Overfull-" * 12, "Institute of " + "Longnames" * 12,
                  [Role.RESEARCHER], email="ottilie." + "o" * 50 + "@institute.example", reason=why * 8)
    people.verify(world.room, "robin", "overfull", "Seen: " + "x" * 300, reason=why)
    for number in range(12):
        people.record_training(world.room, "robin", "overfull", f"Course {number}", world.room.today(), reason=why)
    return {"invitation": new.token}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    # Playwright's own Node needs a library that a small machine lacks; ours needs nothing.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(NODE))
    build_static(Progress())
    world = World(tmp_path_factory.mktemp("portal") / "state")
    world.numbers = {**populate(world), **applicant.populate(world)}
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        server = uvicorn.Server(uvicorn.Config(world.app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.02)
            with sync_playwright() as playwright:
                chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                yield Site(world, listening.getsockname()[1], chromium)
                chromium.close()
        finally:  # a browser that does not start must not leave pytest waiting for this thread
            server.should_exit = True
            thread.join(10)
    world.close()


def pages(numbers: dict[str, object]) -> list[tuple[str, str]]:
    """Each page in each of its states, with someone who sees it so."""
    slug = "/projects/returning-defendants"
    written, urgent = f"/projects/{numbers['draft']}/application", f"/projects/{numbers['urgent']}/application"
    return [
        ("ada", "/projects/new"),
        *(("noor", f"{written}{step}") for step in ("", "/aim", "/gateway", "/dates", "/people", "/data", "/settings",
                                                    "/outputs", "/check", "/data/magistrates")),
        *(("kim", f"{urgent}{step}") for step in ("", "/check", "/data/magistrates/reasons", "/data/pupils/rows")),
        *(("ada", f"{slug}{part}") for part in ("/application", "/versions", "/versions/2", "/policy", "/end",
                                                "/members/bilal/remove")),
        ("olive", "/applications"),
        ("olive", f"/applications/{numbers['urgent']}"),
        ("mercer", f"/grants/{numbers['asked']}"),
        ("mercer", f"/grants/{numbers['amendment']}"),
        ("mercer", f"/grants/{numbers['asked']}/return"),
        ("mercer", "/grants/1/suspend"),
        ("ada", "/projects"),
        ("noor", "/projects"),
        ("bilal", "/projects"),
        ("chloe", "/projects"),
        ("kim", "/projects"),
        ("ada", slug),
        ("ada", "/projects/courts-and-schools"),
        ("ada", f"{slug}/workspace"),
        ("bilal", f"{slug}/workspace"),
        ("dara", f"{slug}/workspace"),
        ("bilal", f"{slug}/workspace/close"),
        ("ada", f"{slug}/packages"),
        ("ada", "/projects/courts-and-schools/packages"),
        ("robin", "/packages"),
        ("ada", "/requests"),
        ("noor", "/requests"),
        ("ada", "/requests/new"),
        ("ada", "/requests/new?project=returning-defendants"),
        ("ada", "/requests/new?project=courts-and-schools"),
        ("ada", f"/requests/{numbers['waiting']}"),
        ("bilal", f"/requests/{numbers['returned']}"),
        ("bilal", f"/requests/{numbers['returned']}/resubmit"),
        ("bilal", f"/requests/{numbers['released']}"),
        ("ada", f"/requests/{numbers['waiting']}/withdraw"),
        ("bilal", "/releases"),
        ("noor", "/releases"),
        ("bilal", f"/releases/{numbers['released']}"),
        ("mercer", f"/releases/{numbers['recalled']}"),
        ("bilal", f"/requests/{numbers['recalled']}"),
        ("mercer", f"/releases/{numbers['released']}/recall"),
        ("chloe", f"/requests/{numbers['frozen']}"),
        ("tomas", f"/requests/{numbers['frozen']}/review"),
        ("ada", f"{slug}/private"),
        *(("ada", f"{slug}/private?statistic={statistic}") for statistic in FIELDS),
        *(("ada", f"/private-answers/{numbers[name]}") for name in PRIVATE),
        ("ada", f"/private-answers/{numbers['answer']}?show=10"),
        ("ada", f"/private-answers/{numbers['tried']}"),
        ("mercer", "/datasets/magistrates"),
        ("mercer", "/datasets/magistrates/account"),
        ("okafor", "/datasets/pupils/account"),
        ("ada", "/datasets"),
        ("ada", "/datasets/magistrates"),
        ("mercer", "/grants"),
        ("okafor", "/grants"),
        ("okafor", "/grants/3"),
        ("mercer", "/grants/1"),
        ("mercer", "/grants/1/withdraw"),
        ("mercer", "/grants/1/renew"),
        ("mercer", "/grants/1/receipt"),
        ("mercer", "/grants/4/receipt"),
        ("mercer", "/grants/4/renew"),
        ("imran", "/queue"),
        ("imran", "/turnaround"),
        ("mercer", "/sign-offs"),
        ("okafor", f"/sign-offs/{numbers['to sign']}"),
        ("okafor", "/sign-offs"),
        ("robin", "/turnaround"),
        ("tomas", f"/requests/{numbers['waiting']}/review"),
        ("imran", f"/requests/{numbers['together']}/review"),
        ("imran", f"/requests/{numbers['second']}/review"),
        ("robin", "/health"),
        ("robin", "/audit"),
        ("imran", "/notices"),
        ("noor", "/notices"),
        ("nobody", "/register"),
        ("nobody", "/register?number=9"),
        ("nobody", "/account"),
        ("ada", "/account"),
        ("invited", "/account"),
        ("invited", "/account/undertaking"),
        ("robin", "/people"),
        ("robin", "/people?q=nobody-of-this-name"),
        ("mercer", "/people"),
        *(("robin", f"/people/{name}") for name in ("ada", "invited", "suspended", "robin", "overfull")),
        ("mercer", "/people/ada"),
        ("robin", "/invite"),
        ("robin", f"/invitation/{numbers['invitation']}"),
        ("ada", "/requests/999"),
        ("ada", "/grants"),
    ]


def picture(page, name: str) -> None:
    """Kept if pictures are wanted."""
    if folder := os.environ.get(PICTURES):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_every_page_is_accessible_and_fits(site):
    """axe finds nothing at either width, nothing but tables scrolls sideways, no script fails, no policy is broken."""
    found = []
    for name, path in pages(site.world.numbers):
        with site.browser(name) as page:
            site.open(page, path)
            for width, (across, down) in WIDTHS.items():
                page.set_viewport_size({"width": across, "height": down})
                violations = [
                    (one["id"], one["nodes"][0]["html"][:120]) for one in Axe().run(page).response["violations"]
                ]
                overflow = page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                if violations or overflow > 0:
                    found.append((name, path, width, violations, overflow))
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
