"""The Docker engine: found, installed, started, kept.

On a machine with a service manager that knows the engine, that manager keeps it and we only ask it to start.
Elsewhere we start `dockerd` ourselves, detached, with live-restore: an engine that dies leaves the workspaces
running, and the next one takes them over.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from readingroom.errors import ReadingRoomError, Unavailable
from readingroom.ops import packages
from readingroom.ops.progress import Progress, run
from readingroom.settings import Settings, load_settings

LOG = Path("/var/log/readingroom-dockerd.log")
LOG_LIMIT_BYTES = 50 * 1024**2
START_SECONDS = 60
APPARMOR = Path("/sys/module/apparmor/parameters/enabled")
KEEP_EVERY_SECONDS = 2.0
SEARCHED = ":/usr/local/sbin:/usr/sbin"  # where dockerd is, and where few accounts but root look


@dataclass(frozen=True)
class EngineFiles:
    """Where an engine keeps what an unclean end leaves behind. The defaults are the distribution's."""

    pid: Path = Path("/var/run/docker.pid")
    containerd: Path = Path("/var/run/docker/containerd")  # of the containerd that dockerd starts itself
    system_containerd_socket: Path = Path("/run/containerd/containerd.sock")
    configuration: Path = Path("/etc/docker/daemon.json")
    log: Path = LOG
    started_by_us: Path = Path("/run/readingroom/engine.pid")


DEFAULT_FILES = EngineFiles()


def client(settings: Settings, timeout_seconds: float = 120) -> docker.DockerClient:
    """A connection to the engine; close it after use. Raises Unavailable with what to do if none answers."""
    try:
        engine = docker.DockerClient(base_url=settings.engine_url, timeout=timeout_seconds)  # type: ignore[arg-type]
        engine.ping()
    except (DockerException, RequestException) as error:
        raise unreachable(settings, error) from error
    return engine


def unreachable(settings: Settings, error: BaseException | None = None) -> Unavailable:
    """Why the engine does not answer, as far as one can tell from outside."""
    path = socket_path(settings)
    account = _account()
    if path and path.exists() and not os.access(path, os.W_OK):
        return Unavailable(
            f"This account ({account}) may not use the Docker engine at {path}.",
            rule="ops.engine.rights",
            value=path,
            next_step=f"Run as root, or as root: usermod -aG docker {account}, then sign in again.",
        )
    if not _installed() and path:
        names = " ".join(_packages())
        rights = "" if os.geteuid() == 0 else f" && usermod -aG docker {account}, then sign in again"
        return Unavailable(
            "There is no Docker engine on this machine.",
            rule="ops.engine.present",
            next_step=f"As root: apt-get install --no-install-recommends {names}{rights}.",
        )
    detail = f" ({str(error).splitlines()[0][:200]})" if error and str(error) else ""
    return Unavailable(
        f"No Docker engine answers at {settings.engine_url}{detail}.",
        rule="ops.engine.reachable",
        value=settings.engine_url,
        next_step="Start it (`make up` as root does), or set engine_url in settings.toml.",
    )


def _account() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # an account without a name, as in some containers
        return str(os.geteuid())


def _installed() -> bool:
    return shutil.which("dockerd", path=os.environ.get("PATH", "") + SEARCHED) is not None


def socket_path(settings: Settings) -> Path | None:
    """The engine's Unix socket, or None if it is reached otherwise."""
    return (
        Path(settings.engine_url.removeprefix("unix://"))
        if settings.engine_url.startswith("unix://")
        else None
    )


def reachable(settings: Settings) -> bool:
    try:
        client(settings, timeout_seconds=10).close()
    except Unavailable:
        return False
    return True


def provide(settings: Settings, progress: Progress) -> bool:
    """See that an engine answers: install it and start it where that is allowed. True if we started it.

    Raises Unavailable saying exactly what to install or start when we may not.
    """
    if reachable(settings):
        return False
    if os.geteuid() != 0 or socket_path(settings) is None:
        raise unreachable(settings)
    if not _installed():
        if shutil.which("apt-get"):
            packages.update(progress)  # only then is it known what this release has
        packages.install(_packages(), "Running workspaces", progress, updated=True)
        if _answers_within(settings, 5):  # the package's own service may have started it
            return False
    with progress.step("Starting the Docker engine"):
        return start(settings)


def _packages() -> list[str]:
    """What an engine needs here. Recommended packages are left out, but for one that it can't run without."""
    wanted = ["docker.io", "iptables"]
    if packages.available("docker-cli"):  # newer releases ship the command by itself
        wanted.append("docker-cli")
    if APPARMOR.exists() and APPARMOR.read_text().startswith("Y"):  # without it no container starts then
        wanted.append("apparmor")
    return wanted


def start(settings: Settings, files: EngineFiles = DEFAULT_FILES, extra: Sequence[str] = ()) -> bool:
    """Start an engine and wait until it answers. True if it is our own process, False if a service manager's.

    Cleans up after an engine that ended uncleanly. An engine that already answers is left alone.
    """
    if reachable(settings):
        return False
    if files == DEFAULT_FILES and managed():
        run(
            ["systemctl", "start", "docker"],
            failure="The service manager did not start docker",
            next_step="See: journalctl -u docker",
        )
        if not _answers_within(settings, START_SECONDS):
            raise unreachable(settings)
        return False
    _let_end(files)
    clear_remains(files)
    process = _launch(settings, files, extra)
    deadline = time.monotonic() + START_SECONDS
    while not reachable(settings):
        if process.poll() is not None or time.monotonic() > deadline:
            raise Unavailable(
                f"The Docker engine did not start:\n{_last_lines(files.log)}\n",
                rule="ops.engine.start",
                value=process.returncode,
                next_step=f"See {files.log}.",
            )
        time.sleep(0.1)
    files.started_by_us.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    files.started_by_us.write_text(f"{process.pid} {settings.instance}\n")
    return True


def _let_end(files: EngineFiles) -> None:
    """Wait for a containerd whose dockerd was killed. It is killed too, but ends when the disk lets go of it; a new
    dockerd would take it for one that runs, and give up."""
    deadline = time.monotonic() + START_SECONDS / 2
    while (not _is_running(files.pid, "dockerd") and _is_running(files.containerd / "containerd.pid", "containerd")
           and time.monotonic() < deadline):
        time.sleep(0.1)


def _launch(settings: Settings, files: EngineFiles, extra: Sequence[str]) -> subprocess.Popen[bytes]:
    command = ["dockerd", "--host", settings.engine_url, "--pidfile", str(files.pid), *extra]
    if not _configured(files, "live-restore"):
        command.append("--live-restore")
    files.log.parent.mkdir(parents=True, exist_ok=True)
    if files.log.exists() and files.log.stat().st_size > LOG_LIMIT_BYTES:
        files.log.replace(files.log.with_suffix(".log.1"))
    with files.log.open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )


def _configured(files: EngineFiles, key: str) -> bool:
    """Whether the engine's own file sets this already: dockerd refuses to be told twice."""
    try:
        return key in json.loads(files.configuration.read_text())
    except (OSError, ValueError):
        return False


def managed() -> bool:
    """Whether a service manager on this machine keeps the engine."""
    if not Path("/run/systemd/system").is_dir() or not shutil.which("systemctl"):
        return False
    return (
        subprocess.run(["systemctl", "cat", "docker.service"], capture_output=True, check=False).returncode
        == 0
    )


def clear_remains(files: EngineFiles = DEFAULT_FILES) -> tuple[Path, ...]:
    """Remove pid files and sockets whose process is gone, and say which. What is alive is not touched."""
    removed = []
    if files.pid.exists() and not _is_running(files.pid, "dockerd"):
        removed.append(files.pid)
    containerd_pid = files.containerd / "containerd.pid"
    if containerd_pid.exists() and not _is_running(containerd_pid, "containerd"):
        removed += [containerd_pid, *files.containerd.glob("*.sock"), *files.containerd.glob("*.sock.ttrpc")]
    # dockerd prefers this socket over a containerd of its own as soon as the file exists, listening or not.
    if files.system_containerd_socket.exists() and not _listening(files.system_containerd_socket):
        removed.append(files.system_containerd_socket)
    for path in removed:
        path.unlink(missing_ok=True)
    return tuple(removed)


def _is_running(pid_file: Path, program: str) -> bool:
    """Whether the file names a live process of that program (a pid may have been given to another)."""
    try:
        pid = int(pid_file.read_text().split()[0])
        # A zombie has no command line: it is dead, whoever has not yet noticed.
        command = (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0")[0].decode()
        return Path(command).name == program
    except (OSError, ValueError, IndexError):
        return False


def _listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _answers_within(settings: Settings, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if reachable(settings):
            return True
        time.sleep(0.2)
    return False


def _last_lines(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    except OSError:
        return "(no log)"


def stop(settings: Settings, files: EngineFiles = DEFAULT_FILES) -> bool:
    """Stop the engine if this very installation started it and nothing runs in it; whether it was stopped.

    One that another installation started (or the tests, for all of theirs) is not ours to stop.
    """
    if os.geteuid() != 0:
        return False
    if not _is_running(files.started_by_us, "dockerd"):
        files.started_by_us.unlink(missing_ok=True)
        return False
    pid, *starter = files.started_by_us.read_text().split()
    if starter != [settings.instance]:
        return False
    with closing(client(settings)) as engine:
        if engine.containers.list():
            return False
    os.kill(int(pid), signal.SIGTERM)
    deadline = time.monotonic() + START_SECONDS
    while _is_running(files.started_by_us, "dockerd"):
        if time.monotonic() > deadline:
            raise Unavailable(
                "The Docker engine did not stop.",
                rule="ops.engine.stop",
                value=pid,
                next_step=f"See {files.log}.",
            )
        _reap(int(pid))
        time.sleep(0.1)
    files.started_by_us.unlink(missing_ok=True)
    return True


def _reap(pid: int) -> None:
    """Let go of the process if it is our child; otherwise its parent will."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def keep(settings: Settings, files: EngineFiles = DEFAULT_FILES, extra: Sequence[str] = ()) -> None:
    """Restart the engine whenever it has died; never returns. A supervised program.

    Where a service manager keeps it, or we are not root, there is nothing we may do but watch and say so.
    """
    ours = os.geteuid() == 0 and not (files == DEFAULT_FILES and managed())
    print(
        "keeping the engine" if ours else "the engine is kept by this machine's service manager", flush=True
    )
    missing = 0
    while True:
        time.sleep(KEEP_EVERY_SECONDS)
        _reap(-1)  # a dockerd that was started here and died is our child
        if reachable(settings) or (files.pid.exists() and _is_running(files.pid, "dockerd")):
            missing = 0
            continue
        missing += 1
        if not ours:
            if missing == 1:
                print("the engine does not answer; waiting for the service manager", flush=True)
            continue
        print("the engine is gone; starting it again", flush=True)
        try:
            start(settings, files, extra)
        except ReadingRoomError as error:
            print(str(error), flush=True)
            time.sleep(min(30, 2 * missing))


if __name__ == "__main__":
    keep(load_settings())
