"""Groups of outputs and files that come in, as people see them: empty, typical, overfull; axe has nothing to say."""

from __future__ import annotations

import pytest

from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.policy import Layer, strictest
from readingroom.core.policy.library import Policies
from readingroom.core.requests import Delivery, FileKind, Group
from readingroom.services import holdups, requests
from readingroom.services.uploads import Upload
from tests.browser.site import Site, faults_of, picture, serve
from tests.integration.test_incoming import INCOMING
from tests.integration.web.world import NOW, SITE, World, safe_uploads
from tests.unit.core.test_incoming_files import WHEEL, wheel

PROJECT = "returning-defendants"
FOR = "Groups offence codes as in our earlier paper, so that tables can be compared with it."
SCRIPT = (b'"""Groups of offences."""\n\nGROUPS = {\n    "001/01": "Violence",\n    "002/05": "Theft",\n}\n'
          + b"# more\n" * 60)
LOOKUP = b"lsoa,decile\n" + b"".join(b"E0100%04d,%d\n" % (n, n % 10 + 1) for n in range(300))


def incoming(world: World, author: str, project: str, *uploads: Upload, title: str = "Offence groups") -> int:
    made = requests.submit(world.room, author, project, title, "The second paper of the project.", uploads or (
        brought("groups.py", SCRIPT, FileKind.CODE),), direction=Direction.IN)
    return world.check(made.number).number


def brought(name: str, content: bytes, kind: FileKind) -> Upload:
    return Upload(name, content, FOR, kind=kind, source="Written by me for the first paper", licence="MIT")


def grouped(world: World) -> int:
    """Two groups, one with a small table behind its figure, and a script in none."""
    table, context = safe_uploads()[0].content, "Defendants by sex and offence group, all courts, 2011 to 2019."
    made = requests.submit(
        world.room, "bilal", PROJECT, "Tables of chapter two", "Chapter two of the report", (
            Upload("by-offence.csv", table, group="Tables by offence"),
            Upload("before-rounding.csv", b"group,men\nRobbery,4\nTheft,980\n", kind=FileKind.SUPPORTING,
                   group="Tables by offence"),
            Upload("by-court.csv", table, group="Tables by court and by how long the case took"),
            Upload("chapter-2.py", SCRIPT, context, kind=FileKind.CODE)),
        (Group("Tables by offence", context, "Counts rounded to 10; groups under 20 merged into Other."),
         Group("Tables by court and by how long the case took", context)))
    return world.check(made.number).number


def arrive(world: World, number: int, at=NOW) -> None:
    with world.store.transaction() as tx:
        tx.requests.set_status(number, RequestStatus.DELIVERED)
        tx.requests.add_delivery(Delivery(number, at))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("site"))
    found = world.room.policies
    object.__setattr__(world.room, "policies", Policies(
        Layer("site", strictest(SITE.policy, INCOMING)), found.programmes, found.datasets, found.undertakings))
    with serve(world) as served:
        yield served


def look(site: Site, page, path: str, name: str, *said: str) -> None:
    site.open(page, path)
    text = page.inner_text("main")
    for words in said:
        assert words in text, (path, words)
    assert faults_of(page) == [], path
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        picture(page, f"{name}-{width}")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_groups_from_the_form_to_the_checker(site):
    number = grouped(site.world)
    with site.browser("bilal") as page:
        look(site, page, f"/requests/new?project={PROJECT}", "groups-form", "Put files into groups")
        page.click("text=Put files into groups")
        assert faults_of(page) == []
        picture(page, "groups-form-open")
        look(site, page, f"/requests/{number}", "groups-request", "Tables by offence", "supporting: does not leave")
    with site.browser("freya") as page:
        look(site, page, f"/requests/{number}/review", "groups-review", "Tables by court", "Protection applied in all")
        page.click("text=before-rounding.csv")
        assert "does not leave and needs no approval" in page.inner_text("main")
        assert faults_of(page) == []
        picture(page, "groups-review-supporting")


def test_bringing_files_in_from_the_form_to_the_workspace(site):
    world = site.world
    with site.browser("noor") as page:
        look(site, page, "/incoming", "incoming-empty", "None yet.", "Nothing yet.")
    with site.browser("ada") as page:
        look(site, page, "/incoming/new", "incoming-choose", "Into which project?")
        look(site, page, f"/incoming/new?project={PROJECT}", "incoming-form", "Before you ask")
        page.fill("#title", "Offence groups")
        page.fill("#purpose", "Second paper")
        page.set_input_files("#file-1", {"name": "groups.py", "mimeType": "text/plain", "buffer": SCRIPT})
        page.fill("#context-1", FOR)
        page.fill("#source-1", "Written by me")
        page.click("text=Freeze these files and submit")
        assert "The licence of groups.py has 0 characters" in page.inner_text("main")
        assert faults_of(page) == []
        picture(page, "incoming-form-fault")
        page.fill("#licence-1", "MIT")
        page.set_input_files("#file-1", {"name": "groups.py", "mimeType": "text/plain", "buffer": SCRIPT})
        page.click("text=Freeze these files and submit")
        page.wait_for_url("**/requests/*")
        number = int(page.url.rsplit("/", 1)[1])
        world.check(number)
        look(site, page, f"/requests/{number}", "incoming-request", "An output checker looks at it")
    with site.browser("freya") as page:
        look(site, page, "/queue", "incoming-queue", "to be brought in")
        look(site, page, f"/requests/{number}/review", "incoming-review", "Where it comes from", "No malware scanner")
        page.check("input[value=approve]")
        page.fill("textarea[name^=comment-]", "Plain code without data.")
        page.click("#submit-review")
        page.wait_for_url("**/queue*")
    with site.browser("ada") as page:
        look(site, page, f"/requests/{number}", "incoming-approved", "The files are being put")
        with world.store.transaction() as tx:
            tx.events.record("system", holdups.HELD_UP, f"request:{number}", PROJECT, round=1, status="approved",
                             rule="incoming.no-room", message="The project's shared folder is full.",
                             next_step="Delete what is not needed below /project.")
        look(site, page, f"/requests/{number}", "incoming-held-up", "shared folder is full", "Withdraw this request")
        arrive(world, number)
        look(site, page, f"/requests/{number}", "incoming-arrived", f"/project/incoming/{number}")


def test_what_a_checker_sees_of_each_kind_and_an_overfull_list(site):
    world = site.world
    number = incoming(world, "dara", PROJECT, brought("groups.py", SCRIPT, FileKind.CODE),
                      brought("deprivation-lookup.csv", LOOKUP, FileKind.TABLE),
                      brought(WHEEL, wheel(), FileKind.PACKAGE))
    with site.browser("freya") as page:
        look(site, page, f"/requests/{number}/review", "incoming-review-kinds", "groups.py")
        page.click(f"text={WHEEL}")
        assert "own_tools/__init__.py" in page.inner_text("main")
        assert faults_of(page) == []
        picture(page, "incoming-review-package")
    arrive(world, number)
    for turn in range(30):
        arrive(world, incoming(world, "dara", PROJECT,
                               title=f"Offence groups, version {turn}, with a name as long as people give"))
    with site.browser("dara") as page:
        look(site, page, "/incoming", "incoming-overfull", "version 29")
