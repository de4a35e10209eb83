"""Every page of the portal that lists something asks the records as often for many rows as for few, and is paged.

The pages are those of the application itself, so that a new one is looked at without being named here; whoever may
open a page opens it. Two installations differ in nothing but how many of everything there is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from readingroom.core.applications import Outcome, Version, recorded
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.lifecycle import GrantStatus, ProjectStatus, RequestStatus
from readingroom.core.packages import Ecosystem, PackageRequest, PackageRequestStatus
from readingroom.core.people import Person, Standing
from readingroom.core.privacy.ledger import Cost
from readingroom.core.requests import Assurance, Decision, OutputFile, Release, Review, Vote
from readingroom.core.roles import Role
from readingroom.services import notices
from readingroom.web.app import PAGES
from tests.factories import qualifications
from tests.integration.web.world import BASE, NOW, TODAY, World

FEW, MANY = 3, 60
VIEWERS = ("ada", "mercer", "imran", "robin", "olive")
NAMED = {"slug": "returning-defendants", "grant_id": "1", "username": "ada", "number": "1", "dataset": "magistrates",
         "answer_id": "1", "section": "aim"}
LISTS = {  # who has which of the lists that the pages are about; the test finds more
    "ada": {"/projects", "/requests", "/requests/new", "/releases", "/datasets", "/notices", "/projects/{slug}",
            "/projects/{slug}/versions", "/projects/{slug}/packages", "/projects/{slug}/private"},
    "mercer": {"/grants", "/grants/{grant_id}", "/grants/{grant_id}/receipt", "/sign-offs", "/releases", "/people",
               "/datasets/{slug}/account", "/people/{username}", "/turnaround"},
    "imran": {"/queue", "/releases", "/turnaround", "/requests/{number}"},
    "robin": {"/people", "/people/{username}", "/packages", "/health", "/audit", "/turnaround", "/releases"},
    "olive": {"/applications", "/applications/{slug}"},
}
PAGED = {("ada", "/projects"), ("ada", "/requests"), ("ada", "/requests?project=returning-defendants"),
         ("ada", "/releases"), ("ada", "/notices"), ("ada", "/projects/returning-defendants/versions"),
         ("ada", "/projects/returning-defendants/packages"), ("ada", "/projects/returning-defendants/private"),
         ("mercer", "/grants"), ("mercer", "/grants/1"), ("mercer", "/grants/1/receipt"), ("mercer", "/sign-offs"),
         ("mercer", "/releases"), ("mercer", "/people"), ("mercer", "/datasets/magistrates/account"),
         ("imran", "/queue"), ("imran", "/releases"), ("robin", "/people"), ("robin", "/packages"),
         ("robin", "/health"), ("robin", "/audit"), ("olive", "/applications"), ("none", "/register")}
MOST_ROWS = 60  # of anything on one page


def file(name: str) -> OutputFile:
    return OutputFile(0, name, "0" * 64, 10, "table", Assurance.DECLARED, "Defendants by sex, of all courts.", "", None)


class Filling:
    """So many more of everything that a page lists."""

    def __init__(self, world: World, count: int) -> None:
        self.world, self.count = world, count
        with world.store.transaction() as tx:
            self.people(tx)
        for number in range(count):
            self.project(f"many-{number}", ProjectStatus.ACTIVE)
            self.project(f"new-{number}", ProjectStatus.OWNER_REVIEW)
        with world.store.transaction() as tx:
            for number in range(count):
                self.rows_of(tx, f"many-{number}", number)
                tx.applications.open_review(f"many-{number}", 1, NOW, TODAY)
            self.rows_of_one(tx)

    def people(self, tx) -> None:
        for number in range(self.count):
            for name, role in ((f"r{number}", Role.RESEARCHER), (f"c{number}", Role.CHECKER)):
                tx.people.add(Person(name, name, "University of Leeds", Standing.ACTIVE, frozenset({role}),
                                     qualifications()))

    def project(self, slug: str, status: ProjectStatus) -> None:
        self.world.project(slug, slug, status, 300, {"ada", "r0", "r1"} if slug.startswith("many") else {"r0"})
        if status is ProjectStatus.ACTIVE:
            for dataset in ("magistrates", "pupils"):
                self.world.grant(slug, dataset, GrantStatus.ACTIVE)
            for grant_status in (GrantStatus.PROPOSED, GrantStatus.WITHDRAWN):
                self.world.grant(slug, "magistrates", grant_status)
            self.world.record_version(slug)
            return
        with self.world.store.transaction() as tx:
            application = replace(recorded(tx.projects.get(slug), ()), urgent="It cannot wait.")
            tx.applications.add(Version(slug, 1, application, "r0", NOW))

    def rows_of(self, tx, slug: str, number: int) -> None:
        opening = tx.workspaces.open("ada", slug, NOW)
        tx.workspaces.set_container(opening.id, f"container-{number}")
        for status in (RequestStatus.RELEASED, RequestStatus.IN_REVIEW):
            self.request(tx, slug, "ada", status)
        signed = self.request(tx, slug, "r1", RequestStatus.IN_REVIEW)
        tx.requests.set_sign_off_by(signed, {"mercer"})
        for checker in ("freya", "tomas"):
            votes = tuple(Vote(one.id, Decision.APPROVE, "") for one in tx.requests.get(signed).files)
            tx.requests.save_review(signed, Review(checker, 1, NOW, votes, ""))
        frozen = self.request(tx, slug, "r0", RequestStatus.IN_REVIEW)
        tx.requests.set_status(frozen, RequestStatus.FROZEN)

    def request(self, tx, slug: str, author: str, status: RequestStatus) -> int:
        number = tx.requests.add(project=slug, author=author, title="T", purpose="P", at=NOW, checkers_required=2)
        tx.requests.add_round(number, [file("a.csv"), file("b.csv")], NOW)
        for one in tx.requests.get(number).files:
            tx.requests.set_checked(one.id, "table", Verdict.REVIEW, ())
        tx.requests.set_status(number, status)
        if status is RequestStatus.RELEASED:
            tx.requests.add_release(Release(number, f"{number}.zip", "0" * 64, NOW))
        for action in ("request.submitted", "request.released"):
            tx.events.record("ada", action, f"request:{number}", slug, files=[])
        return number

    def rows_of_one(self, tx) -> None:
        """What one project, grant and person have many of."""
        slug, project = "returning-defendants", tx.projects.get("returning-defendants")
        application = tx.applications.version(slug, 1).application
        for number in range(self.count):
            tx.applications.add(Version(slug, number + 2, application, "ada", NOW, Outcome.RECALLED, NOW))
            tx.packages.ask(PackageRequest(0, slug, "ada", Ecosystem.PIP, f"p{number}", "Why",
                                           PackageRequestStatus.ASKED, NOW))
            answer = tx.accounts.reserve(
                key=f"k{number}", project=slug, dataset="magistrates", version="v1", asked_by="ada", asked_at=NOW,
                query={"table": "defendants", "statistic": "count"}, deliver_at=NOW, cost=Cost(10, 0))
            tx.accounts.debit("magistrates", slug, answer.cost)
            for grant_of in (1, 2):
                tx.events.record("system", "extract.destroyed", f"grant:{grant_of}", slug, extract=f"e{number}")
            opening = tx.workspaces.open("bilal", slug, NOW + timedelta(minutes=number))
            tx.workspaces.close(opening.id, NOW + timedelta(minutes=number, seconds=30), "Closed by its person.")
            self.request(tx, slug, "ada", RequestStatus.RELEASED)
            notices.tell(tx, VIEWERS, "project.returned", project=slug)
        tx.events.record("system", "extract.made", "grant:1", slug, extract="x", version="v1",
                         columns={"defendants": ["sex"]})
        tx.projects.save(replace(project, members=project.members | {f"r{number}" for number in range(self.count)}))


def filled(root, count: int) -> World:
    world = World(root)
    Filling(world, count)
    return world


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    made = [filled(tmp_path_factory.mktemp(f"rows-{count}") / "state", count) for count in (FEW, MANY)]
    yield made
    for world in made:
        world.close()


def pages() -> list[str]:
    """Every page that a browser can open, by the pattern of its address."""
    found = [route for module in PAGES for route in module.router.routes if "GET" in route.methods]
    return sorted({route.path for route in found if not re.search(r"oauth|token|sign-in|\.png", route.path)})


def address(pattern: str) -> str:
    slug = "magistrates" if pattern.startswith("/datasets") else NAMED["slug"]
    known = defaultdict(lambda: "1", {**NAMED, "slug": slug, "form": "json"})  # most others are numbers
    return pattern.format_map(known)


def look(world: World, name: str, path: str):
    """What the page answers, and the statements that it took."""
    browser, asked = world.client(name) if name != "none" else world.stranger(), []
    browser.get(f"{BASE}/notices")  # whoever was looked up once is known for a while

    def note(*args) -> None:
        asked.append(args[2])

    event.listen(world.store.engine, "before_cursor_execute", note)
    answer = browser.get(BASE + path)
    event.remove(world.store.engine, "before_cursor_execute", note)
    return answer, asked


@pytest.mark.parametrize("name", [*VIEWERS, "none"])
def test_no_page_asks_more_often_for_more_rows(worlds, name):
    few, many = worlds
    opened, grew = set(), {}
    for pattern in pages():
        path = address(pattern)
        (answer, before), (answer_many, after) = look(few, name, path), look(many, name, path)
        assert answer.status_code == answer_many.status_code, path
        if answer.status_code == 200:
            opened.add(pattern)
            if len(after) > len(before):
                grew[path] = (len(before), len(after), sorted({one for one in after if after.count(one) > 2})[:3])
    assert not grew, grew
    assert LISTS.get(name, set()) <= opened


@pytest.mark.parametrize(("name", "path"), sorted(PAGED))
def test_a_long_list_comes_a_page_at_a_time(worlds, name, path):
    """The first page leads to the next, no page is endless, and the last one leads on no further."""
    _, many = worlds
    text = look(many, name, path)[0].text
    onwards = re.findall(r'href="[^"]*?services/portal([^"]+)">\s*(?:Next<|Older)', text)
    assert onwards, f"{path} leads to no further page"
    assert max(text.count("<tr"), text.count("rr-card__head"), text.count("rr-notice")) <= 3 * MOST_ROWS
    for step in onwards:
        further = look(many, name, step.replace("&amp;", "&"))[0]
        assert further.status_code == 200 and re.search(r"Previous<|Newest", further.text), step
    beyond = path + ("&" if "?" in path else "?") + "page=900"
    assert look(many, name, beyond)[0].status_code == 200


@pytest.mark.parametrize("path", ["/projects", "/requests", "/queue", "/people", "/applications", "/packages"])
@pytest.mark.parametrize("number", ["0", "-1", "x", "1e9"])
def test_a_page_that_cannot_be_is_refused(worlds, path, number):
    key = "waiting" if path == "/packages" else "page"
    name = {"/queue": "imran", "/people": "robin", "/applications": "olive", "/packages": "robin"}.get(path, "ada")
    assert look(worlds[0], name, f"{path}?{key}={number}")[0].status_code == 422
