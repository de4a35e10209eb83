"""Behind a TLS front, as docs/how-to/serve-over-https.md says: sign-in, workspace, websockets."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest
from playwright.sync_api import expect

from readingroom import bootstrap, installed
from readingroom.core.policy import Tier
from readingroom.hub.names import INSTANCE_LABEL
from readingroom.ops import images
from readingroom.ops.progress import Progress
from readingroom.services import projects
from readingroom.settings import DEMO_HOST, REPOSITORY, Settings, load_settings
from readingroom.tour.run import free_ports, temporary_installation
from readingroom.tour.visitor import wait_until
from tests.browser.people import Hall, Person, hall
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


DOCUMENT = REPOSITORY / "docs" / "how-to" / "serve-over-https.md"
NAMED_BY_THE_HUB = {"_xsrf", "jupyterhub-session-id"}  # they sign nobody in


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    plain = temporary_installation(PEOPLE)
    [port] = free_ports(1)
    with (plain.state_dir / "settings.toml").open("a") as file:
        file.write(f'public_url = "https://{DEMO_HOST}:{port}"\n')
    made = make_installation(load_settings(plain.state_dir))
    try:
        yield made
    finally:
        remove_installation(made)


@pytest.fixture(scope="module")
def folder(installation: Installation) -> Iterator[Path]:
    """With a certificate of its own making for the name and all below it."""
    made = Path(installation.settings.state_dir.parent / f"front-{installation.settings.instance}")
    made.mkdir()
    made.chmod(0o755)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
                    made / "key.pem", "-out", made / "certificate.pem", "-subj", f"/CN={DEMO_HOST}", "-addext",
                    f"subjectAltName=DNS:{DEMO_HOST},DNS:*.{DEMO_HOST}"], check=True, capture_output=True)
    (made / "both.pem").write_text((made / "certificate.pem").read_text() + (made / "key.pem").read_text())
    (made / "both.pem").chmod(0o644)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module", params=["haproxy", "nginx"])
def front(request: pytest.FixtureRequest, installation: Installation, folder: Path) -> Iterator[str]:
    """What ends TLS in front of the Hub's proxy."""
    with {"haproxy": haproxy, "nginx": nginx}[request.param](installation.settings, folder):
        yield request.param


def port_of(settings: Settings) -> int:
    return urlsplit(settings.public_url).port or 443


@contextmanager
def haproxy(settings: Settings, folder: Path) -> Iterator[None]:
    (folder / "front.cfg").write_text(FRONT.format(port=port_of(settings), behind=settings.port))
    with closing(docker.DockerClient(base_url=settings.engine_url)) as engine:
        container = engine.containers.run(
            installed.image_id(settings, installed.DOOR), ["-db", "-f", "/front/front.cfg"], detach=True,
            network_mode="host", labels={INSTANCE_LABEL: settings.instance},
            volumes={str(folder): {"bind": "/front", "mode": "ro"}})
        try:
            yield
        finally:
            container.remove(force=True)


@contextmanager
def nginx(settings: Settings, folder: Path) -> Iterator[None]:
    """Debian's, unpacked and not installed, with what the page in the documentation says."""
    subprocess.run(["apt-get", "-qq", "download", "nginx"], cwd=folder, check=True, capture_output=True)
    subprocess.run(["dpkg", "-x", next(folder.glob("nginx_*.deb")), folder / "nginx"], check=True)
    written = re.search(r"```nginx\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert written
    said = written.group(1)
    for theirs, ours in (
            ("listen 443", f"listen 127.0.0.1:{port_of(settings)}"), ("readingroom.example.org", DEMO_HOST),
            ("/etc/ssl/readingroom.pem", f"{folder}/certificate.pem"),
            ("/etc/ssl/readingroom.key", f"{folder}/key.pem"), ("127.0.0.1:8000", f"127.0.0.1:{settings.port}")):
        assert theirs in said
        said = said.replace(theirs, ours)
    kept = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kept)
    (folder / "nginx.conf").write_text(f"daemon off;\npid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
                                       f"http {{\naccess_log off;\n{places}{said}}}\n")
    running = subprocess.Popen([folder / "nginx/usr/sbin/nginx", "-c", folder / "nginx.conf", "-e", "stderr"])
    try:
        yield
        assert running.poll() is None
    finally:
        running.terminate()
        running.wait(10)


@pytest.fixture(scope="module")
def people(installation: Installation, front: str) -> Iterator[Hall]:
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
    cookies = bilal.page.context.cookies()
    assert all(cookie["secure"] for cookie in cookies)
    here = {cookie["name"] for cookie in cookies if cookie["domain"].lstrip(".") == DEMO_HOST}
    assert {name for name in here if not name.startswith("__Host-")} <= NAMED_BY_THE_HUB
    assert {"__Host-jupyterhub-hub-login", "__Host-readingroom-portal"} <= here
    theirs = [cookie for cookie in cookies if cookie["domain"].lstrip(".") != DEMO_HOST]
    assert theirs and all(cookie["path"].startswith(f"/user/bilal/{SLUG}") and not cookie["domain"].startswith(".")
                          for cookie in theirs)
    close(bilal)


def test_a_strict_workspace_is_seen_over_https(people: Hall, installation: Installation) -> None:
    images.provide(installation.settings, Progress(), ["display"])
    room = bootstrap.build(installation.settings)
    projects.set_workspace(room, SLUG, image="notebook", tier=Tier.STRICT, by="test")
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
    close(ada)
    projects.set_workspace(room, SLUG, image="notebook", tier=Tier.STANDARD, by="test")


def close(person: Person) -> None:
    """For the next front, which finds an empty home."""
    for left in (person.installation.settings.homes_dir / SLUG / person.username).iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    person.open(f"/projects/{SLUG}/workspace/close")
    person.press("Close workspace")
    portal = bootstrap.hub_client(person.installation.settings, "portal-token")
    wait_until(lambda: portal.workspace_state(person.username, SLUG) == "stopped", "it to close", seconds=60)
