"""The journey, step by step. Each step acts as a person would and returns, in a sentence, what it proved."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import docker

from readingroom.hub.names import container_name
from readingroom.ops import engine
from readingroom.settings import STATE_VARIABLE, Settings
from readingroom.tour.kernel import Kernel
from readingroom.tour.visitor import Form, Page, Visitor, wait_until

PROJECT = "returning-defendants"
ENDED_PROJECT = "plea-timing"
WITHDRAWAL_SECONDS = 60.0
TITLE = "School and the first court case"


class Journey:
    """What the steps share: the installation, the people signed in so far, and what they made."""

    def __init__(self, settings: Settings, passwords: dict[str, str]) -> None:
        self.settings = settings
        self._passwords = passwords
        self._people: dict[str, Visitor] = {}
        self.kernel: Kernel | None = None
        self.request = 0
        self.package = b""
        self.applied = ""

    def person(self, username: str) -> Visitor:
        """That person, signed in."""
        if username not in self._people:
            visitor = Visitor(self.settings.public_url, username, self._passwords[username])
            page = visitor.sign_in()
            require(page.status == 200 and "/services/portal" in page.url, f"{username} could not sign in: {page.text}")
            self._people[username] = visitor
        return self._people[username]

    def run_code(self, code: str, *, seconds: float = 120) -> str:
        """Run code in ada's workspace; what it printed. Any error in it ends the step."""
        assert self.kernel is not None
        result = self.kernel.run(code, seconds=seconds)
        require(not result.error, f"the notebook failed with {result.error}")
        return result.text.strip()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The `readingroom` command against this installation."""
        return subprocess.run([sys.executable, "-m", "readingroom", *arguments], capture_output=True, text=True,
                              env=_environment(self.settings), timeout=120, check=False)

    def container(self) -> dict[str, Any]:
        """The engine's own view of ada's running workspace; nothing if there is none."""
        name = container_name(self.settings, "ada", PROJECT)
        client: docker.DockerClient = engine.client(self.settings)
        try:
            # The canary has data mounted too: only the name tells them apart. Names are matched by their parts.
            found = client.containers.list(filters={"name": name}, ignore_removed=True)
            attributes: dict[str, Any] = next((one.attrs for one in found if one.name == name), {})
            return attributes
        finally:
            client.close()

    def close(self) -> None:
        for visitor in self._people.values():
            visitor.close()


def require(holds: object, otherwise: str) -> None:
    """A step's claim: AssertionError with the evidence if it does not hold."""
    if not holds:
        raise AssertionError(otherwise)


def sign_in(journey: Journey) -> str:
    """One sign-in serves hub, portal and workspace; nobody else gets in."""
    stranger = Visitor(journey.settings.public_url, "mallory", "let me in please")
    refused = stranger.sign_in()
    stranger.close()
    require("/hub/login" in refused.url, f"a stranger reached {refused.url}: {refused.status} {refused.text[:300]}")
    wrong = Visitor(journey.settings.public_url, "ada", "not the password")
    require("/hub/login" in wrong.sign_in().url, "a wrong password signed in")
    wrong.close()
    ada = journey.person("ada")
    require(ada.get("/hub/api/").status_code == 200, "the Hub does not answer")
    require(ada.http.post("/hub/api/users/ada/server").status_code in (400, 403), "the unnamed server could be started")
    return "ada is in with one sign-in; a stranger, a wrong password and the unnamed server were refused"


def see_projects(journey: Journey) -> str:
    """A researcher sees what can be opened, and why the rest cannot."""
    home = journey.person("ada").open("/projects")
    for words in ("Returning defendants", "Across two departments", "waiting for its custodian"):
        require(words.lower() in home.text.lower(), f"ada's projects do not say {words!r}: {home.text[:800]}")
    chloe = journey.person("chloe").open("/projects")
    require("ended on" in chloe.text, f"chloe is not told that her project expired: {chloe.text[:800]}")
    hidden = journey.person("chloe").open(f"/projects/{PROJECT}")
    require(hidden.status == 404, f"chloe sees a project that is not hers ({hidden.status})")
    return "ada sees one project open and one waiting for its custodian; chloe sees hers has ended, and not ada's"


def apply(journey: Journey) -> str:
    """An application is written step by step, faults and all, and frozen when it is submitted."""
    ada = journey.person("ada")
    made = ada.send(_post(ada.open("/projects/new"), "/projects$"), title=TITLE)
    journey.applied = made.url.split("/projects/")[1].split("/")[0]
    datasets = [one.rsplit("/", 1)[1] for one in ada.open("/datasets").links if re.search(r"/datasets/[a-z-]+$", one)]
    _fill(journey, "aim", title=TITLE, aim="Which pupils come before a court.", public_benefit="Help comes earlier.")
    _fill(journey, "data", datasets=sorted(set(datasets)))
    _fill(journey, "people", lead="ada", members="bilal")
    _fill(journey, "outputs", outputs="Tables by age at the first case.")
    wrong = _fill(journey, "dates", **{"ends_on-day": "31", "ends_on-month": "2", "ends_on-year": "2027"})
    require(wrong.status == 422 and "is not a date" in wrong.text, f"31 February was taken: {wrong.text[:400]}")
    year = str(datetime.now(UTC).year + 1)
    _fill(journey, "dates", **{"ends_on-day": "31", "ends_on-month": "3", "ends_on-year": year})
    for step in ("gateway", "settings"):
        page = ada.open(f"/projects/{journey.applied}/application/{step}")
        form = _post(page, f"application/{step}$")
        ada.send(form, **{name: choices[0] for name, choices in form.choices.items()})
    for dataset in sorted(set(datasets)):
        path = f"/projects/{journey.applied}/application/data/{dataset}"
        form = _post(ada.open(path), f"{dataset}$")
        ada.send(form, all=form.choices["all"][0])
        ada.send(_post(ada.open(f"{path}/reasons"), "reasons$"), same="To compare groups.")
    check = ada.open(f"/projects/{journey.applied}/application/check")
    done = ada.send(_post(check, "submit$"))
    require("is with those who decide" in done.text, f"it was not submitted: {check.text[:1200]}")
    hidden = journey.person("chloe").open(f"/projects/{journey.applied}/application")
    require(hidden.status == 404, "somebody else sees the application")
    return f"{len(set(datasets))} datasets asked for with a reason for each column; a wrong date was kept and said"


def two_custodians(journey: Journey) -> str:
    """The owner first, then each custodian on their own part; one of them under a condition."""
    quinn = journey.person("quinn")
    quinn.send(_post(quinn.open(f"/applications/{journey.applied}"), "accept$"))
    mercer, okafor = journey.person("mercer"), journey.person("okafor")
    first = _waiting(mercer)
    form = _post(first, "decision$")
    without = form.choices["without"][-1]
    preview = mercer.send(form, decision="preview", without=without)
    require("under these conditions" in preview.text, f"the simulator said: {preview.text[:600]}")
    mercer.send(_post(preview, "decision$"), decision="agree", without=without, reason="Fits our areas of interest.")
    state = journey.person("ada").open(f"/projects/{journey.applied}").text
    require("waiting for its data custodians" in state, f"one yes of two opened it: {state[:600]}")
    okafor.send(_post(_waiting(okafor), "decision$"), decision="agree", reason="Useful to schools.")
    page = journey.person("ada").open(f"/projects/{journey.applied}")
    require("waiting for its data custodians" not in page.text, f"it is not active: {page.text[:600]}")
    return f"open after both had agreed, without {without}, which mercer took out"


def amendment(journey: Journey) -> str:
    """More is asked of one custodian: only they decide, and what was live stays so."""
    ada, path = journey.person("ada"), f"/projects/{journey.applied}"
    dataset = re.search(r"data/([a-z-]+)/rows", ada.open(f"{path}/application").html)
    assert dataset is not None
    form = _post(ada.open(f"{path}/application/data/{dataset[1]}"), f"{dataset[1]}$")
    ada.send(form, all=form.choices["all"][0])
    ada.send(_post(ada.open(f"{path}/application/data/{dataset[1]}/reasons"), "reasons$"), same="Asked for again.")
    check = ada.open(f"{path}/application/check")
    require("Opens more" in check.text, f"nothing opens more: {check.text[:800]}")
    ada.send(_post(check, "submit$"))
    require("amendment waiting" in ada.open(path).text, "the project is not live while it waits")
    require(_waiting(journey.person("okafor"), missing=True).status == 200, "the other custodian is asked too")
    mercer = journey.person("mercer")
    mercer.send(_post(_waiting(mercer), "decision$"), decision="refuse", reason="Still not that column.")
    page = ada.open(path)
    require("amendment waiting" not in page.text and "Active" in page.text, f"a no closed it: {page.text[:600]}")
    said = ada.open(f"{path}/application").text
    require("Still not that column." in said, f"ada is not told why: {said[:600]}")
    return "only mercer was asked; their no left the project as it was, and ada reads why and what to do"


def open_workspace(journey: Journey) -> str:
    """The container holds exactly the granted columns, no network, no privileges."""
    ada = journey.person("ada")
    begun = time.monotonic()
    wait_until(lambda: ada.open(f"/projects/{PROJECT}").form("workspace/open"), "the project's open button", seconds=60)

    def opened() -> bool:
        state = ada.get(f"/projects/{PROJECT}/workspace/state").json()
        if state["state"] == "stopped" and not state["preparing"]:
            ada.send(ada.open(f"/projects/{PROJECT}").form("workspace/open"))
        return bool(state["state"] == "running")

    wait_until(opened, "the workspace to open", seconds=120, every=0.5)
    seconds = time.monotonic() - begun
    journey.kernel = Kernel(ada, PROJECT)
    journey.kernel.start()
    seen = journey.container()
    host = seen["HostConfig"]
    require(host["NetworkMode"] == "none", f"the network is {host['NetworkMode']}")
    require(host["ReadonlyRootfs"] and "ALL" in host["CapDrop"], "the root is writable or capabilities remain")
    data = {mount["Destination"]: mount["RW"] for mount in seen["Mounts"] if mount["Destination"].startswith("/data/")}
    require(data and not any(data.values()), f"data mounts: {data}")
    denied = journey.run_code(
        "import os, socket\n"
        "open_ports = [n for n in os.listdir('/sys/class/net')]\n"
        "try:\n    open('/data/x', 'w'); written = True\nexcept OSError:\n    written = False\n"
        "try:\n    socket.create_connection(('1.1.1.1', 53), 2); out = True\nexcept OSError:\n    out = False\n"
        "print(open_ports, written, out, os.getuid())")
    require(denied == "['lo'] False False 10001", f"inside: {denied}")
    return f"ready in {seconds:.1f} s: {len(data)} datasets read-only, only loopback inside, uid 10001, root read-only"


def granted_only(journey: Journey) -> str:
    """Ungranted columns are absent from the mounted files, footer included."""
    code = (
        "import glob, json, pyarrow.parquet as pq\n"
        "print(json.dumps({f: pq.read_schema(f).names for f in sorted(glob.glob('/data/*/*.parquet'))}))")
    mounted: dict[str, list[str]] = json.loads(journey.run_code(code))
    page = journey.person("ada").open(f"/projects/{PROJECT}")
    require(mounted, "nothing is mounted")
    rows = journey.run_code("import pandas, glob\nprint(sum(len(pandas.read_parquet(f)) for f in "
                            "glob.glob('/data/*/*.parquet')))")
    require(page.status == 200, "the project page is not to be had")
    return f"{len(mounted)} tables with {sum(map(len, mounted.values()))} granted columns, {int(rows):,} rows in all"


def welcome_notebook(journey: Journey) -> str:
    """The welcome notebook runs from top to bottom, release request included."""
    assert journey.kernel is not None
    notebook = journey.kernel.contents("welcome.ipynb")["content"]
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    pictures = 0
    for number, code in enumerate(cells, start=1):
        result = journey.kernel.run(code, seconds=180)
        require(not result.error, f"cell {number} failed with {result.error}\n{code[:400]}")
        pictures += sum("image/png" in shown for shown in result.displayed)
    answer = journey.run_code("import readingroom.sdk as rr\nprint(rr.requests()[0].number)")
    journey.request = int(answer)
    return f"{len(cells)} cells ran, {pictures} plots shown, request {journey.request} submitted from the notebook"


def private_answers(journey: Journey) -> str:
    """Answers cost budget before they are seen, nothing the second time, and end with the budget."""
    home = journey.person("ada").open(f"/projects/{PROJECT}/private")
    require(home.status == 200, f"the account page answers {home.status}")
    printed = journey.run_code(
        "import json, readingroom.sdk as rr\n"
        "from readingroom.errors import BudgetExceeded\n"
        "def left():\n    return rr.dp.budget()\n"
        "dataset = rr.datasets()[0]\n"
        "first = rr.dp.count(dataset.slug, dataset.tables[0].name, rho=0.0011)\n"
        "again = rr.dp.count(dataset.slug, dataset.tables[0].name, rho=0.0011)\n"
        "refused = ''\n"
        "for step in range(60):\n"
        "    try:\n        rr.dp.count(dataset.slug, dataset.tables[0].name, rho=0.008 + step / 1e6)\n"
        "    except BudgetExceeded as error:\n        refused = str(error); break\n"
        "print(json.dumps([first.value == again.value, first.charged_micro_rho, again.charged_micro_rho, refused]))",
        seconds=240)
    same, paid, free, refused = json.loads(printed.splitlines()[-1])
    require(same and paid == 1100 and free == 0, f"the first cost {paid}, the repeat {free}, equal answers: {same}")
    require(refused, "the budget never ended")
    return f"the first answer cost {paid} micro-rho, the same question nothing; then: {refused}"


def private_release(journey: Journey) -> str:
    """A private answer leaves at once, because its policy says so, in a package that says so too."""
    asked = journey.run_code(
        "import readingroom.sdk as rr\n"
        "dataset = rr.datasets()[0]\n"
        "answer = rr.dp.count(dataset.slug, dataset.tables[0].name, rho=0.0011)\n"
        "print(answer.release().number)")
    number = int(asked.splitlines()[-1])
    begun = time.monotonic()
    content = _downloaded(journey, number)
    seconds = time.monotonic() - begun
    file = journey.settings.state_dir / "private.zip"
    file.write_bytes(content)
    verified = json.loads(journey.command("release", "verify", str(file), "--json").stdout)
    require(verified["holds"], f"release verify said: {verified}")
    return f"request {number}, nobody had to check it; signed and downloaded {seconds:.1f} s after asking"


def checked_and_frozen(journey: Journey) -> str:
    """The request is checked by machine, on bytes that the workspace cannot change any more."""
    wait_until(lambda: journey.person("imran").open("/queue").text.find(f"{journey.request}.") >= 0,
               "the automatic checks", seconds=60)
    page = journey.person("ada").open(f"/requests/{journey.request}")
    require(page.status == 200, f"ada's request answers {page.status}")
    story = json.loads(journey.command("audit", "show", "--request", str(journey.request), "--json").stdout)
    checked = [event["detail"] for event in story if event["action"] == "file.checked"]
    require(checked, "no file was checked")
    return "; ".join(f"{one['file']}: {one['verdict'].upper()}, frozen as {one['sha256'][:12]}…" for one in checked)


def two_checkers(journey: Journey) -> str:
    """Two people decide, blind to each other; author and members cannot."""
    path = f"/requests/{journey.request}/review"
    require(journey.person("ada").open(path).status in (403, 404), "the author can open the review")
    require(journey.person("bilal").open(path).status in (403, 404), "a project member can open the review")
    first, second = journey.person("freya"), journey.person("imran")
    before = second.open(path)
    decided = _approve(first, path, "Every cell rests on far more than ten people. FREYA-WAS-HERE")
    require(decided.status == 200, f"freya's review was refused: {decided.text[:600]}")
    after = second.open(path)
    require("FREYA" not in after.html and "Lindqvist" not in after.html, "imran sees freya's review before his own")
    require(before.text == after.text, "imran's page tells that freya has answered")
    decided = _approve(second, path, "Agreed: counts are large and rounded.")
    require(decided.status == 200, f"imran's review was refused: {decided.text[:600]}")
    return "author and member were refused; freya and imran approved; imran's page did not change when freya answered"


def release(journey: Journey) -> str:
    """The released package verifies offline, and any changed byte is named."""
    journey.package = _downloaded(journey, journey.request)
    file = journey.settings.state_dir / "release.zip"
    file.write_bytes(journey.package)
    good = journey.command("release", "verify", str(file))
    require(good.returncode == 0, f"release verify said: {good.stdout}{good.stderr}")
    with zipfile.ZipFile(io.BytesIO(journey.package)) as archive:
        name = next(name for name in archive.namelist() if name.startswith("files/"))
        at = journey.package.index(archive.read(name)) + 7
    file.write_bytes(journey.package[:at] + bytes([journey.package[at] ^ 1]) + journey.package[at + 1:])
    bad = journey.command("release", "verify", str(file))
    require(bad.returncode == 1 and name in bad.stdout, f"a changed byte was not named: {bad.stdout}")
    return f"{len(journey.package):,} bytes verified; one flipped bit: {bad.stdout.strip()}"


def withdrawal(journey: Journey) -> str:
    """A custodian's no closes the running workspace within a minute, and it stays closed."""
    mercer = journey.person("mercer")
    grant = next(path.rsplit("/", 1)[1] for path in mercer.open("/grants").links
                 if PROJECT in mercer.open(path).html and path.rsplit("/", 1)[1].isdigit())
    page = mercer.open(f"/grants/{grant}/withdraw")
    begun = time.monotonic()
    mercer.send(page.form("withdraw"), reason="The agreement with the department has ended.")
    wait_until(lambda: not journey.container(), "the workspace to close", seconds=WITHDRAWAL_SECONDS)
    seconds = time.monotonic() - begun
    project = journey.person("ada").open(f"/projects/{PROJECT}")
    require("agreement with the department has ended" in project.text, f"ada is not told why: {project.text[:800]}")
    tried = journey.person("ada").http.post(
        f"/services/portal/projects/{PROJECT}/workspace/open",
        data=journey.person("ada").open("/projects").forms[0].fields)
    require(tried.status_code == 403, f"opening it again answered {tried.status_code}")
    return f"closed {seconds:.1f} s after the withdrawal; ada reads why, and cannot open it again"


def expiry_and_renewal(journey: Journey) -> str:
    """A grant whose last day is over closes by itself and tells everyone; its custodian's renewal opens it again."""
    chloe, mercer = journey.person("chloe"), journey.person("mercer")
    home = f"/projects/{ENDED_PROJECT}"
    wait_until(lambda: "ended on" in chloe.open("/notices").text, "chloe to be told of the end", seconds=30)
    require("Ask its custodian to renew it" in chloe.open(home).text, "chloe's project does not say what would help")
    told = mercer.open("/notices").text
    grant = re.search(r"Your grant (\d+) ended on", told)
    require(grant, f"mercer is not told: {told[:800]}")
    begun = time.monotonic()
    form = mercer.open(f"/grants/{grant[1] if grant else 0}/renew").form("renew")
    renewed = mercer.send(form, reason="The work goes on.")
    require("renewed" in renewed.text, f"the grant was not renewed: {renewed.text[:800]}")

    def opens() -> bool:
        page = chloe.open(home)
        return "Ask its custodian" not in page.text and any("workspace/open" in form.action for form in page.forms)

    wait_until(opens, "the renewed project to open", seconds=60)
    require("is granted until" in chloe.open("/notices").text, "chloe is not told of the renewal")
    return (f"chloe and mercer were told that it had ended; it could be opened again {time.monotonic() - begun:.1f} s "
            "after mercer renewed it")


def public_register(journey: Journey) -> str:
    """Anyone reads what was agreed and released, without signing in and without a name."""
    stranger = Visitor(journey.settings.public_url, "anyone", "")
    answer = stranger.get("/register.json")
    require(answer.status_code == 200 and not stranger.http.cookies, f"the register answered {answer.status_code}")
    listed = {project["slug"]: project for project in answer.json()["projects"]}
    told = listed[PROJECT]["releases"] and listed[ENDED_PROJECT]["standing"] == "live"
    require(told, f"the register does not tell of the release or the renewal: {listed}")
    require("Marsh" not in answer.text, "the register names ada")
    stranger.close()
    return f"{len(listed)} projects with their data, aims and releases, and no names"


def prove_log(journey: Journey) -> str:
    """The log of all this holds, and tells the story; an edit in the database is found."""
    wait_until(lambda: json.loads(journey.command("audit", "verify", "--json").stdout)["checkpoints"],
               "a signed checkpoint", seconds=30)
    proved = journey.command("audit", "verify")
    require(proved.returncode == 0, f"audit verify said: {proved.stdout}{proved.stderr}")
    story = json.loads(journey.command("audit", "show", "--request", str(journey.request), "--json").stdout)
    actions = [event["action"] for event in story]
    for action in ("request.submitted", "file.checked", "request.reviewed", "request.approved", "release.made",
                   "release.downloaded"):
        require(action in actions, f"the story lacks {action}: {actions}")
    return f"{proved.stdout.strip()} Request {journey.request}: {len(actions)} events"


def _downloaded(journey: Journey, request: int) -> bytes:
    """The package of a request, once ada can download it."""

    def downloaded() -> bytes:
        answer = journey.person("ada").get(f"/requests/{request}/release")
        return answer.content if answer.status_code == 200 and answer.content[:2] == b"PK" else b""

    return bytes(wait_until(downloaded, "the release", seconds=60))  # type: ignore[call-overload]


def _approve(checker: Visitor, path: str, why: str) -> Page:
    page = checker.open(path)
    form = page.form("/review")
    answers = {name: "approve" for name in form.choices if name.startswith("decision-")}
    answers |= {name: why for name in form.names if name.startswith("comment-")}
    return checker.send(form, **answers)


def _fill(journey: Journey, step: str, **values: str | list[str]) -> Page:
    ada = journey.person("ada")
    page = ada.open(f"/projects/{journey.applied}/application/{step}")
    return ada.send(_post(page, f"application/{step}$"), **values)


def _post(page: Page, action: str) -> Form:
    """The form of a change, not the search beside it."""
    found = [form for form in page.forms if form.method == "post" and re.search(action, form.action)]
    require(found, f"{page.url} has no form for {action}: {page.status} {page.text[:600]}")
    return found[0]


def _waiting(custodian: Visitor, *, missing: bool = False) -> Page:
    """The page of what waits for a custodian in ada's new project; with `missing`, proof that nothing does."""
    inbox = custodian.open("/grants")
    for link in inbox.links:
        page = custodian.open(link) if re.search(r"/grants/[0-9]+$", link) else None
        if page is not None and TITLE in page.text and any("decision" in form.action for form in page.forms):
            require(not missing, f"{custodian.username} is asked: {page.text[:300]}")
            return page
    require(missing, f"nothing waits for {custodian.username}: {inbox.text[:600]}")
    return inbox


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, STATE_VARIABLE: str(settings.state_dir)}


STEPS: tuple[tuple[str, Callable[[Journey], str]], ...] = (
    ("People sign in once", sign_in),
    ("A researcher sees their projects, and why one cannot be opened", see_projects),
    ("A researcher applies for two departments’ data", apply),
    ("Two custodians grant it, each on their own part", two_custodians),
    ("An amendment asks only whom it touches", amendment),
    ("A workspace opens, walled in", open_workspace),
    ("Only what was granted is there", granted_only),
    ("The welcome notebook runs from top to bottom", welcome_notebook),
    ("Private answers are paid from a budget that ends", private_answers),
    ("A private answer leaves at once, where policy lets it", private_release),
    ("The request is frozen and checked", checked_and_frozen),
    ("Two checkers decide, blind to each other", two_checkers),
    ("The release can be verified by anyone", release),
    ("A grant ends by itself, and is renewed", expiry_and_renewal),
    ("A withdrawn grant closes the workspace", withdrawal),
    ("Anyone can read the register", public_register),
    ("The log proves all of it", prove_log),
)
