"""The portal behind a real server, and people's browsers in front of it: no Hub, no containers, quick to start."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from readingroom.hub.configure import NODE
from readingroom.ops.install import build_static
from readingroom.ops.progress import Progress
from readingroom.web.sessions import COOKIE
from tests.browser.people import ARGUMENTS, PICTURES, chromium
from tests.integration.web.world import BASE, World

WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}


class Site:
    """A populated installation behind a real server, and people's browsers in front of it."""

    def __init__(self, world: World, port: int, chromium) -> None:
        self.world, self.address, self._chromium = world, f"http://127.0.0.1:{port}", chromium

    @contextmanager
    def browser(self, name: str, *, javascript: bool = True):
        size = WIDTHS["desktop"]
        context = self._chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, java_script_enabled=javascript, accept_downloads=True
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


def faults_of(page: Page) -> list[tuple[str, object]]:
    """What axe objects to at either width, and by how much the page is wider than the window."""
    found: list[tuple[str, object]] = []
    for name, (across, down) in WIDTHS.items():
        page.set_viewport_size({"width": across, "height": down})
        found += [(name, (one["id"], one["nodes"][0]["html"][:120]))
                  for one in Axe().run(page).response["violations"]]
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [(name, f"{over} px too wide")] if over > 0 else []
    across, down = WIDTHS["desktop"]
    page.set_viewport_size({"width": across, "height": down})
    return found


def picture(page: Page, name: str) -> None:
    """Kept if pictures are wanted."""
    if name and (folder := os.environ.get(PICTURES)):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def look_at_both_widths(site: Site, page: Page, path: str, name: str) -> None:
    """Open it on a desk and on a phone; axe finds nothing."""
    site.open(page, path)
    name = "".join(char if char.isalnum() or char == "-" else "-" for char in name)
    picture(page, name)
    page.set_viewport_size({"width": 390, "height": 844})
    picture(page, f"{name}-phone")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert faults_of(page) == []


@contextmanager
def serve(world: World) -> Iterator[Site]:
    """Serve its portal on a port of its own for as long as it lasts."""
    # Playwright's own Node needs a library that a small machine lacks; ours needs nothing.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(NODE))
    build_static(Progress())
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
                browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
                yield Site(world, listening.getsockname()[1], browser)
                browser.close()
        finally:  # a browser that does not start must not leave pytest waiting for this thread
            server.should_exit = True
            thread.join(10)
    world.close()
