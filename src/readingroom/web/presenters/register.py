"""The public register in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from readingroom.core.register import ListedProject, ListedRelease, Standing
from readingroom.web.presenters import times
from readingroom.web.presenters.words import Tag

TAGS = {
    Standing.LIVE: Tag("Under way", "govuk-tag--green"),
    Standing.PAUSED: Tag("Paused", "govuk-tag--yellow"),
    Standing.ENDED: Tag("Ended", "govuk-tag--grey"),
    Standing.WITHDRAWN: Tag("Withdrawn", "govuk-tag--grey"),
}
RELEASES_SHOWN = 5


@dataclass(frozen=True)
class DatasetRow:
    title: str
    department: str
    tag: Tag
    until: str


@dataclass(frozen=True)
class ReleaseRow:
    text: str
    short_hash: str
    recalled: bool


@dataclass(frozen=True)
class Row:
    """`more` says how many releases are only in the JSON document."""

    slug: str
    title: str
    tag: Tag
    aim: str
    public_benefit: str
    facts: tuple[tuple[str, str], ...]
    datasets: tuple[DatasetRow, ...]
    releases: tuple[ReleaseRow, ...]
    more: str


def row(project: ListedProject, today: date) -> Row:
    hidden = len(project.releases) - RELEASES_SHOWN
    return Row(
        slug=project.slug,
        title=project.title,
        tag=TAGS[project.standing],
        aim=project.aim,
        public_benefit=project.public_benefit,
        facts=(
            ("Programme", project.programme),
            ("Organisations", ", ".join(project.organisations) or "–"),
            ("Purpose", project.purpose),
            ("Legal gateway", project.legal_gateway),
            ("Began", times.day(project.started_on)),
            ("Ends", times.until(project.ends_on, today)),
        ),
        datasets=tuple(
            DatasetRow(one.title, one.department, TAGS[one.standing], times.day(one.until)) for one in project.datasets
        ),
        releases=tuple(_release(one) for one in project.releases[:RELEASES_SHOWN]),
        more=f"{times.plural(hidden, 'earlier release')} in the JSON document" if hidden > 0 else "",
    )


def _release(one: ListedRelease) -> ReleaseRow:
    text = f"{times.day(one.released_on)}: {times.plural(one.outputs, 'output')} ({', '.join(one.output_types)})"
    return ReleaseRow(text, one.sha256[:16], one.recalled)
