"""The desk's figures in words and units; what is not known yet says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readingroom.core.access import Reason
from readingroom.core.lifecycle import Direction as Way
from readingroom.core.turnaround import Agreement, Figures
from readingroom.services.turnaround import Desk
from readingroom.web.presenters import times
from readingroom.web.presenters.words import REQUEST_TAGS, Tag

NOTHING = "nothing to tell from yet"
HEADINGS = {Way.OUT: "What leaves", Way.IN: "What comes in"}
SHORT = {Way.OUT: "", Way.IN: ", to come in"}
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
class Section:
    """How the desk does one way. `causes` are rules that had spoken about what was sent back."""

    heading: str
    decided: int
    lines: tuple[Line, ...]
    own: tuple[Line, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class HeldUp:
    """A request that does not go on."""

    number: int
    tag: Tag
    reason: Reason


@dataclass(frozen=True)
class DeskPage:
    waiting: str
    oldest: str
    queue: tuple[tuple[str, str], ...]
    ages: tuple[tuple[str, int, int], ...]
    answers: tuple[tuple[str, int], ...]
    held_up: tuple[HeldUp, ...]
    directions: tuple[Section, ...]


def hours(value: float | None) -> str:
    return NOTHING if value is None else times.length(value * 3600)


def desk(found: Desk, now: datetime) -> DeskPage:
    return DeskPage(
        waiting=times.plural(len(found.waiting), "request"),
        oldest=times.length((now - found.waiting[0][1]).total_seconds()) if found.waiting else "",
        queue=tuple((f"{number}{SHORT[direction]}", times.length((now - at).total_seconds()))
                    for number, at, direction in found.waiting[:MOST_WAITING]),
        ages=_ages([((now - at).total_seconds() / 86_400, direction) for _, at, direction in found.waiting]),
        answers=found.answers,
        held_up=tuple(HeldUp(request.number, REQUEST_TAGS[request.status], reason)
                      for request, reason in found.held_up),
        directions=tuple(_direction(heading, found.figures[direction], found.own.get(direction))
                         for direction, heading in HEADINGS.items() if found.figures[direction].decided))


def _direction(heading: str, figures: Figures, own: Figures | None) -> Section:
    comments = NOTHING if figures.comments_per_output is None else f"{figures.comments_per_output:.1f}"
    return Section(
        heading=heading, decided=figures.decided,
        lines=(*_times(figures), _minutes(figures),
               Line("Sent back or refused", _share(figures.returned_share), "Of all rounds that were decided."),
               Line("Comments per file", comments, "Comments on places for the researcher, in rounds that were "
                    "decided, divided by their files."),
               *_agreement(figures.agreement)),
        own=() if own is None else (_minutes(own), *_agreement(own.agreement)),
        causes=tuple(Cause(rule, times.plural(count, "file"), _share(count / max(1, figures.outputs)))
                     for rule, count in figures.causes[:12]))


def _ages(waiting: list[tuple[float, Way]]) -> tuple[tuple[str, int, int], ...]:
    """How many have waited how long, of what is to leave and of what is to come in."""
    found, since = [], 0.0
    for until, words in AGES:
        there = [way for age, way in waiting if since <= age and (until is None or age < until)]
        found.append((words, there.count(Way.OUT), there.count(Way.IN)))
        since = until or since
    return tuple(found)


def _times(figures: Figures) -> tuple[Line, ...]:
    meaning = "From a round's submission to its approval, return or rejection."
    return (Line("Half are decided within", hours(figures.median_hours), meaning),
            Line("Nine in ten within", hours(figures.slow_hours), meaning))


def _minutes(figures: Figures) -> Line:
    value = NOTHING if figures.minutes_per_output is None else f"{figures.minutes_per_output:.1f} minutes"
    return Line("Per file", value, "From the first look at a round's files to the first answer, divided by its "
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
