"""Nobody's rights but the researcher's, and limits on what is used."""

import mmap
import os
import resource
import socket
import stat
import subprocess

from readingroom.hub.probe.looking import call, everything, status, succeeded
from readingroom.hub.probe.tables import ALLOWED_SECRETS, CALLS_OF_FAVOUR, MACHINE, ME, SECRETS


def no_rights():
    found = status()
    wrong = [f"{name} {found[name]}" for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
             if int(found[name], 16)]
    wrong += [f"{name} {found[name]}" for name, wanted in (("NoNewPrivs", "1"), ("Seccomp", "2"))
              if found[name].strip() != wanted]
    if set(found["Uid"].split()) != {str(ME)} or set(found["Gid"].split()) != {str(ME)}:
        wrong.append(f"uid {found['Uid']} gid {found['Gid']}")
    if set(os.getgroups()) - {ME}:
        wrong.append(f"groups {os.getgroups()}")
    return not wrong, wrong


def no_file_lends_rights():
    found = []
    for path, mode in everything():
        if stat.S_ISREG(mode):
            if mode & (stat.S_ISUID | stat.S_ISGID):
                found.append(path)
            elif mode & 0o111 and "security.capability" in _attributes(path):
                found.append(f"{path} has capabilities")
    return not found, found[:20]


def _attributes(path):
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError:
        return []


def no_neighbours():
    ours = {int(name) for name in os.listdir("/proc") if name.isdigit()}
    with open("/proc/1/comm") as file:
        first = file.read().strip()
    wrong = [] if first in ("tini", "docker-init") else [f"process 1 is {first}"]
    wrong += [f"process {number}" for number in ours if _owner(number) not in (ME, None)]
    if socket.gethostname() != "workspace":
        wrong.append(f"named {socket.gethostname()}")
    return not wrong, wrong


def _owner(number):
    try:
        return os.stat(f"/proc/{number}").st_uid
    except OSError:
        return None


def limits():
    none = ("RLIMIT_CORE", "RLIMIT_MSGQUEUE")
    wrong = [name for name in none if resource.getrlimit(getattr(resource, name)) != (0, 0)]
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 4096:
        wrong.append("NOFILE")
    for name, places in (("memory", ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")),
                         ("pids", ("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"))):
        value = next((open(place).read().strip() for place in places if os.path.exists(place)), "unknown")
        if not value.isdigit() or int(value) > 2**50:
            wrong.append(f"{name} {value}")
    return not wrong, wrong


def no_favours():
    """From the kernel: to be served before others, or to have more than was given."""
    kernel = CALLS_OF_FAVOUR[MACHINE or 0]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def pinned():
        if call(kernel["mlockall"], 3):
            raise OSError

    def served_first():
        if call(kernel["ioprio_set"], 1, 0, 1 << 13):
            raise OSError

    def more_files():
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard + 1))
        except ValueError as error:  # so Python says EPERM here
            raise OSError from error

    found = succeeded(
        ("priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -1)),
        ("real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
        ("disk first", served_first), ("memory that is never swapped", pinned), ("more files", more_files))
    return not found, found


def temporary_space_runs_nothing():
    found = []
    for place in ("/tmp", "/dev/shm"):
        path = f"{place}/.probe-run"
        with open("/bin/true", "rb") as source, open(path, "wb") as target:
            target.write(source.read())
        os.chmod(path, 0o700)
        found += succeeded((f"run in {place}", lambda path=path: subprocess.run([path], check=False)),
                           (f"mapped from {place}", lambda path=path: _mapped(path)))
        os.unlink(path)
    return not found, found or "refused"


def _mapped(path):
    with open(path, "rb") as file:
        mmap.mmap(file.fileno(), 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC, flags=mmap.MAP_PRIVATE).close()


def no_secret_but_its_own_token():
    found = [name for name in os.environ if any(word in name.upper() for word in SECRETS)]
    return set(found) <= ALLOWED_SECRETS, sorted(set(found) - ALLOWED_SECRETS)
