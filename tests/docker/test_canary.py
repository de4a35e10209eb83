"""P8, P9: the canary finds a wall that was taken down, each by itself; a probe that cannot fail would prove nothing."""

from __future__ import annotations

import pytest

from readingroom import bootstrap
from readingroom.hub import canary
from readingroom.hub.confinement import ContainerArguments
from readingroom.hub.engine import DockerEngine
from readingroom.hub.groups import remove_groups
from readingroom.ops import images, install
from readingroom.ops.progress import Progress
from readingroom.settings import Settings

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
NO_NEW_PRIVILEGES = "no-new-privileges:true"
SOCKET = {"Type": "bind", "Source": "/var/run/docker.sock", "Target": "/run/docker.sock", "ReadOnly": True}

# What is loosened, and the walls that the canary must call fallen then, at least.
LOOSENED = {
    "a network": ({"NetworkMode": "bridge"}, {"only loopback", "no route"}),
    "capabilities": ({"CapDrop": [], "CapAdd": ["SYS_ADMIN"]}, {"no rights"}),
    "new privileges": ({"SecurityOpt": []}, {"no rights"}),
    "no filter on system calls": ({"SecurityOpt": [NO_NEW_PRIVILEGES, "seccomp=unconfined"]},
                                  {"calls into the kernel", "families of sockets", "no rights", "no new namespaces"}),
    "the engine's own filter": ({"SecurityOpt": [NO_NEW_PRIVILEGES]}, {"calls into the kernel", "families of sockets"}),
    "a root that can be written": ({"ReadonlyRootfs": False}, {"read-only but for its own"}),
    "all of /proc and /sys": ({"MaskedPaths": [], "ReadonlyPaths": []},
                              {"secrets of the kernel", "no disk of the machine"}),
    "cores": ({"Ulimits": []}, {"limits"}),
    "memory without limit": ({"Memory": 0, "MemorySwap": 0}, {"limits"}),
    "the host's processes": ({"PidMode": "host"}, {"no neighbours"}),
    "programs in temporary space": ({"Tmpfs": {"/tmp": "rw,exec,nosuid,nodev,mode=1777"}},
                                    {"temporary space runs nothing"}),
    "a device": ({"Devices": [{"PathOnHost": "/dev/loop-control", "PathInContainer": "/dev/loop-control",
                               "CgroupPermissions": "rwm"}]}, {"no device but the harmless"}),
    "the engine's socket": ({"Mounts": [SOCKET]}, {"no socket but its own and the door"}),
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    made = Settings(state_dir=tmp_path_factory.mktemp("canary"))
    install.create_state(made)
    install.create_run(made)
    images.provide(made, Progress(), ["display"])
    yield made
    bootstrap.volumes(made).release_idle(frozenset)
    remove_groups(made)
    for folder in sorted(made.run_dir.rglob("*"), reverse=True):
        folder.rmdir() if folder.is_dir() else folder.unlink()
    made.run_dir.rmdir()


def run(settings):
    return {one.wall: one for one in canary.probe(settings, DockerEngine(settings).api, bootstrap.volumes(settings))}


def test_every_wall_holds_and_nothing_is_left(settings):
    found = run(settings)
    assert {one.wall: one.seen for one in found.values() if not one.held} == {}
    assert len(found) >= 20
    assert {"only loopback (display: screen)", "no rights (display: browser)"} <= set(found)
    assert DockerEngine(settings).containers() == ()


@pytest.mark.parametrize("loosened", LOOSENED)
def test_a_wall_that_was_taken_down_is_found(settings, monkeypatch, loosened):
    change, fallen = LOOSENED[loosened]
    whole = ContainerArguments.configuration

    def configuration(self, environment=None):
        body = whole(self, environment)
        host = {**body["HostConfig"], **change}
        if "Mounts" in change:
            host["Mounts"] = [*body["HostConfig"]["Mounts"], *change["Mounts"]]
        return {**body, "HostConfig": host, "NetworkDisabled": "NetworkMode" not in change}

    with monkeypatch.context() as patch:
        patch.setattr(ContainerArguments, "configuration", configuration)
        found = run(settings)
    lost = {one.wall for one in found.values() if not one.held}
    assert fallen | {f"{one} (display: {part})" for one in fallen for part in ("screen", "browser")} <= lost


def test_a_canary_that_dies_is_a_fallen_wall_not_silence(settings, monkeypatch):
    monkeypatch.setattr(canary, "program", lambda **_: "raise SystemExit('broken')\n")
    [finding] = [one for one in run(settings).values() if one.wall == "canary"]
    assert not finding.held and "broken" in finding.seen
