"""Behind a TLS front, as docs/how-to/serve-over-https.md says: sign-in, workspace, websockets."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker
import pytest
from playwright.sync_api import expect

from readingroom import bootstrap, installed
from readingroom.core.policy import Tier
from readingroom.hub.names import INSTANCE_LABEL
from readingroom.ops import images
from readingroom.ops.progress import Progress
from readingroom.services import projects
from readingroom.settings import DEMO_HOST, Settings, load_settings
from readingroom.tour.run import free_ports, temporary_installation
from tests.browser.people import Hall, hall
from tests.browser.test_jupyterlab import Notebook
from tests.conftest import PEOPLE, Installation, make_installation, remove_installation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.timeout(600)]
SLUG = "returning-defendants"
FRONT = """
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 120s
    timeout tunnel 2h

frontend tls
    bind 127.0.0.1:{port} ssl crt /front/both.pem alpn h2,http/1.1
    http-response set-header Strict-Transport-Security "max-age=63072000; includeSubDomains"
    default_backend readingroom

backend readingroom
    server readingroom 127.0.0.1:{behind}
"""


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    plain = temporary_installation(PEOPLE)
    [port] = free_ports(1)
    with (plain.state_dir / "settings.toml").open("a") as file:
        file.write(f'public_url = "https://{DEMO_HOST}:{port}"\n')
    made = make_installation(load_settings(plain.state_dir))
    try:
        with front(made.settings, port):
            yield made
    finally:
        remove_installation(made)


@contextmanager
def front(settings: Settings, port: int) -> Iterator[None]:
    """HAProxy with a certificate of its own making for the name and all below it, in front of the Hub's proxy."""
    folder = Path(settings.state_dir.parent / f"front-{settings.instance}")
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
                    folder / "key.pem", "-out", folder / "certificate.pem", "-subj", f"/CN={DEMO_HOST}", "-addext",
                    f"subjectAltName=DNS:{DEMO_HOST},DNS:*.{DEMO_HOST}"], check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "certificate.pem").read_text() + (folder / "key.pem").read_text())
    (folder / "both.pem").chmod(0o644)
    (folder / "front.cfg").write_text(FRONT.format(port=port, behind=settings.port))
    with closing(docker.DockerClient(base_url=settings.engine_url)) as engine:
        container = engine.containers.run(
            installed.image_id(settings, installed.DOOR), ["-db", "-f", "/front/front.cfg"], detach=True,
            network_mode="host", labels={INSTANCE_LABEL: settings.instance},
            volumes={str(folder): {"bind": "/front", "mode": "ro"}})
        try:
            yield
        finally:
            container.remove(force=True)
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()


@pytest.fixture(scope="module")
def people(installation: Installation) -> Iterator[Hall]:
    with hall(installation, "--ignore-certificate-errors") as made:
        yield made


def test_a_notebook_runs_over_https(people: Hall) -> None:
    bilal = people.person("bilal")
    bilal.page.set_default_timeout(60_000)
    assert bilal.page.url.startswith("https://")
    bilal.open(f"/projects/{SLUG}")
    bilal.press("Open workspace")
    bilal.lab().locator(".jp-Notebook .jp-Cell").first.wait_for()
    expect(Notebook(bilal).run("print(6 * 7)")).to_have_text("42", timeout=60_000)
    assert bilal.faults == []


def test_a_strict_workspace_is_seen_over_https(people: Hall, installation: Installation) -> None:
    images.provide(installation.settings, Progress(), ["display"])
    projects.set_workspace(bootstrap.build(installation.settings), SLUG, image="notebook", tier=Tier.STRICT, by="test")
    ada = people.person("ada")
    ada.open(f"/projects/{SLUG}")
    ada.press("Open workspace")
    expect(ada.lab().locator("#status")).to_contain_text("Connected", timeout=90_000)
    [cookie] = [one for one in ada.page.context.cookies() if one["name"] == "rr-pixels"]
    assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Strict"
    deadline = time.monotonic() + 30
    width = "document.querySelector('#screen canvas').width"
    while not ada.lab().evaluate(width):
        assert time.monotonic() < deadline
        time.sleep(0.2)
