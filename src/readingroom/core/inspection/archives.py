"""Packages as files: a wheel or an R source package, opened within bounds, with nothing compiled and nothing hidden."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.model import Inspection
from readingroom.core.inspection.size import check_size
from readingroom.core.packages import Ecosystem, description_stanza, identify
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

MOST_ENTRIES = 20_000
MOST_UNPACKED = 32 * 2**20
MOST_RATIO = 100
SMALL = 2**20  # what unpacks to less is no bomb, however well it compresses
CHUNK = 2**16
BINARIES = ((b"\x7fELF", "a program for Linux"), (b"MZ", "a program for Windows"), (b"\xcf\xfa\xed\xfe", "a program"),
            (b"\xfe\xed\xfa\xcf", "a program"), (b"\xca\xfe\xba\xbe", "a program or Java class"),
            (b"\0asm", "WebAssembly"), (b"!<arch>\n", "a compiled library"))
ARCHIVES = ((b"PK\x03\x04", "a zip archive"), (b"\x1f\x8b", "gzip data"), (b"BZh", "bzip2 data"),
            (b"\xfd7zXZ", "xz data"), (b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a rar archive"),
            (b"\xd0\xcf\x11\xe0", "an old Office file, which may hold macros"))
MAGIC = {Ecosystem.PIP: b"PK\x03\x04", Ecosystem.CRAN: b"\x1f\x8b"}
R_DATA = re.compile(r"(?i)\.(rda|rdata|rds|rdb|gz)$")
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError, NotImplementedError,
          RuntimeError, KeyError)


class Unsafe(Exception):
    """Opening it is refused; says why."""


@dataclass(frozen=True)
class Entry:
    name: str
    content: bytes


def is_package(name: str, content: bytes) -> bool:
    """Whether name and first bytes are those of a package that can be brought in."""
    try:
        ecosystem, _, _ = identify(name)
    except InvalidInput:
        return False
    return content.startswith(MAGIC[ecosystem])


def unpacked(name: str, content: bytes) -> tuple[Entry, ...] | None:
    """Every file in it, for a page; None if it can't be opened within bounds."""
    try:
        return _unpack(name, content)
    except (InvalidInput, Unsafe, *BROKEN):
        return None


def _unpack(name: str, content: bytes) -> tuple[Entry, ...]:
    ecosystem, project, _ = identify(name)
    return _wheel_entries(content) if ecosystem is Ecosystem.PIP else _source_entries(project, content)


def inspect_package(name: str, content: bytes, policy: Policy) -> Inspection:
    """REVIEW at best: what is installed runs beside the data. Work and memory are bounded, whatever the bytes."""
    findings = check_size(content, policy)
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        return Inspection("unknown", tuple(findings))
    if not is_package(name, content):
        return Inspection("unknown", (_refused("package.type", "It is neither a wheel nor an R source package."),))
    ecosystem, project, _ = identify(name)
    try:
        entries = _unpack(name, content)
        own = _wheel_findings(entries) if ecosystem is Ecosystem.PIP else _source_findings(project, entries)
        found = [finding for entry in entries for finding in _entry_findings(entry)] + own
    except Unsafe as error:
        found = [_refused("package.unsafe", str(error))]
    except InvalidInput as error:
        found = [_refused(error.rule, error.message)]
    except BROKEN as error:
        found = [_refused("package.unreadable", f"It can't be read as what its name says ({type(error).__name__}).")]
    return Inspection("package", (*findings, *found))


def _refused(rule: str, message: str) -> Finding:
    return Finding(rule, Verdict.FAIL, message, "Bring in a package of plain source, as its authors published it, or "
                   "ask the administrator for it: rr.packages.request(name, reason).")


# Wheels


def _wheel_entries(content: bytes) -> tuple[Entry, ...]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        listed = archive.infolist()
        _check_totals(len(listed), sum(info.file_size for info in listed), len(content))
        if len({info.filename for info in listed}) != len(listed):
            raise Unsafe("It holds two files of one name.")
        for info in listed:
            _check_path(info.filename)
            if stat.S_ISLNK(info.external_attr >> 16) or info.flag_bits & 1:
                raise Unsafe(f"It holds a link or an encrypted file: {info.filename[:100]}.")
        return tuple(Entry(info.filename, _read(archive.open(info), info.file_size))
                     for info in listed if not info.is_dir())


def _wheel_findings(entries: Sequence[Entry]) -> list[Finding]:
    record = next((entry for entry in entries
                   if entry.name.endswith(".dist-info/RECORD") and entry.name.count("/") == 1), None)
    found = ([_refused("package.record", "It has no list of its files (RECORD), which each wheel has.")]
             if record is None else _record_findings(record, entries))
    for entry in entries:
        top = entry.name.rpartition(".data/purelib/")[2] if ".data/purelib/" in entry.name else entry.name
        if top.endswith(".pth") and (top.count("/") == 0 or ".data/" in top):
            found.append(_refused("package.start-up", f"{entry.name[:100]} would run whenever Python starts."))
    return [*found, _to_read([entry.name for entry in entries if entry.name.endswith(".py")], "Python")]


def _record_findings(record: Entry, entries: Sequence[Entry]) -> list[Finding]:
    """What RECORD says of each file must be so, and it must say something of each."""
    said = {row[0]: row[1] for row in csv.reader(io.StringIO(record.content.decode())) if len(row) >= 2}
    signed = {record.name, *(f"{record.name}{more}" for more in (".jws", ".p7s"))}
    wrong = sorted(entry.name for entry in entries if entry.name not in signed and said.get(entry.name) != _hash(entry))
    return [_refused("package.record", f"{name[:100]} is not as the list of its files (RECORD) says.")
            for name in wrong[:1]]


def _hash(entry: Entry) -> str:
    """As RECORD writes it."""
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(entry.content).digest()).decode().rstrip('=')}"


# R source packages


def _source_entries(project: str, content: bytes) -> tuple[Entry, ...]:
    entries = []
    with tarfile.open(fileobj=io.BytesIO(_gunzip(content)), mode="r:") as archive:
        for number, member in enumerate(_members(archive), start=1):
            _check_totals(number, member.size, len(content))
            _check_path(member.name)
            if not (member.isreg() or member.isdir()):
                raise Unsafe(f"It holds something that is neither file nor folder: {member.name[:100]}.")
            if member.name.partition("/")[0] != project:
                raise Unsafe(f"It holds a file outside its own folder: {member.name[:100]}.")
            if member.isreg() and (file := archive.extractfile(member)) is not None:
                entries.append(Entry(member.name, file.read()))
    return tuple(entries)


def _source_findings(project: str, entries: Sequence[Entry]) -> list[Finding]:
    """Raises InvalidInput for one that says itself that it has to be compiled."""
    found = []
    for entry in entries:
        inner = entry.name.removeprefix(f"{project}/")
        if inner in ("configure", "cleanup", "configure.win") or inner.startswith("src/"):
            found.append(_refused("package.compiled", f"{entry.name[:100]} would run or be compiled when it is "
                                  "installed."))
    description = next((entry for entry in entries if entry.name == f"{project}/DESCRIPTION"), None)
    if description is None:
        found.append(_refused("package.description", "It has no DESCRIPTION, which each R package has."))
    else:
        description_stanza(description.content.decode(errors="replace"))
    return [*found, _to_read([entry.name for entry in entries if entry.name.lower().endswith(".r")], "R")]


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := archive.next()) is not None:
        yield member


def _gunzip(content: bytes) -> bytes:
    """All of it, or Unsafe once it grows beyond bounds. More than one stream in a row is read, as tar does."""
    out, rest = bytearray(), content
    while rest:
        stream = zlib.decompressobj(wbits=31)
        while rest and not stream.eof:
            out += stream.decompress(rest, CHUNK)
            rest = stream.unconsumed_tail
            _check_totals(1, len(out), len(content))
        if not stream.eof:
            raise EOFError
        rest = stream.unused_data.lstrip(b"\0")
    return bytes(out)


# Both


def _check_totals(entries: int, unpacked: int, packed: int) -> None:
    if entries > MOST_ENTRIES:
        raise Unsafe(f"It holds {entries:,} files; {MOST_ENTRIES:,} is the most.")
    if unpacked > MOST_UNPACKED or unpacked > max(SMALL, packed * MOST_RATIO):
        raise Unsafe(f"It unpacks to {unpacked:,} bytes or more from {packed:,}.")


def _check_path(name: str) -> None:
    parts = name.rstrip("/").split("/")
    if not name or name.startswith("/") or "\\" in name or ".." in parts or "" in parts or not name.isprintable():
        raise Unsafe(f"It holds a file whose name leads elsewhere: {name[:100]!r}.")


def _read(stream: IO[bytes], declared: int) -> bytes:
    """What was declared and no more: a header can lie about the size."""
    content = stream.read(declared + 1)
    if len(content) != declared:
        raise Unsafe("A file in it is not as long as it says.")
    return content


def _entry_findings(entry: Entry) -> list[Finding]:
    for magic, what in BINARIES:
        if entry.content.startswith(magic):
            return [_refused("package.binary", f"{entry.name[:100]} is {what}, which nobody can read.")]
    if R_DATA.search(entry.name):
        return [Finding("package.data", Verdict.REVIEW, f"{entry.name[:100]} is data in a form that is not shown.")]
    for magic, what in ARCHIVES:
        if entry.content.startswith(magic):
            return [_refused("package.nested", f"{entry.name[:100]} is {what} within the package.")]
    return []


def _to_read(sources: list[str], language: str) -> Finding:
    return Finding("package.read", Verdict.REVIEW, f"{language} files in it: {len(sources)}. They run where it is "
                   "used, so a person has to read them and know where they are from.")
