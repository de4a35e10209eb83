"""Workspaces on bridges, with real networks and this machine's firewall (promises P8, P9)."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager

import pytest

from readingroom import bootstrap
from readingroom.errors import Unavailable
from readingroom.hub import bridges, canary
from readingroom.hub.engine import DockerEngine, look_at
from readingroom.hub.groups import remove_groups
from readingroom.hub.names import bridge_name
from readingroom.ops import images, install, walls
from readingroom.ops.checks import Level
from readingroom.ops.progress import Progress
from readingroom.settings import Settings
from tests.docker.hub_installation import HubInstallation

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
KEY = "0123456789ab"
REACH = """
import ipaddress, socket
rows = [line.split() for line in open('/proc/net/route').readlines()[1:]]
link = next(row[1] for row in rows if row[1] != '00000000')
gateway = str(ipaddress.ip_address(int.from_bytes(bytes.fromhex(link), 'little') + 1))
for port in (PORTS):
    try:
        socket.create_connection((gateway, port), 3); print('reached')
    except OSError:
        print('no')
try:
    socket.getaddrinfo('example.org', 80); print('resolved')
except OSError:
    print('no')
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    made = Settings(state_dir=tmp_path_factory.mktemp("bridge"), workspace_network="bridge")
    install.create_state(made)
    install.create_run(made)
    images.provide(made, Progress())
    yield made
    bridges.remove_rules()
    bootstrap.volumes(made).release_idle(frozenset)
    remove_groups(made)
    for folder in sorted(made.run_dir.rglob("*"), reverse=True):
        folder.rmdir() if folder.is_dir() else folder.unlink()
    made.run_dir.rmdir()


@pytest.fixture
def engine(settings):
    return DockerEngine(settings)


def run(settings, engine):
    return {one.wall: one for one in canary.probe(settings, engine.api, bootstrap.volumes(settings))}


def iptables(*arguments):
    subprocess.run(["iptables", "-w", "5", *arguments], check=True, capture_output=True)


@contextmanager
def before_all(chain, *rule):
    """A rule that somebody puts in front of ours."""
    iptables("-I", chain, "1", *rule)
    try:
        yield
    finally:
        iptables("-D", chain, *rule)


def test_every_wall_holds_on_a_bridge_and_nothing_is_left(settings, engine):
    found = run(settings, engine)
    assert {one.wall: one.seen for one in found.values() if not one.held} == {}
    assert {"nothing arrives at this machine", "nothing outside is reached", "no name resolves"} <= set(found)
    assert engine.containers() == () and engine.networks() == ()


def test_the_canary_finds_a_firewall_that_was_opened(settings, engine, monkeypatch):
    """The control: with the rules away, or another before them, the same canary reaches this machine."""
    monkeypatch.setattr(bridges, "provide_rules", lambda: 0)
    bridges.remove_rules()
    fallen = {name for name, one in run(settings, engine).items() if not one.held}
    assert {"nothing outside is reached", "nothing arrives at this machine"} <= fallen


def test_a_rule_put_before_ours_does_not_last(settings, engine):
    bridges.provide_rules()
    with before_all("INPUT", "-i", "rrw+", "-j", "ACCEPT"):
        assert any("INPUT" in one for one in bridges.missing_rules())
        [check] = walls.bridges_closed(settings)
        assert check.level is Level.WARNING and "INPUT" in check.message
        assert bridges.provide_rules() >= 1
        assert bridges.missing_rules() == ()
        assert {one.wall for one in run(settings, engine).values() if not one.held} == set()


def test_rules_are_set_once_and_go_when_nothing_needs_them(settings, engine):
    bridges.provide_rules()
    assert bridges.provide_rules() == 0 and bridges.missing_rules() == ()
    assert [check.level for check in walls.bridges_closed(settings)] == [Level.OK]
    bridges.provide(engine.api, settings, KEY)
    bridges.remove_rules()
    assert bridges.missing_rules() == (), "a bridge is there"
    bridges.remove(engine.api, settings, KEY)
    bridges.remove_rules()
    assert len(bridges.missing_rules()) == len(bridges.RULES) + 2


def test_each_has_its_own_and_a_taken_address_is_passed_over(settings, engine):
    first = bridges.provide(engine.api, settings, KEY)
    second = bridges.provide(engine.api, settings, f"{int(KEY, 16) + 8192:012x}")
    try:
        subnets = [engine.api.inspect_network(name)["IPAM"]["Config"][0]["Subnet"] for name in (first, second)]
        assert len(set(subnets)) == 2 and all(one.endswith("/29") for one in subnets)
        assert bridges.facts(engine.api, first) == {"driver": "bridge", "internal": True, "ipv6": False, "icc": "false",
                                                    "members": 0}
    finally:
        for network in engine.networks():
            engine.remove_network(network["Name"])
    assert bridges.facts(engine.api, first) == {}


def test_without_the_firewall_no_workspace_starts(settings, engine, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unavailable, match="firewall"):
        bridges.provide(engine.api, settings, KEY)
    assert engine.networks() == ()
    assert [check.level for check in walls.bridges_closed(settings)] == [Level.FAILURE]


class TestWorkspace:
    """A real Hub that gives its workspaces bridges."""

    @pytest.fixture(scope="class")
    def hub(self, tmp_path_factory):
        made = HubInstallation(tmp_path_factory.mktemp("hub"), network="bridge")
        yield made
        made.close()
        bridges.remove_rules()

    @pytest.fixture(scope="class")
    def kernel(self, hub):
        alice = hub.browser("alice")
        hub.portal.start_workspace("alice", "reoffending")
        hub.wait_for_state("running")
        with alice.kernel("reoffending") as kernel:
            yield kernel

    def test_it_opens_is_as_demanded_and_reaches_nothing(self, hub, kernel):
        [container] = hub.containers("workspace")
        found = look_at(hub.engine, container["Id"])
        [name] = found["NetworkSettings"]["Networks"]
        assert found["bridge"] == {"driver": "bridge", "internal": True, "ipv6": False, "icc": "false", "members": 1}
        assert found["HostConfig"]["Dns"] == ["192.0.2.53"] and found["NetworkSettings"]["Ports"] == {}
        ports = f"22, 53, {hub.settings.port}, {hub.settings.proxy_api_port}"
        out = kernel.run(REACH.replace("PORTS", ports), seconds=90)
        assert out.split() == ["no"] * 5
        assert name == bridge_name(hub.settings, name.rpartition("-")[2])

    def test_who_joins_its_bridge_is_counted_so_that_the_proof_sees_it(self, hub, kernel):
        [container] = hub.containers("workspace")
        [name] = look_at(hub.engine, container["Id"])["NetworkSettings"]["Networks"]
        other = hub.engine.create_container(hub.image_id, entrypoint=["sleep", "60"], labels={
            "readingroom.instance": hub.settings.instance})["Id"]
        hub.engine.connect_container_to_network(other, name)
        hub.engine.start(other)
        assert look_at(hub.engine, container["Id"])["bridge"]["members"] == 2
        hub.engine.remove_container(other, force=True)

    def test_its_bridge_goes_with_it(self, hub, kernel):
        assert len(DockerEngine(hub.settings).networks()) == 1
        hub.portal.stop_workspace("alice", "reoffending")
        hub.wait_for_state("stopped")
        hub.wait(lambda: DockerEngine(hub.settings).networks() == (), 20)

