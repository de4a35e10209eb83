"""As little of the kernel as JupyterLab needs."""

import ctypes
import mmap
import os
import platform
import signal
import socket

from readingroom.hub.probe.looking import call, succeeded
from readingroom.hub.probe.tables import CALLS, FAMILIES, LIBC, MACHINE, NAMESPACES, TELLING


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
    raw += succeeded(*((f"netlink {part}", lambda part=part: socket.socket(16, socket.SOCK_RAW, part).close())
                       for part in range(1, 32)))  # 0 lists interfaces; the others reach filters, audit, crypto ...
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


def secrets_of_the_kernel():
    found = succeeded(*((path, lambda path=path: open(path, "rb").read(1) or os.stat("/nonexistent"))
                        for path in TELLING))
    return not found, found


def no_disk_of_the_machine():
    """Of a loop device the kernel tells the file, and so whose home it is; of any disk, how busy it is."""
    found = [os.path.join(folder, name) for folder, folders, names in os.walk("/sys")
             for name in (*names, *folders) if name in ("backing_file", "session_write_kbytes", "block")]
    found = [path for path in found if not os.path.isdir(path) or os.listdir(path)]
    return not found, found[:20]


def settings_of_the_kernel():
    """Nothing below /proc/sys or /sys can be written, nor the machine's own switches in /proc."""
    tried, found = 0, []
    for top in ("/proc/sys", "/sys"):
        for folder, _, names in os.walk(top):
            for name in names:
                tried += 1
                try:
                    os.close(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_NONBLOCK))
                    found.append(os.path.join(folder, name))
                except OSError:
                    pass
    return not found and tried > 100, found[:20] or f"{tried} tried"
