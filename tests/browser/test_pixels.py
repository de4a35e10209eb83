"""A strict workspace in a real browser: JupyterLab as pixels, worked in by mouse and keyboard, and nothing else."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page, expect

from readingroom import bootstrap
from readingroom.core.policy import Tier
from readingroom.hub import display, dooradmin, sockets
from readingroom.hub.engine import DockerEngine
from readingroom.hub.names import server_dir, workspace_key
from readingroom.ops import images
from readingroom.ops.progress import Progress
from readingroom.services import grants, projects, walls, workspaces
from tests.browser.people import Hall, Person, hall
from tests.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.timeout(600)]
SLUG = "returning-defendants"
PAGE = f"/projects/{SLUG}/workspace"
LETTERS = "£20€@#~éÉßñçąźжЖяαΩ≤±Zz"
TRIES = 3
KEYS = {"Control+a", "Control+c", "Control+v", "End"}
QUOTES = "'''"
COLOURS = """() => {
  const canvas = document.querySelector('#screen canvas');
  if (!canvas || !canvas.width) return 0;
  const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return new Set(pixels).size;
}"""
# The picture's last lines are JupyterLab's status bar: it says how many cells there are, and "Mode: Command" or "Edit".
STATUS_BAR = """() => {
  const canvas = document.querySelector('#screen canvas'), height = Math.min(22, canvas.height);
  const bytes = canvas.getContext('2d').getImageData(0, canvas.height - height, canvas.width, height).data;
  let sum = 0;
  for (const byte of bytes) sum = (sum * 31 + byte) | 0;
  return sum;
}"""


@pytest.fixture(scope="module")
def room(installation: Installation):
    images.provide(installation.settings, Progress(), ["display"])
    made = bootstrap.build(installation.settings)
    projects.set_workspace(made, SLUG, image="notebook", tier=Tier.STRICT, by="test")
    return made


@pytest.fixture(scope="module")
def people(installation: Installation, room) -> Iterator[Hall]:
    with hall(installation) as made:
        yield made


@pytest.fixture(scope="module")
def ada(people: Hall) -> Person:
    ada = people.person("ada")
    ada.open(f"/projects/{SLUG}")
    ada.press("Open workspace")
    return ada


@pytest.fixture
def picture(ada: Person) -> Frame:
    if PAGE not in ada.page.url:
        ada.open(PAGE)
    frame = ada.lab()
    expect(frame.locator("#status")).to_contain_text("Connected", timeout=90_000)
    return frame


@pytest.fixture(scope="module")
def home(installation: Installation) -> Path:
    return installation.settings.homes_dir / SLUG / "ada"


def until(true, seconds: float = 30):
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.25)
    return found


def status_bar(frame: Frame) -> int:
    """What JupyterLab's status bar looks like, once it stays so or has not for some seconds."""
    looks: list[int] = []
    while len(looks) < 20 and (len(looks) < 3 or len(set(looks[-3:])) > 1):
        looks.append(frame.evaluate(STATUS_BAR))
        time.sleep(0.25)
    return looks[-1]


def begin_a_cell(page: Page, frame: Frame) -> None:
    """By keyboard, each key when JupyterLab has shown that it took the one before: it takes early ones for commands."""
    click_into(page, frame)
    page.keyboard.press("Escape")
    for key in ("b", "Enter"):
        before = status_bar(frame)
        page.keyboard.press(key)
        with suppress(AssertionError):
            until(lambda seen=before: status_bar(frame) != seen, 4)
    page.wait_for_timeout(500)


def run_in_a_new_cell(page: Page, frame: Frame, home: Path, name: str, *typed: str) -> str:
    """By keyboard only: what the cell wrote to the file `name`-N, N being what `{}` in the typed stands for.

    Of `typed` the KEYS are pressed. The status bar also changes by itself, so now and then that is taken for the
    focus; then it is done again.
    """
    for attempt in range(TRIES):
        begin_a_cell(page, frame)
        for part in typed:
            if part in KEYS:
                page.keyboard.press(part)
                page.wait_for_timeout(300)
            else:
                page.keyboard.type(part.format(f"/home/researcher/{name}-{attempt}"), delay=15)
        page.keyboard.press("Shift+Enter")
        with suppress(AssertionError):
            return until(lambda: next((file for file in home.glob(f"{name}-*") if file.read_text()), None),
                         15).read_text()
    pytest.fail("nothing that was typed was run")


def click_into(page: Page, frame: Frame) -> None:
    """Into the notebook: right of the middle, where no sidebar is."""
    box = frame.locator("#screen canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.85)


@pytest.fixture(scope="module")
def ready(installation: Installation, room, ada: Person) -> None:
    """JupyterLab on the display shows a notebook and has its kernel: a picture does not say so, the server does."""
    expect(ada.lab().locator("#status")).to_contain_text("Connected", timeout=90_000)
    engine = DockerEngine(installation.settings)
    [workspace] = engine.containers("workspace")
    variables = engine.api.inspect_container(workspace["Id"])["Config"]["Env"]
    token = next(line.split("=", 1)[1] for line in variables if line.startswith("JUPYTERHUB_API_TOKEN="))
    server = server_dir(installation.settings, "ada", SLUG, Tier.STRICT) / sockets.NAME
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(server)), base_url="http://behind", timeout=30,
                      headers={"Authorization": f"token {token}"}) as http:

        def connected() -> bool:
            kernels = http.get(f"/user/ada/{SLUG}/api/kernels").json()
            return any(one["execution_state"] == "idle" and one["connections"] for one in kernels)
        until(connected, 120)
    until(lambda: ada.lab().evaluate(COLOURS) > 200, 30)
    ada.page.wait_for_timeout(1000)  # what it drew has been sent


def test_jupyterlab_is_seen_and_a_cell_typed_by_keyboard_runs(ada: Person, picture: Frame, ready, home: Path) -> None:
    ada.picture("workspace-strict")
    assert run_in_a_new_cell(ada.page, picture, home, "typed", "open('{}','w').write('ab#~[]')") == "ab#~[]"


def test_p8_what_is_copied_inside_the_picture_is_pasted_inside_it(ada: Person, picture: Frame, ready,
                                                                  home: Path) -> None:
    """And no further: another test has a client that asks for it."""
    assert run_in_a_new_cell(ada.page, picture, home, "inside", "open('{}','a').write('x');", "Control+a", "Control+c",
                             "End", "Control+v") == "xx"


def test_p8_the_screen_has_no_way_for_files(ada: Person, picture: Frame) -> None:
    """Of VNC's dialects those that carry files begin with a security type of their own; here is the plain one only."""
    offered = picture.evaluate("""() => new Promise((done, failed) => {
      const address = new URL('socket', location.href); address.protocol = address.protocol.replace('http', 'ws');
      const line = new WebSocket(address.href, ['binary']); line.binaryType = 'arraybuffer';
      let received = [], answered = false;
      line.onerror = failed;
      line.onmessage = event => {
        received.push(...new Uint8Array(event.data));
        if (received.length >= 12 && !answered) { answered = true; line.send(new Uint8Array(received.slice(0, 12))); }
        if (received.length > 12 && received.length >= 13 + received[12]) { line.close(); done(received.slice(13)); }
      };
    })""")
    assert offered == [1]


def test_the_bar_says_what_it_is(ada: Person, picture: Frame) -> None:
    assert "Strict tier: pixels only" in ada.text()
    assert ada.page.locator("iframe").get_attribute("title") == "Picture of JupyterLab"
    assert ada.page.locator("iframe").get_attribute("sandbox") == "allow-scripts allow-same-origin"


def test_letters_of_other_keyboards_arrive_as_they_are(ada: Person, picture: Frame, ready, home: Path) -> None:
    """A key is sent as what is printed on it: a layout is the person's own affair."""
    keys = ada.page.context.new_cdp_session(ada.page)
    arrived = ""
    for number in range(4):  # as in `run_in_a_new_cell`; letters that are sent wrongly are wrong each time
        begin_a_cell(ada.page, picture)
        ada.page.keyboard.type(f"open('/home/researcher/layout{number}','w').write('", delay=15)
        for letter in LETTERS:
            for kind in ("keyDown", "keyUp"):
                keys.send("Input.dispatchKeyEvent",
                          {"type": kind, "key": letter, "code": "Unidentified", "text": letter})
        ada.page.keyboard.type("')", delay=15)
        ada.page.keyboard.press("Shift+Enter")
        with suppress(AssertionError):
            until((home / f"layout{number}").exists, 20)
            arrived = until((home / f"layout{number}").read_text)
        if arrived == LETTERS:
            break
    assert arrived == LETTERS


def test_the_clipboard_crosses_in_neither_direction(ada: Person, picture: Frame, ready, home: Path) -> None:
    """With a client of one's own, that asks for the clipboard and offers one."""
    picture.evaluate("""async () => {
      const RFB = (await import('./core/rfb.js')).default;
      const address = new URL('socket', location.href); address.protocol = address.protocol.replace('http', 'ws');
      const place = document.createElement('div'); document.body.append(place);
      window.own = new RFB(place, address.href, {shared: true});
      window.taken = [];
      own.addEventListener('clipboard', event => taken.push(event.detail.text));
      await new Promise(connected => own.addEventListener('connect', connected));
      own.clipboardPasteFrom('smuggled-in');
    }""")
    written = run_in_a_new_cell(ada.page, picture, home, "pasted", f"open('{{}}','w').write({QUOTES}", "Control+v",
                                f"taken-out{QUOTES})", "Control+a", "Control+c", "End")
    assert "taken-out" in written and "smuggled-in" not in written
    assert picture.evaluate("taken") == []
    picture.evaluate("own.disconnect()")


def _set_parameter(meeting: Path, text: bytes) -> bool:
    """As a program on the display would (vncconfig -set): whether the screen did it."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(meeting / display.X_SOCKET))
        line.sendall(struct.pack("<BxHHHHxx", 0x6C, 11, 0, 0, 0))
        head = line.recv(8, socket.MSG_WAITALL)
        assert head[0] == 1, "the display lets us in"
        line.recv(4 * struct.unpack("<H", head[6:8])[0], socket.MSG_WAITALL)
        name = b"VNC-EXTENSION"
        line.sendall(struct.pack("<BxHHxx", 98, 2 + (len(name) + 3) // 4, len(name)) + name.ljust(16, b"\0"))
        found = line.recv(32, socket.MSG_WAITALL)
        assert found[8] == 1, "the extension is there"
        line.sendall(struct.pack("<BBHBxxx", found[9], 0, 2 + (len(text) + 3) // 4, len(text))
                     + text.ljust((len(text) + 3) // 4 * 4, b"\0"))
        return line.recv(32, socket.MSG_WAITALL)[1] == 1


def test_no_program_on_the_display_turns_the_clipboard_on(installation: Installation, picture: Frame) -> None:
    meeting = display.places(installation.settings, "ada", SLUG).meeting
    for text in (b"SendCutText=1", b"AcceptCutText=1", b"SendPrimary=1", b"SetPrimary=1", b"desktop=told"):
        assert not _set_parameter(meeting, text), text


def test_nothing_of_jupyter_answers_and_nothing_is_downloaded(ada: Person, picture: Frame, home: Path) -> None:
    taken: list[str] = []
    ada.page.on("download", lambda download: taken.append(download.suggested_filename))
    base = picture.url.partition("pixels/")[0]
    for path in ("", "lab", "api", "api/contents", "api/contents/welcome.ipynb", "files/welcome.ipynb", "api/kernels",
                 "nbconvert/html/welcome.ipynb", "view/welcome.ipynb", "api/terminals", "lab/api/workspaces"):
        answer = picture.evaluate("url => fetch(url).then(answer => answer.status)", base + path)
        assert answer in (403, 503), (path, answer)
    offer = "const a=document.createElement('a');a.href='data:text/csv,1';a.download='x.csv';a.click()"
    shown = f'from IPython.display import Javascript, display; display(Javascript("{offer}"));'
    run_in_a_new_cell(ada.page, picture, home, "offered", shown + "open('{}','w').write('x')")
    ada.page.wait_for_timeout(2000)
    assert taken == []


def test_the_picture_follows_the_window(ada: Person, picture: Frame) -> None:
    size = "() => [document.querySelector('#screen canvas').width, document.querySelector('#screen canvas').height]"
    before = picture.evaluate(size)
    ada.page.set_viewport_size({"width": 1500, "height": 800})
    until(lambda: picture.evaluate(size) != before)
    assert picture.evaluate(size)[0] == picture.evaluate("document.querySelector('#screen').clientWidth") > before[0]
    until(lambda: picture.evaluate("""() => {
      const canvas = document.querySelector('#screen canvas');
      const right = canvas.getContext('2d').getImageData(canvas.width - 40, 100, 30, 200).data;
      return right.some((value, at) => at % 4 < 3 && value > 0);
    }"""))  # JupyterLab fills it, not black
    ada.page.set_viewport_size({"width": 1280, "height": 900})


def test_a_lost_connection_is_made_again(ada: Person, picture: Frame, installation: Installation) -> None:
    key = workspace_key(installation.settings, "ada", SLUG)
    expect(picture.locator("#status")).to_contain_text("Connected")
    picture.evaluate("""() => { window.said = [];
      new MutationObserver(() => said.push(document.querySelector('#status').textContent))
        .observe(document.querySelector('#status'), {childList: true, characterData: true, subtree: true}); }""")
    dooradmin.ask(installation.settings.door_admin_socket, f"shutdown sessions server screens/{key}")
    until(lambda: any("lost" in one for one in picture.evaluate("said")))
    expect(picture.locator("#status")).to_contain_text("Connected", timeout=15_000)


def test_one_gets_out_of_the_picture_by_keyboard_and_in_again(ada: Person, picture: Frame) -> None:
    click_into(ada.page, picture)
    assert picture.evaluate("document.activeElement.tagName") == "CANVAS"
    ada.page.keyboard.press("Tab")
    assert picture.evaluate("document.activeElement.tagName") == "CANVAS", "Tab is the workspace's"
    ada.page.keyboard.press("Control+Alt+Shift")
    assert picture.evaluate("document.activeElement.id") == "enter"
    ada.page.keyboard.press("Tab")
    assert picture.evaluate("document.activeElement.tagName") == "SUMMARY"
    ada.page.keyboard.press("Enter")
    expect(picture.get_by_text("Screen readers cannot read a picture")).to_be_visible()
    found = [(one["id"], one["nodes"][0]["html"][:160]) for one in Axe().run(picture).response["violations"]]
    assert found == []
    ada.picture("workspace-strict-about")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.press("Shift+Tab")
    ada.page.keyboard.press("Enter")
    assert picture.evaluate("document.activeElement.tagName") == "CANVAS"


def test_both_halves_are_proved_and_count_as_the_workspaces(installation: Installation, room, picture: Frame) -> None:
    [opening] = workspaces.open_now(room)
    assert opening.tier is Tier.STRICT and len(opening.containers) == 3
    assert set(opening.containers) == walls.known_containers(room)
    until(lambda: workspaces.open_now(room)[0].proof is not None)
    assert workspaces.open_now(room)[0].proof.held
    engine = DockerEngine(installation.settings)
    assert walls.prove(room, engine, bootstrap.hub_client(installation.settings, "worker-token"), opening)


def test_the_display_that_ends_takes_the_workspace_with_it_and_it_opens_again(
        installation: Installation, room, ada: Person, picture: Frame) -> None:
    [opening] = workspaces.open_now(room)
    DockerEngine(installation.settings).kill(opening.containers[1])
    until(lambda: workspaces.open_now(room) == (), 60)
    ada.open(PAGE)
    expect(ada.page.locator("main")).to_contain_text("Your workspace is closed", timeout=30_000)
    ada.press("Open workspace")
    expect(ada.lab().locator("#status")).to_contain_text("Connected", timeout=90_000)


def test_a_withdrawn_grant_closes_all_of_it_within_a_minute(installation: Installation, room, ada: Person,
                                                            picture: Frame) -> None:
    with room.store.reading() as tx:
        grant = tx.grants.of_project(SLUG)[0]
    grants.withdraw(room, "mercer", grant.id, "A test of closing.")
    engine = DockerEngine(installation.settings)
    until(lambda: not [one for kind in ("workspace", *display.PARTS) for one in engine.containers(kind)], 60)
    until(lambda: not any(installation.settings.screen_sockets_dir.iterdir()), 90)  # by the sweep of each minute
    assert not any(installation.settings.behind_dir.iterdir())
    expect(ada.page.locator("main")).to_contain_text("withdrawn", timeout=30_000)
