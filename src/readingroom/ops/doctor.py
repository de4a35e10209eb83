"""What is missing, too old or unsafe on this machine, each with its fix. Looks and changes nothing.

What can't be told is a warning that says so, never "ok".
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException

from readingroom.errors import PolicyError, ReadingRoomError
from readingroom.ops import engine as engine_room
from readingroom.ops import floors, images, install, rootfs, supervise, walls
from readingroom.ops.checks import Check, Level, fail, ok, warn
from readingroom.settings import REPOSITORY, STATE_VARIABLE, Settings
from readingroom.storage.policies import load_policies

GIB = 1024**3
STATE_SPACE_FLOOR_BYTES = 1 * GIB
STATE_SPACE_WISH_BYTES = 5 * GIB
ENGINE_SPACE_FLOOR_BYTES = 4 * GIB  # the images take 1.5 GiB, and as much again while they are made
MEMORY_WISH_BYTES = 4 * GIB
IMAGE_AGE_WISH = timedelta(days=45)
SOCKET_PATH_BYTES = 107
WORKSPACE_SOCKET_BYTES = (
    72  # "w/<person>--<project>/s.sock" below the run directory, names as long as allowed
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def diagnose(settings: Settings, *, before_start: bool = False) -> tuple[Check, ...]:
    """Look at everything. With `before_start`, what `up` provides by itself is a warning, not a failure."""
    checks = [
        *_python(),
        *_packages(),
        *_host_tools(),
        *_kernel(),
        *_state(settings),
        *_policies(settings),
        *_keys(settings),
        *_port(settings),
        *_sockets(settings),
        *walls.quotas(settings),
        *_engine(settings, before_start),
        *_processes(settings),
    ]
    return tuple(checks)


def failures(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.level is Level.FAILURE)


# Python and its packages


def _python() -> Iterator[Check]:
    version = platform.python_version()
    if sys.version_info >= (3, 11):  # noqa: UP036  the lock file's floor, said in words
        yield ok("python", f"Python {version}")
    else:
        yield fail("python", f"Python {version} is too old.", "Install Python 3.11 or later.")


def _packages() -> Iterator[Check]:
    for floor in floors.PLATFORM:
        try:
            found = metadata.version(floor.name)
        except metadata.PackageNotFoundError:
            yield fail(floor.name, f"{floor.name} is not installed.", "Remove .venv and run `make up`.")
            continue
        yield _against(floor, found, Level.FAILURE, "Update requirements/platform.lock and run `make up`.")
    yield from _workspace_packages()


def _workspace_packages() -> Iterator[Check]:
    """What the notebook image installs is what its lock file says, so the lock is what is read."""
    lock = REPOSITORY / "images/notebook/requirements.lock"
    locked = {}
    if lock.is_file():
        for line in lock.read_text().splitlines():
            name, equals, rest = line.partition("==")
            if equals and not line.startswith(" "):
                locked[name] = rest.split()[0]
    for floor in floors.WORKSPACE:
        name = f"workspace {floor.name}"
        if floor.name not in locked:
            yield warn(name, f"Can't tell which {floor.name} workspaces get.", f"Restore {lock}.")
        else:
            yield _against(floor, locked[floor.name], Level.FAILURE, "Run `make lock` and `make up`.", name)


def _against(floor: floors.Floor, version: str, level: Level, fix: str, name: str = "") -> Check:
    if floors.meets(version, floor):
        return ok(name or floor.name, f"{floor.name} {version}")
    if not floors.parse(version):
        return warn(name or floor.name, f"Can't tell the version of {floor.name} ({version!r}).", fix)
    wanted = " or ".join(floor.versions)
    return Check(
        name or floor.name, level, f"{floor.name} {version} is below {wanted} ({floor.because}).", fix
    )


def _host_tools() -> Iterator[Check]:
    node = Path(sys.executable).parent / "node"
    if node.exists():
        yield ok("node", f"Node of this environment ({node})")
    else:
        yield fail("node", "There is no Node in this environment.", "Remove .venv and run `make up`.")
    if any(shutil.which(name) for name in CHROMIUM):
        yield ok("chromium", "A Chromium for the browser tests")
    else:
        yield warn(
            "chromium",
            "No Chromium (only the browser tests need it).",
            "As root: apt-get install --no-install-recommends chromium",
        )
    if not shutil.which("setpriv"):
        yield warn(
            "setpriv",
            "No setpriv: a killed supervisor would leave its programs running.",
            "Install the package util-linux.",
        )


# The kernel


def _kernel() -> Iterator[Check]:
    if platform.system() != "Linux":
        yield fail("kernel", f"This is {platform.system()}, not Linux.", "Use a Linux machine.")
        return
    yield ok("kernel", f"Linux {platform.release()}")
    yield _feature(
        "seccomp",
        Path("/proc/sys/kernel/seccomp/actions_avail"),
        lambda text: "errno" in text,
        level=Level.FAILURE,
        fix="Use a kernel with CONFIG_SECCOMP_FILTER.",
    )
    yield _feature(
        "overlay",
        Path("/proc/filesystems"),
        lambda text: "overlay" in text,
        level=Level.WARNING,
        fix="Load it: modprobe overlay. Without it images are slow and large.",
    )
    yield _feature(
        "user namespaces",
        Path("/proc/sys/user/max_user_namespaces"),
        lambda text: int(text) > 0,
        level=Level.WARNING,
        fix="Only rootless set-ups need them: sysctl user.max_user_namespaces=15000",
    )
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        yield ok("cgroups", "Control groups, version 2")
    elif Path("/sys/fs/cgroup/memory").is_dir() and Path("/sys/fs/cgroup/pids").is_dir():
        yield ok("cgroups", "Control groups, version 1")
    else:
        yield fail(
            "cgroups",
            "No control groups for memory and processes: limits would not hold.",
            "Mount /sys/fs/cgroup; see the distribution's documentation.",
        )
    yield _memory()


def _feature(name: str, file: Path, test: Callable[[str], bool], *, level: Level, fix: str) -> Check:
    try:
        present = test(file.read_text())
    except (OSError, ValueError):
        return warn(name, f"Can't tell whether this kernel has {name} ({file} is not readable).", fix)
    return ok(name, f"{name}: yes") if present else Check(name, level, f"This kernel has no {name}.", fix)


def _memory() -> Check:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    text = f"{total / GIB:.1f} GiB of memory"
    if total >= MEMORY_WISH_BYTES:
        return ok("memory", text)
    return warn("memory", f"{text}: room for one workspace at most.", "4 GiB and 2 more per open workspace.")


# The installation's own things


def _state(settings: Settings) -> Iterator[Check]:
    folder = settings.state_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    other = f"Choose another directory in {STATE_VARIABLE}, or give this one to the account that runs this."
    if os.statvfs(existing).f_flag & os.ST_RDONLY:
        yield fail("state directory", f"{existing} is on a read-only file system.", other)
    elif not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield fail("state directory", f"{existing} can't be written by this account.", other)
    elif install.looks_foreign(settings):
        yield fail("state directory", f"{folder} holds something else than an installation.", other)
    else:
        yield ok("state directory", str(folder))
    yield _space("disk space", existing, STATE_SPACE_FLOOR_BYTES, STATE_SPACE_WISH_BYTES)


def _policies(settings: Settings) -> Iterator[Check]:
    if not settings.policies_dir.is_dir():
        yield fail("policies", f"{settings.policies_dir} is missing.", "Set policies_dir in settings.toml.")
        return
    try:
        load_policies(settings.policies_dir)
    except PolicyError as error:
        for fault in error.faults:
            yield fail("policies", fault, "Correct it; `readingroom policy validate` looks again.")
    else:
        yield ok("policies", f"No faults in {settings.policies_dir}")


def _space(name: str, folder: Path, floor: int, wish: int) -> Check:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return warn(name, f"Can't tell how much room {folder} has ({error.strerror}).", "Look with: df -h")
    text = f"{free / GIB:.1f} GiB free at {folder}"
    fix = f"Make room: at least {wish / GIB:.0f} GiB."
    if free < floor:
        return fail(name, f"Only {text}.", fix)
    return ok(name, text) if free >= wish else warn(name, f"Only {text}.", fix)


def _keys(settings: Settings) -> Iterator[Check]:
    folder = settings.keys_dir
    try:
        if not folder.exists():
            yield ok("keys", "None yet; the first start makes them")
            return
        faults = list(_key_faults(folder))
        missing = [name for name in install.KEY_FILES if not (folder / name).exists()]
    except OSError as error:
        yield fail("keys", f"{folder} can't be read ({error.strerror}).", "Run as the account that made it.")
        return
    for path, what, fix in faults:
        yield fail("keys", f"{path} {what}.", fix)
    if missing:
        yield warn(
            "keys",
            f"Missing: {', '.join(missing)}.",
            "The next start makes those that nothing depends on yet; restore others from the backup.",
        )
    if not faults and not missing:
        yield ok("keys", f"{len(install.KEY_FILES)} keys, readable by their owner only")


def _key_faults(folder: Path) -> Iterator[tuple[Path, str, str]]:
    wanted = {folder: 0o700} | {
        folder / name: 0o600 for name in install.KEY_FILES if (folder / name).exists()
    }
    for path, mode in wanted.items():
        state = path.lstat()
        if stat.S_ISLNK(state.st_mode):
            yield path, "is a symbolic link", "Replace it by the file itself."
        elif state.st_uid != os.geteuid():
            yield path, f"belongs to account {state.st_uid}", f"chown {os.geteuid()} {path}"
        elif stat.S_IMODE(state.st_mode) & ~mode:
            yield path, f"has mode {stat.S_IMODE(state.st_mode):04o}", f"chmod {mode:04o} {path}"


def _port(settings: Settings) -> Iterator[Check]:
    ours = supervise.running(settings)
    for name, port in (("port", settings.port), ("proxy API port", settings.proxy_api_port)):
        address = settings.address if name == "port" else "127.0.0.1"
        try:
            free = port_free(address, port)
        except OSError as error:
            yield fail(
                name,
                f"{address}:{port} can't be used ({error.strerror}).",
                "Set address and port in settings.toml; ports below 1024 need root.",
            )
            continue
        if free or ours:
            yield ok(name, f"{address}:{port} is {'free' if free else 'ours'}")
        else:
            yield fail(
                name,
                f"Another program listens on {address}:{port}{_listener(port)}.",
                f"Stop it, or set another port in {settings.state_dir / 'settings.toml'}.",
            )


def port_free(address: str, port: int) -> bool:
    """Whether the port can be listened on. OSError for any reason but somebody else's use of it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == 98:
                return False
            raise
    return True


def _listener(port: int) -> str:
    if not shutil.which("ss"):
        return ""
    answer = subprocess.run(
        ["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=False
    ).stdout
    name = answer.partition('users:(("')[2].partition('"')[0]
    return f" ({name})" if name else ""


def _sockets(settings: Settings) -> Iterator[Check]:
    longest = max(len(str(settings.hub_socket)), len(str(settings.run_dir)) + WORKSPACE_SOCKET_BYTES)
    if longest > SOCKET_PATH_BYTES:
        yield fail(
            "socket paths", f"{settings.run_dir} is too long a place for sockets.", "Use a shorter one."
        )
    elif str(settings.run_dir) != str(settings.run_dir).lower():
        yield fail("socket paths", f"{settings.run_dir} has capital letters.", "Use a lower-case path.")
    else:
        yield ok("socket paths", str(settings.run_dir))


def _processes(settings: Settings) -> Iterator[Check]:
    try:
        found = supervise.status(settings)
    except ReadingRoomError as error:
        yield fail("processes", error.message, error.next_step)
        return
    bad = [program for program in found if program.state in ("FATAL", "BACKOFF", "EXITED", "UNKNOWN")]
    for program in bad:
        yield fail(
            f"process {program.name}",
            f"{program.name} is {program.state}: {program.description}.",
            f"See {settings.logs_dir / (program.name + '.log')}",
        )
    if found and not bad:
        yield ok("processes", ", ".join(f"{program.name} {program.state.lower()}" for program in found))


# The engine and the images


def _engine(settings: Settings, before_start: bool) -> Iterator[Check]:
    try:
        engine = engine_room.client(settings, timeout_seconds=20)
    except ReadingRoomError as error:
        ours_to_start = before_start and os.geteuid() == 0 and engine_room.socket_path(settings) is not None
        yield Check(
            "engine",
            Level.WARNING if ours_to_start else Level.FAILURE,
            error.message,
            "`up` provides it now." if ours_to_start else error.next_step,
        )
        return
    with closing(engine):
        try:
            yield from _engine_facts(engine)
            yield from walls.offered(settings, engine.info())
            yield from walls.left_over(settings)
            yield from _images(settings, engine, before_start)
        except (DockerException, RequestException, KeyError) as error:
            yield warn(
                "engine", f"The engine did not answer every question: {error}.", "Run the doctor again."
            )


def _engine_facts(engine: docker.DockerClient) -> Iterator[Check]:
    version, facts = engine.version(), engine.info()
    yield ok("engine", f"The engine answers ({version['Version']}, API {version['ApiVersion']})")
    backport = (
        "Install a newer one if your distribution has it. Debian and Ubuntu put fixes into older "
        "versions: compare the package's changelog (apt changelog {}) with the advisory."
    )
    yield _against(
        floors.MOBY,
        version["Version"],
        Level.WARNING,
        backport.format("docker.io") + " Workspaces have no network at all, which this fault needs.",
    )
    runc = next((part["Version"] for part in version.get("Components", ()) if part["Name"] == "runc"), "")
    yield _against(floors.RUNC, runc, Level.WARNING, backport.format("runc"))
    if any("seccomp" in option for option in facts.get("SecurityOptions") or ()):
        yield ok("engine seccomp", "The engine filters system calls")
    else:
        yield fail(
            "engine seccomp", "The engine was built without seccomp.", "Use the distribution's docker.io."
        )
    if not facts.get("MemoryLimit") or not facts.get("PidsLimit", True):
        yield fail(
            "engine limits", "The engine can't limit memory or processes.", "Enable these control groups."
        )
    if facts.get("LiveRestoreEnabled"):
        yield ok("live restore", "Workspaces outlive the engine")
    else:
        yield warn(
            "live restore",
            "If the engine dies, open workspaces die with it.",
            'Put {"live-restore": true} into /etc/docker/daemon.json and reload the engine.',
        )
    root = Path(facts["DockerRootDir"])
    yield _space(
        "engine disk space",
        root if os.access(root.parent, os.X_OK) and root.exists() else Path("/"),
        ENGINE_SPACE_FLOOR_BYTES,
        2 * ENGINE_SPACE_FLOOR_BYTES,
    )


def _images(settings: Settings, engine: docker.DockerClient, before_start: bool) -> Iterator[Check]:
    try:
        found = images.states(settings)
    except ReadingRoomError as error:
        yield fail("images", error.message, error.next_step)
        return
    absent = Level.WARNING if before_start else Level.FAILURE
    fix = "`up` makes it now." if before_start else "Run `make up`: it makes it."
    for image in found:
        name = f"image {image.name}"
        if not image.present:
            yield Check(name, absent, f"{image.name} is missing.", fix)
        elif not image.current:
            yield warn(name, f"{image.name} was made from other files than are here now.", fix)
        elif _older_than(image.created, IMAGE_AGE_WISH):
            yield warn(
                name,
                f"{image.name} is more than {IMAGE_AGE_WISH.days} days old and lacks security updates.",
                "Run `make images`.",
            )
        else:
            yield ok(name, f"{image.name} is present and current")
    if any(not image.present for image in found) and not _has_root(engine) and not shutil.which("mmdebstrap"):
        yield warn(
            "mmdebstrap",
            "If no registry answers, making images needs mmdebstrap.",
            "As root: apt-get install --no-install-recommends mmdebstrap",
        )


def _has_root(engine: docker.DockerClient) -> bool:
    for name in (rootfs.REGISTRY_IMAGE, rootfs.ROOT_IMAGE):
        try:
            engine.images.get(name)
        except ImageNotFound:
            continue
        return True
    return False


def _older_than(created: str, age: timedelta) -> bool:
    try:
        return datetime.now(UTC) - datetime.fromisoformat(created[:19] + "+00:00") > age
    except ValueError:
        return True
