"""Providing and starting an installation (`ops.down` ends it).

`up` on a running installation looks and changes nothing. Whatever is missing and may not be provided stops it
before anything is made.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from readingroom import installed
from readingroom.durable import write_whole
from readingroom.errors import ReadingRoomError, Unavailable
from readingroom.ops import doctor, engine, images, install, sbom, supervise
from readingroom.ops.down import MADE_FILE
from readingroom.ops.progress import Progress
from readingroom.settings import Settings

READY_SECONDS = 120
ANSWERING = {"hub": "/hub/health", "portal": "/services/portal/static/icon.svg"}  # by nobody else in their place


@dataclass(frozen=True)
class Started:
    """What `up` did. `accounts` holds generated passwords: shown once, kept nowhere."""

    address: str
    accounts: tuple[Any, ...]
    was_running: bool
    seconds: float


def up(settings: Settings, demo: bool = True, console: Console | None = None) -> Started:
    """Provide what is missing, start everything, wait until it answers, and say how to reach it.

    Raises Unavailable with every fix when something is missing that may not be provided.
    """
    begun = time.monotonic()
    progress = Progress(console)
    supervise.end_leftovers(settings)
    check(settings, progress)
    engine.provide(settings, progress)
    install.create_state(settings)
    install.create_keys(settings)
    install.provide_node(progress)
    install.build_static(progress)
    made = images.provide(settings, progress)
    _remember_images(settings, made)
    accounts = records(settings, progress, demo=demo)
    _remember_images(settings, images.provide(settings, progress, chosen_images(settings)))
    was_running = not supervise.start(settings)
    try:
        if not was_running or not ready(settings):
            with progress.step("Waiting until everything answers"):
                wait_until_ready(settings)
        images.keep(settings)
        list_contents(settings, progress)
    except BaseException:
        tell_accounts(accounts, console or Console())  # they exist, and nobody else knows their passwords
        raise
    started = Started(settings.public_url, accounts, was_running, time.monotonic() - begun)
    tell(started, console or Console())
    return started


def check(settings: Settings, progress: Progress) -> None:
    """The doctor before a start. Warnings are shown; failures stop, all at once and each with its fix."""
    checks = doctor.diagnose(settings, before_start=True)
    bad = doctor.failures(checks)
    if bad:
        lines = "\n".join(f"  - {check.message} {check.fix}" for check in bad)
        raise Unavailable(
            f"This machine is not ready:\n{lines}\n",
            rule="ops.doctor",
            value=", ".join(check.name for check in bad),
            next_step="Nothing was changed. `readingroom doctor` shows everything.",
        )
    warnings = [check for check in checks if check.level is doctor.Level.WARNING]
    if warnings:
        progress.say(f"{len(warnings)} things could be better; `readingroom doctor` says which.")


def records(settings: Settings, progress: Progress, *, demo: bool) -> tuple[Any, ...]:
    """Bring the database to this version and, if wanted and not there, load the demo programme.

    Returns the demo's new accounts; none if it was there.
    """
    from readingroom.db.migrate import upgrade

    upgrade(settings)
    if not demo:
        return ()
    from readingroom.bootstrap import build, build_vault
    from readingroom.services import demo as demo_programme

    room = build(settings)
    if demo_programme.exists(room):
        return ()
    with progress.step(f"Making the demo programme ({settings.demo_people:,} synthetic people)"):
        return tuple(demo_programme.load(room, build_vault(settings, room.policies), people=settings.demo_people))


def chosen_images(settings: Settings) -> frozenset[str]:
    """What the projects' workspaces run; making one of these is a matter of minutes, so no other is made."""
    from readingroom.bootstrap import build
    from readingroom.services import projects

    return projects.images(build(settings))


def list_contents(settings: Settings, progress: Progress) -> None:
    """A bill of materials beside the installation for each image; one that can't be made stops nothing."""
    for family in installed.images(settings):
        try:
            sbom.make(settings, family)
        except ReadingRoomError as error:
            progress.say(f"No bill of materials of {family}: {error}")


def _remember_images(settings: Settings, made: Sequence[str]) -> None:
    file = settings.state_dir / MADE_FILE
    known = set(file.read_text().split()) if file.exists() else set()
    if made and not set(made) <= known:
        write_whole(file, "\n".join(sorted(known | set(made))).encode())


# Readiness


def ready(settings: Settings) -> bool:
    """Whether hub, portal and door answer."""
    return (
        all(_answers(settings, path) for path in ANSWERING.values())
        and settings.door_socket.exists()
        and all(program.state == "RUNNING" for program in supervise.status(settings))
    )


def wait_until_ready(settings: Settings, seconds: float = READY_SECONDS) -> None:
    """Return when everything answers. Raises Unavailable naming what does not, with the end of its log."""
    deadline = time.monotonic() + seconds
    while not ready(settings):
        if time.monotonic() > deadline:
            raise _not_ready(settings, seconds)
        for program in supervise.status(settings):
            if program.state == "FATAL":
                raise _not_ready(settings, seconds)
        time.sleep(0.1)


def _not_ready(settings: Settings, seconds: float) -> Unavailable:
    late = [program for program in supervise.status(settings) if program.state != "RUNNING"]
    names = [program.name for program in late]
    if not names:
        names = [name for name, path in ANSWERING.items() if not _answers(settings, path)] or ["door"]
    tails = "\n".join(f"--- {name}\n{log_tail(settings, name)}" for name in names)
    return Unavailable(
        f"Not everything answered within {seconds:.0f} s: {', '.join(names)}.\n{tails}\n",
        rule="ops.ready",
        value=", ".join(names),
        next_step=f"The logs are in {settings.logs_dir}. `readingroom doctor` may know more.",
    )


def log_tail(settings: Settings, name: str, lines: int = 8) -> str:
    try:
        return "\n".join(
            (settings.logs_dir / f"{name}.log").read_text(errors="replace").splitlines()[-lines:]
        )
    except OSError:
        return "(no log)"


def _answers(settings: Settings, path: str) -> bool:
    """Whether this path is answered: a redirect is not enough, as the Hub gives one where the portal is missing."""
    connection = http.client.HTTPConnection(settings.address, settings.port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": settings.public_host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


# What is said at the end


def tell(started: Started, console: Console) -> None:
    """Print the address, the accounts (once) and what to try first."""
    state = "was already running" if started.was_running else "is running"
    console.print(
        f"\n[bold]Reading Room {state}:[/bold] {started.address}  ({started.seconds:.0f} s)", highlight=False
    )
    tell_accounts(started.accounts, console)
    if started.accounts:
        console.print(_FIRST_STEPS, highlight=False)


def tell_accounts(accounts: Sequence[Any], console: Console) -> None:
    """Print new accounts with their passwords; nothing if there are none."""
    if not accounts:
        return
    table = Table(title="Demo accounts: these passwords are shown once", title_justify="left")
    for heading in ("Sign in as", "Password", "Who", "Role"):
        table.add_column(heading, no_wrap=True)
    for account in accounts:
        table.add_row(account.username, account.password, account.display_name, str(account.role))
    console.print(table)


_FIRST_STEPS = """All people and data are synthetic. Signing in takes a password and a code from an authenticator app.
The first sign-in sets that up; without a phone, [bold].venv/bin/readingroom person code NAME[/bold] prints a code.
Try first:
  1. Sign in as ada, open the workspace of “Returning defendants” and run the welcome notebook.
  2. Sign in as imran and then as freya (other browser profiles) and decide on what ada asked to be released.
  3. Sign in as mercer and withdraw the grant: ada's workspace closes.
`make down` stops it, `make clean-demo` removes it."""
