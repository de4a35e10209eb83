"""The custodian's receipt of a grant, made from the records and the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readingroom.core.audit import Event
from readingroom.core.people import Person
from readingroom.core.projects import Grant
from readingroom.core.receipts import Asked, Made, Receipt, ReleasedOutput, sessions_of
from readingroom.core.requests import Assurance
from readingroom.errors import InvalidInput
from readingroom.services.grants import own
from readingroom.services.room import ReadingRoom

FORMATS = ("json", "csv")


@dataclass(frozen=True)
class Shown:
    """A receipt as a page shows it: with the people by name."""

    receipt: Receipt
    people: dict[str, Person]


def look(room: ReadingRoom, custodian: str, grant_id: int) -> Shown:
    """The receipt of one of the custodian's own grants. NotFound, as if it did not exist, for everyone else."""
    with room.store.reading() as tx:
        receipt = _receipt(room, tx, own(room, tx, custodian, grant_id))
        return Shown(receipt, tx.people.among(receipt.people))


def download(room: ReadingRoom, custodian: str, grant_id: int, form: str) -> Receipt:
    """The same to keep. Its hash goes on the audit log: who holds a copy can prove later that it was given so."""
    if form not in FORMATS:
        raise InvalidInput(f"There is no receipt as {form[:20]!r}.", rule="receipt.format", value=form[:20],
                           next_step=f"Choose one of: {', '.join(FORMATS)}.")
    with room.store.transaction() as tx:
        grant = own(room, tx, custodian, grant_id)
        receipt = _receipt(room, tx, grant)
        tx.events.record(custodian, "receipt.downloaded", f"grant:{grant.id}", grant.project, form=form,
                         sha256=receipt.sha256, seq=receipt.seq)
        return receipt


def _receipt(room: ReadingRoom, tx: Any, grant: Grant) -> Receipt:
    events = tx.events.of_subject(f"grant:{grant.id}")
    made = _made(events)
    openings = tx.workspaces.of_project(grant.project, since=min(one.at for one in made)) if made else ()
    head = tx.events.head()
    return Receipt(
        grant=grant.id, dataset=grant.dataset, project=grant.project, sessions=sessions_of(openings, made),
        releases=tuple(
            ReleasedOutput(request.number, request.author, release.made_at, release.sha256,
                           tuple((file.name, file.sha256) for file in request.crossing), recalled,
                           request.approvals_needed,
                           sum(file.assurance is Assurance.VERIFIED for file in request.crossing))
            for request, release, recalled in tx.requests.released(grant.project)
            if made and release.made_at >= min(one.at for one in made)),
        asked=tuple(
            Asked(answer.id, answer.asked_by, answer.asked_at, answer.cost.micro_rho,
                  answer.as_seen_at(room.now()).status.value)
            for answer in tx.accounts.of_project(grant.project) if answer.dataset == grant.dataset),
        seq=head.seq if head else 0, head=head.hash if head else "")


def _made(events: tuple[Event, ...]) -> tuple[Made, ...]:
    """The extracts of a grant and how long each was there, by the log."""
    found: dict[str, Made] = {}
    ended: list[Made] = []
    for event in events:
        name, at = str(event.detail.get("extract", "")), datetime.fromisoformat(event.at)
        if event.action == "extract.made":
            columns: Any = event.detail["columns"]
            found[name] = Made(at, None, str(event.detail["version"]),
                               {table: tuple(names) for table, names in columns.items()})
        elif event.action == "extract.destroyed" and name in found:
            gone = found.pop(name)
            ended.append(Made(gone.at, at, gone.version, gone.columns))
    return (*ended, *found.values())
