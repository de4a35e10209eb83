"""Health and the audit log, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readingroom.services.audit import Standing
from readingroom.services.overview import Overview
from readingroom.web.presenters import times
from readingroom.web.presenters.words import REQUEST_TAGS, Tag


@dataclass(frozen=True)
class OpenRow:
    who: str
    project: str
    since: times.When | None


@dataclass(frozen=True)
class Health:
    tiles: tuple[tuple[str, str], ...]
    requests: tuple[tuple[Tag, int], ...]
    open_workspaces: tuple[OpenRow, ...]
    mail: str


@dataclass(frozen=True)
class Proof:
    """Whether the log holds, as far as the checkpoints on this machine can tell."""

    holds: bool
    title: str
    text: str
    faults: tuple[str, ...]


def _mail(found: Overview) -> str:
    """What became of notices by e-mail; empty when there is nothing to say."""
    told = []
    if found.mail_waiting:
        told.append(f"{times.plural(found.mail_waiting, 'notice')} waiting to be sent by e-mail")
    if found.mail_given_up:
        told.append(f"{found.mail_given_up:,} given up: the address or the mail server refused them")
    return "; ".join(told)


def health(found: Overview, now: datetime) -> Health:
    names = {username: person.display_name for username, person in found.at_work.items()}
    counts = {status: number for status, number in found.requests.items() if number}
    return Health(
        tiles=(
            (times.plural(found.people, "person", "people").split()[-1], f"{found.people:,}"),
            ("workspaces open now", f"{len(found.open_workspaces):,}"),
            ("egress requests", f"{sum(counts.values()):,}"),
        ),
        requests=tuple((REQUEST_TAGS[status], number) for status, number in counts.items()),
        open_workspaces=tuple(
            OpenRow(
                names.get(opening.username, opening.username), opening.project, times.when(opening.opened_at, now)
            )
            for opening in found.open_workspaces
        ),
        mail=_mail(found),
    )


def proof(found: Standing, now: datetime) -> Proof:
    """What was verified when: all of it at most a day ago, what came since whenever it was witnessed, the rest now."""
    whole = found.whole
    when = times.when(datetime.fromisoformat(whole.at), now) if whole else None
    said = "all of them verified just now" if whole is None or when is None else (
        f"the first {whole.events:,} verified together {when.text} ({when.exact}), what came since as it was "
        "witnessed, and the rest just now")
    if found.faults:
        return Proof(
            False,
            "The log does not hold",
            f"{times.plural(len(found.faults), 'fault')} in {times.plural(found.events, 'event')}, {said}. "
            "Stop, keep this machine as it is, and compare with a custodian's checkpoints.",
            found.faults[:20],
        )
    return Proof(
        True,
        "The log holds",
        f"{times.plural(found.events, 'event')}, unbroken; {said}. Witnessed by a signed checkpoint up to "
        f"event {found.witnessed:,}. Someone who trusts neither this page nor its database runs readingroom audit "
        "verify with a checkpoint that they kept.",
        (),
    )
