"""The root file system of every image: from a registry where one answers, else from the distribution's packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from requests.exceptions import RequestException

from readingroom.ops import packages
from readingroom.ops.engine import client
from readingroom.ops.progress import Progress, run
from readingroom.settings import Settings

ROOT_IMAGE = "readingroom/rootfs:bookworm"
REGISTRY_IMAGE = "debian:bookworm-slim"
SUITE = "bookworm"
ARCHIVE = "http://deb.debian.org/debian"
SECURITY_ARCHIVE = "http://deb.debian.org/debian-security"
REGISTRY_PATIENCE_SECONDS = 15


def mirrors() -> tuple[str, str]:
    """Where this machine gets Debian's packages and security updates; public places if it is no Debian."""
    main, security = ARCHIVE, SECURITY_ARCHIVE
    if not shutil.which("apt-get"):
        return main, security
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL)|$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    for line in answer.splitlines():
        label, _, address = line.partition("|")
        if address.startswith(("http://", "https://")):
            if label == "Debian":
                main = address.rstrip("/")
            elif label == "Debian-Security":
                security = address.rstrip("/")
    return main, security


def sources(main: str, security: str) -> list[str]:
    return [
        f"deb {main} {SUITE} main",
        f"deb {main} {SUITE}-updates main",
        f"deb {security} {SUITE}-security main",
    ]


def _root_here(settings: Settings) -> str:
    """The root file system that is already on the engine, or an empty string."""
    with closing(client(settings)) as engine:
        for name in (REGISTRY_IMAGE, ROOT_IMAGE):
            with suppress(ImageNotFound):
                engine.images.get(name)
                return name
    return ""


def provide_root(settings: Settings, progress: Progress, *, fresh: bool) -> str:
    """The name of the image to build on: the one here, else a registry's, else made from packages."""
    if not fresh and (here := _root_here(settings)):
        return here
    with progress.step(f"Looking for {REGISTRY_IMAGE} in a registry"):
        pulled = _pull(settings)
    if pulled:
        return REGISTRY_IMAGE
    progress.say(f"No registry gave {REGISTRY_IMAGE}.")
    bootstrap(settings, progress)
    return ROOT_IMAGE


def _pull(settings: Settings) -> bool:
    """Whether the registry gave the base image. Silence for REGISTRY_PATIENCE_SECONDS counts as no."""
    try:
        engine = docker.APIClient(base_url=settings.engine_url, timeout=REGISTRY_PATIENCE_SECONDS)
        repository, _, tag = REGISTRY_IMAGE.partition(":")
        for line in engine.pull(repository, tag=tag, stream=True, decode=True):
            if "error" in line:
                return False
        engine.inspect_image(REGISTRY_IMAGE)
    except (DockerException, APIError, RequestException):
        return False
    return True


def bootstrap(settings: Settings, progress: Progress) -> None:
    """Make ROOT_IMAGE with mmdebstrap (or debootstrap) from this machine's own package mirror."""
    if not shutil.which("mmdebstrap") and not shutil.which("debootstrap"):
        packages.install(["mmdebstrap"], "Making a base image without a registry", progress)
    main, security = mirrors()
    with (
        tempfile.TemporaryDirectory(prefix="readingroom-") as scratch,
        progress.step(f"Making a Debian {SUITE} root file system") as detail,
    ):
        archive = Path(scratch) / "root.tar"
        if shutil.which("mmdebstrap"):
            run(
                _mmdebstrap(archive, main, security),
                detail=detail,
                failure="mmdebstrap failed",
                environment={**os.environ, **proxies()},
                next_step="Check /etc/apt/sources.list* and, on another distribution than Debian, that "
                "debian-archive-keyring is installed.",
            )
        else:
            _debootstrap(Path(scratch), archive, main, detail)
        with closing(client(settings)) as engine:
            engine.api.import_image_from_file(str(archive), *ROOT_IMAGE.split(":"))
            engine.images.get(ROOT_IMAGE)


# Nothing of this machine may stay in the root file system: not its name, its resolver or its mirror.
_FORGET = ("etc/hostname", "etc/resolv.conf", "etc/apt/sources.list", "etc/apt/apt.conf.d/99mmdebstrap")


def _mmdebstrap(archive: Path, main: str, security: str) -> list[str]:
    forget = " ".join(f'"$1"/{name}' for name in _FORGET)
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        f"--customize-hook=rm -rf {forget}",
        '--customize-hook=find "$1" -xdev -perm /6000 -type f -exec chmod a-s {} +',
        SUITE,
        str(archive),
        *sources(main, security),
    ]


def _debootstrap(scratch: Path, archive: Path, main: str, detail: Callable[[str], None]) -> None:
    if os.geteuid() != 0:
        raise packages.ask_for(["mmdebstrap"], "Making a base image without a registry and without root")
    root = scratch / "root"
    run(
        ["debootstrap", "--variant=minbase", SUITE, root, main],
        detail=detail,
        failure="debootstrap failed",
        next_step="Install mmdebstrap, or check the package sources in /etc/apt.",
    )
    for name in _FORGET:
        (root / name).unlink(missing_ok=True)
    run(
        ["tar", "-C", root, "--numeric-owner", "-cf", archive, "."],
        failure="The root file system was not packed",
        next_step="Check the space left in the temporary directory.",
    )


def proxies() -> dict[str, str]:
    names = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    return {name: os.environ[name] for name in names if os.environ.get(name)}
