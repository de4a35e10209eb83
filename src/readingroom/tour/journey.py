"""What the steps of the tour share: the installation, its people, and what they made on the way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import docker

from readingroom.hub.containers import container_name
from readingroom.ops import engine
from readingroom.settings import STATE_VARIABLE, Settings
from readingroom.tour.kernel import Kernel
from readingroom.tour.visitor import Form, Page, Visitor, wait_until

PROJECT = "returning-defendants"
ENDED_PROJECT = "plea-timing"


class Journey:
    """What the steps share: the installation, the people signed in so far, and what they made."""

    def __init__(self, settings: Settings, passwords: dict[str, str]) -> None:
        self.settings = settings
        self._passwords = passwords
        self._people: dict[str, Visitor] = {}
        self.kernel: Kernel | None = None
        self.request = 0
        self.second_request = 0
        self.package = b""
        self.applied = ""

    def person(self, username: str) -> Visitor:
        """That person, signed in."""
        if username not in self._people:
            visitor = Visitor(self.settings.public_url, username, self._passwords[username])
            page = visitor.sign_in()
            require(page.status == 200 and "/services/portal" in page.url, f"{username} could not sign in: {page.text}")
            self._people[username] = visitor
        return self._people[username]

    def run_code(self, code: str, *, seconds: float = 120) -> str:
        """Run code in ada's workspace; what it printed. Any error in it ends the step."""
        assert self.kernel is not None
        result = self.kernel.run(code, seconds=seconds)
        require(not result.error, f"the notebook failed with {result.error}")
        return result.text.strip()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The `readingroom` command against this installation."""
        return subprocess.run([sys.executable, "-m", "readingroom", *arguments], capture_output=True, text=True,
                              timeout=120, check=False,
                              env={**os.environ, STATE_VARIABLE: str(self.settings.state_dir)})

    def container(self) -> dict[str, Any]:
        """The engine's own view of ada's running workspace; nothing if there is none."""
        name = container_name(self.settings, "ada", PROJECT)
        client: docker.DockerClient = engine.client(self.settings)
        try:
            # The canary has data mounted too: only the name tells them apart. Names are matched by their parts.
            found = client.containers.list(filters={"name": name}, ignore_removed=True)
            attributes: dict[str, Any] = next((one.attrs for one in found if one.name == name), {})
            return attributes
        finally:
            client.close()

    def close(self) -> None:
        for visitor in self._people.values():
            visitor.close()


def require(holds: object, otherwise: str) -> None:
    """A step's claim: AssertionError with the evidence if it does not hold."""
    if not holds:
        raise AssertionError(otherwise)


def posted(page: Page, action: str) -> Form:
    """The form of a change, not the search beside it."""
    found = [form for form in page.forms if form.method == "post" and re.search(action, form.action)]
    require(found, f"{page.url} has no form for {action}: {page.status} {page.text[:600]}")
    return found[0]


def downloaded(journey: Journey, request: int, username: str = "ada") -> bytes:
    """The package of a request, once its researcher can download it."""

    def package() -> bytes:
        answer = journey.person(username).get(f"/requests/{request}/release")
        return answer.content if answer.status_code == 200 and answer.content[:2] == b"PK" else b""

    return bytes(wait_until(package, "the release", seconds=60))  # type: ignore[call-overload]
