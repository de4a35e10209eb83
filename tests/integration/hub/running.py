"""A real Hub behind its real proxy, on records of its own, without workspaces."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from readingroom.ops.install import create_keys, create_run
from readingroom.services.workshop import Workshop
from readingroom.settings import REPOSITORY, load_settings
from readingroom.tour.visitor import client, wait_until
from tests.factories import make_workshop

CONFIG = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from readingroom.hub.configure import configure
from readingroom.settings import load_settings
configure(get_config(), load_settings(Path({state!r})))
"""


@contextmanager
def running_hub(state: Path, **given: object) -> Iterator[Workshop]:
    """The records of the installation as its Hub sees them. `given` are its settings."""
    (state / "settings.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items()))
    settings = load_settings(state)
    create_keys(settings)
    create_run(settings)
    workshop = make_workshop(state, **given)
    (settings.keys_dir / "sign-in.key").write_bytes((state / "sign-in.key").read_bytes())
    config = state / "jupyterhub_config.py"
    config.write_text(CONFIG.format(paths=[str(REPOSITORY / "src")], state=str(state)))
    with (state / "hub.log").open("wb") as log:
        hub = subprocess.Popen([sys.executable, "-m", "readingroom.hub", "-f", str(config)], cwd=state, stdout=log,
                               stderr=log)
    try:
        wait_until(lambda: hub.poll() is not None or answers(settings.public_url), "the Hub", seconds=120)
        assert hub.poll() is None, (state / "hub.log").read_text()[-3000:]
        yield workshop
    finally:
        hub.terminate()
        hub.wait(30)


def answers(url: str) -> bool:
    try:
        with client(url) as http:
            return http.get("/hub/api").status_code == 200
    except httpx.HTTPError:
        return False


def set_clock(room: Workshop) -> None:
    """The Hub has the real clock: so have our own acts on the records."""
    room.clock.at = datetime.now(UTC)  # type: ignore[attr-defined]
