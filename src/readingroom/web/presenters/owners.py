"""What a programme's owner sees: who waits, since when, and which urgent decisions are still to be looked back at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.applications import AfterReview
from readingroom.services.owners import PAGE, OwnersDesk
from readingroom.web.addresses import page
from readingroom.web.presenters import times
from readingroom.web.presenters.paging import Pager, pager
from readingroom.web.presenters.words import Tag

OUTCOMES = (("in-order", "In order: it would have been decided so without haste"),
            ("lessons", "In order, with lessons for the next time"),
            ("not-in-order", "Not in order: what follows is said below"))
OPEN, OVERDUE, ANSWERED = (Tag("Open", "govuk-tag--yellow"), Tag("Overdue", "govuk-tag--red"),
                           Tag("Answered", "govuk-tag--green"))


@dataclass(frozen=True)
class Waiting:
    title: str
    href: str
    version: int
    lead: str
    datasets: str
    submitted: times.When | None
    urgent: bool


@dataclass(frozen=True)
class Review:
    project: str
    slug: str
    href: str
    version: int
    due: str
    tag: Tag
    outcome: str
    words: str
    by: str
    at: times.When | None


@dataclass(frozen=True)
class Desk:
    waiting: tuple[Waiting, ...]
    pager: Pager
    reviews: tuple[Review, ...]
    reviews_pager: Pager


def desk(found: OwnersDesk, names: Mapping[str, str], titles: Mapping[str, str], today: date, now: datetime,
         number: int, reviews_number: int) -> Desk:
    """`names` of people and `titles` of datasets, as far as they are known."""
    waiting = tuple(
        Waiting(one.version.application.title, page(f"/applications/{one.project.slug}"), one.version.number,
                names.get(one.version.application.lead, one.version.application.lead),
                ", ".join(titles.get(ask.dataset, ask.dataset) for ask in one.version.application.datasets),
                times.when(one.version.submitted_at, now), bool(one.version.application.urgent))
        for one in found.waiting)
    return Desk(waiting, pager("/applications", "page", number, found.waiting_in_all, PAGE),
                tuple(review(one, names, today, now, project.title) for project, one in found.reviews),
                pager("/applications", "reviews", reviews_number, found.reviews_in_all, PAGE))


def review(found: AfterReview, names: Mapping[str, str], today: date, now: datetime, title: str = "") -> Review:
    by = found.decided_by or ""
    tag = ANSWERED if found.decided_by else OVERDUE if found.due_on < today else OPEN
    return Review(title, found.project, page(f"/applications/{found.project}"), found.version,
                  times.until(found.due_on, today), tag, dict(OUTCOMES).get(found.outcome, ""), found.words,
                  names.get(by, by), times.when(found.decided_at, now))
