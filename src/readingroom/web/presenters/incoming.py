"""Files that are brought in: what may be, what waits, what arrived."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from readingroom.core.policy import Policy
from readingroom.core.requests import KINDS, Direction, FileKind
from readingroom.services.deliveries import Arrival
from readingroom.web.addresses import page
from readingroom.web.presenters import times
from readingroom.web.presenters.words import INCOMING_KIND_WORDS

FIRST_FILES = 3


@dataclass(frozen=True)
class ShownArrival:
    href: str
    title: str
    project: str
    folder: str
    when: times.When | None
    files: tuple[tuple[str, str], ...]
    more: tuple[tuple[str, str], ...]


def arrivals(found: Iterable[Arrival], now: datetime) -> tuple[ShownArrival, ...]:
    """Of each the first files; of many the others are `more`, to be unfolded."""

    def shown(one: Arrival) -> ShownArrival:
        files = tuple((file.name, times.size(file.size_bytes)) for file in one.request.files)
        first = FIRST_FILES if len(files) > FIRST_FILES + 1 else len(files)
        return ShownArrival(
            page(f"/requests/{one.request.number}"), f"{one.request.number}. {one.request.title}", one.project.title,
            one.delivery.folder, times.when(one.delivery.at, now), files[:first], files[first:])

    return tuple(map(shown, found))


def kinds(policy: Policy) -> list[dict[str, str]]:
    """What a file may be, as choices; those that policy leaves out are not offered."""
    allowed = policy.incoming_kinds or frozenset()
    return [{"value": kind.value, "text": INCOMING_KIND_WORDS[kind][1]} for kind in KINDS[Direction.IN]
            if kind.value in allowed]


def terms(policy: Policy) -> tuple[str, ...]:
    """What may be brought in, in words; empty where nothing may."""
    if not policy.incoming_kinds or not policy.incoming_files:
        return ()
    said = [f"At most {times.plural(policy.incoming_files, 'file')} of {times.size(policy.incoming_file_bytes or 0)} "
            f"each, {times.size(policy.incoming_bytes or 0)} together."]
    said += [INCOMING_KIND_WORDS[kind][2] for kind in (FileKind.CODE, FileKind.TABLE, FileKind.PACKAGE)
             if kind.value in policy.incoming_kinds]
    said.append("Nothing about people: such data come in as a dataset, with its custodian’s agreement.")
    number = policy.incoming_checkers or 1
    said.append(f"{times.plural(number, 'output checker')} from outside the project "
                f"{'looks' if number == 1 else 'look'} at each file before it arrives.")
    if policy.incoming_scanned:
        said.append("A malware scanner has to find it clean.")
    return tuple(said)
