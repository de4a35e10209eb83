"""A request of three rounds in real browsers: its researcher, two checkers and the custodian of the data.

Returned by the checkers, then by the custodian, changed and sent again each time, approved, signed off, released,
downloaded and verified offline. Each page on the way is looked at by axe at both widths, with its picture taken if
pictures are wanted, and whoever has not answered yet sees byte for byte what they saw before the other did.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Page, expect

from readingroom.core.lifecycle import RequestStatus
from readingroom.services import releases, requests
from tests.browser.site import Site, faults_of, picture, serve
from tests.factories import make_workshop
from tests.integration.web.world import CONTEXT, LOW_TABLE, World

pytestmark = pytest.mark.browser

TITLE = "Returns by sex and offence"
CHECKERS = ("freya", "imran")
METHOD = b"Counts of distinct defendants by sex and offence group.\n"
MERGED = LOW_TABLE.replace(b"Robbery,4,310\n", b"").replace(b"Sexual offences,3,890\n", b"Other,61,1200\n")
ROUNDED = MERGED.replace(b"Other,61,1200\n", b"Other,60,1200\n")


class Walk:
    """One request and the pages of everyone concerned, each in a browser of their own."""

    def __init__(self, site: Site, stack: ExitStack) -> None:
        self.site, self._stack, self._pages = site, stack, {}
        self.number = 0
        room, back = site.world.room, site.world.settings.state_dir / "back"
        back.mkdir()
        shared = {one.name: getattr(room, one.name) for one in fields(room)}
        self.workshop = replace(make_workshop(back), **shared)

    def page(self, username: str) -> Page:
        if username not in self._pages:
            self._pages[username] = self._stack.enter_context(self.site.browser(username))
        return self._pages[username]

    def open(self, username: str, path: str) -> Page:
        page = self.page(username)
        self.site.open(page, path)
        return page

    def look(self, username: str, name: str = "") -> str:
        """What the page says, once axe has nothing to say about it."""
        page = self.page(username)
        assert faults_of(page) == [], page.url
        picture(page, f"rounds-{name}" if name else "")
        return " ".join(page.locator("main").inner_text().split())

    def press(self, username: str, button: str | re.Pattern[str]) -> str:
        page = self.page(username)
        page.get_by_role("button", name=button).first.click()
        page.wait_for_load_state()
        return self.look(username)

    def status(self) -> RequestStatus:
        return requests.get(self.site.world.room, "ada", self.number).request.status


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    world = World(tmp_path / "state")
    courts, policy = world.room.policies.datasets["magistrates"]
    world.room.policies.datasets["magistrates"] = courts, policy.model_copy(update={"custodian_sign_off": True})
    with serve(world) as site, ExitStack() as stack:
        yield Walk(site, stack)


def test_a_request_of_three_rounds(walk: Walk, tmp_path: Path) -> None:
    asks(walk)
    walk.site.world.check(walk.number)
    for stranger, status in (("bilal", (403, 404)), ("chloe", (404,))):  # a member of the project; no checker at all
        assert walk.page(stranger).goto(address(walk, "review")).status in status
        walk.look(stranger)
    answers(walk, {"returns.csv": ("Change needed", "Robbery among women is four people."),
                   "method.txt": ("Approve", "No numbers in it.")},
            {"returns.csv": ("Approve", "Four cases were in the press."), "method.txt": ("Approve", "Only words.")})
    settles_together(walk)
    assert "Merge the two small groups." in reads(walk, "returned-by-checkers")

    resubmits(walk, MERGED)
    checker_sees_what_changed(walk)
    answers(walk, {"returns.csv": ("Approve", "No cell under ten any more.")},
            {"returns.csv": ("Approve", "Agreed, the groups are merged.")})
    assert walk.status() is RequestStatus.IN_REVIEW  # nothing leaves before the custodian of the data has signed
    signs(walk, "Return for changes", "Round it to ten, as the department publishes it.")
    assert "Round it to ten" in reads(walk, "returned-by-custodian")

    resubmits(walk, ROUNDED)
    answers(walk, {"returns.csv": ("Approve", "Rounded now.")}, {"returns.csv": ("Approve", "As the custodian asked.")})
    signs(walk, "Sign it off", "")
    assert walk.status() is RequestStatus.APPROVED
    releases.make(walk.workshop, walk.number)
    verifies_offline(walk, takes_away(walk, tmp_path), tmp_path)


def address(walk: Walk, part: str = "") -> str:
    return f"{walk.site.address}/services/portal/requests/{walk.number}" + (f"/{part}" if part else "")


def file_of(name: str, content: bytes) -> list[dict[str, object]]:
    return [{"name": name, "mimeType": "application/octet-stream", "buffer": content}]


def fills(page: Page, slot: int, name: str, content: bytes, context: str) -> None:
    if not page.locator(f"#file-{slot}").is_visible():
        page.get_by_text(f"Add file {slot}", exact=True).click()
    page.locator(f"#file-{slot}").set_input_files(file_of(name, content))
    page.locator(f"#context-{slot}").fill(context)


def asks(walk: Walk) -> None:
    page = walk.open("ada", "/requests/new?project=returning-defendants")
    walk.look("ada", "new")
    page.get_by_role("button", name="Freeze these files and submit").click()
    assert "This cannot be submitted yet" in walk.look("ada", "new-refused")
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Where will it appear?").fill("A table in a journal article")
    fills(page, 1, "returns.csv", LOW_TABLE, CONTEXT)
    fills(page, 2, "method.txt", METHOD, "How it was counted; there are no numbers in it.")
    assert TITLE in walk.press("ada", "Freeze these files and submit")
    walk.number = int(re.search(r"/requests/(\d+)", page.url)[1])
    walk.look("ada", "submitted")


def answers(walk: Walk, *decisions: dict[str, tuple[str, str]]) -> None:
    """Each checker in turn, by what the page offers; the second sees nothing of the first until they have answered."""
    first, second = CHECKERS
    seen = sees(walk, second)
    decides(walk, first, decisions[0])
    assert sees(walk, second) == seen, f"{second} is shown that {first} has answered"
    decides(walk, second, decisions[1])


def sees(walk: Walk, checker: str) -> list[str]:
    """Everything that a checker is shown about the request, to the byte."""
    return [walk.open(checker, path).content() for path in ("/queue", f"/requests/{walk.number}/review", "/notices",
                                                            "/turnaround", f"/requests/{walk.number}")]


def decides(walk: Walk, checker: str, decisions: dict[str, tuple[str, str]]) -> None:
    page = walk.open(checker, "/queue")
    assert TITLE in walk.look(checker, "queue")
    page.get_by_role("link", name=re.compile(TITLE)).first.click()
    walk.look(checker, f"review-{checker}")
    for name, (decision, comment) in decisions.items():
        page.locator(".rr-files a").filter(has_text=name).click()
        sheet = page.locator(".rr-sheet:visible")
        expect(sheet.get_by_role("heading", level=2)).to_have_text(name)
        sheet.get_by_label(decision, exact=True).check()
        sheet.get_by_label("Comment to the researcher").fill(comment)
    page.locator("#submit-review").click()
    page.wait_for_load_state()
    assert "is recorded" in walk.look(checker)


def settles_together(walk: Walk) -> None:
    """Now each sees the other's answer; one of them returns it for both."""
    for checker, others in (("freya", "Four cases were in the press."), ("imran", "Robbery among women is four")):
        walk.open(checker, f"/requests/{walk.number}/review")
        said = walk.look(checker, f"together-{checker}")
        assert "Settle it together" in said and others in said
    walk.page("imran").get_by_label("Tell the researcher what would make it safe").fill("Merge the two small groups.")
    walk.press("imran", "Return for changes")
    assert walk.status() is RequestStatus.RETURNED


def reads(walk: Walk, name: str) -> str:
    """What the researcher is told, in the notices and on the request's page."""
    walk.open("ada", "/notices")
    assert f"equest {walk.number}" in walk.look("ada")
    walk.open("ada", f"/requests/{walk.number}")
    return walk.look("ada", name)


def resubmits(walk: Walk, table: bytes) -> None:
    page = walk.page("ada")
    walk.press("ada", "Send changed files")
    walk.look("ada", "resubmit")
    fills(page, 1, "returns.csv", table, CONTEXT)
    fills(page, 2, "method.txt", METHOD, "How it was counted; there are no numbers in it.")
    walk.press("ada", "Freeze these files and submit")
    walk.site.world.check(walk.number)


def checker_sees_what_changed(walk: Walk) -> None:
    page = walk.open("imran", f"/requests/{walk.number}/review")
    said = walk.look("imran", "second-round")
    assert "round 2" in said and "Merge the two small groups." in said and "Robbery" in said
    page.locator(".rr-files a").filter(has_text="method.txt").click()
    assert "Approved in an earlier round and unchanged" in walk.look("imran")


def signs(walk: Walk, button: str, comment: str) -> None:
    page = walk.open("mercer", "/sign-offs")
    assert TITLE in walk.look("mercer", "sign-offs")
    page.get_by_role("link", name=re.compile(TITLE)).first.click()
    said = walk.look("mercer", "sign-off")
    assert "Why its checkers approve it" in said and "Imran" not in said and "Freya" not in said
    page.get_by_label("Comment").fill(comment)
    assert f"Your answer to request {walk.number} is recorded." in walk.press("mercer", button)


def takes_away(walk: Walk, folder: Path) -> Path:
    page = walk.open("ada", f"/requests/{walk.number}")
    assert "Your release is ready" in walk.look("ada", "released")
    page.get_by_role("link", name="For whom, until when, and who has it").click()
    walk.look("ada", "release")
    with page.expect_download() as coming:
        page.get_by_role("button", name=re.compile("^Download")).click()
    coming.value.save_as(folder / coming.value.suggested_filename)
    return folder / coming.value.suggested_filename


def verifies_offline(walk: Walk, file: Path, folder: Path) -> None:
    """By the installed command, in a place without a network, with nothing but the package and the public key."""
    key = folder / "release.pub.pem"
    key.write_bytes(walk.workshop.release_key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "readingroom", "release", "verify", str(file), "--key", str(key)],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every byte is as it was signed" in done.stdout and "approved by freya, imran" in done.stdout
    with zipfile.ZipFile(file) as archive:
        assert archive.read("files/returns.csv") == ROUNDED
        assert archive.read("files/method.txt") == METHOD
