"""Give a directory to a workspace, or take it back, also where we are not root ourselves.

An account that may use Docker but is not root cannot chown, nor remove what another account made. A throw-away
container can: no network, read-only, two capabilities, and nothing of ours in it but the one directory.
"""

from __future__ import annotations

import os
from pathlib import Path

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from readingroom.errors import Unavailable

TIMEOUT_SECONDS = 60
EMPTYING_SECONDS = 900  # a home may hold very many files


def set_owner(
    path: Path, uid: int, mode: int, *, engine: docker.APIClient, image: str, label: dict[str, str]
) -> None:
    """Make `uid` owner and group of the directory `path`, with `mode`. Not recursive; follows no link."""
    if os.geteuid() == 0:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            os.fchown(descriptor, uid, uid)
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
    else:
        set_owner_through_engine(path, uid, mode, engine=engine, image=image, label=label)


def set_owner_through_engine(
    path: Path, uid: int, mode: int, *, engine: docker.APIClient, image: str, label: dict[str, str]
) -> None:
    """The same by a throw-away container from the local `image`. Unavailable if the engine refuses."""
    command = f"chown {uid:d}:{uid:d} /target && chmod {mode:04o} /target"
    _in_container(path, command, ["CHOWN", "FOWNER"], engine=engine, image=image, label=label)


def empty_through_engine(path: Path, *, engine: docker.APIClient, image: str, label: dict[str, str]) -> None:
    """Remove everything below the directory `path`, whoever owns it. Follows no link.

    What a workspace's own account made, an account that is not root cannot remove by itself.
    """
    command = "find /target -xdev -mindepth 1 -delete"
    _in_container(
        path,
        command,
        ["DAC_OVERRIDE", "FOWNER"],
        engine=engine,
        image=image,
        label=label,
        seconds=EMPTYING_SECONDS,
    )


def _in_container(
    path: Path,
    command: str,
    capabilities: list[str],
    *,
    engine: docker.APIClient,
    image: str,
    label: dict[str, str],
    seconds: int = TIMEOUT_SECONDS,
) -> None:
    if path.is_symlink() or not path.is_dir():
        raise Unavailable(
            f"{path} is not a directory.",
            rule="hub.ownership",
            value=path,
            next_step="An administrator should look at it; nothing was opened.",
        )
    try:
        host = engine.create_host_config(
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            cap_add=capabilities,
            security_opt=["no-new-privileges:true"],
            pids_limit=16,
            mounts=[{"Type": "bind", "Source": str(path), "Target": "/target", "ReadOnly": False}],
        )
        container = engine.create_container(
            image,
            entrypoint=["/bin/sh", "-c", command],
            user="0:0",
            labels=label,
            network_disabled=True,
            host_config=host,
        )["Id"]
        try:
            engine.start(container)
            status = engine.wait(container, timeout=seconds)["StatusCode"]
        finally:
            engine.remove_container(container, force=True)
    except (DockerException, RequestException) as error:
        raise Unavailable(
            f"The engine did not do its part at {path}: {error}.",
            rule="hub.ownership",
            next_step="Check that Docker runs (`readingroom doctor`) and try again.",
        ) from error
    if status != 0:
        raise Unavailable(
            f"What root had to do at {path} ended with status {status}.",
            rule="hub.ownership",
            next_step="Check the disk and its mount options.",
        )
