"""The door inwards, with a hostile page on one side and a hostile server on the other (promise P8)."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import pytest

from readingroom.hub import doorkeeper
from readingroom.hub.meter import DoorMeter
from readingroom.hub.names import workspace_key
from tests.docker.doorway import HOST, Doorway, key_of

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]
BASE = "/user/ada/returning"
KERNEL = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def server(doorway):
    yield doorway.open("ada", "returning")
    doorway.shut("ada", "returning")


LED = [
    ("GET", "/"), ("GET", "/lab"), ("GET", "/lab/tree/notes/a%20b.ipynb"), ("GET", "/lab/workspaces/auto-k"),
    ("GET", "/static/lab/main.efd3.js?v=1"), ("GET", "/static/favicons/favicon.ico"),
    ("GET", "/lab/extensions/@jupyter-widgets/jupyterlab-manager/static/remoteEntry.1f.js"),
    ("GET", "/kernelspecs/python3/logo-svg.svg"), ("GET", "/oauth_callback?code=x&state=y"), ("GET", "/logout"),
    ("GET", "/lab/api/settings/@jupyterlab/apputils-extension:themes"), ("PUT", "/lab/api/workspaces/default"),
    ("GET", "/lab/api/translations/en"), ("GET", "/api/me"), ("GET", "/api/kernelspecs"),
    ("POST", "/api/sessions"), ("PATCH", f"/api/sessions/{KERNEL}"), ("POST", f"/api/kernels/{KERNEL}/restart"),
    ("DELETE", f"/api/kernels/{KERNEL}"), ("GET", "/api/contents?content=1"), ("GET", "/api/contents/v1.2?content=1"),
    ("GET", "/api/contents/a.ipynb?type=notebook&content=1"), ("GET", "/api/contents/a.csv?type=file&format=text"),
    ("GET", "/api/contents/plot.png?type=file&format=base64"), ("GET", "/api/contents/data.parquet?content=0"),
    ("PUT", "/api/contents/a.ipynb"), ("POST", "/api/contents/"), ("DELETE", "/api/contents/a.ipynb"),
    ("PATCH", "/api/contents/a.ipynb"), ("POST", "/api/contents/a.ipynb/checkpoints"),
    # names in any language, as long as a file's may be
    ("GET", "/api/contents/caf%C3%A9.ipynb"), ("GET", "/api/contents/%c3%a9%2B%20%23%3F.csv"),
    ("GET", "/api/contents/%E6%97%A5%E6%9C%AC%E8%AA%9E.md"), ("PUT", "/api/contents/%F0%9F%98%80.txt"),
    ("GET", "/lab/tree/%D0%B4%D0%B0%D0%BD%D0%BD%D1%8B%D0%B5/%D7%A2.ipynb"), ("GET", "/api/contents/%C2%A3.txt"),
    ("GET", "/api/contents/%E0%A0%80%ED%9F%BF%EE%80%80%EF%BF%BD%F0%90%80%80%F4%8F%BF%BF.txt"),
    ("GET", "/api/contents/" + "a" * 251 + ".csv"), ("PUT", "/api/contents/" + "%E6%97%A5" * 85),
    ("GET", "/api/contents/" + f"{'d' * 255}/" * 15 + "a.csv"),
]
# What is no UTF-8 (RFC 3629): overlong, alone, broken off, surrogates, past the last character, no first byte of any.
NO_UTF8 = ["%c0%ae", "%C0%AE%c0%ae", "%c0%af", "%c1%bf", "%e0%80%ae", "%e0%9f%bf", "%f0%80%80%ae", "%f0%8f%bf%bf",
           "%80", "%bf", "a%e9.csv", "%c3", "%c3.csv", "%c3(", "%c3%28", "%e2%82", "%e2%82/%ac", "%e2%28%a1",
           "%f0%9f%98", "%ed%a0%80", "%ed%bf%bf", "%ed%a0%bd%ed%b8%80", "%f4%90%80%80", "%f5%80%80%80",
           "%f8%88%80%80%80", "%fc%84%80%80%80%80", "%fe", "%ff", "%ff%fe", "%c3%a9%ff", "%c3%c3%a9"]

REFUSED = [
    # taking files away
    ("GET", "/files/a.csv"), ("GET", "/files/a.csv?download=1"), ("HEAD", "/files/a.csv"), ("GET", "/view/a.csv"),
    ("GET", "/nbconvert/html/a.ipynb"), ("POST", "/nbconvert/html"), ("GET", "/api/nbconvert"),
    ("GET", "/api/notebooks/a.ipynb"), ("GET", "/api/contents/data.parquet"), ("GET", "/api/contents/a.zip?content=1"),
    ("GET", "/api/contents/a.csv?format=base64"), ("GET", "/api/contents/a.csv?format=base64&format=text"),
    ("GET", "/api/contents/a?type=file&format=base64"), ("GET", "/api/contents/a.ipynb?type=anything"),
    ("GET", "/api/contents/a.ipynb?format=hex"), ("GET", "/api/files/a.csv"),
    # files that a person wrote, served as the server's own
    ("GET", "/kernelspecs/mine/data.csv"), ("GET", "/kernelspecs/python3/data.csv"),
    ("GET", "/kernelspecs/python3/kernel.json"), ("GET", "/lab/extensions/mine/static/data.csv"),
    ("GET", "/lab/extensions/@jupyter-widgets/jupyterlab-manager/package.json"), ("GET", "/custom/custom.css"),
    ("GET", "/nbextensions/mine/a.js"), ("GET", "/lab/extensions/jupyterlab_pygments/static/../../x"),
    # other interfaces
    ("GET", "/tree"), ("GET", "/notebooks/a.ipynb"), ("GET", "/edit/a.py"), ("GET", "/consoles/1"), ("GET", "/retro"),
    ("GET", "/lsp/status"), ("GET", "/terminals/1"), ("GET", "/api/terminals"), ("POST", "/api/terminals"),
    ("POST", "/api/shutdown"), ("GET", "/api/config/notebook"), ("PUT", "/api/config/notebook"),
    ("GET", "/api/spec.yaml"), ("GET", "/metrics"), ("GET", "/logs"), ("POST", "/api/security/csp-report"),
    ("GET", "/lab/api/extensions"), ("POST", "/lab/api/extensions"), ("GET", "/lab/api/listings/x.json"),
    ("GET", "/proxy/80/"), ("GET", "/proxy/absolute/80/"), ("GET", "/rstudio/"), ("GET", "/user-redirect/x"),
    ("GET", "/doc"), ("GET", "/api/collaboration/room/x"), ("GET", "/voila/render/a.ipynb"), ("GET", "/hub/api"),
    # wrong methods
    ("DELETE", "/lab"), ("POST", "/lab"), ("OPTIONS", "/api/contents"), ("TRACE", "/lab"), ("PUT", "/api/kernels"),
    ("POST", "/oauth_callback"), ("HEAD", "/api/contents/a.csv"), ("PROPFIND", "/api/contents"),
    # a listed path, spelt otherwise
    ("GET", "//lab"), ("GET", "/lab//tree"), ("GET", "/./lab"), ("GET", "/static/../files/a.csv"),
    ("GET", "/static/%2e%2e/files/a.csv"), ("GET", "/static/..%2ffiles/a.csv"), ("GET", "/api/contents/..%5ca"),
    ("GET", "/api/contents/a%00.png"), ("GET", "/api/contents/a%0d%0ab"), ("GET", "/api/contents/%252e%252e/a"),
    ("GET", "/api/contents/a;b=c"), ("GET", "/%66iles/a.csv"), ("GET", "/FILES/a.csv"), ("GET", "/lab/tree/.."),
    ("GET", "/static/.."), ("GET", "/api/contents/a%zz"), ("GET", "/api/contents/a%"), ("GET", "/lab?token=abc"),
    ("GET", "/api/kernels/../../files"), ("GET", "/api/kernels/" + "a" * 37), ("GET", "/static/x%2F..%2Fy"),
    *(("GET", f"/api/contents/{name}") for name in NO_UTF8), ("PUT", "/api/contents/a%ff.csv"),
    ("GET", "/lab/tree/%c0%ae%c0%ae"), ("PUT", "/lab/api/settings/%ff"), ("GET", "/lab/api/workspaces/%ed%a0%80"),
    ("GET", "/api/contents/%0a"), ("GET", "/api/contents/a%00"), ("GET", "/api/contents/a%7Fb"),
    ("GET", "/api/contents/a%C2%85b"), ("GET", "/api/contents/a%c2%9bb"), ("GET", "/api/contents/%2e%2e/a"),
    ("GET", "/api/contents/%25%32%65"), ("GET", "/api/contents/%u002e"), ("GET", "/api/contents/a%3bb"),
    ("GET", "/api/contents/;/a"), ("GET", "/lab;x=y"), ("GET", "/api/contents/a%5cb"),
    ("GET", "/api/contents/%e2%88%95%2e"),
    # names and addresses that no file can have
    ("GET", "/api/contents/" + "a" * 256), ("PUT", "/api/contents/" + "%E6%97%A5" * 86),
    ("GET", "/api/contents/" + "d" * 300 + "/a.csv"), ("GET", "/api/contents/" + "d/" * 2048),
    ("GET", "/api/contents/" + "a" * 8000), ("GET", "/api/contents/" + "a" * 20_000),
]


@pytest.mark.parametrize(("method", "path"), LED)
def test_what_jupyterlab_needs_is_led_to_the_workspace(doorway, server, method, path):
    body = b"{}" if method in ("POST", "PUT", "PATCH") else b""
    answer = doorway.raw(request(method, BASE + path, body=body))
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert [(seen[0], seen[1]) for seen in server.seen] == [(method, BASE + path)]


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_nothing_else_reaches_it_in_any_spelling(doorway, server, method, path):
    answer = doorway.raw(request(method, BASE + path))
    assert answer.split(b" ")[1] in (b"400", b"403", b"404", b"411"), answer
    assert server.seen == []


def test_a_name_that_no_file_can_have_is_refused_with_the_reason(doorway, server):
    for name, rule in ((NO_UTF8[0], b'"door.spelling"'), ("a" * 256, b'"door.name"')):
        assert rule in doorway.raw(request("GET", f"{BASE}/api/contents/{name}"))


def test_an_address_that_cannot_be_read_is_refused_by_the_proxy_before_the_door(doorway, server):
    """It decodes addresses to find their way, and by itself answers 500 to each of these."""
    upgrade = ("Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIA==")
    with doorway.proxy() as port:
        def asked(path: str, *headers: str) -> bytes:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
                line.sendall(doorway.addressed(request("GET", path, *headers)))
                return b"".join(iter(lambda: line.recv(65536), b""))

        for path in [*(f"{BASE}/api/contents/{name}" for name in [*NO_UTF8, "a%", "a%zz"]), "//", "/hub/%ff"]:
            answer = asked(path)
            assert answer.startswith(b"HTTP/1.1 400") and b'"proxy.address"' in answer, (path, answer)
        opening = request("GET", f"{BASE}/api/kernels/{KERNEL}/%ff", *upgrade).replace(b"close", b"Upgrade")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(doorway.addressed(opening))
            assert b"".join(iter(lambda: line.recv(65536), b"")).startswith(b"HTTP/1.1 400")
        assert server.seen == []
        assert asked(f"{BASE}/api/contents/caf%C3%A9.ipynb").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("target", [f"http://{HOST}/user/ada/returning/lab", "user/ada/returning/lab", "*",
                                    "/user/ada/returning/lab\\x", "/user/Ada/returning/lab",
                                    "/user/ada/returning\x0b/lab", "/user//returning/lab",
                                    "/user/ada//lab", "/User/ada/returning/lab", "/hub/home"])
def test_a_request_that_is_not_a_plain_path_of_a_workspace_is_refused(doorway, server, target):
    assert doorway.raw(request("GET", target)).split(b" ")[1] in (b"400", b"403", b"404")
    assert server.seen == []


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    length = [f"Content-Length: {len(body)}"] if body or method in ("POST", "PUT", "PATCH") else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {HOST}", "Connection: close", *length, *headers, "",
                        ""]).encode() + body


def test_the_door_knows_each_workspace_by_the_same_name_as_the_hub(doorway):
    assert key_of(doorway.settings, "ada", "returning") == workspace_key(doorway.settings, "ada", "returning")


def test_one_persons_path_never_leads_to_anothers_workspace(doorway, server):
    other = doorway.open("bilal", "returning")
    for person, project, status in (("ada", "returning", 200), ("bilal", "returning", 200), ("bilal", "other", 503),
                                    ("eve", "returning", 503)):
        assert doorway.ask(f"/user/{person}/{project}/lab").status_code == status
    assert [seen[1] for seen in server.seen] == ["/user/ada/returning/lab"]
    assert [seen[1] for seen in other.seen] == ["/user/bilal/returning/lab"]
    doorway.shut("bilal", "returning")
    assert doorway.ask("/user/bilal/returning/lab").status_code == 503


def test_a_websocket_outlives_the_opening_and_closing_of_other_workspaces(doorway, server):
    with doorway.websocket("ada", "returning") as line:
        for number in range(10):
            doorway.open("bilal", f"p{number}")
            assert doorway.ask(f"/user/bilal/p{number}/lab").status_code == 200
            doorway.shut("bilal", f"p{number}")
            line.sendall(b"still there")
            assert line.recv(100) == b"still there"


def test_a_closed_workspaces_websocket_ends_at_once(doorway):
    doorway.open("bilal", "ending")
    with doorway.websocket("bilal", "ending") as line:
        line.sendall(b"there")
        assert line.recv(100) == b"there"
        doorway.shut("bilal", "ending")
        line.settimeout(5)
        with suppress(ConnectionResetError):
            assert line.recv(100) == b""


def test_a_killed_door_learns_again_what_is_open(doorway, server):
    doorway.kill()
    doorway.start()
    assert doorway.ask(f"{BASE}/lab").status_code == 200
    assert doorway.ask("/user/bilal/returning/lab").status_code == 503
    assert doorkeeper.admitted_keys(doorway.settings) == {key_of(doorway.settings, "ada", "returning")}


HOSTILE_HEADERS = [
    ("Content-Security-Policy", "default-src *"), ("Content-Security-Policy-Report-Only", "report-uri http://x.test"),
    ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true"),
    ("Refresh", "0; http://x.test"),
    ("Clear-Site-Data", '"*"'), ("Link", "<http://x.test/>; rel=preload"), ("Service-Worker-Allowed", "/"),
    ("Report-To", "{}"), ("NEL", "{}"), ("Reporting-Endpoints", 'a="http://x.test"'), ("Speculation-Rules", '"/x"'),
    ("Content-Disposition", "attachment"), ("SourceMap", "http://x.test"), ("X-SourceMap", "http://x.test"),
    ("Permissions-Policy", "camera=*"), ("Referrer-Policy", "unsafe-url"), ("X-Frame-Options", "ALLOWALL"),
    ("Cross-Origin-Opener-Policy", "unsafe-none"), ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Strict-Transport-Security", "max-age=9"), ("Alt-Svc", 'h3="x.test:443"'), ("X-DNS-Prefetch-Control", "on"),
    ("Origin-Trial", "x"), ("Accept-CH", "x"), ("Timing-Allow-Origin", "*"), ("Public-Key-Pins", "x"),
    ("WWW-Authenticate", "Basic"), ("Server", "x"), ("X-Anything", "x"), ("Document-Policy", "x"),
    ("Content-Location", "/x"),
]


@pytest.mark.parametrize("path", ["/lab", "/api/contents/a.csv", "/static/a.js", "/api/me", "/files/a.csv", "//",
                                  "/nothing"])
def test_what_steers_a_browser_is_said_by_the_door_alone_on_every_answer(doorway, server, path):
    server.given = HOSTILE_HEADERS
    answer = doorway.ask(BASE + path)
    headers = dict(answer.headers)
    csp = dict(part.strip().split(" ", 1) for part in headers.pop("content-security-policy").split(";"))
    assert csp["default-src"] == "'none'" and csp["connect-src"] == csp["form-action"] == "'self'"
    assert "http" not in "".join(value for name, value in csp.items() if name != "frame-ancestors")
    assert "*" not in "".join(csp.values())
    assert csp["frame-ancestors"] == f"'self' {doorway.settings.public_url}"
    assert csp["sandbox"].split() == ["allow-scripts", "allow-same-origin", "allow-forms", "allow-modals"]
    assert headers.pop("connection-allowlist") == f'(response-origin "{doorway.settings.public_url}")'
    assert headers.pop("referrer-policy") == "same-origin"
    assert headers.pop("cross-origin-opener-policy") == headers.pop("cross-origin-resource-policy") == "same-origin"
    assert headers.pop("x-content-type-options") == "nosniff"
    assert headers.pop("x-dns-prefetch-control") == "off"
    permissions = headers.pop("permissions-policy")
    assert "camera=()" in permissions and "*" not in permissions
    assert headers.pop("origin-agent-cluster") == "?1"
    assert headers.pop("x-permitted-cross-domain-policies") == "none"
    assert set(headers) <= {"content-length", "content-type", "date", "connection"}


def test_cookies_stay_on_this_host_and_below_this_workspace(doorway, server):
    server.given = [("Set-Cookie", "jupyterhub-user-ada=v; Domain=x.test; Path=/; SameSite=None; Secure; expires=Fri"),
                    ("Set-Cookie", "_xsrf=t; path=/hub/; HTTPONLY ; Partitioned")]
    got = doorway.ask(f"{BASE}/lab").headers.get_list("set-cookie")
    assert got == [f"jupyterhub-user-ada=v; expires=Fri; HttpOnly; Path={BASE}/; SameSite=Strict",
                   f"_xsrf=t; Path={BASE}/; SameSite=Strict"]
    server.given = [("Set-Cookie", "other=v;" + ";".join(f"domain={letter}" for letter in "abcdefg"))]
    assert "set-cookie" not in doorway.ask(f"{BASE}/lab").headers


@pytest.mark.parametrize(("location", "status"), [
    ("/user/ada/returning/lab", 302), ("//x.test/", 502), ("http://x.test/", 502), ("/\\x.test", 502),
    ("\\\\x.test", 502),
    ("https:x.test", 502), ("data:text/html,x", 502), ("{PUBLIC}/hub/home", 502),
    ("{PUBLIC}/hub/api/oauth2/authorize?client_id=x&state=y", 302),
    ("{PUBLIC}.x.test/hub/api/oauth2/authorize?x", 502), ("\t//x.test", 502), ("", 502),
])
def test_a_redirect_stays_here_or_goes_to_sign_in(doorway, server, location, status):
    location = location.replace("{PUBLIC}", doorway.settings.public_url)
    server.status, server.given = 302, [("Location", location)]
    answer = doorway.ask(f"{BASE}/lab")
    assert answer.status_code == status
    assert status == 302 or "location" not in answer.headers


def test_no_early_hint_reaches_the_browser(doorway, server):
    """HAProxy passes interim answers on without applying a rule to them; the Hub's proxy before it drops them."""
    server.early = [b"HTTP/1.1 103 Early Hints\r\nLink: <http://x.test/a.js>; rel=preload; as=script\r\n\r\n"]
    with doorway.proxy() as port, socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(doorway.addressed(request("GET", f"{BASE}/lab")))
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200") and b"x.test" not in answer, answer


@pytest.mark.parametrize(("headers", "status"), [
    ([f"Origin: http://{HOST}"], 200), ([f"Origin: https://{HOST}"], 200), (["Origin: http://other"], 403),
    (["Origin: null"], 403), ([f"Origin: http://{HOST}.x.test"], 403), (["Sec-Fetch-Site: same-origin"], 200),
    (["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"], 403),
    (["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors"], 403),
    (["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"], 200),
    (["Sec-Fetch-Dest: serviceworker"], 403), (["Service-Worker: script"], 403), (["Sec-Fetch-Dest: embed"], 403),
    (["Sec-Fetch-Dest: object"], 403),
])
def test_only_the_workspaces_own_page_may_ask(doorway, server, headers, status):
    assert int(doorway.raw(request("GET", f"{BASE}/lab", *headers)).split(b" ")[1]) == status


@pytest.mark.parametrize("host", ["readingroom.localhost", "127.0.0.1", "x.test", f"a.{HOST}", f"{HOST}.x.test", ""])
def test_a_workspace_is_found_at_its_own_host_only(doorway, server, host):
    sent = request("GET", f"{BASE}/lab").replace(f"Host: {HOST}".encode(), f"Host: {host}".encode())
    assert doorway.raw(sent).split(b" ")[1] in (b"400", b"404")
    assert server.seen == []


def test_one_persons_projects_have_hosts_of_their_own(doorway, server):
    doorway.open("ada", "other")
    assert doorway.raw(request("GET", "/user/ada/other/lab"), "ada", "other").startswith(b"HTTP/1.1 200")
    assert doorway.raw(request("GET", "/user/ada/other/lab"), "ada", "returning").startswith(b"HTTP/1.1 404")
    doorway.shut("ada", "other")


def test_a_page_by_itself_is_led_into_the_portals_frame(doorway, server):
    answer = doorway.raw(request("GET", f"{BASE}/lab", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate"))
    assert answer.startswith(b"HTTP/1.1 303")
    wanted = f"{doorway.settings.public_url}/services/portal/projects/returning/workspace"
    assert f"location: {wanted}\r\n".encode() in answer
    assert doorway.raw(request("POST", f"{BASE}/api/sessions", "Sec-Fetch-Dest: document")).startswith(b"HTTP/1.1 403")
    assert server.seen == []


def test_a_websockets_route_answers_to_websockets_only(doorway, server):
    assert doorway.ask(f"{BASE}/api/kernels/{KERNEL}/channels").status_code == 403
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIA==")
    assert doorway.raw(request("GET", f"{BASE}/lab", *upgrade)).split(b" ")[1] in (b"400", b"403")
    assert server.seen == []


def test_no_borrowed_identity_reaches_the_workspace(doorway, server):
    doorway.ask(f"{BASE}/lab", headers={"Authorization": "token x", "X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1",
                                        "X-Real-IP": "1.2.3.4", "X-Forwarded-Host": "x", "X-Scheme": "https"})
    [(_, _, headers, _)] = server.seen
    assert not {"authorization", "x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "x-scheme"} & set(
        headers)
    assert headers["x-forwarded-proto"] == "http"


def test_uploads_have_a_size_and_a_length(doorway, server):
    assert doorway.ask(f"{BASE}/api/contents/a.csv", "PUT", content=b"x" * 10_000_000).status_code == 200
    assert doorway.ask(f"{BASE}/api/contents/a.csv", "PUT", content=b"x" * 34_000_000).status_code == 413
    assert doorway.ask(f"{BASE}/api/sessions", "POST", content=b"x" * 2_000_000).status_code == 413
    assert doorway.ask(f"{BASE}/api/contents/a.csv", "PUT", content=iter([b"x"])).status_code == 411


def test_what_is_shown_of_a_file_has_an_end(doorway, server):
    server.answer = b"x" * 34_000_000
    assert doorway.ask(f"{BASE}/api/contents/a.csv").status_code == 413
    server.answer, server.sized = b"x", False
    assert doorway.ask(f"{BASE}/api/contents/a.csv").status_code == 413


def test_a_flood_is_held_back_and_for_this_workspace_only(doorway):
    doorway.open("flood", "one")
    doorway.open("flood", "two")
    flood = request("GET", "/user/flood/one/api").replace(b"Connection: close\r\n", b"") * 1800
    assert doorway.raw(flood, "flood", "one").count(b"HTTP/1.1 429") > 0
    assert doorway.ask("/user/flood/two/api").status_code == 200
    doorway.shut("flood", "one")
    doorway.shut("flood", "two")


def counted(doorway: Doorway, person: str) -> int:
    return sum(one.counter for one in DoorMeter(doorway.settings).read() if one.username == person)


def test_bytes_towards_the_person_are_counted_while_a_websocket_is_open(doorway):
    """Not when it ends: who shows much must be noticed while they do."""
    doorway.open("meter", "one")
    with doorway.websocket("meter", "one") as line:
        for _ in range(16):
            line.sendall(b"x" * 65536)
            left = 65536
            while left:
                left -= len(line.recv(left))
        deadline = time.monotonic() + 12  # HAProxy adds to its counters every five seconds
        while counted(doorway, "meter") < 16 * 65536 and time.monotonic() < deadline:
            time.sleep(0.5)
            line.sendall(b"x")
            line.recv(1)
        assert counted(doorway, "meter") >= 16 * 65536
    doorway.shut("meter", "one")


def test_a_door_that_began_anew_says_so(doorway):
    doorway.open("anew", "one")
    doorway.ask("/user/anew/one/lab")
    [before] = [one for one in DoorMeter(doorway.settings).read() if one.username == "anew"]
    doorway.kill()
    doorway.start()
    doorway.ask("/user/anew/one/lab")
    [after] = [one for one in DoorMeter(doorway.settings).read() if one.username == "anew"]
    assert before.boot != after.boot and after.counter <= before.counter
    doorway.shut("anew", "one")


def test_who_opens_while_another_looks_is_not_shut_out(doorway, server, monkeypatch):
    """The Hub and the program that watches the door both reconcile, at any time."""
    look = doorkeeper.admitted_keys

    def opens_meanwhile(settings, way):
        found = look(settings, way)
        monkeypatch.setattr(doorkeeper, "admitted_keys", look)
        doorway.open("bilal", "meanwhile")
        return found

    monkeypatch.setattr(doorkeeper, "admitted_keys", opens_meanwhile)
    with doorway.websocket("ada", "returning") as line:
        doorkeeper.reconcile(doorway.settings)
        assert doorway.ask("/user/bilal/meanwhile/lab").status_code == 200
        line.sendall(b"still there")
        assert line.recv(100) == b"still there"
    doorway.shut("bilal", "meanwhile")
