"""The portal as a process: on its Unix socket, with the installation's real wiring and keys."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time

import httpx
import pytest

from readingroom.db import migrate
from readingroom.ops.install import create_keys
from readingroom.settings import Settings
from tests.integration.web.world import API, BASE


@pytest.fixture()
def process(tmp_path):
    settings = Settings(state_dir=tmp_path / "state")
    settings.state_dir.mkdir()
    create_keys(settings)
    migrate.upgrade(settings)
    started = subprocess.Popen(
        [sys.executable, "-m", "readingroom.web"],
        env=os.environ | {"READINGROOM_STATE": str(settings.state_dir), "PYTHONPATH": "src"},
    )
    try:
        deadline = time.monotonic() + 30
        while not settings.portal_socket.exists() and time.monotonic() < deadline and started.poll() is None:
            time.sleep(0.05)
        yield settings, started
    finally:
        started.kill()
        started.wait()
        settings.portal_socket.unlink(missing_ok=True)


def test_it_answers_on_its_socket_and_says_when_the_hub_is_away(process):
    settings, started = process
    client = httpx.Client(transport=httpx.HTTPTransport(uds=str(settings.portal_socket)), base_url="http://portal")
    begun = client.get(f"{BASE}/sign-in", headers={"x-forwarded-host": "evil.example"})
    assert begun.status_code == 303 and begun.headers["location"].startswith("/hub/api/oauth2/authorize?")
    away = client.get(f"{API}/requests", headers={"Authorization": "token abc"})
    assert away.status_code == 503 and away.json()["error"] == "Unavailable"
    assert stat.S_IMODE(settings.portal_socket.stat().st_mode) & 0o007 == 0o006
    started.send_signal(signal.SIGTERM)
    assert started.wait(15) in (0, -signal.SIGTERM)
