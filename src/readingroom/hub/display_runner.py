"""A strict workspace's display on the engine: started in order, looked after, taken away."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
from docker.errors import NotFound

from readingroom import installed
from readingroom.errors import Unavailable
from readingroom.hub import display, sockets
from readingroom.hub.confinement import ContainerArguments
from readingroom.hub.containers import Host, Plan
from readingroom.hub.names import SCREEN, workspace_key
from readingroom.settings import Settings

START_SECONDS = 60.0
POLL_SECONDS = 0.05


class DisplayRunner:
    """The display of one person's workspace in one project; every method blocks. `own` sets a directory's owner."""

    def __init__(self, settings: Settings, engine: docker.APIClient, username: str, project: str,
                 own: Callable[[Path, int, int], None]) -> None:
        self._settings = settings
        self._engine = engine
        self._places = display.places(settings, username, project)
        self._key = workspace_key(settings, username, project)
        self._own = own

    @property
    def directories(self) -> tuple[Path, ...]:
        """Everything of it on the host; the workspace's own socket is below the second."""
        return self._places.screen, self._settings.behind_dir / self._key

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(display.container_name(self._settings, part, self._key) for part in display.PARTS)

    def start(self, plan: Plan, host: Host, base_url: str, token: str) -> list[dict[str, Any]]:
        """Start the screen, pin its socket, start the browser; what was demanded of each, with its id.

        Unavailable if the image is missing or the screen does not start.
        """
        image_id = installed.image_id(self._settings, installed.DISPLAY)
        screen = display.screen_arguments(self._settings, plan, host, image_id=image_id)
        browser = display.browser_arguments(self._settings, plan, host, image_id=image_id, base_url=base_url)
        account = host.outside(SCREEN)
        for directory in (self._places.screen, self._places.meeting):
            self._own(sockets.fresh_directory(directory), account, sockets.PINNED_MODE)
        first = self._run("screen", screen, {})
        self._wait(first["container"])
        self._own(self._places.screen, os.geteuid(), sockets.PINNED_MODE)
        sockets.check_pinned(self._places.screen, os.geteuid(), account)
        return [first, self._run("browser", browser, display.token_environment(token))]

    def runs(self) -> bool:
        """Whether both halves do."""
        for name in self._names:
            try:
                if not self._engine.inspect_container(name)["State"]["Running"]:
                    return False
            except NotFound:
                return False
        return True

    def remove(self) -> None:
        """End both; none there is fine."""
        for name in self._names:
            with suppress(NotFound):
                self._engine.remove_container(name, force=True, v=True)

    def _run(self, part: str, arguments: ContainerArguments, environment: Mapping[str, str]) -> dict[str, Any]:
        configuration = arguments.configuration(environment)
        container = self._engine.create_container_from_config(configuration, arguments.name)["Id"]
        self._engine.start(container)
        return {**arguments.demanded(environment), "part": part, "container": container}

    def _wait(self, container: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        wanted = (self._places.screen / sockets.NAME, self._places.meeting / display.X_SOCKET)
        while not all(map(os.path.lexists, wanted)):
            if time.monotonic() > deadline or not self._engine.inspect_container(container)["State"]["Running"]:
                raise Unavailable("The workspace's screen did not start.", rule="hub.display",
                                  next_step="Try again; if it stays so, an administrator finds the reason in the Hub's "
                                  "log.")
            time.sleep(POLL_SECONDS)
