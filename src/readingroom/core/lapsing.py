"""What lapses, and what is to be said of it when: warnings at 30, 14 and 3 days, the end, and its undoing.

Everything here is a function of an end date, of today, and of what was told last; so it does not matter how often it
is asked, by how many at once, after how long a silence, or what the clock did in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

WARN_DAYS = (30, 14, 3)
ENDED = -1


class Means(StrEnum):
    """What a person's or a project's access rests on for a time."""

    GRANT = "grant"
    PROJECT = "project"
    TRAINING = "training"
    ACCREDITATION = "accreditation"
    UNDERTAKING = "undertaking"


class News(StrEnum):
    """What there is to tell of a term. RESTORED: it was said to have ended, and by the same end date it has not."""

    ENDS_SOON = "ends-soon"
    ENDED = "ended"
    RENEWED = "renewed"
    RESTORED = "restored"


@dataclass(frozen=True)
class Told:
    """What was told last of a term: for which end date, and how urgent: days of a warning, or ENDED; None: nothing."""

    ends_on: date
    stage: int | None


@dataclass(frozen=True)
class Term:
    """Something with a last day. `key` names it among its kind: a grant's id, a project's slug, a username."""

    means: Means
    key: str
    ends_on: date
    told: Told | None
    project: str = ""
    dataset: str = ""
    status: str = ""


def stage_of(ends_on: date, today: date) -> int | None:
    """How near the end is: ENDED once its last day is over, else the smallest warning reached; None: far off.

    Example: ten days before the end it is 14.
    """
    left = (ends_on - today).days
    if left < 0:
        return ENDED
    return min((days for days in WARN_DAYS if left <= days), default=None)


def news_of(term: Term, today: date) -> News | None:
    """What there is to tell now; None: nothing, or it was told. After a silence only the most urgent is left to tell.

    Each warning of an end date is told once, whatever the clock does; a clock set back after an end that it had
    brought too early undoes the end.
    """
    stage = stage_of(term.ends_on, today)
    if term.told is not None and term.told.stage == ENDED and stage != ENDED:
        return News.RESTORED if term.told.ends_on == term.ends_on else News.RENEWED
    known = term.told.stage if term.told is not None and term.told.ends_on == term.ends_on else None
    if stage is None or (known is not None and known <= stage):
        return None
    return News.ENDED if stage == ENDED else News.ENDS_SOON
