"""Health and the audit log, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.people import Person, status
from readingroom.services.overview import Overview
from readingroom.web.presenters import times
from readingroom.web.presenters.words import PERSON_TAGS, REQUEST_TAGS, ROLE_WORDS, Tag


@dataclass(frozen=True)
class PersonRow:
    username: str
    name: str
    organisation: str
    roles: str
    tag: Tag
    lapses: str


@dataclass(frozen=True)
class OpenRow:
    who: str
    project: str
    since: times.When | None


@dataclass(frozen=True)
class Health:
    tiles: tuple[tuple[str, str], ...]
    requests: tuple[tuple[Tag, int], ...]
    people: tuple[PersonRow, ...]
    open_workspaces: tuple[OpenRow, ...]
    mail: str


@dataclass(frozen=True)
class Proof:
    """Whether the log holds, as far as the checkpoints on this machine can tell."""

    holds: bool
    title: str
    text: str
    faults: tuple[str, ...]


def _lapses(person: Person, today: date) -> str:
    known = [
        (until, what)
        for until, what in ((person.accredited_until, "accreditation"), (person.trained_until, "training"))
        if until is not None
    ]
    if not known:
        return "–"
    until, what = min(known)
    return f"{what} {times.until(until, today)}"


def _mail(found: Overview) -> str:
    """What became of notices by e-mail; empty when there is nothing to say."""
    told = []
    if found.mail_waiting:
        told.append(f"{times.plural(found.mail_waiting, 'notice')} waiting to be sent by e-mail")
    if found.mail_given_up:
        told.append(f"{found.mail_given_up:,} given up: the address or the mail server refused them")
    return "; ".join(told)


def health(found: Overview, today: date, now: datetime) -> Health:
    names = {person.username: person.display_name for person in found.people}
    counts = {status: number for status, number in found.requests.items() if number}
    return Health(
        tiles=(
            (times.plural(len(found.people), "person", "people").split()[-1], f"{len(found.people):,}"),
            ("workspaces open now", f"{len(found.open_workspaces):,}"),
            ("egress requests", f"{sum(counts.values()):,}"),
        ),
        requests=tuple((REQUEST_TAGS[status], number) for status, number in counts.items()),
        people=tuple(
            PersonRow(
                person.username,
                person.display_name,
                person.organisation,
                ", ".join(ROLE_WORDS[role] for role in sorted(person.roles)),
                PERSON_TAGS[status(person, today)],
                _lapses(person, today),
            )
            for person in found.people
        ),
        open_workspaces=tuple(
            OpenRow(
                names.get(opening.username, opening.username), opening.project, times.when(opening.opened_at, now)
            )
            for opening in found.open_workspaces
        ),
        mail=_mail(found),
    )


def proof(count: int, witnessed: int, faults: tuple[str, ...]) -> Proof:
    if faults:
        return Proof(
            False,
            "The log does not hold",
            f"{times.plural(len(faults), 'fault')} in {times.plural(count, 'event')}. "
            "Stop, keep this machine as it is, and compare with a custodian's checkpoints.",
            faults[:20],
        )
    return Proof(
        True,
        "The log holds",
        f"{times.plural(count, 'event')}, unbroken; witnessed by a signed checkpoint up to "
        f"event {witnessed:,}. Someone who trusts neither this page nor its database runs readingroom audit verify "
        "with a checkpoint that they kept.",
        (),
    )
