"""How long a person waits for a workspace."""

from __future__ import annotations

import statistics
import time

from benchmarks.plain_hub import PlainHub
from benchmarks.result import Result
from readingroom.settings import Settings
from readingroom.tour.journey import PROJECT
from readingroom.tour.visitor import Visitor, wait_until


def ready_time(settings: Settings, passwords: dict[str, str], plain: PlainHub, starts: int) -> Result:
    """Median time from asking to ready, ours and plain by turns; one start of each to warm up is not counted."""
    ada = Visitor(settings.public_url, "ada", passwords["ada"])
    ada.sign_in()
    wait_until(lambda: not _state(ada)["preparing"], "the extracts", seconds=120)
    ours, plainly = [], []
    for _ in range(starts + 1):
        ours.append(_timed(lambda: open_workspace(ada)))
        close(ada)
        plainly.append(_timed(plain.start))
        plain.stop()
    ada.close()
    return Result(f"workspace ready, median of {starts}", statistics.median(ours[1:]), statistics.median(plainly[1:]),
                  "plain DockerSpawner, same image", "at most 1.10x")


def _state(ada: Visitor) -> dict[str, str]:
    found: dict[str, str] = ada.get(f"/projects/{PROJECT}/workspace/state").json()
    return found


def open_workspace(ada: Visitor) -> None:
    ada.send(ada.open(f"/projects/{PROJECT}").form("workspace/open"))
    wait_until(lambda: _state(ada)["state"] == "running", "the workspace", seconds=120, every=0.05)


def close(ada: Visitor) -> None:
    ada.send(ada.open(f"/projects/{PROJECT}/workspace/close").form("workspace/close"))
    wait_until(lambda: _state(ada)["state"] == "stopped", "the workspace to close", seconds=60)


def _timed(action) -> float:  # type: ignore[no-untyped-def]
    begun = time.monotonic()
    action()
    return time.monotonic() - begun
