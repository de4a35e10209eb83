"""Packages of the distribution: installed when we may, asked for by name when we may not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from readingroom.errors import Unavailable
from readingroom.ops.progress import Progress, run


def ask_for(packages: Sequence[str], why: str) -> Unavailable:
    """The error that says exactly what to install and why."""
    names = " ".join(packages)
    return Unavailable(
        f"{why} needs {names}, and this account may not install packages.",
        rule="ops.packages",
        value=names,
        next_step=f"As root: apt-get install --no-install-recommends {names}",
    )


def available(package: str) -> bool:
    """Whether apt knows a version of this package it could install."""
    if not shutil.which("apt-cache"):
        return False
    answer = run(
        ["apt-cache", "policy", package],
        failure="apt-cache failed",
        next_step="Check the package sources in /etc/apt.",
    )
    return "Candidate:" in answer and "Candidate: (none)" not in answer


def update(progress: Progress) -> None:
    """Read the package lists anew. Raises Unavailable if no source answers."""
    with progress.step("Reading the package lists") as detail:
        run(
            ["apt-get", "-qq", "update"],
            failure="The package lists could not be read",
            next_step="Check the package sources in /etc/apt.",
            detail=detail,
        )


def install(packages: Sequence[str], why: str, progress: Progress, *, updated: bool = False) -> None:
    """Install distribution packages without recommendations; Unavailable says what to do instead."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ask_for(packages, why)
    if not updated:
        update(progress)
    with progress.step(f"Installing {' '.join(packages)}") as detail:
        run(
            ["apt-get", "install", "-y", "--no-install-recommends", *packages],
            failure="The packages did not install",
            next_step=f"By hand, to see more: apt-get install --no-install-recommends {' '.join(packages)}",
            environment={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            detail=detail,
        )
