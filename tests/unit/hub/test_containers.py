import json
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from pathlib import Path

import pytest

from readingroom.core.policy.model import Policy
from readingroom.errors import PolicyError, SettingsError, Unavailable
from readingroom.hub.confinement import seccomp_profile
from readingroom.hub.containers import Host, container_arguments
from readingroom.hub.limits import Limits
from readingroom.hub.names import container_name, sockets_dir
from readingroom.settings import Settings

SETTINGS = Settings(state_dir=Path("/srv/room"))
IMAGE = "sha256:" + "a" * 64
HOST = Host()
NAMES = [limit.name for limit in fields(Limits)]


@dataclass(frozen=True)
class Plan:
    username: str = "alice"
    project: str = "reoffending"
    mounts: tuple = (("courts", SETTINGS.extracts_dir / "e1"), ("prisons", SETTINGS.extracts_dir / "e2"))
    home: Path = SETTINGS.homes_dir / "reoffending" / "alice"
    policy: Policy = field(default_factory=Policy)
    image: str = "notebook"


def arguments(plan=None, overrides=None, host=HOST, settings=SETTINGS, image_id=IMAGE):
    return container_arguments(settings, plan or Plan(), host, overrides, image_id=image_id)


def confinement(plan=None, overrides=None):
    return arguments(plan, overrides).confinement()


def mounts(plan=None):
    return {mount["Target"]: mount for mount in confinement(plan)["Mounts"]}


def test_the_container_has_no_network_no_capability_and_a_read_only_root():
    host = confinement()
    assert host["NetworkMode"] == "none"
    assert (host["CapDrop"], host["CapAdd"], host["Devices"], host["GroupAdd"]) == (["ALL"], [], [], [])
    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert host["SecurityOpt"] == ["no-new-privileges:true", f"seccomp={seccomp_profile()}"]


def test_every_namespace_is_its_own():
    host = confinement()
    assert (host["IpcMode"], host["CgroupnsMode"]) == ("private", "private")
    assert (host["PidMode"], host["UTSMode"], host["UsernsMode"]) == ("", "", "")  # the engine's words for its own


def test_apparmor_is_asked_for_where_the_host_has_it():
    assert "apparmor=docker-default" in arguments(host=replace(HOST, apparmor=True)).confinement()["SecurityOpt"]


def test_what_tells_of_the_machine_and_of_the_neighbours_is_hidden():
    """A home is a loop device: /sys/devices/virtual/block names its file, and so whose it is."""
    hidden = arguments(host=replace(HOST, devices=("pci0000:80", "virtual/block"))).confinement()["MaskedPaths"]
    assert {"/sys/devices/virtual/block", "/sys/devices/pci0000:80", "/sys/class/block", "/sys/block", "/sys/fs/ext4",
            "/proc/pressure", "/proc/diskstats", "/proc/key-users", "/proc/cmdline"} <= set(hidden)
    assert not {"/sys/devices/system", "/sys/devices/virtual", "/sys/class", "/sys/fs/cgroup", "/proc/cpuinfo",
                "/proc/meminfo"} & set(hidden)
    assert "/sys/devices/virtual/block" in confinement()["MaskedPaths"]  # also of a machine that was not looked at


class TestImage:
    """By its id: a tag could be moved to another image at any time."""

    def test_it_is_the_id(self):
        assert arguments().configuration()["Image"] == IMAGE

    @pytest.mark.parametrize("name", ["", "readingroom/notebook:latest", "sha256:abc", IMAGE[7:], f"{IMAGE}\n",
                                      f"evil@{IMAGE}", IMAGE.upper()])
    def test_a_name_that_could_be_given_away_is_refused(self, name):
        with pytest.raises(PolicyError, match="by its id"):
            arguments(image_id=name)


class TestRuntime:
    def test_another_runtime_is_used_where_the_engine_has_it(self):
        sandboxed = replace(SETTINGS, workspace_runtime="runsc")
        host = replace(HOST, runtimes=frozenset({"runc", "runsc"}))
        assert arguments(host=host, settings=sandboxed).confinement()["Runtime"] == "runsc"

    def test_one_that_the_engine_lacks_is_refused_not_replaced(self):
        with pytest.raises(Unavailable, match="no runtime kata; it has runc"):
            arguments(settings=replace(SETTINGS, workspace_runtime="kata"))

    @pytest.mark.parametrize("name", ["crun", "", "RUNC", "/usr/bin/runc"])
    def test_an_unknown_one_stops_the_start(self, name):
        with pytest.raises(SettingsError, match="workspace_runtime"):
            replace(SETTINGS, workspace_runtime=name)


def test_a_projects_workspaces_share_one_weight_of_processor_time():
    def parent(username, project, driver="cgroupfs"):
        plan = replace(Plan(), username=username, project=project, home=SETTINGS.homes_dir / project / username)
        return arguments(plan, host=replace(HOST, cgroup_driver=driver)).confinement()["CgroupParent"]

    assert parent("alice", "a") == parent("bob", "a") != parent("alice", "b")
    assert parent("alice", "a").startswith("/readingroom/")
    assert parent("alice", "a", "systemd").endswith(".slice")
    assert "/" not in parent("alice", "a", "systemd")


def test_it_runs_as_the_researcher_under_a_name_without_meaning():
    made = arguments()
    creation = made.configuration()
    assert creation["User"] == "10001:10001"
    assert (creation["Hostname"], creation["Domainname"]) == ("workspace", "")
    assert creation["NetworkDisabled"] is True
    assert "alice" not in made.name and "reoffending" not in made.name
    assert made.name.startswith(f"rr-{SETTINGS.instance}-")
    assert creation["Labels"]["readingroom.instance"] == SETTINGS.instance


def test_the_server_offers_terminals_only_where_policy_has_them():
    for said, told in ((None, False), (False, False), (True, True)):
        environment = arguments(Plan(policy=Policy(terminals=said))).configuration()["Env"]
        assert ("READINGROOM_TERMINALS=yes" in environment) is told


def test_our_environment_wins_over_what_the_hub_adds():
    environment = arguments().configuration({"HOME": "/root", "JUPYTERHUB_API_TOKEN": "t"})["Env"]
    assert "HOME=/home/researcher" in environment and "JUPYTERHUB_API_TOKEN=t" in environment
    assert "HOME=/root" not in environment


def test_data_and_door_are_read_only_and_only_home_and_own_socket_are_not():
    found = mounts()
    assert set(found) == {
        "/data/courts", "/data/prisons", "/home/researcher", "/project", "/run/rr/door", "/run/rr/w",
    }
    assert {target for target, mount in found.items() if not mount["ReadOnly"]} == {
        "/home/researcher",
        "/project",
        "/run/rr/w",
    }
    assert all(mount["BindOptions"] == {"Propagation": "rprivate"} for mount in found.values())


def test_temporary_space_is_sized_and_runs_nothing():
    options = confinement()["Tmpfs"]["/tmp"].split(",")
    assert {"noexec", "nosuid", "nodev", f"size={Limits().tmp_bytes}"} <= set(options)


def test_memory_has_no_swap_and_a_crash_leaves_no_core():
    host = confinement()
    assert host["Memory"] == host["MemorySwap"] > 0
    assert {"Name": "core", "Soft": 0, "Hard": 0} in host["Ulimits"]
    assert "nproc" not in {limit["Name"] for limit in host["Ulimits"]}  # it would count all workspaces together


def test_two_workspaces_share_neither_name_nor_socket():
    pairs = [("alice", "a-b"), ("alice-a", "b"), ("alice", "a"), ("bob", "a-b")]
    assert len({container_name(SETTINGS, *pair) for pair in pairs}) == len(pairs)
    assert len({sockets_dir(SETTINGS, *pair) for pair in pairs}) == len(pairs)


def test_the_sockets_path_suits_hub_and_kernel():
    path = str(sockets_dir(SETTINGS, "A" * 64, "P" * 30) / "s.sock")
    assert path == path.lower()
    assert len(path) < 108


class TestLimitsOnlyTighten:
    """Settings, policy and an installation's overrides can each lower a limit; none can raise one."""

    @pytest.mark.parametrize("name", NAMES)
    def test_a_lower_override_holds(self, name):
        lower = type(getattr(Limits(), name))(getattr(Limits(), name) / 2)
        assert getattr(arguments(overrides={name: lower}).limits, name) == lower

    @pytest.mark.parametrize("name", NAMES)
    def test_a_higher_override_changes_nothing(self, name):
        assert confinement(overrides={name: getattr(Limits(), name) * 10}) == confinement()

    @pytest.mark.parametrize("name", ["privileged", "network_mode", "image", "user", "cap_add", "seccomp"])
    def test_nothing_but_limits_can_be_overridden(self, name):
        with pytest.raises(PolicyError):
            arguments(overrides={name: 1})

    def test_the_policys_limits_hold_if_they_are_tighter(self):
        policy = Policy(memory_bytes=10**8, cpus=0.5, pids=50)
        host = confinement(replace(Plan(), policy=policy))
        assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (10**8, 5 * 10**8, 50)

    def test_a_loose_policy_does_not_exceed_the_installations(self):
        policy = Policy(memory_bytes=10**15, cpus=512.0, pids=10**9)
        assert confinement(replace(Plan(), policy=policy)) == confinement()

    @pytest.mark.parametrize("value", [0, -1])
    def test_a_limit_of_nothing_is_refused_not_taken_as_unlimited(self, value):
        with pytest.raises(PolicyError):
            arguments(overrides={"memory_bytes": value})

    def test_limits_are_frozen(self):
        with pytest.raises(FrozenInstanceError):
            Limits().pids = 10**6


class TestMountsStayInTheirPlace:
    """A fault elsewhere must not mount the vault: only extracts and homes can be named."""

    @pytest.mark.parametrize(
        "path",
        [
            SETTINGS.vault_dir / "courts",
            SETTINGS.extracts_dir,
            SETTINGS.keys_dir,
            Path("/"),
            Path("extracts/e1"),
            SETTINGS.extracts_dir / ".." / "vault",
            Path("/var/run/docker.sock"),
        ],
    )
    def test_only_an_extract_can_be_data(self, path):
        with pytest.raises(PolicyError):
            arguments(replace(Plan(), mounts=(("courts", path),)))

    @pytest.mark.parametrize(
        "path", [SETTINGS.homes_dir, SETTINGS.keys_dir, SETTINGS.homes_dir / ".." / "keys"]
    )
    def test_only_a_home_can_be_home(self, path):
        with pytest.raises(PolicyError):
            arguments(replace(Plan(), home=path))

    @pytest.mark.parametrize("name", ["", "..", "a/b", "../home", "/data", "a b", ".hidden", "a\n"])
    def test_a_datasets_name_is_one_directory(self, name):
        with pytest.raises(PolicyError):
            arguments(replace(Plan(), mounts=((name, SETTINGS.extracts_dir / "e1"),)))

    def test_two_datasets_cannot_share_a_place(self):
        twice = (("courts", SETTINGS.extracts_dir / "e1"), ("courts", SETTINGS.extracts_dir / "e2"))
        with pytest.raises(PolicyError):
            arguments(replace(Plan(), mounts=twice))


class TestSystemCalls:
    PROFILE = json.loads(seccomp_profile())
    ALLOWED = frozenset(
        name for rule in PROFILE["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]
    )

    def test_what_is_not_listed_is_refused(self):
        assert self.PROFILE["defaultAction"] == "SCMP_ACT_ERRNO"

    def test_32_bit_calls_are_refused(self):
        assert all(architecture["subArchitectures"] == [] for architecture in self.PROFILE["archMap"])
        assert "socketcall" not in self.ALLOWED

    @pytest.mark.parametrize(
        "name",
        [
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "ptrace",
            "process_vm_readv",
            "process_vm_writev",
            "userfaultfd",
            "pidfd_getfd",
            "kcmp",
            "personality",
            "mount",
            "umount2",
            "unshare",
            "setns",
            "bpf",
            "keyctl",
            "perf_event_open",
            "memfd_create",
            "init_module",
            "kexec_load",
            "open_by_handle_at",
            "add_key",
            "chroot",
        ],
    )
    def test_ways_into_the_kernel_are_not_listed(self, name):
        assert name not in self.ALLOWED

    def test_sockets_are_of_four_families_and_never_vsock(self):
        rules = [rule for rule in self.PROFILE["syscalls"] if "socket" in rule["names"]]
        assert all(rule["names"] == ["socket"] for rule in rules)
        wanted = sorted([(arg["index"], arg["value"]) for arg in rule["args"]] for rule in rules)
        assert wanted == [[(0, 1)], [(0, 2)], [(0, 10)], [(0, 16), (2, 0)]]  # of netlink only NETLINK_ROUTE
        assert {arg["op"] for rule in rules for arg in rule["args"]} == {"SCMP_CMP_EQ"}

    def test_children_get_no_new_namespaces(self):
        [rule] = [rule for rule in self.PROFILE["syscalls"] if rule["names"] == ["clone"]]
        new_namespaces = (
            0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
        )
        assert rule["args"] == [{"index": 0, "value": new_namespaces, "op": "SCMP_CMP_MASKED_EQ"}]
        [rule] = [rule for rule in self.PROFILE["syscalls"] if rule["names"] == ["clone3"]]
        assert (rule["action"], rule["errnoRet"]) == ("SCMP_ACT_ERRNO", 38)
