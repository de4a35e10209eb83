"""How a workspace stands, in words: for the bar above it, JupyterLab's status bar, and a project's card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.shown import Shown
from readingroom.core.standing import Standing
from readingroom.core.workspaces import Closing
from readingroom.web.presenters import times
from readingroom.web.presenters.words import TIER_WORDS


@dataclass(frozen=True)
class Words:
    """`warning` is empty until it closes so soon that somebody should do something."""

    project: str
    tier: str
    shown: str
    before_alert: str
    ends: str
    closes: str
    left: str
    warning: str


def words(found: Standing, today: date, now: datetime) -> Words:
    return Words(
        project=found.project.title,
        tier=TIER_WORDS[found.tier],
        shown=times.shown(found.shown),
        before_alert=_before_alert(found.shown),
        ends=f"Data until {times.until(found.ends_on, today)}",
        closes=closes(found.closing, now),
        left=f"Closes in {_left(found.closing, now)}" if found.closing else "",
        warning=_warning(found, now),
    )


def _before_alert(shown: Shown) -> str:
    """What was shown, against the number that raises an alert: the first that anybody notices."""
    most = f", alert at {times.size(shown.alert)}" if shown.alert is not None and not shown.over_alert else ""
    return f"{times.size(shown.used)} shown{most}" + (": over the alert" if shown.over_alert else "")


def closes(closing: Closing | None, now: datetime) -> str:
    """How long an open workspace has left if nothing changes; empty where nothing ends it."""
    if closing is None:
        return ""
    rest = "unless somebody uses it" if closing.by_use else "whoever uses it"
    return f"Closes in {_left(closing, now)}, {rest}."


def _left(closing: Closing, now: datetime) -> str:
    minutes = max(0, int((closing.at - now).total_seconds() // 60))
    return times.plural(minutes, "minute") if minutes < 120 else times.plural(minutes // 60, "hour")


def _warning(found: Standing, now: datetime) -> str:
    if found.closing is None or not found.warns(now):
        return ""
    what = ("because nobody has used it. Press a key in JupyterLab and it stays open" if found.closing.by_use
            else "because it has been open as long as policy allows. Save your work; you can open it again")
    return f"This workspace closes at {times.hour(found.closing.at)}, {what}."
