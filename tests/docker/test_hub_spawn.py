"""Workspaces on the real Hub, proxy, door and engine, from inside and out (promises P8, P9, P10)."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import stat
import time
from urllib.parse import parse_qs, urlparse

import httpx
import pytest

from readingroom.errors import AccessDenied, NotFound, PermissionDenied, Unavailable
from readingroom.hub import doorkeeper
from readingroom.hub.client import HubClient, authorize_url
from readingroom.hub.ownership import empty_through_engine, set_owner_through_engine
from readingroom.hub.sockets import DOOR
from readingroom.hub.tokens import person_of, project_of
from readingroom.tour.visitor import client
from tests.docker.hub_installation import PASSWORD, Browser

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
ME, PROJECT = "alice", "reoffending"


@pytest.fixture(scope="module")
def alice(hub):
    return hub.browser(ME)


@pytest.fixture
def running(hub, alice):
    """A running workspace; kept from test to test, opened again where one has closed it."""
    if hub.portal.workspace_state(ME, PROJECT) != "running":
        hub.portal.start_workspace(ME, PROJECT)
        hub.wait_for_state("running")
    return hub


@pytest.fixture
def kernel(running, alice):
    with alice.kernel(PROJECT) as kernel:
        yield kernel


@pytest.fixture
def token(kernel):
    return kernel.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'], end='')")


class TestWalls:
    """P8, asked from inside by the researcher's own code."""

    def test_the_only_interface_is_loopback(self, kernel):
        lines = kernel.run("print(open('/proc/net/dev').read())").splitlines()
        assert [line.split(":")[0].strip() for line in lines if ":" in line] == ["lo"]

    def test_no_name_resolves_and_no_address_is_reached(self, kernel):
        out = kernel.run("""
import socket
for target in [('example.org', 443), ('192.0.2.1', 80), ('172.17.0.1', 22), ('169.254.169.254', 80)]:
    try:
        socket.create_connection(target, 3); print('reached', target)
    except OSError as error:
        print('no')
""")
        assert out.split() == ["no"] * 4

    def test_no_capability_no_new_privileges_and_a_filter_on_system_calls(self, kernel):
        status = dict(
            line.split(":\t", 1)
            for line in kernel.run("print(open('/proc/self/status').read())").splitlines()
            if ":\t" in line
        )
        assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
        assert status["NoNewPrivs"].strip() == "1"
        assert status["Seccomp"].strip() == "2"
        assert status["Uid"].split() == ["10001"] * 4

    def test_system_calls_into_the_kernels_depths_are_refused(self, kernel):
        out = kernel.run("""
import ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)
assert platform.machine() == 'x86_64'
calls = {'io_uring_setup': 425, 'ptrace': 101, 'process_vm_readv': 310, 'userfaultfd': 323, 'bpf': 321,
         'unshare': 272, 'mount': 165, 'memfd_create': 319, 'keyctl': 250, 'perf_event_open': 298}
for name, number in calls.items():
    result = libc.syscall(number, 0, 0, 0, 0, 0)
    print(name, result, errno.errorcode[ctypes.get_errno()])
""")
        assert [line.split()[1:] for line in out.splitlines()] == [["-1", "EPERM"]] * 10

    def test_sockets_that_ignore_namespaces_cannot_be_made(self, kernel):
        out = kernel.run("""
import socket
for family in (socket.AF_VSOCK, socket.AF_PACKET, 38):  # 38: the kernel's crypto
    try:
        socket.socket(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW); print('made')
    except PermissionError:
        print('no')
try:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); print('made')
except PermissionError:
    print('no')
""")
        assert out.split() == ["no"] * 4

    def test_everything_but_home_and_temporary_space_is_read_only(self, kernel):
        out = kernel.run("""
import os
for path in ['/x', '/opt/venv/x', '/etc/x', '/data/x', '/data/courts/x', '/run/rr/door/x', '/run/rr/w/x',
'/var/x',
             '/home/researcher/x', '/project/x', '/tmp/x']:
    try:
        open(path, 'w').close(); os.unlink(path); print('written', path)
    except OSError as error:
        pass
""")
        assert out.splitlines() == ["written /home/researcher/x", "written /project/x", "written /tmp/x"]

    def test_the_data_can_be_read_and_not_changed_in_any_way(self, kernel):
        out = kernel.run("""
import os, pandas as pd
print(pd.read_csv('/data/courts/cases.csv').people.sum(), pd.read_csv('/data/prisons/stays.csv').people.sum())
path = '/data/courts/cases.csv'
for change in [lambda: open(path, 'a'), lambda: os.unlink(path), lambda: os.chmod(path, 0o777),
               lambda: os.rename(path, path + '2'), lambda: os.truncate(path, 0), lambda: os.utime(path),
               lambda: os.link(path, '/home/researcher/link')]:
    try:
        change(); print('changed')
    except OSError:
        print('no')
""")
        assert out.split() == ["12", "30"] + ["no"] * 7

    def test_nothing_runs_from_temporary_space(self, kernel):
        out = kernel.run("""
import shutil, subprocess
shutil.copy('/bin/true', '/tmp/true')
try:
    subprocess.run(['/tmp/true']); print('ran')
except PermissionError:
    print('no')
""")
        assert out.split() == ["no"]

    def test_no_engine_no_hub_and_no_portal_socket_is_in_sight(self, kernel):
        out = kernel.run("""
import os, stat
for top, folders, files in os.walk('/'):
    if top.startswith(('/proc', '/sys')):
        folders.clear(); continue
    for name in files:
        path = os.path.join(top, name)
        try:
            if stat.S_ISSOCK(os.lstat(path).st_mode): print(path)
        except OSError: pass
for path in ('/run/rr/door/door.sock', '/run/rr/w/s.sock'):  # in directories that it may pass but not list
    print(path, os.path.exists(path))
""")
        assert out.splitlines() == ["/run/rr/door/door.sock True", "/run/rr/w/s.sock True"]

    def test_the_engine_has_what_the_pure_function_said(self, running):
        [found] = running.containers("workspace")
        host = running.engine.inspect_container(found["Id"])["HostConfig"]
        assert (host["NetworkMode"], host["ReadonlyRootfs"], host["CapDrop"]) == ("none", True, ["ALL"])
        assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (1024**3, 1024**3, 200)
        assert (
            not host["Privileged"] and not host["CapAdd"] and not host["Devices"] and not host["PortBindings"]
        )


class TestOwnSocket:
    def test_the_researcher_cannot_swap_the_socket_that_the_proxy_follows(self, kernel, running):
        out = kernel.run("""
import os
for attack in [lambda: os.rename('/run/rr/w/s.sock', '/run/rr/w/old'), lambda: os.unlink('/run/rr/w/s.sock'),
               lambda: os.symlink('/var/run/docker.sock', '/run/rr/w/t.sock'),
               lambda: os.chmod('/run/rr/w', 0o777),
               lambda: os.rename('/run/rr/w', '/run/rr/v')]:
    try:
        attack(); print('done')
    except OSError:
        print('no')
""")
        assert out.split() == ["no"] * 5
        [directory] = running.settings.workspace_sockets_dir.iterdir()
        assert directory.stat().st_uid == 0
        assert [entry.name for entry in directory.iterdir()] == ["s.sock"]
        assert stat.S_ISSOCK((directory / "s.sock").lstat().st_mode)

    def test_nobody_but_the_door_comes_near_it(self, running):
        found = running.settings.workspace_sockets_dir.stat()
        assert found.st_mode & 0o777 == 0o710
        assert found.st_gid == (DOOR if os.geteuid() == 0 else os.getegid())


def through_door(hub, raw: bytes) -> tuple[int, bytes]:
    """Status and body of exactly these bytes sent to the door."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(hub.settings.door_socket))
        connection.sendall(raw)
        answer = b""
        while True:
            try:
                chunk = connection.recv(65536)
            except (
                ConnectionResetError
            ):  # it closed without reading all we sent; its answer is still to be read
                continue
            if not chunk:
                break
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: door", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


TOKEN = "Authorization: token 0123"


class TestDoor:
    """The way out is an allow-list; every spelling of anything else is refused by the door itself."""

    @pytest.mark.parametrize(
        "target", ["/hub/api", "/services/portal/api/v1/workspace", "/services/portal/api/v1/requests?page=2"]
    )
    def test_what_a_workspace_needs_passes(self, hub, target):
        assert through_door(hub, request("GET", target, TOKEN))[0] == 200

    def test_a_request_is_uploaded_whole(self, hub):
        status, body = through_door(
            hub, request("POST", "/services/portal/api/v1/requests", TOKEN, body=b"x" * 3_000_000)
        )
        assert (status, json.loads(body)["size"]) == (200, 3_000_000)

    @pytest.mark.parametrize(
        "target",
        [
            "/",
            "/hub/",
            "/hub/home",
            "/hub/login",
            "/hub/logout",
            "/hub/spawn",
            "/hub/admin",
            "/hub/token",
            "/hub/api/users",
            "/hub/api/users/alice",
            "/hub/api/users/alice/tokens",
            "/hub/api/users/alice/server",
            "/hub/api/users/alice/servers/reoffending",
            "/hub/api/proxy",
            "/hub/api/info",
            "/hub/api/services",
            "/hub/api/groups",
            "/hub/api/shutdown",
            "/hub/api/oauth2/authorize",
            "/hub/metrics",
            "/hub/static/x",
            "/services/portal/",
            "/services/portal/requests",
            "/services/portal/api/",
            "/services/portal/api/v1",
            "/services/portal/api/v2/workspace",
            "/services/portal/api/desk/v1/session",
            "/services/portal/api/desk/v1/releases/1/package",
            "/services/portal/api/v1x",
            "/services/worker/",
            "/user/alice/x/",
            "/api/routes",
            "/HUB/API/user",
            "/hub/api/user?token=x",
            "/hub/api?x",
        ],
    )
    def test_any_other_route_is_refused(self, hub, target):
        status, body = through_door(hub, request("GET", target, TOKEN))
        assert (status, json.loads(body)["rule"]) == (403, "door.route")

    @pytest.mark.parametrize(
        "target",
        [
            "/services/portal/api/v1/../../requests",
            "/services/portal/api/v1/%2e%2e/%2e%2e/requests",
            "/services/portal/api/v1/..%2frequests",
            "/services/portal/api/v1//requests",
            "//hub/api/user",
            "/hub//api/user",
            "/hub/./api/user",
            "/hub/%61pi/user",
            "/hub/api/user/",
            "/hub/api/user;x=1",
            "/services/portal/api/v1/requests;/../..",
            "/services/portal/api/v1/%2f..%2f",
            "/hub/api/user%00",
            "/services/portal/api/v1/\\..\\requests",
            "/hub/api/users/alice%2f..%2fbob/activity",
            "http://door/hub/api/user",
            "http://door/hub/api/users",
            "https://example.org/hub/api",
            "hub/api/user",
            "*",
            "/services/portal/api/v1/.hidden",
            "/services/portal/api/v1/a/...",
            "/services/portal/api/v1/é",
        ],
    )
    def test_no_other_spelling_gets_round(self, hub, target):
        assert through_door(hub, request("GET", target, TOKEN))[0] in (400, 403)

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "X"])
    def test_any_other_method_is_refused(self, hub, method):
        for target in ("/hub/api/user", "/services/portal/api/v1/workspace"):
            assert through_door(hub, request(method, target, TOKEN))[0] in (400, 403)

    @pytest.mark.parametrize(
        "raw",
        [
            request("POST", "/hub/api/user", TOKEN, body=b"{}"),
            request("POST", "/hub/api", TOKEN, body=b"{}"),
            request("GET", "/hub/api/oauth2/token", TOKEN),
            request("GET", "/hub/api/users/alice/activity", TOKEN),
            request("GET", "/hub/api/user"),
            request("GET", "/services/portal/api/v1/workspace"),
            request("GET", "/services/portal/api/v1/workspace", TOKEN, TOKEN),
            request(
                "GET", "/services/portal/api/v1/workspace", TOKEN, "Upgrade: websocket", "Connection: upgrade"
            ),
        ],
    )
    def test_each_route_has_its_method_its_one_token_and_no_upgrade(self, hub, raw):
        assert through_door(hub, raw)[0] in (400, 403)

    def test_http_2_and_bytes_that_are_no_request_are_refused(self, hub):
        assert through_door(hub, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9)[0] in (400, 403)
        assert through_door(hub, b"\x16\x03\x01\r\n\r\n")[0] == 400

    def test_two_requests_in_one_are_not_taken_apart_differently_behind_it(self, hub):
        raw = request(
            "POST",
            "/services/portal/api/v1/requests",
            TOKEN,
            "Transfer-Encoding: chunked",
            body=b"0\r\n\r\nGET /services/portal/ HTTP/1.1\r\nHost: door\r\n\r\n",
        )
        assert through_door(hub, raw)[0] in (400, 411)

    def test_too_large_is_refused_before_it_is_sent(self, hub):
        raw = request(
            "POST", "/services/portal/api/v1/requests", TOKEN, f"Content-Length: {336 * 1024**2 + 1}"
        )
        assert through_door(hub, raw)[0] == 413
        assert (
            through_door(hub, request("POST", "/hub/api/users/alice/activity", TOKEN, body=b"x" * 20000))[0]
            == 403
        )

    def test_what_a_browser_or_a_proxy_would_add_does_not_pass(self, hub):
        _, body = through_door(
            hub,
            request(
                "GET",
                "/services/portal/api/v1/workspace",
                TOKEN,
                "Cookie: session=1",
                "X-Forwarded-For: 1.2.3.4",
                "X-Forwarded-Host: h",
                "X-Real-IP: 1.2.3.4",
                "Forwarded: for=1",
                "Origin: http://h",
            ),
        )
        headers = json.loads(body)["headers"]
        assert headers["authorization"] == "token 0123"
        assert not {"cookie", "forwarded", "x-real-ip", "origin"} & set(headers)
        assert not [name for name in headers if name.startswith("x-forwarded")]

    def test_a_flood_is_refused_and_leaves_others_alone(self, hub):
        transport = httpx.HTTPTransport(uds=str(hub.settings.door_socket))
        with httpx.Client(transport=transport, base_url="http://door") as client:
            flood = {"Authorization": f"token {secrets.token_hex(8)}"}
            statuses = [
                client.get("/services/portal/api/v1/x", headers=flood).status_code for _ in range(320)
            ]
            assert statuses[0] == 200 and statuses[-1] == 429
            assert (
                client.get("/services/portal/api/v1/x", headers={"Authorization": "token b"}).status_code
                == 200
            )

    def test_from_inside_the_same_holds(self, kernel):
        out = kernel.run("""
import httpx, os
door = httpx.Client(transport=httpx.HTTPTransport(uds=os.environ['READINGROOM_DOOR']), base_url='http://door',
                    headers={'Authorization': 'token ' + os.environ['JUPYTERHUB_API_TOKEN']})
print(door.get('/hub/api/user').json()['name'], door.get('/services/portal/api/v1/workspace').status_code)
print([door.get(path).status_code for path in ('/hub/api/users', '/hub/home', '/services/portal/')])
""")
        assert out.splitlines() == ["alice 200", "[403, 403, 403]"]


class TestTokenOfAWorkspace:
    def test_it_says_whose_it_is_and_for_which_project(self, hub, token):
        assert project_of(hub.portal.identify(token)) == (ME, PROJECT)
        with pytest.raises(PermissionDenied):
            person_of(hub.portal.identify(token))

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "users"),
            ("GET", "users/bob"),
            ("POST", "users/alice/tokens"),
            ("GET", "users/alice/tokens"),
            ("POST", "users/alice/servers/reoffending"),
            ("POST", "users/alice/servers/other"),
            ("POST", "users/alice/server"),
            ("DELETE", "users/alice/servers/reoffending"),
            ("DELETE", "users/alice"),
            ("GET", "proxy"),
            ("GET", "groups"),
            ("GET", "services"),
            ("GET", "info"),
            ("POST", "shutdown"),
            ("POST", "shares/alice/reoffending"),
        ],
    )
    def test_it_can_do_nothing_else_even_without_the_door(self, hub, token, method, path):
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(hub.settings.hub_socket))) as client:
            answer = client.request(
                method, f"http://hub/hub/api/{path}", json={}, headers={"Authorization": f"token {token}"}
            )
        assert answer.status_code in (403, 404)

    def test_it_ends_with_its_workspace(self, hub, token):
        hub.portal.stop_workspace(ME, PROJECT)
        hub.wait_for_state("stopped")
        with pytest.raises(PermissionDenied):
            hub.portal.identify(token)


class TestOpeningAndClosing:
    def test_a_home_lasts_and_starts_with_the_welcome_notebook(self, hub, running, alice):
        note = secrets.token_hex(4)
        with alice.kernel(PROJECT) as kernel:
            assert "welcome.ipynb" in kernel.run("import os; print(os.listdir())")
            kernel.run(f"open('note', 'w').write({note!r})")
        hub.portal.stop_workspace(ME, PROJECT)
        hub.wait_for_state("stopped")
        assert hub.containers("workspace") == []
        assert list(hub.settings.workspace_sockets_dir.iterdir()) == []
        hub.portal.start_workspace(ME, PROJECT)
        hub.portal.start_workspace(ME, PROJECT)
        hub.wait_for_state("running")
        with alice.kernel(PROJECT) as kernel:
            assert kernel.run("print(open('note').read(), end='')") == note
        home = (hub.settings.homes_dir / PROJECT / ME).stat()
        assert (home.st_uid, home.st_mode & 0o777) == (10001, 0o700)

    def test_opening_and_closing_reach_the_records(self, hub, running):
        hub.worker.stop_workspace(ME, PROJECT)
        hub.worker.stop_workspace(ME, PROJECT)
        hub.wait_for_state("stopped")
        assert [event[0] for event in hub.events()[-2:]] == ["opened", "closed"]

    def test_an_end_that_nobody_asked_for_is_noticed_and_recorded(self, hub, running):
        [container] = hub.containers("workspace")
        hub.engine.kill(container["Id"])
        hub.wait_for_state("stopped", 20)
        assert hub.events()[-1] == ["closed", ME, PROJECT, "The workspace's server ended."]

    def test_every_reason_of_a_refusal_is_told(self, hub, alice):
        with pytest.raises(AccessDenied) as refusal:
            hub.portal.start_workspace(ME, "other")
        assert "Your training ended on 1 May." in str(refusal.value)
        assert "The <grant> was withdrawn." in str(refusal.value)
        page = alice.http.get("/hub/user/alice/other/")
        assert page.status_code == 403
        assert "<grant>" not in page.text
        assert 'href="/services/portal/">Go to your projects' in page.text

    def test_the_unnamed_server_is_refused(self, hub, alice):
        key = (hub.settings.keys_dir / "portal-token").read_text()
        with client(hub.settings.public_url) as http:
            answer = http.post("/hub/api/users/alice/server", json={}, headers={"Authorization": f"token {key}"})
        assert answer.status_code == 403
        assert "project" in answer.json()["message"]

    def test_options_that_someone_sends_are_ignored(self, hub, alice):
        if hub.portal.workspace_state(ME, PROJECT) == "running":
            hub.portal.stop_workspace(ME, PROJECT)
            hub.wait_for_state("stopped")
        key = (hub.settings.keys_dir / "portal-token").read_text()
        with client(hub.settings.public_url) as http:
            http.post(
                f"/hub/api/users/alice/servers/{PROJECT}",
                json={"user_options": {"image": "evil", "volumes": {"/": "/host"}}, "image": "evil"},
                headers={"Authorization": f"token {key}"},
            )
        hub.wait_for_state("running")
        [container] = hub.containers("workspace")
        assert container["ImageID"] == hub.image_id
        assert "/host" not in {mount["Destination"] for mount in container["Mounts"]}

    def test_it_waits_while_the_copy_of_the_data_is_being_made(self, hub, alice):
        if hub.portal.workspace_state(ME, PROJECT) == "running":
            hub.portal.stop_workspace(ME, PROJECT)
            hub.wait_for_state("stopped")
        (hub.settings.state_dir / "making").touch()
        hub.portal.start_workspace(ME, PROJECT)
        hub.wait_for_state("running")

    def test_a_person_who_never_signed_in_is_unknown(self, hub):
        with pytest.raises(NotFound):
            hub.portal.start_workspace("bob", PROJECT)
        assert hub.portal.workspace_state("bob", PROJECT) == "stopped"


class TestPeopleAtTheHub:
    @pytest.mark.parametrize(
        ("username", "password"),
        [
            (ME, "wrong"),
            ("nobody", PASSWORD),
            ("alice ' or 1", PASSWORD),
            ("", ""),
            (ME, "x" * 2000),
            ("../alice", "x"),
        ],
    )
    def test_a_failed_sign_in_does_not_say_why(self, hub, username, password):
        answer = Browser(hub.settings, username, password).answer
        assert answer.status_code == 403
        assert "Invalid username or password" in answer.text
        assert "There is a problem" in answer.text

    def test_signing_in_leads_to_the_portal(self, hub):
        browser = Browser(hub.settings, " Alice ")
        assert browser.answer.url.path == "/services/portal/"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "users/alice/tokens"),
            ("POST", "users/alice/servers/reoffending"),
            ("POST", "users/alice/server"),
            ("POST", "users/alice/servers/new"),
            ("GET", "users"),
            ("POST", "shares/alice/reoffending"),
        ],
    )
    def test_they_cannot_mint_tokens_or_start_servers_past_the_portal(self, alice, method, path):
        answer = alice.http.request(
            method, f"/hub/api/{path}", json={}, headers={"X-XSRFToken": alice.cookie("_xsrf", "/hub/")}
        )
        assert answer.status_code in (403, 404)

    def test_the_hubs_own_pages_start_nothing(self, alice):
        for path in (f"/hub/spawn/alice/{PROJECT}", "/hub/spawn", "/hub/spawn/alice/new", "/hub/admin"):
            assert alice.http.get(path).status_code in (400, 403, 404)

    def test_signing_in_at_the_portal_needs_no_second_question(self, hub, alice):
        verifier = secrets.token_urlsafe(48)
        answer = alice.http.get(authorize_url("the-state", verifier))
        landed = json.loads(answer.text)["portal"]
        query = parse_qs(urlparse(landed).query)
        assert landed.startswith("/services/portal/oauth_callback?") and query["state"] == ["the-state"]
        with pytest.raises(PermissionDenied):
            hub.portal.exchange_code("a-wrong-code", verifier)
        model = hub.portal.identify(hub.portal.exchange_code(query["code"][0], verifier))
        assert person_of(model) == ME
        with pytest.raises(PermissionDenied):
            project_of(model)

    def test_a_stolen_code_is_worth_nothing_without_its_verifier(self, hub, alice):
        answer = alice.http.get(authorize_url("s", secrets.token_urlsafe(48)))
        code = parse_qs(urlparse(json.loads(answer.text)["portal"]).query)["code"][0]
        with pytest.raises(PermissionDenied):
            hub.portal.exchange_code(code, secrets.token_urlsafe(48))

    def test_another_person_cannot_enter_a_workspace(self, hub, running):
        bob = hub.browser("bob")
        assert bob.http.get(f"{bob.workspace(PROJECT, ME)}lab").status_code == 403

    def test_the_download_routes_are_gone_and_settings_in_a_home_count_for_nothing(self, kernel, alice):
        kernel.run("""
import os, json
open('table.csv', 'w').write('a,b')
base = '.local/share/jupyter/labextensions/mine'
os.makedirs(base, exist_ok=True); open(base + '/x.csv', 'w').write('a'); open(base + '/package.json',
'w').write('{}')
""")
        base = alice.workspace(PROJECT)
        for path in (
            "files/table.csv",
            "nbconvert/html/welcome.ipynb",
            "view/table.csv",
            "api/terminals",
            "lab/extensions/mine/x.csv",
        ):
            assert alice.http.get(base + path).status_code in (403, 404), path
        with client(alice.settings.public_url) as stranger:
            assert stranger.get(f"{base}lab/extensions/mine/x.csv").status_code in (403, 404)

    def test_a_suspended_person_is_out_at_once(self, hub):
        bob = hub.browser("bob")
        assert bob.http.get("/hub/home").url.path == "/hub/home"
        (hub.settings.state_dir / "suspended.json").write_text('["bob"]')
        try:
            assert Browser(hub.settings, "bob").answer.status_code == 403
            hub.wait(lambda: bob.http.get("/hub/home").url.path == "/hub/login", 15, every=1)
        finally:
            (hub.settings.state_dir / "suspended.json").unlink()


class TestCrashes:
    def test_a_workspace_survives_the_hubs_sudden_death(self, running, alice):
        hub, kernel = running, alice.kernel(PROJECT)  # left running: it is what must survive
        kernel.run("kept = 41")
        [before] = hub.containers("workspace")
        hub.kill_hub()
        with pytest.raises(Unavailable):
            hub.portal.workspace_state(ME, PROJECT)
        hub.start_hub()
        hub.wait_for_state("running")
        hub.wait(lambda: alice.http.get(f"{alice.workspace(PROJECT)}lab").status_code == 200, 15)
        assert kernel.run("print(kept + 1)") == "42\n"
        [after] = hub.containers("workspace")
        assert after["Id"] == before["Id"]
        hub.portal.stop_workspace(ME, PROJECT)
        hub.wait_for_state("stopped")
        assert hub.events()[-1][0] == "closed"

    def test_the_proxys_sudden_death_is_repaired_by_the_hub(self, running, alice):
        os.kill(int((running.settings.run_dir / "proxy.pid").read_text()), signal.SIGKILL)
        time.sleep(1)
        running.wait(lambda: alice.http.get(f"{alice.workspace(PROJECT)}lab").status_code == 200, 30)

    def test_the_door_can_be_replaced_under_a_running_workspace(self, running, kernel):
        running.engine.restart(running.door, timeout=2)
        running.wait(lambda: through_door(running, request("GET", "/hub/api"))[0] == 200, 15)
        doorkeeper.reconcile(running.settings)  # as the program that watches the door does every second
        assert (
            kernel.run("""
import httpx, os
door = httpx.Client(transport=httpx.HTTPTransport(uds=os.environ['READINGROOM_DOOR']), base_url='http://door')
print(door.get('/hub/api').status_code, end='')
""")
            == "200"
        )

    def test_an_engine_without_the_image_is_a_clear_no(self, hub, tmp_path):
        with pytest.raises(Unavailable, match="engine"):
            set_owner_through_engine(
                tmp_path,
                10001,
                0o700,
                engine=hub.engine,
                image="readingroom/no-such:image",
                label={"readingroom.instance": hub.settings.instance},
            )


def test_ownership_changes_through_the_engine_where_one_is_not_root(hub, tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    set_owner_through_engine(
        folder,
        10001,
        0o711,
        engine=hub.engine,
        image=hub.image_id,
        label={"readingroom.instance": hub.settings.instance},
    )
    assert (folder.stat().st_uid, folder.stat().st_gid, folder.stat().st_mode & 0o777) == (
        10001,
        10001,
        0o711,
    )
    assert hub.containers("ownership") == []
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(Unavailable):
        set_owner_through_engine(
            link, 0, 0o777, engine=hub.engine, image=hub.image_id, label={}
        )


def test_what_a_workspace_made_is_removed_through_the_engine_and_links_lead_nowhere(hub, tmp_path):
    folder, outside = tmp_path / "home", tmp_path / "outside"
    (folder / "closed").mkdir(parents=True)
    outside.mkdir()
    (outside / "kept").touch()
    (folder / "closed" / "file").touch()
    (folder / ".link").symlink_to(outside)
    for path in (folder, folder / "closed", folder / "closed" / "file"):
        os.chown(path, 10001, 10001)
    (folder / "closed").chmod(0)
    empty_through_engine(
        folder,
        engine=hub.engine,
        image=hub.image_id,
        label={"readingroom.instance": hub.settings.instance},
    )
    assert list(folder.iterdir()) == []
    assert (outside / "kept").exists()
    assert hub.containers("ownership") == []


def test_a_hub_that_is_not_there_is_unavailable_not_an_answer(tmp_path):
    client = HubClient(tmp_path / "no.sock", "token", timeout_seconds=1)
    for call in (client.start_workspace, client.stop_workspace, client.workspace_state):
        with pytest.raises(Unavailable):
            call(ME, PROJECT)
    with pytest.raises(Unavailable):
        client.identify("0123")
    for token in ("", "a\nb", "é", "x" * 1000):
        with pytest.raises(PermissionDenied):
            client.identify(token)
