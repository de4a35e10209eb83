"""The installation's own things: state, policies, keys, processes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from readingroom.clamd import ClamdScanner
from readingroom.errors import PolicyError, ReadingRoomError, Unavailable
from readingroom.ops import install, supervise
from readingroom.ops.checks import Check, fail, ok, warn
from readingroom.ops.doctor.machine import GIB, space
from readingroom.settings import STATE_VARIABLE, Settings
from readingroom.storage.policies import load_policies

STATE_SPACE_FLOOR_BYTES = 1 * GIB
STATE_SPACE_WISH_BYTES = 5 * GIB


def state(settings: Settings) -> Iterator[Check]:
    folder = settings.state_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    other = f"Choose another directory in {STATE_VARIABLE}, or give this one to the account that runs this."
    if os.statvfs(existing).f_flag & os.ST_RDONLY:
        yield fail("state directory", f"{existing} is on a read-only file system.", other)
    elif not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield fail("state directory", f"{existing} can't be written by this account.", other)
    elif install.looks_foreign(settings):
        yield fail("state directory", f"{folder} holds something else than an installation.", other)
    else:
        yield ok("state directory", str(folder))
    yield space("disk space", existing, STATE_SPACE_FLOOR_BYTES, STATE_SPACE_WISH_BYTES)


def policies(settings: Settings) -> Iterator[Check]:
    if not settings.policies_dir.is_dir():
        yield fail("policies", f"{settings.policies_dir} is missing.", "Set policies_dir in settings.toml.")
        return
    try:
        load_policies(settings.policies_dir)
    except PolicyError as error:
        for fault in error.faults:
            yield fail("policies", fault, "Correct it; `readingroom policy validate` looks again.")
    else:
        yield ok("policies", f"No faults in {settings.policies_dir}")


def scanner(settings: Settings) -> Iterator[Check]:
    """A malware scanner that is set or demanded has to answer, and to take a file as large as policy lets in."""
    try:
        site = load_policies(settings.policies_dir).site.policy
    except PolicyError:
        return  # said already
    if not settings.clamav_socket:
        if site.incoming_scanned:
            yield warn("malware scanner", "Policy lets in only what was scanned (incoming_scanned), and none is set.",
                       "Set clamav_socket in settings.toml; until then nothing comes in.")
        return
    try:
        ClamdScanner(Path(settings.clamav_socket)).scan(bytes(site.incoming_file_bytes or 0))
    except Unavailable as error:
        yield warn("malware scanner", error.message, error.next_step)
    else:
        yield ok("malware scanner", f"Answers at {settings.clamav_socket}")


def keys(settings: Settings) -> Iterator[Check]:
    folder = settings.keys_dir
    try:
        if not folder.exists():
            yield ok("keys", "None yet; the first start makes them")
            return
        faults = list(_key_faults(folder))
        missing = [name for name in install.KEY_FILES if not (folder / name).exists()]
    except OSError as error:
        yield fail("keys", f"{folder} can't be read ({error.strerror}).", "Run as the account that made it.")
        return
    for path, what, fix in faults:
        yield fail("keys", f"{path} {what}.", fix)
    if missing:
        yield warn(
            "keys",
            f"Missing: {', '.join(missing)}.",
            "The next start makes those that nothing depends on yet; restore others from the backup.",
        )
    if not faults and not missing:
        yield ok("keys", f"{len(install.KEY_FILES)} keys, readable by their owner only")


def _key_faults(folder: Path) -> Iterator[tuple[Path, str, str]]:
    wanted = {folder: 0o700} | {
        folder / name: 0o600 for name in install.KEY_FILES if (folder / name).exists()
    }
    for path, mode in wanted.items():
        state = path.lstat()
        if stat.S_ISLNK(state.st_mode):
            yield path, "is a symbolic link", "Replace it by the file itself."
        elif state.st_uid != os.geteuid():
            yield path, f"belongs to account {state.st_uid}", f"chown {os.geteuid()} {path}"
        elif stat.S_IMODE(state.st_mode) & ~mode:
            yield path, f"has mode {stat.S_IMODE(state.st_mode):04o}", f"chmod {mode:04o} {path}"


def processes(settings: Settings) -> Iterator[Check]:
    try:
        found = supervise.status(settings)
    except ReadingRoomError as error:
        yield fail("processes", error.message, error.next_step)
        return
    bad = [program for program in found if program.state in ("FATAL", "BACKOFF", "EXITED", "UNKNOWN")]
    for program in bad:
        yield fail(
            f"process {program.name}",
            f"{program.name} is {program.state}: {program.description}.",
            f"See {settings.logs_dir / (program.name + '.log')}",
        )
    if found and not bad:
        yield ok("processes", ", ".join(f"{program.name} {program.state.lower()}" for program in found))
