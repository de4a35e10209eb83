"""The door sees directories of sockets and nothing else."""

from pathlib import Path

from readingroom.ops.door import container_arguments, container_name
from readingroom.settings import Settings

SETTINGS = Settings(state_dir=Path("/srv/rr"))
ARGUMENTS = container_arguments(SETTINGS, "sha256:abc")


def test_it_has_no_network_no_capability_and_a_read_only_root():
    assert ARGUMENTS["network_mode"] == "none"
    assert ARGUMENTS["cap_drop"] == ["ALL"]
    assert ARGUMENTS["read_only"] is True
    assert ARGUMENTS["security_opt"] == ["no-new-privileges:true"]
    assert not ARGUMENTS["user"].startswith("0:")


def test_it_can_change_only_its_own_directories():
    mounts = {mount["Target"]: mount["ReadOnly"] for mount in ARGUMENTS["mounts"]}
    assert mounts == {"/run/rr/hub": True, "/run/rr/portal": True, "/run/rr/w": True, "/run/rr/p": True,
                      "/run/rr/door": False, "/run/rr/in": False, "/run/rr/admin": False}


def test_it_carries_the_installations_name_and_label():
    assert ARGUMENTS["name"] == container_name(SETTINGS) == f"rr-{SETTINGS.instance}-door"
    assert ARGUMENTS["labels"]["readingroom.instance"] == SETTINGS.instance


def test_memory_and_processes_are_limited():
    assert 0 < ARGUMENTS["mem_limit"] == ARGUMENTS["memswap_limit"]
    assert 0 < ARGUMENTS["pids_limit"] <= 64
