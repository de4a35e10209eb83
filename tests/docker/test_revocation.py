"""P6 and P8 on a whole installation: means that end, walls changed by hand, and what is left over afterwards."""

from __future__ import annotations

import fcntl
import json
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from readingroom import bootstrap
from readingroom.core.walls import Finding
from readingroom.errors import PermissionDenied, ReadingRoomError
from readingroom.hub import orphans
from readingroom.hub.engine import DockerEngine
from readingroom.hub.groups import groups
from readingroom.hub.names import PERSON_LABEL
from readingroom.ops import down, images, up
from readingroom.services import grants, walls, workspaces
from readingroom.services.people import reinstate, suspend
from readingroom.settings import REPOSITORY, STATE_VARIABLE
from readingroom.storage.volumes import mounted_below
from readingroom.tour.journey import PROJECT
from readingroom.tour.kernel import Kernel
from readingroom.tour.run import temporary_installation
from readingroom.tour.visitor import wait_until
from readingroom.web.addresses import lab
from tests.conftest import PEOPLE as PEOPLE_IN_THE_DATA
from tests.conftest import make_installation, remove_installation

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]
PROMISE_SECONDS = 60.0
SEEN_SECONDS = 150.0  # for a machine that is busy with other things
PEOPLE = ("ada", "bilal")


@pytest.fixture(scope="module")
def installation():
    """One that proves and sweeps every few seconds, where others do each minute."""
    made = make_installation(temporary_installation(PEOPLE_IN_THE_DATA, proof_seconds=5, orphans_seconds=5))
    yield made
    remove_installation(made)


@pytest.fixture(scope="module")
def engine(settings):
    return DockerEngine(settings)


@pytest.fixture(scope="module")
def people(installation):
    signed_in = {name: installation.visitor(name) for name in PEOPLE}
    yield signed_in
    for one in signed_in.values():
        one.close()


def state(visitor):
    return visitor.get(f"/projects/{PROJECT}/workspace/state").json()


def open_all(people):
    def opened(visitor):
        found = state(visitor)
        if found["state"] == "stopped" and not found["preparing"]:
            visitor.send(visitor.open(f"/projects/{PROJECT}").form("workspace/open"))
        return found["state"] == "running"
    for name, visitor in people.items():
        wait_until(lambda one=visitor: opened(one), f"{name}'s workspace", seconds=180, every=0.5)


def containers(engine):
    return {one["Labels"][PERSON_LABEL]: one["Id"] for one in engine.containers("workspace")}


def token_in(visitor):
    kernel = Kernel(visitor, PROJECT)
    kernel.start()
    return kernel.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])", seconds=60).text.strip()


def log_actions(room, subject):
    with room.store.reading() as tx:
        return [event.action for event in tx.events.of_subject(subject)]


def test_the_walls_were_tried_before_the_first_workspace_and_each_was_proved(people, room, engine):
    open_all(people)
    assert walls.last_probe(room).held
    for name in PEOPLE:
        assert log_actions(room, f"workspace:{name}/{PROJECT}")[:2] == ["workspace.opened", "workspace.proved"]
    assert len(containers(engine)) == 2


def test_the_doctor_tries_the_walls_live_and_names_each(settings):
    done = subprocess.run([str(REPOSITORY / ".venv/bin/python"), "-m", "readingroom", "doctor", "--probe", "--json"],
                          capture_output=True, text=True, check=False,
                          env={STATE_VARIABLE: str(settings.state_dir), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    found = {one["name"]: one for one in json.loads(done.stdout)}
    tried = [name for name in found if name.startswith("wall: ")]
    assert len(tried) >= 19 and all(found[name]["level"] == "ok" for name in tried)
    assert found["quotas"]["level"] == "ok"


def test_a_limit_raised_by_hand_closes_that_workspace_as_an_incident(people, room, engine):
    open_all(people)
    before = containers(engine)
    subprocess.run(["docker", "update", "--pids-limit", "100000", before["bilal"]], check=True, capture_output=True)
    wait_until(lambda: "bilal" not in containers(engine), "the drift to be seen", seconds=SEEN_SECONDS)
    wait_until(lambda: "incident.raised" in log_actions(room, f"workspace:bilal/{PROJECT}"), "the incident", seconds=10)
    assert containers(engine) == {"ada": before["ada"]}
    wait_until(lambda: "PidsLimit is 100000" in people["bilal"].open(f"/projects/{PROJECT}").text, "the reason",
               seconds=30)


def test_a_network_connected_by_hand_closes_it_and_is_swept(people, room, engine, settings):
    """Newer engines refuse to connect one; this one does it, and remembers the dead container as an end of it.

    Neither the canary, which is held up here, nor the sweep, which takes away networks that nothing runs in, is in the
    proof's way.
    """
    open_all(people)
    name = f"rr-{settings.instance}-by-hand"
    engine.api.create_network(name, labels={"readingroom.instance": settings.instance})
    done = subprocess.run(["docker", "network", "connect", name, containers(engine)["bilal"]], check=False,
                          capture_output=True, text=True)
    if done.returncode == 0:
        with (settings.run_dir / "canary.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            wait_until(lambda: "bilal" not in containers(engine), "the network to be seen", seconds=SEEN_SECONDS)
        assert log_actions(room, f"workspace:bilal/{PROJECT}").count("incident.raised") >= 1
    else:
        assert "none network" in done.stderr
    wait_until(lambda: not engine.networks(), "the network to be swept", seconds=SEEN_SECONDS)


def test_a_fallen_wall_lets_nobody_in_and_takes_nobody_out(people, room, engine):
    open_all(people)
    people["bilal"].send(people["bilal"].open(f"/projects/{PROJECT}/workspace/close").form("workspace/close"))
    wait_until(lambda: "bilal" not in containers(engine), "it to close", seconds=60)
    walls.record_probe(room, [Finding("only loopback", False, "lo, eth0")])
    try:
        form = people["bilal"].open(f"/projects/{PROJECT}").form("workspace/open")
        answer = people["bilal"].send(form)
        assert answer.status == 403 and "a wall around workspaces does not hold" in answer.text
        portal = bootstrap.hub_client(room.settings, "portal-token")
        with pytest.raises(ReadingRoomError):  # nor past the portal
            portal.start_workspace("bilal", PROJECT)
        assert list(containers(engine)) == ["ada"]
    finally:
        walls.record_probe(room, [Finding("only loopback", True, "lo")])


def test_a_suspended_person_is_out_of_everything_and_nobody_else(people, room, engine, settings):
    open_all(people)
    token = token_in(people["bilal"])
    hub = bootstrap.hub_client(settings, "portal-token")
    assert hub.identify(token)["name"] == "bilal"
    begun = time.monotonic()
    suspend(room, "robin", "bilal", reason="A test.")
    wait_until(lambda: "bilal" not in containers(engine), "the container to go", seconds=PROMISE_SECONDS)

    def token_is_dead():
        try:
            hub.identify(token)
        except PermissionDenied:
            return True
        return False
    wait_until(token_is_dead, "the token to die", seconds=PROMISE_SECONDS)

    def cookies_are_dead():
        portal, at_hub = people["bilal"].get("/projects"), people["bilal"].get("/hub/home")
        return (portal.status_code == 403 or "/hub/login" in str(portal.url)) and "/hub/login" in str(at_hub.url)
    wait_until(cookies_are_dead, "the cookies to die", seconds=PROMISE_SECONDS)
    at_workspace = people["bilal"].get(lab(settings, "bilal", PROJECT))
    assert at_workspace.status_code in (401, 403, 404, 424) or at_workspace.url.path.startswith("/hub/")
    assert time.monotonic() - begun < PROMISE_SECONDS
    assert list(containers(engine)) == ["ada"] and people["ada"].open("/projects").status == 200
    reinstate(room, "robin", "bilal", reason="A test.")


def test_a_withdrawn_grant_closes_all_its_workspaces_and_sockets_and_empties_their_data(installation, room, engine,
                                                                                        settings, people):
    people["bilal"].sign_in()
    open_all(people)
    tokens = [token_in(visitor) for visitor in people.values()]
    with room.store.reading() as tx:
        grant = tx.grants.of_project(PROJECT)[0]
        extract = room.extracts.path(tx.extracts.live_of_grant(grant.id).id)
    file = next(extract.glob("*.parquet"))
    with file.open("rb") as held:  # as a process that has it open
        begun = time.monotonic()
        grants.withdraw(room, room.policies.dataset(grant.dataset).custodian, grant.id, "The agreement ended.")
        wait_until(lambda: not containers(engine), "the containers to go", seconds=PROMISE_SECONDS, every=0.1)
        wait_until(lambda: not extract.exists(), "the data to go", seconds=PROMISE_SECONDS)
        assert held.read() == b""
    hub = bootstrap.hub_client(settings, "portal-token")
    wait_until(lambda: not workspaces.open_now(room), "the records to know", seconds=PROMISE_SECONDS)
    assert time.monotonic() - begun < PROMISE_SECONDS
    for token in tokens:
        with pytest.raises(PermissionDenied):
            hub.identify(token)
    assert list(settings.workspace_sockets_dir.iterdir()) == []
    for name, visitor in people.items():
        answer = visitor.http.get(f"{lab(settings, name, PROJECT)}api/status", headers={"Sec-Fetch-Dest": "empty"})
        assert answer.status_code == 424


def test_nothing_is_left_of_workspaces_that_are_closed(settings, room, engine):
    """No container, network, socket or mount without a workspace; and `down` leaves no mount and no control group."""
    assert orphans.find(settings, engine, walls.known_containers(room), patience_seconds=0) == ()
    wait_until(lambda: not [place for place in mounted_below(settings.homes_dir) if "canary" not in str(place)],
               "the homes to be unmounted", seconds=60)
    down.down(settings, Console(quiet=True))
    images.release(settings)
    assert mounted_below(settings.state_dir) == ()
    assert groups(settings) == ()
    assert str(settings.state_dir) not in subprocess.run(["losetup", "-l"], capture_output=True, text=True).stdout
    with closing(engine.api):
        assert engine.containers() == () and engine.networks() == ()
    assert not Path(settings.run_dir).exists()
    up.up(settings, demo=True, console=Console(quiet=True))
