"""P8: what runs is compared, field by field, with what was demanded; what nobody knows is a drift (P9)."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from readingroom.core.policy import Policy, Tier
from readingroom.core.proof import compared, drifts, fingerprint
from readingroom.core.walls import Probe, next_proof, stale
from readingroom.core.workspaces import WorkspacePlan
from readingroom.hub import display
from readingroom.hub.confinement import BRIDGE
from readingroom.hub.containers import Host, container_arguments
from readingroom.settings import Settings

SETTINGS = Settings(state_dir=Path("/srv/room"))
HOME = SETTINGS.homes_dir / "courts" / "ada"
PLAN = WorkspacePlan("ada", "courts", (("courts", SETTINGS.extracts_dir / "e1"),), HOME, Policy())
HUB = {"JUPYTERHUB_API_TOKEN": "secret", "JUPYTERHUB_USER": "ada"}
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def asked(apparmor=False):
    return container_arguments(SETTINGS, PLAN, Host(apparmor=apparmor), image_id="sha256:" + "a" * 64)


def as_the_engine_says(arguments, environment=None):
    """An `inspect` as the engine answers it: our own words, its defaults for what we did not say."""
    body = arguments.configuration(HUB if environment is None else environment)
    host = {"Dns": [], **body["HostConfig"], "Binds": None, "PortBindings": {}, "CpuShares": 0, "AutoRemove": False,
            "ConsoleSize": [0, 0], "BlkioDeviceReadBps": [], "MemorySwappiness": None, "CapAdd": None,
            "GroupAdd": None, "Init": None, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}
    return {
        "Image": arguments.image, "AppArmorProfile": "", "ExecIDs": None,
        "State": {"Running": True, "Paused": False, "Status": "running"},
        "Config": {**{name: body[name] for name in ("User", "Cmd", "Hostname", "Labels")},
                   "Env": [*body["Env"], "PATH=/opt/venv/bin", "LANG=C.UTF-8"]},
        "HostConfig": copy.deepcopy(host),
        "NetworkSettings": {"Networks": {}, "Ports": {}},
        "Mounts": [{"Type": "bind", "Source": str(mount.source), "Destination": str(mount.target), "Mode": "",
                    "RW": not mount.read_only, "Propagation": "rprivate"} for mount in arguments.mounts],
    }


DEMAND = asked().demanded(HUB)


def facts(found):
    return [drift.fact for drift in drifts(DEMAND, found)]


def test_a_workspace_as_demanded_has_no_drift():
    assert drifts(DEMAND, as_the_engine_says(asked())) == ()


STRICT = WorkspacePlan("ada", "courts", (), HOME, Policy(tier=Tier.STRICT))
PARTS = {"screen": display.screen_arguments(SETTINGS, STRICT, Host(), image_id="sha256:" + "b" * 64),
         "browser": display.browser_arguments(SETTINGS, STRICT, Host(), image_id="sha256:" + "b" * 64,
                                              base_url="/user/ada/courts/")}
WHOLE = {**DEMAND, "beside": [{**one.demanded({}), "part": part, "container": f"id-{part}"}
                              for part, one in PARTS.items()]}


class TestBeside:
    """A strict workspace's display is proved as part of it."""

    def found(self, **changed):
        beside = {f"id-{part}": as_the_engine_says(one, {}) for part, one in PARTS.items()}
        return {**as_the_engine_says(asked()), "beside": {**beside, **changed}}

    def test_as_demanded_it_has_no_drift(self):
        assert drifts(WHOLE, self.found()) == ()
        assert len(compared(WHOLE)) == len(compared(DEMAND)) + sum(
            len(compared(part)) for part in WHOLE["beside"]) > 2 * len(compared(DEMAND))

    def test_a_change_of_one_part_is_found_and_named(self):
        changed = as_the_engine_says(PARTS["browser"], {})
        changed["HostConfig"]["NetworkMode"] = "bridge"
        found = drifts(WHOLE, self.found(**{"id-browser": changed}))
        assert [one.fact for one in found] == ["browser: NetworkMode"]

    @pytest.mark.parametrize("gone", [None, {}])
    def test_a_part_that_does_not_answer_is_a_drift(self, gone):
        assert drifts(WHOLE, self.found(**{"id-screen": gone}))


class TestBridge:
    """Where a deployment gives workspaces a bridge, that one is demanded as well, and closed."""

    ASKED = container_arguments(replace(SETTINGS, workspace_network="bridge"), PLAN, Host(),
                                image_id="sha256:" + "a" * 64)

    def found(self, **changed):
        said = as_the_engine_says(self.ASKED)
        said["NetworkSettings"]["Networks"] = {self.ASKED.bridge: {"IPAddress": "100.127.0.2"}}
        return {**said, "bridge": {**BRIDGE, **changed}}

    def facts(self, found):
        return [drift.fact for drift in drifts(self.ASKED.demanded(HUB), found)]

    def test_its_own_closed_bridge_is_no_drift(self):
        assert self.facts(self.found()) == []
        assert self.ASKED.confinement()["Dns"] == ["192.0.2.53"]

    @pytest.mark.parametrize("changed", [{"internal": False}, {"members": 2}, {"icc": "true"}, {"ipv6": True}])
    def test_a_bridge_that_is_open_or_shared_is_one(self, changed):
        assert self.facts(self.found(**changed)) == ["bridge"]

    def test_so_is_one_of_which_nothing_is_known(self):
        assert self.facts({**self.found(), "bridge": {}}) == ["bridge"]
        assert "bridge" in self.facts({name: said for name, said in self.found().items() if name != "bridge"})

    def test_and_any_other_network_beside_it_or_in_its_place(self):
        more = self.found()
        more["NetworkSettings"]["Networks"]["by-hand"] = {"IPAddress": "172.18.0.2"}
        assert self.facts(more) == ["networks", "address in by-hand"]
        resolver = self.found()
        resolver["HostConfig"]["Dns"] = ["8.8.8.8"]
        assert self.facts(resolver) == ["Dns"]


def test_the_demand_can_be_kept_as_json_and_holds_no_secret():
    assert "secret" not in str(DEMAND)
    assert len(fingerprint(DEMAND)) == 64


def change(*path_and_value):
    *path, value = path_and_value

    def apply(found):
        place = found
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    return apply


DRIFTS = {
    "image": change("Image", "sha256:" + "b" * 64),
    "user": change("Config", "User", "0:0"),
    "command": change("Config", "Cmd", ["sh"]),
    "hostname": change("Config", "Hostname", "db"),
    "labels": change("Config", "Labels", {}),
    "networks": change("NetworkSettings", "Networks", {"bridge": {"IPAddress": ""}}),
    "address in none": change("NetworkSettings", "Networks", {"none": {"IPAddress": "10.0.0.2"}}),
    "ports": change("NetworkSettings", "Ports", {"80/tcp": None}),
    "exec": change("ExecIDs", ["e1"]),
    "state": change("State", "Paused", True),
    **{name: change("HostConfig", name, value) for name, value in {
        "NetworkMode": "bridge", "IpcMode": "host", "PidMode": "host", "UTSMode": "host", "UsernsMode": "host",
        "CgroupnsMode": "host", "CgroupParent": "", "Runtime": "runsc", "Privileged": True, "ReadonlyRootfs": False,
        "CapAdd": ["SYS_ADMIN"], "CapDrop": [], "GroupAdd": ["0"], "MaskedPaths": [], "ReadonlyPaths": [],
        "SecurityOpt": ["no-new-privileges:true"], "PidsLimit": None, "Memory": 0, "MemorySwap": -1, "NanoCpus": 0,
        "ShmSize": 10**12, "OomScoreAdj": -999, "OomKillDisable": True, "Ulimits": None, "Tmpfs": None,
        "RestartPolicy": {"Name": "always"}, "Init": True, "LogConfig": {"Type": "json-file", "Config": {}},
        "Devices": [{"PathOnHost": "/dev/mem"}], "Binds": ["/:/host"], "PortBindings": {"80/tcp": [{}]},
        "CpuShares": 4096, "Dns": ["1.1.1.1"], "DeviceRequests": [{"Driver": "nvidia"}], "Sysctls": {"a": "1"},
        "VolumesFrom": ["other"], "ExtraHosts": ["a:1.2.3.4"], "Links": ["/other:/x"],
        "DeviceCgroupRules": ["c 1:1 rwm"],
        "SomethingNew": {"Enabled": True},
    }.items()},
}


@pytest.mark.parametrize("fact", DRIFTS)
def test_each_change_alone_is_a_drift_and_names_itself(fact):
    found = as_the_engine_says(asked())
    DRIFTS[fact](found)
    assert facts(found) == [fact]


@pytest.mark.parametrize("field", sorted(asked().configuration()["HostConfig"]))
def test_a_demanded_field_that_the_engine_leaves_out_is_a_drift(field):
    found = as_the_engine_says(asked())
    if field == "Mounts":  # the engine tells of mounts elsewhere, too
        found["Mounts"] = []
    else:
        del found["HostConfig"][field]
    empty = asked().configuration()["HostConfig"][field] in ([], False, "")
    assert bool(facts(found)) or (empty and field in ("CapAdd", "Devices", "GroupAdd", "Init", "OomKillDisable"))


@pytest.mark.parametrize("mount", [
    {"RW": True}, {"Source": "/"}, {"Propagation": "rshared"}, {"Type": "volume", "Name": "v"}, {"Destination": "/x"},
])
def test_a_mount_that_is_other_than_demanded_is_a_drift(mount):
    found = as_the_engine_says(asked())
    found["Mounts"][0] |= mount
    assert set(facts(found)) == {"mount"}


def test_one_mount_more_or_less_is_a_drift():
    found = as_the_engine_says(asked())
    gone = found["Mounts"].pop()
    assert facts(found) == ["mount"]
    found["Mounts"] += [gone, {**gone, "Destination": "/host", "Source": "/"}]
    assert facts(found) == ["mount"]


@pytest.mark.parametrize("line", ["VAULT_KEY=abc", "HOME=/root"])
def test_a_variable_of_which_nobody_knows_is_a_drift(line):
    found = as_the_engine_says(asked())
    found["Config"]["Env"].append(line)
    assert facts(found)


def test_another_profile_of_system_calls_is_a_drift_and_told_by_its_hash():
    found = as_the_engine_says(asked())
    found["HostConfig"]["SecurityOpt"][1] = 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'
    [drift] = drifts(DEMAND, found)
    assert drift.fact == "SecurityOpt" and "sha256:" in drift.found
    found["HostConfig"]["SecurityOpt"][1] = "seccomp=unconfined"
    assert "unconfined" in drifts(DEMAND, found)[0].found


def test_apparmor_must_be_in_force_where_it_was_demanded():
    demand = asked(apparmor=True).demanded(HUB)
    found = as_the_engine_says(asked(apparmor=True))
    assert [drift.fact for drift in drifts(demand, found)] == ["AppArmor"]
    found["AppArmorProfile"] = "docker-default"
    assert drifts(demand, found) == ()


@pytest.mark.parametrize("found", [{}, {"Config": None}, {"HostConfig": {}}, {"Config": {"Env": ["nonsense"]}}])
def test_an_answer_that_cannot_be_read_is_a_drift(found):
    assert drifts(DEMAND, found)


def test_what_is_compared_can_be_shown():
    assert {"image", "mounts", "user", "SecurityOpt", "Memory", "environment", "other fields"} <= set(compared(DEMAND))


class TestOnTheLog:
    """The first, each change, and one an hour: not a line a minute."""

    def test_an_unchanged_proof_is_told_once_an_hour(self):
        proof, told = next_proof(None, DEMAND, 40, (), NOW)
        assert told and proof.held
        lines = 0
        for minute in range(1, 181):
            proof, told = next_proof(proof, DEMAND, 40, (), NOW + timedelta(minutes=minute))
            lines += told
        assert lines == 3
        assert proof.at == NOW + timedelta(minutes=180)

    def test_a_change_is_told_at_once(self):
        proof, _ = next_proof(None, DEMAND, 40, (), NOW)
        drifted = drifts(DEMAND, {})
        after, told = next_proof(proof, DEMAND, 40, drifted, NOW + timedelta(minutes=1))
        assert told and not after.held
        assert not next_proof(after, DEMAND, 40, drifted, NOW + timedelta(minutes=2))[1]
        assert next_proof(after, DEMAND, 40, (), NOW + timedelta(minutes=3))[1]
        assert type(after).from_dict(after.as_dict()) == after


def test_a_run_of_the_canary_that_is_too_old_is_not_believed():
    probe = Probe(NOW, True, ())
    assert not stale(probe, NOW + timedelta(minutes=29), 600)
    assert stale(probe, NOW + timedelta(minutes=31), 600)
    assert not stale(probe, NOW + timedelta(minutes=9), 5)
