"""The door as a supervised program: its container is made, watched, and taken away again.

The container outlives this program: killed and started again, it finds the door standing and keeps watching
it, and no workspace loses its connections.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import closing
from types import FrameType

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import LogConfig, Mount
from requests.exceptions import RequestException

from readingroom import installed
from readingroom.errors import ReadingRoomError
from readingroom.hub import doorkeeper, doorlines, tickets
from readingroom.hub.sockets import DOOR
from readingroom.ops.engine import client
from readingroom.settings import Settings, load_settings

INSTANCE_LABEL = "readingroom.instance"
SETTINGS_LABEL = "readingroom.door"
MEMORY_BYTES = 256 * 1024**2
RECONCILE_SECONDS = 1.0


def container_name(settings: Settings) -> str:
    return f"rr-{settings.instance}-door"


def container_arguments(settings: Settings, image_id: str) -> dict[str, object]:
    """What the engine is told about the door: it sees directories of sockets and nothing else."""
    uid = DOOR if os.geteuid() == 0 else os.geteuid()

    def sockets(name: str, *, read_only: bool) -> Mount:
        return Mount(f"/run/rr/{name}", str(settings.run_dir / name), type="bind", read_only=read_only)

    return {
        "image": image_id,
        "name": container_name(settings),
        "labels": {INSTANCE_LABEL: settings.instance, SETTINGS_LABEL: image_id},
        "network_mode": "none",
        "userns_mode": "host",  # where the engine maps accounts: our sockets belong to this machine's
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "user": f"{uid}:{uid}",
        "mounts": [
            sockets("hub", read_only=True),
            sockets("portal", read_only=True),
            sockets("w", read_only=True),
            sockets("p", read_only=True),
            sockets("door", read_only=False),
            sockets("in", read_only=False),
            sockets("admin", read_only=False),
        ],
        "environment": environment(settings),
        "tmpfs": {"/tmp": "rw,nosuid,nodev,noexec,size=8m,mode=1777"},  # noqa: S108  inside the container
        "mem_limit": MEMORY_BYTES,
        "memswap_limit": MEMORY_BYTES,
        "pids_limit": 64,
        "ipc_mode": "private",
        "log_config": LogConfig(type="json-file", config={"max-size": "5m", "max-file": "2"}),
        "init": True,
    }


def environment(settings: Settings) -> dict[str, str]:
    """What images/door/inwards.cfg names: whose workspaces, the origin that may frame them, whose tickets are good."""
    return {
        "RR_INSTANCE": settings.instance,
        "RR_PUBLIC_URL": settings.public_url,
        "RR_PUBLIC_HOST": settings.public_host,
        "RR_SCHEME": "https" if settings.is_secure else "http",
        "RR_COOKIE_SECURE": "; Secure" if settings.is_secure else "",
        "RR_TICKET_KEY": tickets.door_key(settings),
    }


def ensure(settings: Settings, engine: docker.DockerClient) -> Container:
    """The running door of this installation, made from the image as it is now. Idempotent."""
    image_id = installed.image_id(settings, installed.DOOR)
    try:
        engine.images.get(image_id)
    except ImageNotFound as error:
        raise installed.missing(settings.door_image) from error
    try:
        found = engine.containers.get(container_name(settings))
    except NotFound:
        found = None
    if found is not None:
        if found.status == "running" and found.labels.get(SETTINGS_LABEL) == image_id:
            return found
        _remove(found)
    return engine.containers.run(detach=True, **container_arguments(settings, image_id))


def remove(settings: Settings, engine: docker.DockerClient) -> None:
    """Take the door away; none there is fine."""
    try:
        _remove(engine.containers.get(container_name(settings)))
    except NotFound:
        return


def _remove(container: Container) -> None:
    try:
        container.remove(force=True)
    except NotFound:
        return
    except APIError as error:  # another removal of the same container is under way
        if error.status_code != 409:
            raise


def main() -> int:
    """Watch the door until told to stop (then take it away), or until it or the engine ends (then exit 1)."""
    settings = load_settings()
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        with closing(client(settings)) as engine:
            container = ensure(settings, engine)
            print(f"the door stands: {container.short_id}", flush=True)
            _follow(settings, container)
            threading.Thread(target=_keep, args=(settings, stopping), daemon=True).start()
            ended = container.wait(timeout=None)
            print(f"the door ended: {ended}", flush=True)
    except (ReadingRoomError, DockerException, RequestException) as error:
        print(f"the door is not watched: {error}", flush=True)
    finally:
        if stopping.is_set():
            with closing(client(settings)) as engine:
                remove(settings, engine)
    return 1


def _keep(settings: Settings, stopping: threading.Event) -> None:
    """Tell the door what is open and how much, again and again: also after it was killed, or the Hub missed to."""
    while not stopping.wait(RECONCILE_SECONDS):
        try:
            doorkeeper.reconcile(settings)
            doorlines.tell(settings)
        except ReadingRoomError as error:
            print(f"the door was not told what is open: {error}", flush=True)


def _follow(settings: Settings, container: Container) -> None:
    """Copy what the door says to our own log, in the background, for as long as it says anything."""

    def copy() -> None:
        try:
            with closing(client(settings)) as engine:
                for line in engine.containers.get(container.id).logs(stream=True, follow=True, tail=5):
                    sys.stdout.buffer.write(line)
                    sys.stdout.buffer.flush()
        except (DockerException, RequestException, ReadingRoomError) as error:
            print(f"the door's messages ended: {error}", flush=True)

    threading.Thread(target=copy, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
