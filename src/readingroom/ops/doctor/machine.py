"""The kernel, its memory, and room on its disks."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from readingroom.ops.checks import Check, Level, fail, ok, warn

GIB = 1024**3
MEMORY_WISH_BYTES = 4 * GIB


def kernel() -> Iterator[Check]:
    if platform.system() != "Linux":
        yield fail("kernel", f"This is {platform.system()}, not Linux.", "Use a Linux machine.")
        return
    yield ok("kernel", f"Linux {platform.release()}")
    yield feature(
        "seccomp",
        Path("/proc/sys/kernel/seccomp/actions_avail"),
        lambda text: "errno" in text,
        level=Level.FAILURE,
        fix="Use a kernel with CONFIG_SECCOMP_FILTER.",
    )
    yield feature(
        "overlay",
        Path("/proc/filesystems"),
        lambda text: "overlay" in text,
        level=Level.WARNING,
        fix="Load it: modprobe overlay. Without it images are slow and large.",
    )
    yield feature(
        "user namespaces",
        Path("/proc/sys/user/max_user_namespaces"),
        lambda text: int(text) > 0,
        level=Level.WARNING,
        fix="Only rootless set-ups need them: sysctl user.max_user_namespaces=15000",
    )
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        yield ok("cgroups", "Control groups, version 2")
    elif Path("/sys/fs/cgroup/memory").is_dir() and Path("/sys/fs/cgroup/pids").is_dir():
        yield ok("cgroups", "Control groups, version 1")
    else:
        yield fail(
            "cgroups",
            "No control groups for memory and processes: limits would not hold.",
            "Mount /sys/fs/cgroup; see the distribution's documentation.",
        )
    yield _memory()


def feature(name: str, file: Path, test: Callable[[str], bool], *, level: Level, fix: str) -> Check:
    try:
        present = test(file.read_text())
    except (OSError, ValueError):
        return warn(name, f"Can't tell whether this kernel has {name} ({file} is not readable).", fix)
    return ok(name, f"{name}: yes") if present else Check(name, level, f"This kernel has no {name}.", fix)


def _memory() -> Check:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    text = f"{total / GIB:.1f} GiB of memory"
    if total >= MEMORY_WISH_BYTES:
        return ok("memory", text)
    return warn("memory", f"{text}: room for one workspace at most.", "4 GiB and 2 more per open workspace.")


def space(name: str, folder: Path, floor: int, wish: int) -> Check:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return warn(name, f"Can't tell how much room {folder} has ({error.strerror}).", "Look with: df -h")
    text = f"{free / GIB:.1f} GiB free at {folder}"
    fix = f"Make room: at least {wish / GIB:.0f} GiB."
    if free < floor:
        return fail(name, f"Only {text}.", fix)
    return ok(name, text) if free >= wish else warn(name, f"Only {text}.", fix)
