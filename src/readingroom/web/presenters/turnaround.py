"""The desk's figures in words and units; what is not known yet says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readingroom.core.turnaround import Agreement, Figures
from readingroom.services.turnaround import Desk
from readingroom.web.presenters import times

NOTHING = "nothing to tell from yet"
MOST_WAITING = 10
AGES = ((1, "under a day"), (3, "one to three days"), (7, "three days to a week"), (None, "over a week"))


@dataclass(frozen=True)
class Line:
    """One figure: what it is, its value with unit, and how it is defined."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Cause:
    rule: str
    files: str
    share: str


@dataclass(frozen=True)
class DeskPage:
    waiting: str
    oldest: str
    queue: tuple[tuple[int, str], ...]
    ages: tuple[tuple[str, int], ...]
    answers: tuple[tuple[str, int], ...]
    decided: int
    lines: tuple[Line, ...]
    own: tuple[Line, ...]
    causes: tuple[Cause, ...]


def hours(value: float | None) -> str:
    return NOTHING if value is None else times.length(value * 3600)


def desk(found: Desk, now: datetime) -> DeskPage:
    figures = found.figures
    return DeskPage(
        waiting=times.plural(len(found.waiting), "request"),
        oldest=times.length((now - found.waiting[0][1]).total_seconds()) if found.waiting else "",
        queue=tuple((number, times.length((now - at).total_seconds())) for number, at in found.waiting[:MOST_WAITING]),
        ages=_ages([(now - at).total_seconds() / 86_400 for _, at in found.waiting]),
        answers=found.answers,
        decided=figures.decided,
        lines=(*_times(figures), _minutes(figures), Line(
            "Sent back or refused", _share(figures.returned_share), "Of all rounds that were decided."),
            *_agreement(figures.agreement)),
        own=() if found.own is None else (_minutes(found.own), *_agreement(found.own.agreement)),
        causes=tuple(Cause(rule, times.plural(count, "file"), _share(count / max(1, figures.outputs)))
                     for rule, count in figures.causes[:12]))


def _ages(days: list[float]) -> tuple[tuple[str, int], ...]:
    """How many have waited how long."""
    found, since = [], 0.0
    for until, words in AGES:
        found.append((words, sum(since <= age and (until is None or age < until) for age in days)))
        since = until or since
    return tuple(found)


def _times(figures: Figures) -> tuple[Line, ...]:
    meaning = "From a round's submission to its approval, return or rejection."
    return (Line("Half are decided within", hours(figures.median_hours), meaning),
            Line("Nine in ten within", hours(figures.slow_hours), meaning))


def _minutes(figures: Figures) -> Line:
    value = NOTHING if figures.minutes_per_output is None else f"{figures.minutes_per_output:.1f} minutes"
    return Line("Per output", value, "From the first look at a round's files to the first answer, divided by its "
                "files; the middle of all. Looks of more than four hours don't count.")


def _agreement(found: Agreement) -> tuple[Line, ...]:
    pairs = times.plural(found.pairs, "pair") + " of answers"
    kappa = NOTHING if found.kappa is None else f"{found.kappa:.2f}"
    return (Line("Checkers agree", _share(found.share), f"Of {pairs} to one file, given without knowing of the other."),
            Line("Cohen’s kappa", kappa, "Agreement beyond chance: 1 is complete, 0 is what chance gives."))


def _share(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.0f}%"


def likely(found: tuple[int, float | None, float | None] | None) -> str:
    """For an author who waits: how long it took others. Empty where nothing is known."""
    if found is None or found[1] is None:
        return ""
    count, half, most = found
    return f"Of the last {times.plural(count, 'round')}, half were decided within {hours(half)}, nine in ten within " \
           f"{hours(most)}."
