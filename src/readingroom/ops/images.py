"""The images of workspaces and of the door: made here, and only when what they are made of changed.

Each build gets a context staged for it, so that an image can hold nothing that was not listed. A hash of
the context (and of the image below) is the image's tag; a tag that is there means nothing to do. The
installation remembers by id which images it runs, so another checkout on the same engine changes nothing here.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound
from docker.models.images import Image

from readingroom import installed
from readingroom.durable import write_whole
from readingroom.errors import IntegrityError, InvalidInput
from readingroom.installed import Installed
from readingroom.ops import building, rootfs
from readingroom.ops.closure import closure
from readingroom.ops.engine import client
from readingroom.ops.install import create_run_top
from readingroom.ops.progress import Progress
from readingroom.settings import REPOSITORY, Settings, load_settings

INPUTS_LABEL = "readingroom.inputs"
TAG_DIGITS = 12
NOTEBOOK_PARTS = (
    "Dockerfile", "requirements.lock", "jupyter", "welcome.ipynb", "start", "mirror.py", "pip.conf",
    "kernel-packages.pth", "kernel.json", "overrides.json", "lab",
)
DOOR_PARTS = ("Dockerfile", "haproxy.cfg", "inwards.cfg", "inwards.map", "limits.map", "lines.map")
# What of our package goes into a workspace: this part, and what it imports. Everything else stays out: there is no
# reason for a researcher to hold the code that guards them.
FOR_WORKSPACES = "sdk"


@dataclass(frozen=True)
class ImageState:
    """One image as the engine has it. `current` is False when absent or made from other inputs."""

    name: str
    present: bool
    current: bool
    image_id: str
    created: str


def states(settings: Settings, wanted: Iterable[str] = ()) -> tuple[ImageState, ...]:
    """How the images stand that every installation needs, that this one runs, or that are `wanted`; in build order.

    Raises Unavailable if the engine can't be asked.
    """
    known = installed.images(settings)
    every = {*wanted, *running(settings)}
    with tempfile.TemporaryDirectory() as scratch, closing(client(settings)) as engine:
        return tuple(_state(engine, plan, known.get(plan.family)) for plan in _plans(settings, Path(scratch), every))


def provide(
    settings: Settings, progress: Progress, wanted: Iterable[str] = (), *, rebuild: bool = False
) -> tuple[str, ...]:
    """Make what is missing or was made from other inputs; return the names made (empty: nothing to do).

    Only one process builds at a time; the others wait and then find the work done. From now on the installation
    runs these images.
    """
    made = []
    with _one_at_a_time(settings), tempfile.TemporaryDirectory(prefix="readingroom-") as scratch:
        known = installed.images(settings)
        plans = _plans(settings, Path(scratch), wanted)
        for plan in plans:
            with closing(client(settings)) as engine:
                state = _state(engine, plan)
            if rebuild or not state.current:
                below = known[plan.below].name if plan.below else rootfs.provide_root(
                    settings, progress, fresh=rebuild)
                building.build(settings, plan.tag, plan.context, {INPUTS_LABEL: plan.inputs}, {"BELOW": below},
                               progress, fresh=rebuild)
                made.append(plan.tag)
                with closing(client(settings)) as engine:
                    state = _state(engine, plan)
            known[plan.family] = Installed(plan.tag, state.image_id)
        _remember(settings, known)
    return tuple(made)


def running(settings: Settings) -> frozenset[str]:
    """What this installation runs, of what there still is: a project may have chosen more than the needed ones."""
    return frozenset(installed.images(settings)) & frozenset(FAMILIES)


def check_family(family: str) -> None:
    """Raise InvalidInput unless there is such an image."""
    if family not in FAMILIES:
        raise InvalidInput(f"There is no image {family!r}.", rule="ops.images.family", value=family,
                           next_step=f"There are: {', '.join(FAMILIES)}.")


def base_image(settings: Settings) -> str:
    """The id of the image that all others of this installation stand on."""
    return installed.image_id(settings, "base")


# What goes into an image


@dataclass(frozen=True)
class Family:
    """How one image is made: what it stands on (empty: a root file system) and what is staged for it."""

    below: str
    stage: Callable[[Path], None]


@dataclass(frozen=True)
class _Plan:
    family: str
    below: str
    tag: str
    context: Path
    inputs: str


def _plans(settings: Settings, scratch: Path, wanted: Iterable[str]) -> tuple[_Plan, ...]:
    inputs: dict[str, str] = {}
    plans = []
    for name in _with_what_is_below({*NEEDED, *wanted}):
        context = scratch / name
        FAMILIES[name].stage(context)
        inputs[name] = hash_of(context, inputs.get(FAMILIES[name].below, ""))
        tag = installed.wanted_name(settings, name)
        tag = tag if installed.has_tag(tag) else f"{tag}:{inputs[name][:TAG_DIGITS]}"
        plans.append(_Plan(name, FAMILIES[name].below, tag, context, inputs[name]))
    return tuple(plans)


def _with_what_is_below(wanted: set[str]) -> tuple[str, ...]:
    for name in list(wanted):
        while name := FAMILIES[name].below:
            wanted.add(name)
    return tuple(name for name in FAMILIES if name in wanted)


def stage_base(context: Path) -> None:
    _stage(context, {"Dockerfile": REPOSITORY / "images/base/Dockerfile"})


def stage_door(context: Path) -> None:
    folder = REPOSITORY / "images/door"
    _stage(context, {name: folder / name for name in DOOR_PARTS})


def stage_notebook(context: Path) -> None:
    folder = REPOSITORY / "images/notebook"
    parts = {name: folder / name for name in NOTEBOOK_PARTS}
    source = REPOSITORY / "src"
    parts |= {f"sdk/{path}": source / path for path in closure(source / "readingroom", FOR_WORKSPACES)}
    _stage(context, parts)


def stage_notebook_r(context: Path) -> None:
    folder = REPOSITORY / "images/notebook-r"
    _stage(context, {name: folder / name for name in ("Dockerfile", "Rprofile.site", "readingroom")})


def stage_display(context: Path) -> None:
    folder = REPOSITORY / "images/display"
    names = ("Dockerfile", "page", "policies.json", "screen", "screen.cfg", "letters.py", "browser", "browser.cfg")
    _stage(context, {name: folder / name for name in names})


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


# What there is, in build order, and what every installation needs.
FAMILIES: dict[str, Family] = {
    "base": Family("", stage_base),
    "notebook": Family("base", stage_notebook),
    "door": Family("base", stage_door),
    "notebook-r": Family("notebook", stage_notebook_r),
    "display": Family("base", stage_display),
}
NEEDED = ("base", "notebook", "door")


def _state(engine: docker.DockerClient, plan: _Plan, known: Installed | None = None) -> ImageState:
    """The image made from the present inputs; else the one that this installation runs meanwhile."""
    for name in (plan.tag, known.image_id if known and known.name != plan.tag else ""):
        with suppress(ImageNotFound):
            if not name:
                continue
            found = engine.images.get(name)
            current = name == plan.tag and found.labels.get(INPUTS_LABEL) == plan.inputs
            return ImageState(plan.tag, True, current, str(found.id), str(found.attrs.get("Created", "")))
    return ImageState(plan.tag, False, False, "", "")


# Which of them this installation runs


def _remember(settings: Settings, known: dict[str, Installed]) -> None:
    text = installed.as_text(known).encode()
    if not settings.images_file.exists() or settings.images_file.read_bytes() != text:
        settings.state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        write_whole(settings.images_file, text, 0o644)


def keep(settings: Settings) -> tuple[str, ...]:
    """Mark this installation's images as in use, and remove those it used before once nothing uses them.

    The mark is a tag of the installation's own on the engine. Returns the names removed.
    """
    with _one_at_a_time(settings), closing(client(settings)) as engine:
        now = installed.images(settings)
        for family, one in now.items():
            with suppress(ImageNotFound):
                engine.images.get(one.image_id).tag(f"readingroom/{family}", _mark(settings, one.image_id))
        running = {one.image_id for one in now.values()}
        return _give_up(engine, settings, [one for one in _marked(engine, settings) if one.id not in running])


def release(settings: Settings) -> None:
    """Take this installation's marks away: it runs none of these images any more."""
    with closing(client(settings)) as engine:
        for image in _marked(engine, settings):
            for tag in _marks(image, settings):
                with suppress(ImageNotFound, APIError):  # somebody's container is all that keeps it
                    engine.images.remove(tag)


MARK = "of-"


def _mark(settings: Settings, image_id: str) -> str:
    return f"{MARK}{settings.instance}-{image_id.removeprefix('sha256:')[:TAG_DIGITS]}"


def _marks(image: Image, settings: Settings) -> list[str]:
    return [tag for tag in image.tags if tag.rpartition(":")[2].startswith(f"{MARK}{settings.instance}-")]


def _marked(engine: docker.DockerClient, settings: Settings) -> list[Image]:
    return [image for image in engine.images.list(filters={"label": INPUTS_LABEL}) if _marks(image, settings)]


def _give_up(engine: docker.DockerClient, settings: Settings, superseded: Iterable[Image]) -> tuple[str, ...]:
    """Take our mark from what no container uses, and remove it unless another installation's mark holds it."""
    removed = []
    for image in superseded:
        if engine.containers.list(all=True, filters={"ancestor": image.id}):
            continue  # the next `up` looks again
        ours = _marks(image, settings)
        held = [tag for tag in image.tags if tag not in ours and tag.rpartition(":")[2].startswith(MARK)]
        for tag in ours if held else image.tags:
            with suppress(ImageNotFound, APIError):  # a container of it was made meanwhile
                engine.images.remove(tag)
                removed.append(tag)
    return tuple(removed)


@contextmanager
def _one_at_a_time(settings: Settings) -> Iterator[None]:
    with (create_run_top(settings) / "images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    here = load_settings()
    provide(here, Progress(), running(here), rebuild=True)
