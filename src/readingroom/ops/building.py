"""One image with BuildKit. What a step may need of this machine reaches it as secrets that no layer keeps."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from readingroom.errors import Unavailable
from readingroom.ops import packages
from readingroom.ops.progress import Progress, run
from readingroom.ops.rootfs import ARCHIVE, SECURITY_ARCHIVE, mirrors, proxies, sources
from readingroom.settings import Settings


def build(
    settings: Settings,
    tag: str,
    context: Path,
    labels: Mapping[str, str],
    arguments: Mapping[str, str],
    progress: Progress,
    *,
    fresh: bool = False,
) -> None:
    """Make the image `tag` from a staged context; it appears under its name when it is whole.

    `fresh` uses nothing of earlier builds. Raises Unavailable naming the step that failed.
    """
    command = [*builder(settings, progress), "build", "--progress=plain", "--tag", tag]
    command += [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    command += [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    command += ["--no-cache"] if fresh else []
    passed = proxies()
    for name in passed:  # a name without a value: these are known to the builder and not kept in the history
        command += ["--build-arg", name]
    with (
        tempfile.TemporaryDirectory(prefix="readingroom-") as scratch,
        progress.step(f"Building the image {tag}") as detail,
    ):
        for name, path in _secrets(Path(scratch)).items():
            command += ["--secret", f"id={name},src={path}"]
        run(
            [*command, str(context)],
            failure=f"The image {tag} did not build",
            detail=detail,
            environment={**os.environ, **passed, "DOCKER_BUILDKIT": "1", "DOCKER_HOST": settings.engine_url},
            next_step="The lines above name the step. Check that containers here reach the package mirror and "
            "the Python index, then run `make up` again; what was done is kept.",
        )


def builder(settings: Settings, progress: Progress) -> list[str]:
    """The docker command that can build with secrets: an older one by itself, a newer one with buildx.

    Several may be on the path. Installs docker-buildx when it may and there is no other way.
    """
    for attempt in ("look", "look after installing"):
        for found in _on_path("docker"):
            if _can_build(found):
                return [found]
        if attempt == "look":
            command = ["docker-cli"] if packages.available("docker-cli") else []
            packages.install(["docker-buildx", *command], "Building images", progress)
    raise Unavailable(
        "No docker command here can build with BuildKit.",
        rule="ops.images.builder",
        next_step="Install the package docker-buildx.",
    )


def _can_build(command: str) -> bool:
    answer = subprocess.run(
        [command, "version", "--format", "{{.Client.Version}}"], capture_output=True, text=True, check=False
    )
    major = answer.stdout.strip().split(".")[0]
    if major.isdigit() and int(major) < 23:
        return True
    return subprocess.run([command, "buildx", "version"], capture_output=True, check=False).returncode == 0


def _on_path(name: str) -> Iterator[str]:
    for folder in dict.fromkeys([*os.environ.get("PATH", "").split(":"), "/usr/bin"]):
        if folder and os.access(Path(folder) / name, os.X_OK):
            yield str(Path(folder) / name)


def _secrets(scratch: Path) -> dict[str, Path]:
    """What a build step may need of this machine, as files that no layer keeps."""
    secrets = {}
    for variable in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        if Path(os.environ.get(variable, "")).is_file():
            secrets["build_ca"] = Path(os.environ[variable])
            break
    else:
        if (store := Path("/etc/ssl/certs/ca-certificates.crt")).is_file():
            secrets["build_ca"] = store
    if index := _pip_index():
        secrets["pip_index"] = scratch / "pip_index"
        secrets["pip_index"].write_text(index)
    main, security = mirrors()
    if (main, security) != (ARCHIVE, SECURITY_ARCHIVE):
        secrets["apt_sources"] = scratch / "apt_sources"
        secrets["apt_sources"].write_text("\n".join(sources(main, security)) + "\n")
    return secrets


def _pip_index() -> str:
    index = os.environ.get("PIP_INDEX_URL", "")
    if not index:
        index = (
            subprocess.run(
                ["pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
            ).stdout.strip()
            if shutil.which("pip")
            else ""
        )
    return index if index.startswith(("http://", "https://")) else ""
