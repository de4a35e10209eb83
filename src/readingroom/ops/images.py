"""The images of workspaces and of the door: made here, and only when what they are made of changed.

Each build gets a context staged for it, so that an image can hold nothing that was not listed. A hash of
the context (and of the image below) is a label of the image; equal hashes mean nothing to do.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from requests.exceptions import RequestException

from readingroom.errors import IntegrityError, Unavailable
from readingroom.ops import packages
from readingroom.ops.engine import client
from readingroom.ops.install import create_run_top
from readingroom.ops.progress import Progress, run
from readingroom.settings import REPOSITORY, Settings, load_settings

INPUTS_LABEL = "readingroom.inputs"
BASE_IMAGE = "readingroom/base:latest"
ROOT_IMAGE = "readingroom/rootfs:bookworm"
REGISTRY_IMAGE = "debian:bookworm-slim"
SUITE = "bookworm"
ARCHIVE = "http://deb.debian.org/debian"
SECURITY_ARCHIVE = "http://deb.debian.org/debian-security"
# What of our package goes into a workspace. Everything else stays out: there is no reason for a researcher
# to hold the code that guards them.
SDK_PARTS = ("__init__.py", "errors.py", "core", "sdk")
# Parts of the core that only the service uses; they need packages that a workspace does not have.
NOT_FOR_WORKSPACES = (
    "audit.py", "grants.py", "package.py", "row_filters.py", "policy/dataset_files.py", "policy/library.py",
)
REGISTRY_PATIENCE_SECONDS = 15


@dataclass(frozen=True)
class ImageState:
    """One image as the engine has it. `current` is False when absent or made from other inputs."""

    name: str
    present: bool
    current: bool
    image_id: str
    created: str


def states(settings: Settings) -> tuple[ImageState, ...]:
    """How base, notebook and door stand, in build order. Raises Unavailable if the engine can't be asked."""
    with tempfile.TemporaryDirectory() as scratch, closing(client(settings)) as engine:
        return tuple(_state(engine, plan) for plan in _plans(settings, Path(scratch)))


def provide(settings: Settings, progress: Progress, *, rebuild: bool = False) -> tuple[str, ...]:
    """Make what is missing or was made from other inputs; return the names made (empty: nothing to do).

    Only one process builds at a time; the others wait and then find the work done. An image appears under its
    name when it is whole, never before.
    """
    made = []
    with _one_at_a_time(settings), tempfile.TemporaryDirectory(prefix="readingroom-") as scratch:
        for plan in _plans(settings, Path(scratch)):
            with closing(client(settings)) as engine:
                if _state(engine, plan).current and not rebuild:
                    continue
            root = _provide_root(settings, progress, fresh=rebuild) if plan.tag == BASE_IMAGE else ""
            options = ["--build-arg", f"ROOT={root}"] if root else []
            options += ["--no-cache"] if rebuild else []
            with progress.step(f"Building the image {plan.tag}") as detail:
                _build(settings, plan, Path(scratch), options, detail, progress)
            made.append(plan.tag)
    return tuple(made)


# What goes into an image


@dataclass(frozen=True)
class _Plan:
    tag: str
    context: Path
    inputs: str


def _plans(settings: Settings, scratch: Path) -> tuple[_Plan, ...]:
    below = ""
    plans = []
    for tag, stage in (
        (BASE_IMAGE, stage_base),
        (settings.notebook_image, stage_notebook),
        (settings.door_image, stage_door),
    ):
        context = scratch / stage.__name__
        stage(context)
        plan = _Plan(tag, context, hash_of(context, below))
        plans.append(plan)
        below = below or plan.inputs  # both others stand on the base
    return tuple(plans)


def stage_base(context: Path) -> None:
    _stage(context, {"Dockerfile": REPOSITORY / "images/base/Dockerfile"})


def stage_door(context: Path) -> None:
    folder = REPOSITORY / "images/door"
    _stage(context, {name: folder / name for name in ("Dockerfile", "haproxy.cfg")})


def stage_notebook(context: Path) -> None:
    folder = REPOSITORY / "images/notebook"
    parts = {name: folder / name for name in ("Dockerfile", "requirements.lock", "jupyter", "welcome.ipynb")}
    package = REPOSITORY / "src/readingroom"
    parts |= {f"sdk/readingroom/{name}": package / name for name in SDK_PARTS}
    _stage(context, parts)
    for name in NOT_FOR_WORKSPACES:
        (context / "sdk/readingroom/core" / name).unlink()


def _stage(context: Path, parts: dict[str, Path]) -> None:
    for name, source in parts.items():
        if not source.exists():
            raise IntegrityError(
                f"{source} is missing, and an image is made from it.",
                rule="ops.images.inputs",
                value=source,
                next_step="Restore it from the repository.",
            )
        target = context / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))
        else:
            shutil.copyfile(source, target)
    for path in (context, *context.rglob("*")):  # the umask of whoever builds must not decide who can read it
        path.chmod(0o755 if path.is_dir() else 0o644)


def hash_of(context: Path, below: str = "") -> str:
    """A hash over the names and bytes of every file in a folder, and over `below`."""
    digest = hashlib.sha256(below.encode())
    for path in sorted(context.rglob("*")):
        if path.is_file():
            digest.update(f"\0{path.relative_to(context).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _state(engine: docker.DockerClient, plan: _Plan) -> ImageState:
    try:
        found = engine.images.get(plan.tag)
    except ImageNotFound:
        return ImageState(plan.tag, False, False, "", "")
    return ImageState(
        plan.tag,
        True,
        found.labels.get(INPUTS_LABEL) == plan.inputs,
        str(found.id),
        str(found.attrs.get("Created", "")),
    )


# Building


def _build(
    settings: Settings,
    plan: _Plan,
    scratch: Path,
    options: Sequence[str],
    detail: Callable[[str], None],
    progress: Progress,
) -> None:
    label = f"{INPUTS_LABEL}={plan.inputs}"
    command = [*builder(settings, progress), "build", "--progress=plain", "--tag", plan.tag, "--label", label]
    command += options
    for name, path in _secrets(scratch).items():
        command += ["--secret", f"id={name},src={path}"]
    proxies = _proxies()
    for name in proxies:  # a name without a value: these are known to the builder and not kept in the history
        command += ["--build-arg", name]
    run(
        [*command, str(plan.context)],
        failure=f"The image {plan.tag} did not build",
        detail=detail,
        environment={**os.environ, **proxies, "DOCKER_BUILDKIT": "1", "DOCKER_HOST": settings.engine_url},
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


def _proxies() -> dict[str, str]:
    names = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    return {name: os.environ[name] for name in names if os.environ.get(name)}


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
        secrets["apt_sources"].write_text("\n".join(_sources(main, security)) + "\n")
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


# The root file system: from a registry where one is reachable, else from the distribution's packages


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


def _sources(main: str, security: str) -> list[str]:
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


def _provide_root(settings: Settings, progress: Progress, *, fresh: bool) -> str:
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
                environment={**os.environ, **_proxies()},
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
        *_sources(main, security),
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


@contextmanager
def _one_at_a_time(settings: Settings) -> Iterator[None]:
    with (create_run_top(settings) / "images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    provide(load_settings(), Progress(), rebuild=True)
