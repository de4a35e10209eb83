"""What an engine's `info` tells of the means to hold a workspace; what it does not say is absent."""

from __future__ import annotations

import pytest

from readingroom.hub import host as looking
from readingroom.hub.containers import Host
from readingroom.hub.host import devices, host_of

DEBIAN = {"Runtimes": {"runc": {}, "runsc": {}}, "CgroupDriver": "systemd", "DockerRootDir": "/var/lib/docker",
          "SecurityOptions": ["name=apparmor", "name=seccomp,profile=default"]}


def test_what_the_engine_offers_is_read_from_its_own_words():
    host = host_of(DEBIAN)
    assert (host.runtimes, host.apparmor, host.cgroup_driver) == ({"runc", "runsc"}, True, "systemd")
    assert host.researcher == 10001


def test_where_accounts_are_mapped_the_home_belongs_to_the_mapped_one():
    mapped = DEBIAN | {"DockerRootDir": "/var/lib/docker/231072.231072", "SecurityOptions": ["name=userns"]}
    assert host_of(mapped).researcher == 231072 + 10001
    assert host_of(mapped | {"SecurityOptions": []}).researcher == 10001


@pytest.mark.parametrize("facts", [{}, {"Runtimes": None, "SecurityOptions": None, "DockerRootDir": None}])
def test_what_is_not_said_is_absent(facts):
    host = host_of(facts)
    assert not host.runtimes and not host.apparmor and host.researcher == 10001


def test_what_the_machine_has_is_hidden_but_processors_and_memory(tmp_path, monkeypatch):
    for name in ("pci0000:80", "system", "platform", "virtual/net/lo", "virtual/block/loop0", "virtual/tty"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(looking, "DEVICES", tmp_path)
    assert devices() == ("pci0000:80", "platform", *sorted({*Host().devices, "virtual/tty"}))
