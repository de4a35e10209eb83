"""Which day it is. A date on a record is a day where the data are, in winter and in summer.

Example: a grant until 30 June is over at midnight there, which is 23:00 of that day in UTC; counted in UTC, it would be
open for one hour of the day after.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Europe/London")


def day_of(moment: datetime) -> date:
    """The day that it is here at a moment, whose zone is known."""
    return moment.astimezone(HERE).date()
