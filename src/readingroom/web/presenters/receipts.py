"""A usage receipt in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readingroom.core.receipts import Asked, ReleasedOutput, Session
from readingroom.services.receipts import Shown
from readingroom.web.addresses import page
from readingroom.web.presenters import times

PAGE_SIZE = 25
LATEST = 50


@dataclass(frozen=True)
class SessionRow:
    who: str
    opened: times.When | None
    lasted: str
    ended: str
    columns: str


@dataclass(frozen=True)
class ReleaseRow:
    request: int
    who: str
    made: times.When | None
    files: tuple[str, ...]
    recalled: bool


@dataclass(frozen=True)
class AskedRow:
    answer: int
    who: str
    at: times.When | None
    cost: str
    status: str


@dataclass(frozen=True)
class ReceiptPage:
    """`columns` are all that were mounted in any session, by table; `people` what each person's sessions add up to."""

    summary: tuple[tuple[str, str], ...]
    people: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    sessions: tuple[SessionRow, ...]
    releases: tuple[ReleaseRow, ...]
    asked: tuple[AskedRow, ...]
    csv: str
    json: str
    event: str


def receipt(found: Shown, number: int, now: datetime) -> ReceiptPage:
    """The `number`-th page of sessions; releases and questions are the latest, the download has all."""
    told = found.receipt
    names = {username: person.display_name for username, person in found.people.items()}
    spent = sum(one.cost_micro_rho for one in told.asked if one.status != "refunded")
    begin = (number - 1) * PAGE_SIZE
    here = page(f"/grants/{told.grant}/receipt")
    return ReceiptPage(
        summary=(
            (times.plural(len(told.sessions), "session").split()[-1], f"{len(told.sessions):,}"),
            (times.plural(len(told.releases), "release").split()[-1], f"{len(told.releases):,}"),
            (times.plural(len(told.asked), "private question").partition(" ")[2], f"{len(told.asked):,}"),
            ("micro-rho spent", f"{spent:,}"),
        ),
        people=_people(told.sessions, names, now),
        columns=_columns(told.sessions),
        sessions=tuple(_session(one, names, now) for one in told.sessions[begin : begin + PAGE_SIZE]),
        releases=tuple(_release(one, names, now) for one in told.releases[:LATEST]),
        asked=tuple(_asked(one, names, now) for one in told.asked[:LATEST]),
        csv=f"{here}.csv",
        json=f"{here}.json",
        event=f"{told.seq:,}",
    )


def _people(sessions: tuple[Session, ...], names: dict[str, str], now: datetime) -> tuple[tuple[str, str], ...]:
    seconds: dict[str, float] = {}
    count: dict[str, int] = {}
    for one in sessions:
        seconds[one.username] = seconds.get(one.username, 0) + ((one.closed_at or now) - one.opened_at).total_seconds()
        count[one.username] = count.get(one.username, 0) + 1
    return tuple(
        (names.get(who, who), f"{times.plural(count[who], 'session')}, {times.length(seconds[who])} in all")
        for who in sorted(seconds, key=lambda who: -seconds[who]))


def _columns(sessions: tuple[Session, ...]) -> tuple[tuple[str, str], ...]:
    read: dict[str, dict[str, None]] = {}
    for one in sessions:
        for table, columns in one.columns.items():
            read.setdefault(table, {}).update(dict.fromkeys(columns))
    return tuple((table, ", ".join(columns)) for table, columns in sorted(read.items()))


def _session(one: Session, names: dict[str, str], now: datetime) -> SessionRow:
    columns = sum(len(held) for held in one.columns.values())
    return SessionRow(
        names.get(one.username, one.username),
        times.when(one.opened_at, now),
        times.length(((one.closed_at or now) - one.opened_at).total_seconds()),
        one.close_reason if one.closed_at else "Open now",
        f"{times.plural(columns, 'column')} of {times.plural(len(one.columns), 'table')}",
    )


def _release(one: ReleasedOutput, names: dict[str, str], now: datetime) -> ReleaseRow:
    return ReleaseRow(one.request, names.get(one.author, one.author), times.when(one.made_at, now),
                      tuple(name for name, _ in one.files), one.recalled)


def _asked(one: Asked, names: dict[str, str], now: datetime) -> AskedRow:
    return AskedRow(one.answer, names.get(one.username, one.username), times.when(one.at, now),
                    f"{one.cost_micro_rho:,} micro-rho", one.status)
