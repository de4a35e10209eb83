"""SIGKILL of any process at any step: it comes back, nothing acknowledged is lost, nothing is done twice.

`tests/integration/test_crashes.py` kills the same services at every one of their statements to the database.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from readingroom import bootstrap
from readingroom.core import package
from readingroom.core.lifecycle import GrantStatus, ProjectStatus, RequestStatus
from readingroom.core.projects import Grant, Project
from readingroom.core.requests import Decision, Vote
from readingroom.errors import ReadingRoomError
from readingroom.hub.names import container_name
from readingroom.ops import door, down, engine, images, supervise, up
from readingroom.services import grants, handover, private_answers, requests, workspaces
from readingroom.settings import REPOSITORY, STATE_VARIABLE
from readingroom.tour.journey import PROJECT, Journey
from readingroom.tour.visitor import wait_until
from readingroom.tour.workspace import open_workspace

pytestmark = pytest.mark.docker

BACK_SECONDS = 120.0  # a busy machine takes half a minute to start the processes, an answer waits for its slot
TABLE = b"sex,people\nF,1200\nM,1310\n"
ASK_PORTAL = """
import os, socket
door = socket.socket(socket.AF_UNIX)
door.settimeout(10)
door.connect(os.environ["READINGROOM_DOOR"])
door.sendall(("GET /services/portal/api/v1/workspace HTTP/1.1\\r\\nHost: portal\\r\\nConnection: close\\r\\n"
              f"Authorization: token {os.environ['JUPYTERHUB_API_TOKEN']}\\r\\n\\r\\n").encode())
print(door.makefile("rb").readline().decode().split()[1])
"""


@pytest.fixture(scope="module")
def journey(installation):
    """Ada with an open workspace and a kernel that remembers something."""
    with closing(Journey(installation.settings, installation.passwords)) as made:
        open_workspace(made)
        made.run_code("remembered = 41")
        yield made


# Killing and coming back


def pid_of(settings, name):
    if name == "proxy":
        return int((settings.run_dir / "proxy.pid").read_text())
    return next(program.pid for program in supervise.status(settings) if program.name == name)


def kill(settings, name):
    """SIGKILL, and return once another process stands in its place and everything answers."""
    before = pid_of(settings, name)
    os.kill(before, signal.SIGKILL)

    def back():
        try:
            return pid_of(settings, name) not in (0, before) and up.ready(settings)
        except (ReadingRoomError, OSError, ValueError):
            return False

    wait_until(back, f"{name} to come back", seconds=BACK_SECONDS, every=0.1)


def one_of_everything(room):
    """An acknowledged request, private answer and half-finished review, made right before a kill."""
    asked = submit(room)
    answer, _ = private_answers.ask(room, "ada", PROJECT, query(room))
    return asked.number, answer.id


def assert_all_finished(room, number, answer_id):
    wait_until(lambda: requests.get(room, "ada", number).request.status is RequestStatus.IN_REVIEW,
               f"request {number} to be checked", seconds=BACK_SECONDS)
    wait_until(lambda: private_answers.get(room, "ada", answer_id).answered_at, "the answer", seconds=BACK_SECONDS)
    assert_once(room, f"request:{number}", "request.submitted", "request.checking", "file.checked",
                "request.in-review")
    assert_once(room, f"answer:{answer_id}", "answer.paid", "answer.answered")


def actions(room, subject):
    with room.store.reading() as tx:
        return Counter(event.action for event in tx.events.of_subject(subject))


def assert_once(room, subject, *wanted):
    assert actions(room, subject) == Counter(wanted)


def assert_log_holds(journey):
    proved = journey.command("audit", "verify")
    assert proved.returncode == 0, proved.stdout + proved.stderr


def assert_workspace_lives_on(journey, container):
    """The same container with the same kernel: what it remembered is still there, and so is the way out."""

    def remembers():
        try:
            return journey.run_code("print(remembered + 1)") == "42"
        except Exception as error:  # noqa: BLE001  whatever way of being down
            remembers.last = error
            return False

    try:
        wait_until(remembers, "the kernel", seconds=BACK_SECONDS)
    except ReadingRoomError as error:
        raise AssertionError(f"{error} Last: {getattr(remembers, 'last', None)!r}") from None
    assert journey.container()["Id"] == container
    wait_until(lambda: journey.run_code(ASK_PORTAL) == "200", "the door", seconds=BACK_SECONDS)


def submit(room, author="ada", project=PROJECT):
    """A new request; the one before it, of which there can be only one, is taken back if it is still open."""
    for view in requests.mine(room, author):
        if not view.may["withdraw"]:
            requests.withdraw(room, author, view.request.number)
    return requests.submit(room, author, project, "Defendants by sex", "A paper", [requests.Upload(
        "table.csv", TABLE, "Defendants by sex in all courts; every cell rests on at least 1,000 people.")])


PRICES = iter(range(100, 200))


def query(room):
    """A question not asked before."""
    with room.store.reading() as tx:
        grant = tx.grants.of_project(PROJECT)[0]
    return {"dataset": grant.dataset, "table": min(grant.columns), "statistic": "count", "rho_micro": next(PRICES)}


@pytest.mark.parametrize("name", ["hub", "proxy", "portal", "worker", "door", "engine"])
def test_a_killed_process_comes_back_and_nothing_is_lost(journey, settings, room, name):
    container = journey.container()["Id"]
    made = one_of_everything(room)
    kill(settings, name)
    assert_workspace_lives_on(journey, container)
    assert_all_finished(room, *made)
    page = journey.person("ada").open(f"/requests/{made[0]}")
    assert page.status == 200 and "/hub/login" not in page.url, "ada was signed out"
    assert len(workspaces.open_now(room)) == 1
    assert_log_holds(journey)


def test_a_killed_door_container_is_made_again(journey, settings, room):
    container = journey.container()["Id"]
    with closing(engine.client(settings)) as connection:
        standing = connection.containers.get(door.container_name(settings))
        standing.kill("SIGKILL")
        wait_until(lambda: connection.containers.list(filters={"name": door.container_name(settings)}),
                   "another door", seconds=BACK_SECONDS)
    wait_until(lambda: up.ready(settings), "everything", seconds=BACK_SECONDS)
    assert_workspace_lives_on(journey, container)


def test_a_submission_answered_right_before_the_portal_is_killed_is_kept(journey, settings, room):
    """The answer to the form is the acknowledgement; what comes after it may all be lost."""
    for view in requests.mine(room, "ada"):
        if not view.may["withdraw"]:
            requests.withdraw(room, "ada", view.request.number)
    ada = journey.person("ada")
    page = ada.open(f"/requests/new?project={PROJECT}")
    form = page.form("/requests$")
    answer = ada.http.post(
        form.action, headers={"Origin": settings.public_url}, follow_redirects=False,
        data={**form.fields, "title": "Killed after the answer", "purpose": "A paper",
              "context-1": "Defendants by sex; every cell rests on at least 1,000 people."},
        files=[("file-1", ("table.csv", TABLE))])
    os.kill(pid_of(settings, "portal"), signal.SIGKILL)
    assert answer.status_code == 303, answer.text[:500]
    number = int(answer.headers["location"].rsplit("/", 1)[1])
    wait_until(lambda: up.ready(settings), "the portal", seconds=BACK_SECONDS)
    assert requests.get(room, "ada", number).request.title == "Killed after the answer"
    wait_until(lambda: requests.get(room, "ada", number).request.status is RequestStatus.IN_REVIEW,
               "the checks", seconds=BACK_SECONDS)
    assert_once(room, f"request:{number}", "request.submitted", "request.checking", "file.checked",
                "request.in-review")


# The worker, killed at each step


class KilledWorker:
    """Takes the supervised worker's place with one that is killed at a named call; then gives the place back."""

    def __init__(self, settings):
        self.settings = settings

    def __enter__(self):
        supervise._control(self.settings).supervisor.stopProcess("worker")
        return self

    def __exit__(self, *_):
        supervise._control(self.settings).supervisor.startProcess("worker")

    def run(self, when, place):
        ended = subprocess.run(
            [sys.executable, "-m", "tests.docker.killed_worker", when, place], cwd=REPOSITORY, timeout=60,
            capture_output=True, text=True, check=False,
            env={**os.environ, STATE_VARIABLE: str(self.settings.state_dir),
                 "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"})
        assert ended.returncode == -signal.SIGKILL, f"it was not killed at {place}: {ended.stderr[-1500:]}"


SERVICES = "readingroom.services"


@pytest.mark.parametrize(("when", "place"), [
    ("after", f"{SERVICES}.file_checks:begin_checks"),
    ("after", f"{SERVICES}.file_checks:_check"),
    ("after", f"{SERVICES}.file_checks:check_files"),
])
def test_a_worker_killed_while_checking_checks_each_file_once(room, settings, when, place):
    with KilledWorker(settings) as worker:
        asked = submit(room)
        worker.run(when, place)
    wait_until(lambda: requests.get(room, "ada", asked.number).request.status is RequestStatus.IN_REVIEW,
               "the checks", seconds=BACK_SECONDS)
    assert_once(room, f"request:{asked.number}", "request.submitted", "request.checking", "file.checked",
                "request.in-review")


@pytest.mark.parametrize(("when", "place"), [
    ("before", f"{SERVICES}.private_answers:compute"),
    ("after", "readingroom.storage.apart:AnswererApart.answer"),
])
def test_a_paid_answer_is_given_once_and_charged_once(room, settings, when, place):
    asked = query(room)
    spent = private_answers.statement(room, "ada", PROJECT)[0]
    with KilledWorker(settings) as worker:
        answer, charged = private_answers.ask(room, "ada", PROJECT, asked)
        worker.run(when, place)
    settled = wait_until(lambda: (found := private_answers.get(room, "ada", answer.id)).answered_at and found,
                         "the answer", seconds=BACK_SECONDS)
    assert_once(room, f"answer:{answer.id}", "answer.paid", "answer.answered")
    again, free = private_answers.ask(room, "ada", PROJECT, asked)
    assert (again.id, free, again.answer) == (answer.id, 0, settled.answer)
    after = private_answers.statement(room, "ada", PROJECT)[0]
    assert sum(line.spent for line in after) - sum(line.spent for line in spent) == charged == asked["rho_micro"]


@pytest.mark.parametrize(("when", "place"), [
    ("after", "readingroom.storage.blobs:FileBlobs.put"),
    ("after", f"{SERVICES}.releases:make"),
])
def test_an_approved_request_is_released_once(room, settings, when, place):
    asked = submit(room)
    wait_until(lambda: requests.get(room, "ada", asked.number).request.status is RequestStatus.IN_REVIEW,
               "the checks", seconds=BACK_SECONDS)
    votes = [Vote(file.id, Decision.APPROVE, "All counts are far above the threshold.") for file in asked.files]
    with KilledWorker(settings) as worker:
        for checker in ("freya", "imran"):
            requests.review(room, checker, asked.number, votes)
        worker.run(when, place)
    wait_until(lambda: requests.get(room, "ada", asked.number).request.status is RequestStatus.RELEASED,
               "the release", seconds=BACK_SECONDS)
    told = actions(room, f"request:{asked.number}")
    assert (told["request.approved"], told["release.made"]) == (1, 1)
    _, content = handover.download(room, "ada", asked.number)
    key = bootstrap.public_key(settings.keys_dir / "release-signing.pub.pem")
    assert package.verify(content, key).holds


# Extracts: made whole or not at all, and gone when the grant is


def new_grant(room, slug):
    """A project of Ada's with one grant, as a proposal agreed this moment would leave it."""
    with room.store.transaction() as tx:
        model = tx.projects.get(PROJECT)
        like = tx.grants.of_project(PROJECT)[0]
        tx.projects.add(Project(**{**model.__dict__, "slug": slug, "title": slug, "status": ProjectStatus.ACTIVE}))
        return tx.grants.add(Grant(**{**like.__dict__, "id": 0, "project": slug, "status": GrantStatus.ACTIVE,
                                      "expires_on": room.today() + timedelta(days=9)}))


def extract_of(room, grant):
    with room.store.reading() as tx:
        made = tx.extracts.live_of_grant(grant.id)
    return made and room.extracts.path(made.id)


def directories(settings, slug):
    return [path for path in settings.extracts_dir.iterdir() if f"{slug}-" in path.name]


KILLS_WHILE_MAKING = [
    ("after, apart", "pyarrow.parquet:write_table"),
    ("after", "readingroom.storage.apart:ExtractsApart.build"),
]


@pytest.mark.parametrize(("when", "place"), KILLS_WHILE_MAKING)
def test_an_extract_is_made_once_and_whole(room, settings, when, place):
    slug = f"making-{KILLS_WHILE_MAKING.index((when, place))}"
    with KilledWorker(settings) as worker:
        grant = new_grant(room, slug)
        worker.run(when, place)
        assert extract_of(room, grant) is None, "half an extract could be mounted"
    made = wait_until(lambda: extract_of(room, grant), "the extract", seconds=BACK_SECONDS)
    assert {path.stem for path in made.glob("*.parquet")} == set(grant.columns)
    wait_until(lambda: directories(settings, slug) == [made], "the remains to go", seconds=BACK_SECONDS)
    assert_once(room, f"grant:{grant.id}", "extract.made")


@pytest.mark.parametrize(("when", "place"), KILLS_WHILE_MAKING)
def test_an_extract_left_by_a_killed_worker_goes_when_its_grant_is_withdrawn(room, settings, when, place):
    """Nothing recorded it, so nothing but its place on the disk tells of it."""
    slug = f"withdrawn-{KILLS_WHILE_MAKING.index((when, place))}"
    with KilledWorker(settings) as worker:
        grant = new_grant(room, slug)
        worker.run(when, place)
        assert directories(settings, slug)
        grants.withdraw(room, room.policies.dataset(grant.dataset).custodian, grant.id, "A change of mind.")
    wait_until(lambda: not directories(settings, slug), "its remains to go", seconds=BACK_SECONDS)
    assert extract_of(room, grant) is None


# The whole tree


def test_a_killed_supervisor_takes_all_with_it_and_up_brings_all_back(journey, settings, room):
    container = journey.container()["Id"]
    made = one_of_everything(room)
    os.kill(int((settings.run_dir / "supervisor.pid").read_text()), signal.SIGKILL)
    started = up.up(settings, demo=True, console=Console(quiet=True))
    assert not started.was_running and not started.accounts
    assert_workspace_lives_on(journey, container)
    assert_all_finished(room, *made)
    assert journey.person("ada").open("/projects").status == 200
    assert_log_holds(journey)


def test_everything_killed_at_once_comes_back(journey, settings, room):
    """As after a loss of power, but for the engine: no process has a last word."""
    container = journey.container()["Id"]
    made = one_of_everything(room)
    pids = [pid_of(settings, name) for name in ("hub", "proxy", "portal", "worker", "door", "engine")]
    for pid in [int((settings.run_dir / "supervisor.pid").read_text()), *pids]:
        os.kill(pid, signal.SIGKILL)
    assert not up.up(settings, demo=True, console=Console(quiet=True)).was_running
    assert_workspace_lives_on(journey, container)
    assert_all_finished(room, *made)
    assert_log_holds(journey)


def test_a_hub_killed_while_a_workspace_opens_leaves_nothing_that_cannot_be_opened_again(installation, settings, room):
    bilal = installation.visitor("bilal")
    form = bilal.open(f"/projects/{PROJECT}").form("workspace/open")
    bilal.send(form)
    wait_until(lambda: containers_of(settings, "bilal"), "the container", seconds=BACK_SECONDS, every=0.02)
    kill(settings, "hub")

    def state():
        return bilal.get(f"/projects/{PROJECT}/workspace/state").json()["state"]

    def settled():
        """Either the Hub has taken the container over, or it is gone: no container that nobody knows of."""
        known = {one.container for one in workspaces.open_now(room)}
        return set(containers_of(settings, "bilal")) <= known and state() in ("running", "stopped")

    wait_until(settled, "the Hub to tidy up", seconds=BACK_SECONDS, every=0.5)

    def opened():
        if state() == "stopped":
            bilal.send(bilal.open(f"/projects/{PROJECT}").form("workspace/open"))
        return state() == "running"

    wait_until(opened, "the workspace to open", seconds=60, every=0.5)
    assert len(containers_of(settings, "bilal")) == 1
    assert [one.container for one in workspaces.open_now(room) if one.username == "bilal"] == containers_of(
        settings, "bilal")
    bilal.send(bilal.open(f"/projects/{PROJECT}/workspace/close").form("workspace/close"))
    wait_until(lambda: not containers_of(settings, "bilal"), "it to close", seconds=BACK_SECONDS)
    bilal.close()


def containers_of(settings, username):
    with closing(engine.client(settings)) as connection:
        return [found.id for found in connection.containers.list(
            filters={"label": f"readingroom.instance={settings.instance}"}, ignore_removed=True)
            if found.name == container_name(settings, username, PROJECT)]


@pytest.mark.parametrize(("when", "place"), [
    ("before", "readingroom.storage.extracts:FoundExtracts.destroy"),
])
def test_a_withdrawal_closes_and_destroys_though_worker_and_hub_are_killed(journey, settings, room, when, place):
    """The custodian's no was acknowledged; whoever is killed then, the workspace closes and its data go."""
    with room.store.reading() as tx:
        grant = tx.grants.of_project(PROJECT)[0]
    extract = extract_of(room, grant)
    with KilledWorker(settings) as worker:
        grants.withdraw(room, room.policies.dataset(grant.dataset).custodian, grant.id, "The agreement ended.")
        worker.run(when, place)
        os.kill(pid_of(settings, "hub"), signal.SIGKILL)
    wait_until(lambda: not extract.exists(), "the extract to go", seconds=60)
    wait_until(lambda: not journey.container(), "the workspace to close", seconds=60)
    wait_until(lambda: not workspaces.open_now(room), "the record of its closing", seconds=60)
    told = actions(room, f"grant:{grant.id}")
    assert (told["grant.withdrawn"], told["extract.destroyed"]) == (1, 1)
    assert actions(room, f"workspace:ada/{PROJECT}")["workspace.closed"] == 1
    assert_log_holds(journey)


def test_down_and_up_keep_everything(installation, settings, room, journey):
    with room.store.reading() as tx:
        before = tx.events.head()
    numbers = {view.request.number: view.request.status for view in requests.mine(room, "ada")}
    down.down(settings, Console(quiet=True))
    images.release(settings)
    up.up(settings, demo=True, console=Console(quiet=True))
    assert {view.request.number: view.request.status for view in requests.mine(room, "ada")} == numbers
    with room.store.reading() as tx:
        assert any(event == before for event in tx.events.latest(50))
    assert journey.person("ada").open("/projects").status == 200, "ada has to sign in again"
    assert installation.visitor("imran").open("/queue").status == 200
    assert_log_holds(journey)
    assert Path(settings.run_dir).exists()
