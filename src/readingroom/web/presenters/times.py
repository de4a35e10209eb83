"""Dates and times as people say them, with the exact one beside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from readingroom.core.days import HERE, day_of
from readingroom.core.shown import Shown

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class When:
    """`text` is relative, `exact` is for the title, `iso` for machines."""

    text: str
    exact: str
    iso: str


def day(value: date) -> str:
    return f"{value:%-d %B %Y}"


def exact(value: datetime) -> str:
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    return f"{value.astimezone(HERE):%-d %B %Y, %H:%M:%S %Z}"


def stamp(value: datetime) -> str:
    """`24 Nov 2026, 10:00:00`, for lines of a log."""
    return f"{value.astimezone(HERE):%-d %b %Y, %H:%M:%S}"


def clock(value: datetime) -> str:
    """`10:00:15`, of today."""
    return f"{value.astimezone(HERE):%H:%M:%S}"


def hour(value: datetime) -> str:
    """`10:00`, of today or of the night to come."""
    return f"{value.astimezone(HERE):%H:%M}"


def when(value: datetime | None, now: datetime) -> When | None:
    """`3 minutes ago`, `2 days ago`, or the day itself once it is over a week away."""
    if value is None:
        return None
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    seconds = (now - value).total_seconds()
    return When(_relative(seconds, value), exact(value), value.isoformat())


def _relative(seconds: float, value: datetime) -> str:
    if seconds < MINUTE:
        return "just now"
    for unit, length, limit in (("minute", MINUTE, HOUR), ("hour", HOUR, DAY), ("day", DAY, 7 * DAY)):
        if seconds < limit:
            return f"{plural(int(seconds // length), unit)} ago"
    return day(day_of(value))


def until(value: date, today: date) -> str:
    """`24 November 2026 (in 3 days)`; beyond three months only the day."""
    days = (value - today).days
    if days < 0:
        return f"{day(value)} (over)"
    if days == 0:
        return f"{day(value)} (today)"
    return f"{day(value)} (in {plural(days, 'day')})" if days <= 92 else day(value)


def plural(number: int, noun: str, nouns: str = "") -> str:
    """`1 file`, `2 files`, `1,200 files`."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def size(size_bytes: int) -> str:
    """`512 bytes`, `3.1 kB`, `12.0 MB` (decimal units)."""
    if size_bytes < 1000:
        return plural(size_bytes, "byte")
    return f"{size_bytes / 1000:.1f} kB" if size_bytes < 1_000_000 else f"{size_bytes / 1_000_000:.1f} MB"


def shown(found: Shown) -> str:
    """`3.1 MB of 50.0 MB shown in 24 hours`."""
    limit = f" of {size(found.limit)}" if found.limit is not None else ""
    return f"{size(found.used)}{limit} shown in 24 hours" + (", over the alert" if found.over_alert else "")


def length(seconds: float) -> str:
    """How long something has been waiting: `12 minutes`, `3 hours`, `2 days`."""
    for unit, divisor in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
        if seconds >= divisor:
            return plural(int(seconds // divisor), unit)
    return "under a minute"
