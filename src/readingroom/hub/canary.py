"""The canary: a container with exactly a workspace's arguments and no data, that tries the walls from inside."""

from __future__ import annotations

import fcntl
import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import docker
from docker.errors import DockerException, NotFound
from requests.exceptions import RequestException

from readingroom import installed
from readingroom.core.policy import Policy, Tier
from readingroom.core.proof import drifts
from readingroom.core.volumes import Volume
from readingroom.core.walls import Finding
from readingroom.core.workspaces import WorkspacePlan
from readingroom.errors import Unavailable
from readingroom.hub import bridges, display, sockets
from readingroom.hub.confinement import ContainerArguments
from readingroom.hub.containers import Host, Purpose, container_arguments
from readingroom.hub.engine import look_at
from readingroom.hub.host import look
from readingroom.hub.names import (
    BROWSER,
    CANARY,
    INSTANCE_LABEL,
    KIND_LABEL,
    SCREEN,
    server_dir,
    shared_dir,
    sockets_dir,
    workspace_key,
)
from readingroom.hub.ownership import set_owner
from readingroom.hub.probe import program
from readingroom.ports import Volumes
from readingroom.settings import Settings

NAME = "-canary"  # no person's and no project's name begins so
VOLUME_BYTES = 16 * 1024**2
SECONDS = 90.0


def probe(settings: Settings, engine: docker.APIClient, volumes: Volumes) -> tuple[Finding, ...]:
    """Try every wall from inside now, and look at the container from outside too. What fails is a finding.

    Once with each image that a workspace here may run, since what an image holds (setuid files, say) is a wall as well.
    Unavailable if the machine cannot run a workspace at all: then nothing was learnt of the walls.
    """
    settings.run_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (settings.run_dir / "canary.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = [finding for family in _images(settings) for finding in _probe(settings, engine, volumes, family)]
        if installed.DISPLAY in installed.images(settings):
            found += _probe_display(settings, engine)
        return tuple(found)


def _images(settings: Settings) -> tuple[str, ...]:
    others = sorted(one for one in installed.images(settings) if one.startswith(f"{installed.NOTEBOOK}-"))
    return (installed.NOTEBOOK, *others)


def _probe(settings: Settings, engine: docker.APIClient, volumes: Volumes, family: str) -> tuple[Finding, ...]:
    with _listening(settings) as heard:
        findings = _probe_from_inside(settings, engine, volumes, family, heard)
        if heard is not None:
            arrived = Finding("nothing arrives at this machine", not heard.anything(), "a connection or a datagram")
            findings = (*findings, arrived)
    return findings if family == installed.NOTEBOOK else tuple(
        replace(finding, wall=f"{finding.wall} ({family})") for finding in findings)


def _probe_from_inside(settings: Settings, engine: docker.APIClient, volumes: Volumes, family: str,
                       heard: _Heard | None) -> tuple[Finding, ...]:
    host = look(engine)
    arguments, researcher = _arguments(settings, host, family, heard), host.researcher
    own = partial(set_owner, engine=engine, image=arguments.image,
                  label={INSTANCE_LABEL: settings.instance, KIND_LABEL: "ownership"})
    home, shared = settings.homes_dir / NAME / NAME, shared_dir(settings, NAME)
    try:
        _remove(engine, arguments.name)
        with volumes.provide([Volume(home, VOLUME_BYTES), Volume(shared, VOLUME_BYTES)]):
            own(home, researcher, 0o700)
            own(shared, researcher, 0o2770)
            own(sockets.fresh_directory(sockets_dir(settings, NAME, NAME)), 0, sockets.PINNED_MODE)
            if arguments.bridge:
                bridges.provide(engine, settings, workspace_key(settings, NAME, NAME))
            container = engine.create_container_from_config(arguments.configuration(), arguments.name)["Id"]
            engine.start(container)
        return _findings(arguments, engine, container)
    except (DockerException, RequestException) as error:
        raise Unavailable(f"The canary could not be run: {error}.", rule="walls.canary",
                          next_step="`readingroom doctor` says what is missing.") from error
    finally:
        _remove(engine, arguments.name)
        bridges.remove(engine, settings, workspace_key(settings, NAME, NAME))
        sockets.remove_directory(sockets_dir(settings, NAME, NAME))


class _Heard:
    """Ports of this machine on every address, open while a canary runs: what reaches them, would reach any other."""

    def __init__(self) -> None:
        self._ends = (socket.socket(), socket.socket(type=socket.SOCK_DGRAM))
        for end in self._ends:
            end.bind(("0.0.0.0", 0))  # noqa: S104  that is what is tried
        self._ends[0].listen()
        self.ports: list[int] = [end.getsockname()[1] for end in self._ends]

    def anything(self) -> bool:
        ready, _, _ = select.select(self._ends, [], [], 0)
        return bool(ready)

    def close(self) -> None:
        for end in self._ends:
            end.close()


@contextmanager
def _listening(settings: Settings) -> Iterator[_Heard | None]:
    """Where workspaces have an interface; elsewhere there is nothing by which it could be reached."""
    made = _Heard() if settings.workspace_network == "bridge" else None
    try:
        yield made
    finally:
        if made is not None:
            made.close()


def _probe_display(settings: Settings, engine: docker.APIClient) -> list[Finding]:
    """The same from inside both halves of a display, each with its own accounts, sockets and places."""
    host, image_id = look(engine), installed.image_id(settings, installed.DISPLAY)
    plan = WorkspacePlan(NAME, NAME, (), settings.homes_dir / NAME / NAME, Policy(tier=Tier.STRICT))
    folders = (*display.places(settings, NAME, NAME), server_dir(settings, NAME, NAME, Tier.STRICT))
    x, screen = str(display.X_SOCKETS), str(display.SCREEN_SOCKET.parent)
    own = {"/tmp", "/dev/shm", "/dev/mqueue"}  # noqa: S108  inside
    shared: dict[str, object] = {"NOT_HERE": {"data cannot be changed"}}
    tables: dict[str, dict[str, object]] = {
        "screen": {"ME": SCREEN, "WRITABLE": {*own, x, screen}, "SOCKET_FOLDERS": {x, screen}, "OUR_SOCKETS": set()},
        "browser": {"ME": BROWSER, "WRITABLE": own, "SOCKET_FOLDERS": set(), "OUR_SOCKETS": set()},
    }
    purposes = {part: Purpose(CANARY, ("python3", "-c", program(**shared, **table), "canary"))
                for part, table in tables.items()}
    parts = {
        "screen": display.screen_arguments(settings, plan, host, image_id=image_id, purpose=purposes["screen"]),
        "browser": display.browser_arguments(settings, plan, host, image_id=image_id, base_url="/",
                                             purpose=purposes["browser"]),
    }
    found = []
    try:
        for folder in folders:
            set_owner(sockets.fresh_directory(folder), host.outside(SCREEN), sockets.PINNED_MODE, engine=engine,
                      image=image_id, label={INSTANCE_LABEL: settings.instance, KIND_LABEL: "ownership"})
        for part, arguments in parts.items():
            _remove(engine, arguments.name)
            container = engine.create_container_from_config(arguments.configuration(), arguments.name)["Id"]
            engine.start(container)
            found += [replace(finding, wall=f"{finding.wall} (display: {part})")
                      for finding in _findings(arguments, engine, container)]
            _remove(engine, arguments.name)
    except (DockerException, RequestException) as error:
        raise Unavailable(f"The canary of displays could not be run: {error}.", rule="walls.canary",
                          next_step="`readingroom doctor` says what is missing.") from error
    finally:
        for arguments in parts.values():
            _remove(engine, arguments.name)
        for folder in (folders[0], folders[1].parent):
            sockets.remove_directory(folder)
    return found


def _arguments(settings: Settings, host: Host, family: str, heard: _Heard | None) -> ContainerArguments:
    """A workspace's, for a plan without data: in its place a folder with one file that nobody may change."""
    data = settings.extracts_dir / f".{NAME}"
    data.mkdir(mode=0o755, parents=True, exist_ok=True)
    data.chmod(0o755)
    (data / "nobody.csv").write_text("people\n0\n")
    plan = WorkspacePlan(NAME, NAME, (("canary", data),), settings.homes_dir / NAME / NAME, Policy())
    tables: dict[str, object] = {}
    if heard is not None:
        tables = {"BRIDGED": True, "NOT_HERE": {"no route"}, "HOST_ADDRESSES": bridges.host_addresses(),
                  "HOST_PORTS": [*heard.ports, settings.port, settings.proxy_api_port, 22, 53, 111, 2375]}
    purpose = Purpose(CANARY, ("python3", "-c", program(**tables), "canary"))
    image_id = installed.image_id(settings, family)
    return container_arguments(settings, plan, host, image_id=image_id, purpose=purpose)


def _findings(arguments: ContainerArguments, engine: docker.APIClient, container: str) -> tuple[Finding, ...]:
    deadline = time.monotonic() + SECONDS
    while True:
        said = engine.logs(container, stdout=True, stderr=False).decode(errors="replace").strip()
        if said.endswith("]"):
            break
        if not engine.inspect_container(container)["State"]["Running"]:
            errors = engine.logs(container).decode(errors="replace")[-500:]
            return (Finding("canary", False, f"it ended without a report: {errors or 'it said nothing'}"),)
        if time.monotonic() > deadline:  # a slow machine is no fallen wall; too long without an answer is not believed
            raise Unavailable(f"The canary did not report within {SECONDS:.0f} s.", rule="walls.canary",
                              next_step="It is tried again; look at the load of this machine.")
        time.sleep(0.1)
    drifted = drifts(arguments.demanded({}), look_at(engine, container))
    outside = Finding("runs as demanded", not drifted, "; ".join(map(str, drifted)))
    return (*(Finding(one["wall"], one["held"] is True, one["seen"]) for one in json.loads(said)), outside)


def _remove(engine: docker.APIClient, name: str) -> None:
    try:
        engine.remove_container(name, force=True, v=True)
    except NotFound:
        return


