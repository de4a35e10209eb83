"""Packages that a project may install: exact files by hash, and requests for more. Nothing else can be installed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from html import escape

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from readingroom.errors import InvalidInput

# What the door lets through in a path; a local version ("+cpu") is not among it.
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}\Z")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?\Z")
_SOURCE = re.compile(r"([A-Za-z][A-Za-z0-9.]+)_([0-9][0-9.-]*)\.tar\.gz\Z")
_PAGE = """<!DOCTYPE html>
<html><head><meta name="pypi:repository-version" content="1.0"></head><body>
{}</body></html>"""
# Of a source package's DESCRIPTION, what R's PACKAGES index carries.
INDEX_FIELDS = ("Package", "Version", "Depends", "Imports", "LinkingTo", "Suggests", "License", "NeedsCompilation")


class Ecosystem(StrEnum):
    PIP = "pip"
    CRAN = "cran"


class PackageRequestStatus(StrEnum):
    ASKED = "asked"
    ADDED = "added"
    REFUSED = "refused"


@dataclass(frozen=True)
class Package:
    """One file that one project may install. `index` is what its index says of it beside name and hash."""

    project: str
    ecosystem: Ecosystem
    name: str
    version: str
    filename: str
    sha256: str
    size_bytes: int
    index: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True)
class PackageRequest:
    """A member's wish for a package, and what the administrator said."""

    id: int
    project: str
    username: str
    ecosystem: Ecosystem
    name: str
    reason: str
    status: PackageRequestStatus
    asked_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision: str = ""


def identify(filename: str) -> tuple[Ecosystem, str, str]:
    """Ecosystem, canonical name and version of a wheel or of an R source package, from its file name.

    Raises InvalidInput for anything else: a Python source distribution would run its author's code to be installed.
    """
    if _FILENAME.match(filename):
        if source := _SOURCE.match(filename):
            return Ecosystem.CRAN, source[1], source[2]
        try:
            name, version, _, _ = parse_wheel_filename(filename)
            return Ecosystem.PIP, str(name), str(version)
        except InvalidWheelFilename:
            pass
    raise InvalidInput(f"{filename!r} is neither a wheel nor an R source package.", rule="packages.file",
                       value=filename, next_step="Add NAME-VERSION-...whl (without a local version such as +cpu), or "
                       "NAME_VERSION.tar.gz of CRAN.")


def check_name(ecosystem: Ecosystem, name: str) -> str:
    """The name as the ecosystem's index spells it; InvalidInput if it can't be one."""
    if not _NAME.match(name):
        raise InvalidInput(f"{name[:100]!r} is no package's name.", rule="packages.name", value=name[:100],
                           next_step="Give the name alone, as in the package's index: no version, no address.")
    return canonicalize_name(name) if ecosystem is Ecosystem.PIP else name


def simple_index(names: frozenset[str]) -> str:
    """The root of a simple repository (PEP 503)."""
    links = "".join(f'<a href="{escape(name)}/">{escape(name)}</a>\n' for name in sorted(names))
    return _PAGE.format(links)


def simple_page(packages: tuple[Package, ...]) -> str:
    """One package's page (PEP 503): every file with its hash, which pip compares before it installs."""
    links = "".join(
        f'<a href="../../files/{one.sha256}/{escape(one.filename)}#sha256={one.sha256}"'
        + (f' data-requires-python="{escape(one.index)}"' if one.index else "")
        + f">{escape(one.filename)}</a>\n" for one in packages)
    return _PAGE.format(links)


def cran_index(packages: tuple[Package, ...]) -> str:
    """The PACKAGES file of a CRAN-like repository."""
    return "\n".join(one.index.rstrip("\n") + "\n" for one in packages)


def description_stanza(description: str) -> str:
    """What PACKAGES says of a source package, from its DESCRIPTION.

    Raises InvalidInput for one that has to be compiled: a workspace has no compiler.
    """
    fields: dict[str, str] = {}
    last = ""
    for line in description.splitlines():
        if line[:1].isspace() and last:
            fields[last] += " " + line.strip()
        elif ":" in line:
            last, _, value = line.partition(":")
            fields[last] = value.strip()
    if fields.get("NeedsCompilation", "no").lower() != "no" or "LinkingTo" in fields:
        raise InvalidInput(f"{fields.get('Package', 'This package')} has to be compiled, and a workspace has no "
                           "compiler.", rule="packages.compiled", value=fields.get("Package"),
                           next_step="Use Debian's r-cran-... package in the image, or one of pure R.")
    return "".join(f"{name}: {fields[name]}\n" for name in INDEX_FIELDS if name in fields)
