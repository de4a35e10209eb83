"""People with a browser, in front of a whole installation."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Frame, Page, Response, sync_playwright

from readingroom.ops.doctor.software import CHROMIUM
from readingroom.tour.phone import PHONE
from tests.conftest import Installation

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1280, "height": 900}
PORTAL = "/services/portal"
# With this directory named, the pages on the way are pictured: `docs/images` is made so.
PICTURES = "READINGROOM_PICTURES"


class Person:
    """One person's browser. `faults` collects what a page's own scripts did wrong, and what a server failed at."""

    def __init__(self, browser: Browser, installation: Installation, username: str) -> None:
        self.username = username
        self.installation = installation
        self._context = browser.new_context(viewport=SIZE, accept_downloads=True)
        self.page: Page = self._context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("response", self._hear)

    def _hear(self, answer: Response) -> None:
        if answer.status == 500:
            self.faults.append(f"{answer.request.method} {answer.url}: {answer.text()[-1500:]}")

    def open(self, path: str) -> int:
        """Go to a page of the portal (or, with /hub or /user in front, elsewhere); its status."""
        path = path if path.startswith(("/hub", "/user")) else PORTAL + path
        answer = self.page.goto(self.installation.settings.public_url + path)
        return answer.status if answer else 0

    def sign_in(self, password: str | None = None) -> None:
        self.open("/")
        self.page.get_by_label("Username").fill(self.username)
        self.page.get_by_label("Password").fill(password or self.installation.passwords[self.username])
        self.press("Sign in")
        if "/hub/second-step" in self.page.url:
            self.give_code()

    def give_code(self) -> None:
        """The second step; the first time with what the page says for setting an app up."""
        origin = self.installation.settings.public_url
        if (key := self.page.locator("#setup-key")).count():
            PHONE.set_up(origin, self.username, key.inner_text())
        self.page.get_by_label("Six-digit code").fill(PHONE.code(origin, self.username))
        self.press(re.compile("Sign in|Finish setting up"))
        if self.page.locator("#recovery-codes").count():
            self.follow("I have kept them: continue")

    def lab(self) -> Frame:
        """JupyterLab, in the frame of the page that is open."""
        return lab_of(self.page)

    def press(self, name: str | re.Pattern[str]) -> None:
        """A button of the page, and what it leads to."""
        self.page.get_by_role("button", name=name).first.click()
        self.page.wait_for_load_state()

    def follow(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("link", name=name).first.click()
        self.page.wait_for_load_state()

    def text(self) -> str:
        """What the page says, on one line."""
        return " ".join(self.page.locator("main").inner_text().split())

    def look(self, picture: str = "") -> str:
        """`text`, after axe found nothing to object to on the page; with its picture taken if pictures are wanted."""
        found = [(one["id"], one["nodes"][0]["html"][:160]) for one in Axe().run(self.page).response["violations"]]
        assert not found, f"{self.page.url}: {found}"
        self.picture(picture)
        return self.text()

    def picture(self, name: str) -> None:
        if name and (folder := os.environ.get(PICTURES)):
            file = Path(folder) / f"{name}.png"
            self.page.screenshot(path=file)
            Image.open(file).convert("RGB").quantize(128).save(file, optimize=True)

    def close(self) -> None:
        self._context.close()


def lab_of(page: Page) -> Frame:
    frame = page.locator("iframe.rr-shell__frame").element_handle(timeout=60_000).content_frame()
    assert frame is not None
    return frame


class Hall:
    """Everyone who walks through one installation; each signs in at the first thing they do."""

    def __init__(self, browser: Browser, installation: Installation) -> None:
        self._browser = browser
        self.installation = installation
        self._people: dict[str, Person] = {}

    def person(self, username: str) -> Person:
        if username not in self._people:
            arriving = self.stranger(username)
            arriving.sign_in()
            assert PORTAL in arriving.page.url, arriving.text()
            self._people[username] = arriving
        return self._people[username]

    def stranger(self, username: str) -> Person:
        """A browser that nobody has signed in with yet."""
        return Person(self._browser, self.installation, username)

    def faults(self) -> dict[str, list[str]]:
        return {name: person.faults for name, person in self._people.items() if person.faults}

    def close(self) -> None:
        for person in self._people.values():
            person.close()


@contextmanager
def hall(installation: Installation, *arguments: str) -> Iterator[Hall]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, *arguments])
        made = Hall(browser, installation)
        try:
            yield made
        finally:
            made.close()
            browser.close()


def chromium() -> str:
    return next(str(path) for name in CHROMIUM for path in Path("/usr/bin").glob(name))
