"""How the container is looked at."""

import ctypes
import errno
import functools
import os
import stat

from readingroom.hub.probe.tables import LIBC


def call(number, *arguments):
    """The error's name, or "" if the kernel did it."""
    ctypes.set_errno(0)
    if LIBC.syscall(ctypes.c_long(number), *[ctypes.c_long(one) for one in arguments]) != -1:
        return ""
    return errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno()))


def status():
    with open("/proc/self/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@functools.cache
def everything():
    """Every path of the container but /proc and /sys, with its mode; what cannot be read is passed over."""
    folders, found = ["/"], []
    while folders:
        try:
            entries = list(os.scandir(folders.pop()))
        except OSError:
            continue
        for entry in entries:
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
            except OSError:
                continue
            if stat.S_ISDIR(mode) and entry.path not in ("/proc", "/sys"):
                folders.append(entry.path)
            found.append((entry.path, mode))
    return found


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
