"""The container engine, as the worker looks at it: `ports.Engine`, and what is running of this installation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import docker
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from readingroom.errors import Unavailable
from readingroom.hub import bridges
from readingroom.hub.names import INSTANCE_LABEL
from readingroom.settings import Settings

TIMEOUT_SECONDS = 30
Answer = TypeVar("Answer")


class DockerEngine:
    """A connection is made at the first question, so that nothing has to run when this is built."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: docker.APIClient | None = None

    @property
    def api(self) -> docker.APIClient:
        if self._client is None:
            with _translated():
                self._client = docker.APIClient(base_url=self._settings.engine_url, timeout=TIMEOUT_SECONDS)
        return self._client

    def inspect(self, container: str) -> Mapping[str, Any] | None:
        if not container:
            return None
        found: Mapping[str, Any] | None = self._ask(lambda: look_at(self.api, container))
        return found if found and found["State"]["Running"] else None

    def kill(self, container: str) -> None:
        """Removing kills at once, also one that is paused."""
        self._ask(lambda: self.api.remove_container(container, force=True, v=True))

    def containers(self, kind: str = "") -> tuple[Mapping[str, Any], ...]:
        """All of this installation, running or not, as the engine lists them."""
        labels = [f"{INSTANCE_LABEL}={self._settings.instance}", *([f"readingroom.kind={kind}"] if kind else [])]
        return tuple(self._ask(lambda: self.api.containers(all=True, filters={"label": labels})) or ())

    def networks(self) -> tuple[Mapping[str, Any], ...]:
        """Of this installation: none, unless workspaces have bridges."""
        label = f"{INSTANCE_LABEL}={self._settings.instance}"
        return tuple(self._ask(lambda: self.api.networks(filters={"label": label})) or ())

    def remove_network(self, name: str) -> None:
        """Also one that still counts a container which is gone, as one connected by hand and then killed is."""
        found = self._ask(lambda: self.api.inspect_network(name)) or {}
        for identity, end in (found.get("Containers") or {}).items():
            for one in (identity, end.get("Name", "")):
                with suppress(Unavailable):  # whichever of the two the engine still knows
                    self._ask(lambda one=one: self.api.disconnect_container_from_network(one, name, force=True))
        self._ask(lambda: self.api.remove_network(name))

    def places_in_use(self) -> frozenset[Path]:
        """What containers of this installation have mounted, also those that are only just made."""
        return frozenset(Path(mount["Source"]) for found in self.containers() for mount in found["Mounts"]
                         if mount.get("Source"))

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        """The answer; None if there is no such container, or its removal is under way already."""
        with _translated():
            try:
                return question()
            except NotFound:
                return None
            except APIError as error:
                if error.status_code == 409:
                    return None
                raise


def look_at(api: docker.APIClient, container: str) -> dict[str, Any]:
    """The engine's own words on a container, and on the bridge that it may be on."""
    found: dict[str, Any] = api.inspect_container(container)
    network = found["HostConfig"]["NetworkMode"]
    return {**found, "bridge": bridges.facts(api, network)} if network not in ("none", "host") else found


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DockerException, RequestException) as error:
        raise Unavailable(f"The engine does not answer ({type(error).__name__}).", rule="walls.engine",
                          next_step="Check that Docker runs (`readingroom doctor`).") from error
