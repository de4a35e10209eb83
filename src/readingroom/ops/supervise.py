"""The processes of an installation under supervisord: started in order, kept, stopped in reverse.

Every program is told to end if the supervisor itself is killed, so that a later start never meets leftovers
that hold a port or a socket.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from supervisor.xmlrpc import Faults, SupervisorTransport

from readingroom.durable import write_whole
from readingroom.errors import Unavailable
from readingroom.ops.install import NODE_MODULES, create_run
from readingroom.settings import REPOSITORY, STATE_VARIABLE, Settings

START_SECONDS = 20
LEFTOVER_SECONDS = 20
HUB_STOP_SECONDS = 75  # the Hub may take a minute to leave (its proxy, open spawns)


@dataclass(frozen=True)
class Program:
    """One process: lower `order` starts earlier and stops later."""

    name: str
    command: tuple[str, ...]
    order: int
    stop_seconds: int = 10


@dataclass(frozen=True)
class ProgramState:
    """As the supervisor sees it: `state` is its word (RUNNING, STARTING, BACKOFF, FATAL, STOPPED ...)."""

    name: str
    state: str
    pid: int
    description: str


def programs(settings: Settings) -> tuple[Program, ...]:
    """The processes of this installation, in starting order."""
    python = sys.executable
    return (
        Program("engine", (python, "-m", "readingroom.ops.engine"), 10),
        Program("door", (python, "-m", "readingroom.ops.door"), 20, stop_seconds=20),
        Program(
            "hub",
            (python, "-m", "readingroom.hub", "-f", str(REPOSITORY / "jupyterhub_config.py")),
            30,
            HUB_STOP_SECONDS,
        ),
        Program("portal", (python, "-m", "readingroom.web"), 40),
        Program("worker", (python, "-m", "readingroom.worker"), 50, stop_seconds=30),
    )


def control_socket(settings: Settings) -> Path:
    return settings.run_dir / "supervisor.sock"


def configuration(settings: Settings, wanted: Sequence[Program]) -> str:
    """The supervisor's configuration file for these programs."""
    search = [
        str(Path(sys.executable).parent),
        str(NODE_MODULES / ".bin"),
        os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
    ]
    environment = {
        STATE_VARIABLE: str(settings.state_dir),
        "PATH": ":".join(search),
        "PYTHONPATH": str(REPOSITORY / "src"),
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",  # each thread of a program would keep memory that others cannot use
    }
    user = "user=root\n" if os.geteuid() == 0 else ""
    parts = [
        f"[unix_http_server]\nfile={control_socket(settings)}\nchmod=0600\n",
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
        f"[supervisord]\nlogfile={settings.logs_dir / 'supervisor.log'}\n"
        f"logfile_maxbytes=5MB\nlogfile_backups=2\npidfile={settings.run_dir / 'supervisor.pid'}\n"
        f"childlogdir={settings.logs_dir}\ndirectory={REPOSITORY}\numask=022\nminfds=4096\n{user}environment={_assignments(environment)}\n",
    ]
    parts += [_section(settings, program) for program in wanted]
    return _literal("\n".join(parts))


def _section(settings: Settings, program: Program) -> str:
    return (
        f"[program:{program.name}]\n"
        f"command={_command(program.command)}\n"
        f"priority={program.order}\n"
        "autostart=true\nautorestart=true\nstartsecs=1\nstartretries=100\n"
        f"stopwaitsecs={program.stop_seconds}\nstopsignal=TERM\nkillasgroup=true\n"
        f"stdout_logfile={settings.logs_dir / (program.name + '.log')}\nredirect_stderr=true\n"
        "stdout_logfile_maxbytes=10MB\nstdout_logfile_backups=3\n"
    )


def _command(command: Sequence[str]) -> str:
    """The words quoted for the supervisor, run so that the kernel ends them if the supervisor is killed."""
    bound = ("setpriv", "--pdeathsig", "TERM", "--", *command) if shutil.which("setpriv") else tuple(command)
    return " ".join(f'"{word}"' for word in bound)


def _assignments(environment: dict[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in environment.items())


def _literal(text: str) -> str:
    return text.replace("%", "%%")  # the supervisor expands %(name)s


# Starting and stopping


def end_leftovers(settings: Settings, seconds: float = LEFTOVER_SECONDS) -> tuple[int, ...]:
    """After a killed supervisor: wait until its programs have ended, and end those that have not. Their pids.

    They hold the port and the sockets for as long as they take to leave. With a supervisor there are none.
    """
    found = () if running(settings) else leftovers(settings)
    deadline = time.monotonic() + seconds
    while left := [pid for pid in found if pid in leftovers(settings)]:
        late = time.monotonic() > deadline
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        time.sleep(0.1 if late else 0.5)
    return found


def leftovers(settings: Settings) -> tuple[int, ...]:
    """Processes of this account that a supervisor of this installation started, by command and environment."""
    commands = [program.command[1:] for program in programs(settings)]
    mine = f"{STATE_VARIABLE}={settings.state_dir}"
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text(errors="replace").split("\0")
            if any(all(word in words for word in command) for command in commands):
                variables = (folder / "environ").read_text(errors="replace").split("\0")
                if mine in variables and any(one.startswith("SUPERVISOR_PROCESS_NAME=") for one in variables):
                    found.append(int(folder.name))
        except OSError:  # ended meanwhile, or another account's
            continue
    return tuple(found)


def start(settings: Settings, wanted: Sequence[Program] | None = None) -> bool:
    """Start the supervisor with these programs (default: all of the installation). False if it already runs.

    Returns when the supervisor answers; the programs may still be starting.
    """
    create_run(settings)
    if running(settings):
        return False
    file = settings.run_dir / "supervisor.conf"
    write_whole(file, configuration(settings, programs(settings) if wanted is None else wanted).encode())
    control_socket(settings).unlink(missing_ok=True)
    result = subprocess.run(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(file)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd="/",
    )
    if result.returncode != 0:
        raise Unavailable(
            f"The supervisor did not start: {(result.stderr or result.stdout).strip()[-500:]}",
            rule="ops.supervisor.start",
            next_step=f"See {settings.logs_dir / 'supervisor.log'}.",
        )
    deadline = time.monotonic() + START_SECONDS
    while not running(settings):
        if time.monotonic() > deadline:
            raise Unavailable(
                "The supervisor does not answer.",
                rule="ops.supervisor.start",
                next_step=f"See {settings.logs_dir / 'supervisor.log'}.",
            )
        time.sleep(0.05)
    return True


def _control(settings: Settings) -> xmlrpc.client.ServerProxy:
    transport = SupervisorTransport(None, None, f"unix://{control_socket(settings)}")
    return xmlrpc.client.ServerProxy("http://localhost", transport=transport)


def running(settings: Settings) -> bool:
    """Whether this installation's supervisor answers."""
    if not control_socket(settings).exists():
        return False
    try:
        return bool(_control(settings).supervisor.getState())
    except (OSError, xmlrpc.client.Error):
        return False


def status(settings: Settings) -> tuple[ProgramState, ...]:
    """How each program stands; empty when nothing runs."""
    if not running(settings):
        return ()
    try:
        found = _control(settings).supervisor.getAllProcessInfo()
    except (OSError, xmlrpc.client.Error) as error:
        raise Unavailable(
            f"The supervisor does not answer: {error}.",
            rule="ops.supervisor.status",
            next_step="Try again, or `make down` and `make up`.",
        ) from error
    return tuple(
        ProgramState(str(info["name"]), str(info["statename"]), int(info["pid"]), str(info["description"]))
        for info in found
    )


def restart(settings: Settings, name: str) -> None:
    """Stop one program and start it again; it not running is fine."""
    control = _control(settings).supervisor
    try:
        control.stopProcess(name)
    except xmlrpc.client.Fault as fault:
        if fault.faultCode != Faults.NOT_RUNNING:
            raise Unavailable(
                f"{name} could not be stopped: {fault.faultString}.",
                rule="ops.supervisor.restart",
                value=name,
                next_step="See its log.",
            ) from fault
    control.startProcess(name)


def stop(settings: Settings) -> bool:
    """Stop every program, last started first, and then the supervisor. False if none ran."""
    if not running(settings):
        return False
    wait = sum(program.stop_seconds for program in programs(settings)) + 10
    pid_file = settings.run_dir / "supervisor.pid"
    pid = int(pid_file.read_text()) if pid_file.exists() else 0
    try:
        _control(settings).supervisor.shutdown()
    except (OSError, xmlrpc.client.Error) as error:
        raise Unavailable(
            f"The supervisor could not be told to stop: {error}.",
            rule="ops.supervisor.stop",
            next_step=f"See {settings.logs_dir / 'supervisor.log'}.",
        ) from error
    deadline = time.monotonic() + wait
    while running(settings) or _alive(pid):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"The supervisor is still stopping its programs after {wait} s.",
                rule="ops.supervisor.stop",
                value=pid,
                next_step=f"See {settings.logs_dir / 'supervisor.log'}.",
            )
        time.sleep(0.05)
    return True


def _alive(pid: int) -> bool:
    try:
        return pid > 0 and "supervisor" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
