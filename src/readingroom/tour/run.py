"""Makes a temporary installation, walks every step, and says what each one proved."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from rich.console import Console

from readingroom.errors import ReadingRoomError
from readingroom.ops.down import clean_demo
from readingroom.ops.up import up
from readingroom.settings import Settings, load_settings
from readingroom.tour.journey import Journey
from readingroom.tour.steps import STEPS


@dataclass(frozen=True)
class StepResult:
    """One step of the journey: what it proved, or what went wrong."""

    number: int
    title: str
    held: bool
    proved: str
    seconds: float


def run(*, people: int, keep: bool, as_json: bool) -> int:
    """Walk the journey; the exit status is 0 only if every step held. Cleans up after itself unless `keep`."""
    console = Console(stderr=as_json)
    settings = temporary_installation(people)
    results: list[StepResult] = []
    try:
        results += _walk(settings, console)
    finally:
        if keep:
            console.print(f"Kept: {settings.public_url}, state in {settings.state_dir}. Remove it with "
                          f"READINGROOM_STATE={settings.state_dir} readingroom clean-demo --yes", highlight=False)
        else:
            clean_demo(settings, console)
            shutil.rmtree(settings.state_dir, ignore_errors=True)
    held = len(results) == len(STEPS) + 1 and all(result.held for result in results)
    if as_json:
        print(json.dumps({"held": held, "seconds": round(sum(result.seconds for result in results), 1),
                          "steps": [asdict(result) for result in results]}, indent=2))
    else:
        total = sum(result.seconds for result in results)
        console.print(f"\n[bold]{'The whole journey held' if held else 'The journey broke off'}[/] ({total:.0f} s).")
    return 0 if held else 1


def temporary_installation(people: int, **given: float | str) -> Settings:
    """Settings of an installation of its own: a new state directory, free ports and what is `given`."""
    state = Path(tempfile.mkdtemp(prefix="readingroom-tour-"))
    port, proxy_api_port = free_ports(2)
    (state / "settings.toml").write_text(
        f"port = {port}\nproxy_api_port = {proxy_api_port}\ndemo_people = {people}\n"
        "answer_slot_seconds = 2.0\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items()))
    return load_settings(state)


def free_ports(count: int) -> tuple[int, ...]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return tuple(one.getsockname()[1] for one in sockets)
    finally:
        for one in sockets:
            one.close()


def _walk(settings: Settings, console: Console) -> Iterator[StepResult]:
    journey: Journey | None = None
    started = time.monotonic()
    try:
        made = up(settings, demo=True, console=Console(quiet=True))
        journey = Journey(settings, {account.username: account.password for account in made.accounts})
        result = StepResult(0, "A fresh installation starts", True,
                            f"{made.address} answers with {len(made.accounts)} demo accounts",
                            time.monotonic() - started)
    except ReadingRoomError as error:
        result = StepResult(0, "A fresh installation starts", False, str(error), time.monotonic() - started)
    yield _shown(result, console)
    if journey is None:
        return
    with _closing(journey):
        for number, (title, step) in enumerate(STEPS, start=1):
            begun = time.monotonic()
            try:
                held, proved = True, step(journey)
            except (ReadingRoomError, AssertionError, httpx.HTTPError) as error:
                held, proved = False, f"{type(error).__name__}: {error}"
            yield _shown(StepResult(number, title, held, proved, round(time.monotonic() - begun, 2)), console)
            if not held:
                return


@contextmanager
def _closing(journey: Journey) -> Iterator[None]:
    try:
        yield
    finally:
        journey.close()


def _shown(result: StepResult, console: Console) -> StepResult:
    mark = "[green]held[/]  " if result.held else "[red]BROKE[/] "
    console.print(f"{mark} {result.number:>2}  [bold]{result.title}[/] ({result.seconds:.1f} s)\n"
                  f"           {result.proved}", highlight=False, soft_wrap=True)
    return result
