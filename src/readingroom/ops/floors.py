"""The oldest versions that are safe to run, and why (advisories as of September 2026)."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """`versions`: the fixed release of each maintained line, newest line last."""

    name: str
    versions: tuple[str, ...]
    because: str


PLATFORM = (
    Floor("jupyterhub", ("5.5.1",), "GHSA-c4gm-pwx9-9w8j, GHSA-69wv-m5fw-2fhp"),
    Floor("dockerspawner", ("13",), "CVE-2023-48311: a user could spawn any image"),
    Floor("tornado", ("6.5",), "denial of service by multipart logging"),
)
WORKSPACE = (
    Floor("jupyterhub", ("5.5.1",), "GHSA-c4gm-pwx9-9w8j, GHSA-69wv-m5fw-2fhp"),
    Floor("jupyter-server", ("2.20.0",), "CVE-2026-44727: notebook HTML on the Jupyter origin"),
    Floor("jupyterlab", ("4.5.10", "4.6.2"), "CVE-2026-73415, -73417, -73627"),
    Floor("nbconvert", ("7.17.1",), "CVE-2026-39377, -39378: path traversal"),
    Floor("tornado", ("6.5",), "denial of service by multipart logging"),
)
MOBY = Floor("Moby", ("23.0.11", "25.0.5", "26.0"), "CVE-2024-29018: names leak out of internal networks")
RUNC = Floor("runc", ("1.2.8", "1.3.3"), "CVE-2025-31133, -52565, -52881: ways out of a container")


def parse(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: `1.1.5+ds1` is (1, 1, 5). Empty if there are none."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", version.strip())
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


def meets(version: str, floor: Floor) -> bool:
    """Whether a version is at or above the floor of its own line.

    A fixed older line counts (25.0.5 is fine although 25.9 comes before 26.0); a version that can't be
    read does not. Lines are told apart by their leading numbers: the major one, or, where two floors share
    it, major and minor.
    """
    found = parse(version)
    if not found:
        return False
    floors = [parse(text) for text in floor.versions]
    if found >= floors[-1]:
        return True
    width = 1 if len({line[0] for line in floors}) == len(floors) else 2
    return any(found[:width] == line[:width] and found >= line for line in floors[:-1])
