"""The usage receipt of a grant: who had its data open when, which columns, what left, and what was asked privately.

A session counts if the grant had an extract when the workspace opened: without one nothing of it was mounted. The
columns are those of the extract that was newest then; what was read of them inside the workspace is the researcher's
own affair, and can't be known.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785

from readingroom.core.workspaces import Opening

FORMAT = "readingroom-receipt/1"


@dataclass(frozen=True)
class Made:
    """An extract of the grant: when it was made and destroyed (None: it still exists), and what it held."""

    at: datetime
    until: datetime | None
    version: str
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Session:
    """One opening of a workspace that had the grant's data mounted; `closed_at` None: it is open."""

    username: str
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str
    version: str
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ReleasedOutput:
    """One release of the project: the request, when it was made, each file with its hash, and how many approvals each
    of them needed; `verified` of them the platform had computed itself."""

    request: int
    author: str
    made_at: datetime
    sha256: str
    files: tuple[tuple[str, str], ...]
    recalled: bool
    approvals: int = 0
    verified: int = 0


@dataclass(frozen=True)
class Asked:
    """One private question about the dataset: who, when, what it cost and how it ended. Never the answer."""

    answer: int
    username: str
    at: datetime
    cost_micro_rho: int
    status: str


@dataclass(frozen=True)
class Receipt:
    """Everything of one grant up to event `seq` of the audit log, whose hash is `head`."""

    grant: int
    dataset: str
    project: str
    sessions: tuple[Session, ...]
    releases: tuple[ReleasedOutput, ...]
    asked: tuple[Asked, ...]
    seq: int
    head: str

    @property
    def people(self) -> frozenset[str]:
        """Everyone whose deeds are in it."""
        return frozenset((*(one.username for one in self.sessions), *(one.username for one in self.asked),
                          *(one.author for one in self.releases)))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, for the download and its hash."""
        return {
            "format": FORMAT, "grant": self.grant, "dataset": self.dataset, "project": self.project,
            "audit": {"seq": self.seq, "hash": self.head},
            "sessions": [{
                "person": one.username, "opened_at": _text(one.opened_at), "closed_at": _text(one.closed_at),
                "close_reason": one.close_reason, "version": one.version,
                "columns": {table: list(names) for table, names in one.columns.items()}} for one in self.sessions],
            "releases": [{
                "request": one.request, "author": one.author, "made_at": _text(one.made_at), "sha256": one.sha256,
                "files": [{"name": name, "sha256": sha256} for name, sha256 in one.files], "recalled": one.recalled,
                "approvals_required": one.approvals, "verified": one.verified}
                for one in self.releases],
            "private_answers": [{
                "answer": one.answer, "person": one.username, "asked_at": _text(one.at),
                "cost_micro_rho": one.cost_micro_rho, "status": one.status} for one in self.asked],
        }

    @property
    def sha256(self) -> str:
        """Of its canonical JSON (RFC 8785): what the log keeps of a download, so that a copy can be proved later."""
        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()


CSV_COLUMNS = ("kind", "person", "from", "until", "what", "detail")


def sessions_of(openings: Sequence[Opening], made: Sequence[Made]) -> tuple[Session, ...]:
    """The openings that had the grant's data mounted, newest first, with the columns of the extract of that time.

    Example: an extract made at 9:00 and destroyed at 12:00: openings at 8:00 and 13:00 had nothing of it.
    """
    found = []
    for opening in openings:
        existing = [one for one in made if one.at <= opening.opened_at
                    and (one.until is None or opening.opened_at < one.until)]
        if existing:
            mounted = max(existing, key=lambda one: one.at)
            found.append(Session(opening.username, opening.opened_at, opening.closed_at, opening.close_reason,
                                 mounted.version, mounted.columns))
    return tuple(sorted(found, key=lambda one: one.opened_at, reverse=True))


def as_csv(receipt: Receipt) -> str:
    """One line for each session, released file and private question; formulas in a cell are made harmless."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for one in receipt.sessions:
        columns = " ".join(f"{table}.{name}" for table, names in one.columns.items() for name in names)
        writer.writerow(map(_cell, ("session", one.username, _text(one.opened_at), _text(one.closed_at), columns,
                                    one.close_reason)))
    for made in receipt.releases:
        for name, sha256 in made.files:
            writer.writerow(map(_cell, ("release", made.author, _text(made.made_at), "", name,
                                        f"request {made.request}, sha256 {sha256}"
                                        + (", recalled" if made.recalled else ""))))
    for ask in receipt.asked:
        writer.writerow(map(_cell, ("private answer", ask.username, _text(ask.at), "", f"answer {ask.answer}",
                                    f"{ask.cost_micro_rho} micro-rho, {ask.status}")))
    return out.getvalue()


def _cell(value: str | None) -> str:
    """A cell that no spreadsheet takes for a formula (ASVS 1.2.10)."""
    text = value or ""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
