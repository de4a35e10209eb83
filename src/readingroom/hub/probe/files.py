"""Files that nobody changes, and devices that are not there."""

import os
import stat

from readingroom.hub.probe.looking import everything, mounts, succeeded
from readingroom.hub.probe.tables import DEVICES, SOCKET_FOLDERS, WRITABLE


def read_only_but_for_its_own():
    rw = {place for place, options, kind in mounts() if "ro" not in options and kind not in ("proc", "devpts")}
    wrong = [f"{place} is writable" for place in rw - WRITABLE
             if os.access(place, os.W_OK) and not stat.S_ISCHR(os.stat(place).st_mode)]  # hidden behind /dev/null
    for place, options, _ in mounts():
        if place in WRITABLE - SOCKET_FOLDERS and not {"nosuid", "nodev"} <= options:
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
    for path, mode in everything():
        if path.startswith("/data/"):
            tries += [(f"chmod {path}", lambda path=path: os.chmod(path, 0o777)),
                      (f"utime {path}", lambda path=path: os.utime(path)),
                      (f"rename {path}", lambda path=path: os.rename(path, path + "~")),
                      (f"link {path}", lambda path=path: os.link(path, "/home/researcher/.probe-link"))]
            if stat.S_ISDIR(mode):
                tries.append((f"new in {path}", lambda path=path: open(path + "/.probe", "x").close()))
            else:
                tries += [(f"append {path}", lambda path=path: open(path, "ab").close()),
                          (f"truncate {path}", lambda path=path: os.truncate(path, 0)),
                          (f"unlink {path}", lambda path=path: os.unlink(path))]
        if len(tries) > 400:
            break
    found = succeeded(*tries)
    return not found and bool(tries), found or f"{len(tries)} ways tried"


def no_device_but_the_harmless():
    found = [path for path, mode in everything()
             if (stat.S_ISBLK(mode) or stat.S_ISCHR(mode))
             and os.path.basename(path) not in DEVICES and not path.startswith("/dev/pts/")]
    null = "/home/researcher/.probe-null"
    found += succeeded(("mknod", lambda: os.mknod(null, 0o600 | stat.S_IFCHR, os.makedev(1, 3))))
    return not found, found
