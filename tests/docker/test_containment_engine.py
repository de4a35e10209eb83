"""P8, as the engine sees it: the container items of the CIS Docker Benchmark (section 5), each by its number.

Numbers are of version 1.6. Items about how the engine is run, or about swarm, are not of a container and left out:
5.8 and 5.14 follow from having no network and no restart.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from readingroom.core.proof import drifts
from readingroom.hub.containers import container_arguments
from readingroom.hub.host import look
from tests.docker.hub_installation import HubInstallation, StandInRecords

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
PROJECT = "shared"
FORBIDDEN = ("/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr", "/var/run", "/run/docker.sock")


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    installation = HubInstallation(tmp_path_factory.mktemp("hub"))
    browser = installation.browser("alice")
    assert browser.answer.status_code == 200
    installation.portal.start_workspace("alice", PROJECT)
    installation.wait_for_state("running", project=PROJECT)
    yield installation
    installation.close()


@pytest.fixture(scope="module")
def inspected(hub):
    [found] = hub.containers("workspace")
    return hub.engine.inspect_container(found["Id"])


@pytest.fixture(scope="module")
def host(inspected):
    return inspected["HostConfig"]


def security(host):
    return host["SecurityOpt"]


CIS = {
    "5.1 AppArmor where the host has it": lambda i, h: i["AppArmorProfile"] in ("", "docker-default"),
    "5.2 SELinux options are not loosened": lambda i, h: not any("label=disable" in one for one in security(h)),
    "5.3 no capability": lambda i, h: h["CapDrop"] == ["ALL"] and not h["CapAdd"],
    "5.4 not privileged": lambda i, h: h["Privileged"] is False,
    "5.5 no sensitive directory of the host": lambda i, h: not [
        m for m in i["Mounts"]
        if m["Source"] in FORBIDDEN or m["Source"].startswith(("/etc", "/boot", "/sys", "/proc"))],
    "5.6 no ssh": lambda i, h: "ssh" not in " ".join(i["Config"]["Cmd"]),
    "5.7 no privileged port": lambda i, h: not h["PortBindings"] and not i["NetworkSettings"]["Ports"],
    "5.8 only needed ports": lambda i, h: not i["Config"].get("ExposedPorts"),
    "5.9 not the host's network": lambda i, h: h["NetworkMode"] == "none",
    "5.10 memory is limited": lambda i, h: 0 < h["Memory"] == h["MemorySwap"],
    "5.11 processor is limited": lambda i, h: h["NanoCpus"] > 0,
    "5.12 root file system is read-only": lambda i, h: h["ReadonlyRootfs"] is True,
    "5.13 no port on any interface": lambda i, h: not h["PublishAllPorts"],
    "5.14 not restarted without end": lambda i, h: h["RestartPolicy"]["Name"] == "no",
    "5.15 not the host's processes": lambda i, h: h["PidMode"] == "",
    "5.16 not the host's IPC": lambda i, h: h["IpcMode"] == "private",
    "5.17 no device of the host": lambda i, h: not h["Devices"] and not h["DeviceRequests"],
    "5.18 limits on files and cores": lambda i, h: {u["Name"] for u in h["Ulimits"]} >= {"core", "nofile"},
    "5.19 mounts do not propagate": lambda i, h: {m["Propagation"] for m in i["Mounts"]} == {"rprivate"},
    "5.20 not the host's UTS": lambda i, h: h["UTSMode"] == "",
    "5.21 system calls are filtered": lambda i, h: any(one.startswith("seccomp={") for one in security(h)),
    "5.22 nobody runs in it from outside": lambda i, h: not i["ExecIDs"],
    "5.24 a control group of its own": lambda i, h: h["CgroupParent"].startswith("/readingroom/") or h[
        "CgroupParent"].endswith(".slice"),
    "5.25 no new privileges": lambda i, h: "no-new-privileges:true" in security(h),
    "5.27 the image is named by its id": lambda i, h: re.fullmatch(r"sha256:[0-9a-f]{64}", i["Config"]["Image"]),
    "5.28 processes are limited": lambda i, h: 0 < h["PidsLimit"] <= 256,
    "5.29 not the default bridge": lambda i, h: "bridge" not in i["NetworkSettings"]["Networks"],
    "5.30 not the host's user namespace": lambda i, h: h["UsernsMode"] == "",
    "5.31 no engine's socket": lambda i, h: not [m for m in i["Mounts"] if "docker" in m["Source"].split("/")[-1]],
    "4.1 not root": lambda i, h: i["Config"]["User"] == "10001:10001",
    "2.9 no cgroup namespace of the host": lambda i, h: h["CgroupnsMode"] == "private",
    "2.12 the log is limited": lambda i, h: h["LogConfig"]["Config"] == {"max-size": "5242880", "max-file": "2"},
}


@pytest.mark.parametrize("item", CIS)
def test_p8_cis_docker_benchmark(inspected, host, item):
    assert CIS[item](inspected, host)


def test_the_image_has_no_setuid_file_and_no_secret_in_its_history(hub):
    """4.8 and 4.10 of the same benchmark."""
    history = str(hub.engine.history(hub.image_id))
    assert not re.search(r"(?i)(password|secret|token)=\S", history)


def test_the_kernel_agrees_with_the_engine(hub, inspected):
    """Not the engine's word but the kernel's: what the process really has."""
    pid = inspected["State"]["Pid"]
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")
    for kind in ("net", "pid", "ipc", "uts", "mnt", "cgroup"):
        assert Path(f"/proc/{pid}/ns/{kind}").readlink() != Path(f"/proc/self/ns/{kind}").readlink(), kind
    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    options = {words[4]: set(words[5].split(",")) for words in mounts}
    for place in ("/", "/data/courts", "/data/prisons", "/run/rr/door"):
        assert "ro" in options[place], place
    for place in ("/home/researcher", "/project", "/tmp"):
        assert {"nosuid", "nodev"} <= options[place], place


def test_the_limits_are_the_kernels(inspected):
    pid = inspected["State"]["Pid"]
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)
    assert re.search(r"Max msgqueue size\s+0\s+0", limits)
    assert re.search(r"Max open files\s+4096\s+4096", limits)


class TestDriftsOfARealContainer:
    """The proof against the real engine: what an administrator can change by hand under a running workspace."""

    @pytest.fixture
    def demanded(self, hub, inspected):
        """As the records hold it: read back from the engine before anything was changed is no proof, so made anew."""
        plan = StandInRecords(hub.settings).plan("alice", PROJECT)
        arguments = container_arguments(hub.settings, plan, look(hub.engine), image_id=hub.image_id)
        names = {line.split("=", 1)[0]: "" for line in inspected["Config"]["Env"] if line.startswith("JUPYTERHUB_")
                 or line.split("=", 1)[0] in ("JPY_API_TOKEN", "MEM_LIMIT", "CPU_LIMIT", "JUPYTER_IMAGE",
                                              "JUPYTER_IMAGE_SPEC", "DISABLE_CONFIG")}
        return arguments.demanded(names)

    def look(self, hub, inspected):
        return hub.engine.inspect_container(inspected["Id"])

    def test_a_workspace_has_none(self, hub, inspected, demanded):
        assert drifts(demanded, self.look(hub, inspected)) == ()

    def test_a_network_connected_by_hand_is_seen(self, hub, inspected, demanded):
        name = f"rr-{hub.settings.instance}-by-hand"
        network = hub.engine.create_network(name, labels={"readingroom.instance": hub.settings.instance})["Id"]
        try:
            connected = subprocess.run(["docker", "network", "connect", name, inspected["Id"]], capture_output=True,
                                       text=True, check=False)
            if connected.returncode == 0:
                assert "networks" in {drift.fact for drift in drifts(demanded, self.look(hub, inspected))}
            else:  # the engine itself refuses it for a container without a network
                assert "none" in connected.stderr or "private" in connected.stderr
        finally:
            subprocess.run(["docker", "network", "disconnect", "-f", name, inspected["Id"]], capture_output=True,
                           check=False)
            hub.engine.remove_network(network)

    def test_limits_raised_by_hand_are_seen(self, hub, inspected, demanded, host):
        subprocess.run(["docker", "update", "--pids-limit", "4000", "--cpus", "2", inspected["Id"]],
                       capture_output=True, check=True)
        try:
            assert {drift.fact for drift in drifts(demanded, self.look(hub, inspected))} == {"PidsLimit", "NanoCpus"}
        finally:
            subprocess.run(["docker", "update", "--pids-limit", str(host["PidsLimit"]), "--cpus", "1", inspected["Id"]],
                           capture_output=True, check=True)

    def test_a_pause_is_seen(self, hub, inspected, demanded):
        hub.engine.pause(inspected["Id"])
        try:
            assert [drift.fact for drift in drifts(demanded, self.look(hub, inspected))] == ["state"]
        finally:
            hub.engine.unpause(inspected["Id"])

    def test_a_process_started_from_outside_is_seen(self, hub, inspected, demanded):
        made = hub.engine.exec_create(inspected["Id"], ["sleep", "30"])["Id"]
        hub.engine.exec_start(made, detach=True)
        hub.wait(lambda: self.look(hub, inspected)["ExecIDs"], 5)
        assert [drift.fact for drift in drifts(demanded, self.look(hub, inspected))] == ["exec"]
        subprocess.run(["docker", "exec", inspected["Id"], "pkill", "sleep"], capture_output=True, check=False)
