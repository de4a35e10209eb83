"""What is tried from inside a workspace: run there by the canary, and by the containment tests as a researcher would.

This file is sent into the container as text, so it needs the standard library only. It prints one JSON list: for each
wall its name, whether it held, and what was seen. Something that cannot be told did not hold.
"""

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import signal
import socket
import stat
import subprocess
import sys

ME = 10001
OUTSIDE = [
    ("1.1.1.1", 53), ("8.8.8.8", 443), ("169.254.169.254", 80), ("172.17.0.1", 22), ("172.17.0.1", 2375),
    ("172.17.0.2", 8888), ("172.18.0.1", 80), ("10.0.0.1", 80), ("192.168.0.1", 80), ("100.64.0.1", 80),
    ("2606:4700:4700::1111", 53), ("fd00::1", 80),
]
ENGINES = [
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock",
    "/run/crio/crio.sock", "/run/rr/hub/hub.sock", "/run/rr/portal/portal.sock", "/run/systemd/private",
    "/run/dbus/system_bus_socket",
]
OUR_SOCKETS = {"/run/rr/door/door.sock", "/run/rr/w/s.sock"}
FAMILIES = {1, 2, 10, 16}  # unix, inet, inet6 (there is only loopback), netlink (for the list of interfaces)
DEVICES = {"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx"}
WRITABLE = {"/home/researcher", "/project", "/tmp", "/dev/shm", "/dev/mqueue", "/run/rr/w"}
SECRETS = ("SECRET", "PASSWORD", "PASSWD", "TOKEN", "CREDENTIAL", "PRIVATE", "APIKEY", "API_KEY")
ALLOWED_SECRETS = {"JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN"}
# name: (number on x86_64, number on aarch64); None where the machine has no such call
CALLS = {
    "ptrace": (101, 117), "syslog": (103, 116), "personality": (135, 92), "ustat": (136, None), "sysfs": (139, None),
    "vhangup": (153, 58), "pivot_root": (155, 41), "acct": (163, 89), "settimeofday": (164, 170), "mount": (165, 40),
    "umount2": (166, 39), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None),
    "init_module": (175, 105), "delete_module": (176, 106), "quotactl": (179, 60), "lookup_dcookie": (212, 18),
    "clock_settime": (227, 112), "mbind": (237, 235), "set_mempolicy": (238, 237), "get_mempolicy": (239, 236),
    "mq_open": (240, 180), "kexec_load": (246, 104), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "migrate_pages": (256, 238), "unshare": (272, 97), "move_pages": (279, 239),
    "perf_event_open": (298, 241), "fanotify_init": (300, 262), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "clock_adjtime": (305, 266), "setns": (308, 268),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272), "finit_module": (313, 273),
    "memfd_create": (319, 279), "kexec_file_load": (320, 294), "bpf": (321, 280), "userfaultfd": (323, 282),
    "pkey_alloc": (330, 289), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440), "mount_setattr": (442, 442), "quotactl_fd": (443, 443),
    "memfd_secret": (447, 447), "process_mrelease": (448, 448), "cachestat": (451, 451), "statmount": (457, 457),
    "listmount": (458, 458), "setuid": (105, 146), "setgid": (106, 144), "setgroups": (116, 159),
    "setresuid": (117, 147), "capset": (126, 91), "chroot": (161, 51), "mknod": (133, None), "mknodat": (259, 33),
    "nfsservctl": (180, 42), "modify_ldt": (154, None), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    "io_setup": (206, 0), "vmsplice": (278, 75), "tee": (276, 77), "splice": (275, 76), "mseal": (462, 462),
}
NAMESPACES = {"mount": 0x00020000, "cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000, "user": 0x10000000,
              "pid": 0x20000000, "net": 0x40000000}
LIBC = ctypes.CDLL(None, use_errno=True)
MACHINE = {"x86_64": 0, "aarch64": 1}.get(platform.machine())


def call(number, *arguments):
    """The error's name, or "" if the kernel did it."""
    ctypes.set_errno(0)
    if LIBC.syscall(ctypes.c_long(number), *[ctypes.c_long(one) for one in arguments]) != -1:
        return ""
    return errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno()))


def status():
    with open("/proc/self/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def everything():
    """Every path of the container but /proc and /sys, with its state; what cannot be read is passed over."""
    folders = ["/"]
    while folders:
        try:
            entries = list(os.scandir(folders.pop()))
        except OSError:
            continue
        for entry in entries:
            try:
                state = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(state.st_mode) and entry.path not in ("/proc", "/sys"):
                folders.append(entry.path)
            yield entry.path, state


def mounts():
    with open("/proc/self/mountinfo") as file:
        for line in file:
            words = line.split()
            yield words[4], set(words[5].split(",")), words[words.index("-") + 1]


def succeeded(*tries):
    """Names of those that raised no OSError."""
    done = []
    for name, action in tries:
        try:
            action()
            done.append(name)
        except OSError:
            pass
    return done


def only_loopback():
    with open("/proc/net/dev") as file:
        found = [line.split(":")[0].strip() for line in file if ":" in line]
    return found == ["lo"], found


def no_route():
    with open("/proc/net/route") as file:
        routes = file.read().splitlines()[1:]
    with open("/proc/net/ipv6_route") as file:
        routes += [line for line in file if line.split()[-1] != "lo"]
    return not routes, routes


def nothing_outside_is_reached():
    found = succeeded(*((f"{host} {port}", lambda host=host, port=port: socket.create_connection((host, port), 2))
                        for host, port in OUTSIDE))

    def datagram(host):
        kind = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(kind, socket.SOCK_DGRAM) as one:
            one.sendto(b"x", (host, 53))

    found += succeeded(*((f"udp {host}", lambda host=host: datagram(host)) for host, _ in OUTSIDE))
    return not found, found


def no_name_resolves():
    names = ("example.org", "localhost.localdomain.example", "host.docker.internal", "metadata.google.internal")
    found = succeeded(*((name, lambda name=name: socket.getaddrinfo(name, 80)) for name in names))
    return not found, found


def no_socket_but_ours():
    found = [path for path, state in everything() if stat.S_ISSOCK(state.st_mode) and path not in OUR_SOCKETS]
    found += [path for path in ENGINES if os.path.lexists(path)]

    def abstract(name):
        with socket.socket(socket.AF_UNIX) as one:
            one.connect("\0" + name)

    with open("/proc/net/unix") as file:
        listed = [line.split()[-1] for line in file if line.split()[-1].startswith("@")]
    found += succeeded(*((f"abstract {name}", lambda name=name: abstract(name[1:])) for name in listed))
    return not found, found


def families_of_sockets():
    made = set()
    for family in range(64):
        for kind in range(1, 11):
            try:
                socket.socket(family, kind).close()
                made.add((family, kind))
            except OSError:
                pass
    raw = [f"{family} raw" for family, kind in made if kind == socket.SOCK_RAW and family in (2, 10, 17)]
    found = sorted({family for family, _ in made} - FAMILIES) + raw
    return not found, found


def calls_into_the_kernel():
    if MACHINE is None:
        return False, [f"unknown machine {platform.machine()}"]
    done = []
    for name, numbers in CALLS.items():
        if numbers[MACHINE] is not None:
            answer = call(numbers[MACHINE], 0, 0, 0, 0, 0, 0)
            if answer not in ("EPERM", "ENOSYS"):
                done.append(f"{name} {answer or 'done'}")
    return not done, done


def no_new_namespaces():
    clone, unshare, clone3 = ((56, 272, 435), (220, 97, 435))[MACHINE]
    done = []
    for name, flag in NAMESPACES.items():
        child = LIBC.syscall(ctypes.c_long(clone), ctypes.c_long(flag | signal.SIGCHLD), 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        if child > 0:
            os.waitpid(child, 0)
            done.append(f"clone {name}")
        if call(unshare, flag) != "EPERM":
            done.append(f"unshare {name}")
    if call(clone3, 0, 0) != "ENOSYS":  # its flags are out of a filter's sight
        done.append("clone3")
    return not done, done


def no_calls_of_another_architecture():
    """32-bit calls have other numbers: a filter that lets them pass filters nothing. Each in a child: it is killed."""
    if MACHINE != 0:
        return True, ["not this machine's"]
    done = []
    for name, code in {"int 0x80": b"\xb8\x14\x00\x00\x00\xcd\x80\xc3",
                       "x32": b"\xb8\x27\x00\x00\x40\x0f\x05\xc3"}.items():
        child = os.fork()
        if child == 0:
            page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            page.write(code)
            address = ctypes.addressof(ctypes.c_char.from_buffer(page))
            os._exit(42 if ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0 else 0)
        _, ended = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(ended) == 42:
            done.append(name)
    return not done, done


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
    for path, state in everything():
        if stat.S_ISREG(state.st_mode):
            if state.st_mode & (stat.S_ISUID | stat.S_ISGID):
                found.append(path)
            elif state.st_mode & 0o111 and "security.capability" in _attributes(path):
                found.append(f"{path} has capabilities")
    return not found, found[:20]


def _attributes(path):
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError:
        return []


def read_only_but_for_its_own():
    rw = {place for place, options, kind in mounts() if "ro" not in options and kind not in ("proc", "devpts")}
    wrong = [f"{place} is writable" for place in rw - WRITABLE
             if os.access(place, os.W_OK) and not stat.S_ISCHR(os.stat(place).st_mode)]  # hidden behind /dev/null
    for place, options, _ in mounts():
        if place in WRITABLE and not {"nosuid", "nodev"} <= options and place not in ("/run/rr/w",):
            wrong.append(f"{place} lacks nosuid or nodev")
    tried = ["/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/opt/venv/bin",
             "/proc", "/root", "/run", "/run/rr", "/run/rr/door", "/srv", "/sys", "/sys/fs/cgroup", "/usr/bin",
             "/var", "/var/tmp", "/data"]
    wrong += succeeded(*((place, lambda place=place: open(os.path.join(place, ".probe"), "x").close())
                         for place in tried))
    wrong += succeeded(*((path, lambda path=path: open(path, "r+b").close()) for path in (
        "/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/etc/passwd", "/proc/sysrq-trigger",
        "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches",
        "/sys/kernel/uevent_helper")))
    return not wrong, wrong


def data_cannot_be_changed():
    tries = []
    for path, state in everything():
        if path.startswith("/data/"):
            tries += [(f"chmod {path}", lambda path=path: os.chmod(path, 0o777)),
                      (f"utime {path}", lambda path=path: os.utime(path)),
                      (f"rename {path}", lambda path=path: os.rename(path, path + "~")),
                      (f"link {path}", lambda path=path: os.link(path, "/home/researcher/.probe-link"))]
            if stat.S_ISDIR(state.st_mode):
                tries.append((f"new in {path}", lambda path=path: open(path + "/.probe", "x").close()))
            else:
                tries += [(f"append {path}", lambda path=path: open(path, "ab").close()),
                          (f"truncate {path}", lambda path=path: os.truncate(path, 0)),
                          (f"unlink {path}", lambda path=path: os.unlink(path))]
        if len(tries) > 400:
            break
    found = succeeded(*tries)
    return not found and bool(tries), found or f"{len(tries)} ways tried"


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


def no_device_but_the_harmless():
    found = [path for path, state in everything()
             if (stat.S_ISBLK(state.st_mode) or stat.S_ISCHR(state.st_mode))
             and os.path.basename(path) not in DEVICES and not path.startswith("/dev/pts/")]
    null = "/home/researcher/.probe-null"
    found += succeeded(("mknod", lambda: os.mknod(null, 0o600 | stat.S_IFCHR, os.makedev(1, 3))))
    return not found, found


def secrets_of_the_kernel():
    found = succeeded(*((path, lambda path=path: open(path, "rb").read(1) or os.stat("/nonexistent")) for path in (
        "/proc/kcore", "/proc/kallsyms", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/interrupts",
        "/proc/kmsg", "/dev/kmsg", "/dev/mem", "/sys/kernel/vmcoreinfo", "/sys/firmware/dmi/tables/DMI",
        "/sys/class/dmi/id/product_uuid")))
    return not found, found


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


def temporary_space_runs_nothing():
    path = "/tmp/.probe-run"
    with open("/bin/true", "rb") as source, open(path, "wb") as target:
        target.write(source.read())
    os.chmod(path, 0o700)
    try:
        subprocess.run([path], check=False)
        return False, "it ran"
    except PermissionError:
        return True, "refused"
    finally:
        os.unlink(path)


def no_secret_but_its_own_token():
    found = [name for name in os.environ if any(word in name.upper() for word in SECRETS)]
    return set(found) <= ALLOWED_SECRETS, sorted(set(found) - ALLOWED_SECRETS)


WALLS = {
    "only loopback": only_loopback, "no route": no_route, "nothing outside is reached": nothing_outside_is_reached,
    "no name resolves": no_name_resolves, "no socket but its own and the door": no_socket_but_ours,
    "families of sockets": families_of_sockets, "calls into the kernel": calls_into_the_kernel,
    "no new namespaces": no_new_namespaces, "no calls of another architecture": no_calls_of_another_architecture,
    "no rights": no_rights, "no file lends rights": no_file_lends_rights,
    "read-only but for its own": read_only_but_for_its_own, "data cannot be changed": data_cannot_be_changed,
    "no neighbours": no_neighbours, "no device but the harmless": no_device_but_the_harmless,
    "secrets of the kernel": secrets_of_the_kernel, "limits": limits,
    "temporary space runs nothing": temporary_space_runs_nothing,
    "no secret but its own token": no_secret_but_its_own_token,
}


def alone(tried):
    """Run it in a child, so that one that dies, or leaves the process changed, is a finding and no more."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            held, seen = tried()
            shown = seen if isinstance(seen, str) else ", ".join(map(str, seen))
        except BaseException as error:
            held, shown = False, f"could not be told: {type(error).__name__}: {error}"
        os.write(writing, json.dumps([bool(held), shown[:500]]).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read()
    _, ended = os.waitpid(child, 0)
    return json.loads(said) if said else [False, f"it died ({os.waitstatus_to_exitcode(ended)})"]


def main():
    findings = []
    for wall, tried in WALLS.items():
        try:
            held, seen = alone(tried)
        except Exception as error:
            held, seen = False, f"could not be told: {type(error).__name__}: {error}"
        findings.append({"wall": wall, "held": held, "seen": seen})
    print(json.dumps(findings), flush=True)


if __name__ == "__main__":
    main()
    if sys.argv[1:] == ["canary"]:
        signal.pause()  # until it has been looked at from outside as well
