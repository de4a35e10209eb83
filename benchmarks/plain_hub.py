"""The baseline: JupyterHub with a plain DockerSpawner, the same image, and none of our controls."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import httpx

from readingroom import installed
from readingroom.hub.configure import NODE, PROXY_PROGRAM
from readingroom.ops import engine
from readingroom.settings import Settings
from readingroom.tour.run import free_ports
from readingroom.tour.visitor import wait_until

NAME = "plain-bench"
CONFIG = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_ip = "{bridge}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.hub_connect_ip = "{bridge}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = ["{node}", "{proxy}"]
c.JupyterHub.db_url = "sqlite:///{home}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{home}/secret"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.image = "{image}"
c.DockerSpawner.pull_policy = "never"
c.DockerSpawner.use_internal_ip = True
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.DockerSpawner.remove = True
c.DockerSpawner.name_template = "{name}-{{username}}"
c.JupyterHub.services = [{{"name": "bench", "api_token": "{token}", "admin": True}}]
"""


@dataclass(frozen=True)
class PlainHub:
    http: httpx.Client

    def start(self, name: str = "bench") -> None:
        """Ask for a person's server and return when the Hub calls it ready."""
        self.http.post(f"/hub/api/users/{name}")  # one who is known already stays
        self.http.post(f"/hub/api/users/{name}/server")
        wait_until(lambda: self.http.get(f"/hub/api/users/{name}").json()["servers"].get("", {}).get("ready"),
                   "the plain server", seconds=300, every=0.05)

    def stop(self, name: str = "bench") -> None:
        self.http.delete(f"/hub/api/users/{name}/server")
        wait_until(lambda: not self.http.get(f"/hub/api/users/{name}").json()["servers"], "the plain server to stop",
                   seconds=60)


@contextmanager
def running(settings: Settings) -> Iterator[PlainHub]:
    """A plain hub for the time of the measurement."""
    port, hub_port, api_port = free_ports(3)
    token = "bench-" + settings.instance
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / "config.py"
        config.write_text(CONFIG.format(
            port=port, hub_port=hub_port, api_port=api_port, home=home, name=NAME,
            image=installed.image_id(settings, installed.NOTEBOOK),
            token=token, bridge=_bridge(settings), node=NODE, proxy=PROXY_PROGRAM))
        process = subprocess.Popen([sys.executable, "-m", "jupyterhub", "-f", str(config)], cwd=home,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60,
                            headers={"Authorization": f"token {token}"})
        try:
            wait_until(lambda: _answers(http), "the plain hub", seconds=60)
            http.post("/hub/api/users/bench")
            yield PlainHub(http)
        finally:
            http.close()
            process.terminate()
            process.wait(90)


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/hub/api/").status_code == 200
    except httpx.HTTPError:
        return False


def _bridge(settings: Settings) -> str:
    client: docker.DockerClient = engine.client(settings)
    try:
        return str(client.networks.get("bridge").attrs["IPAM"]["Config"][0].get("Gateway", "172.17.0.1"))
    finally:
        client.close()
