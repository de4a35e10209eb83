"""What an administrator sees of the whole installation."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.lifecycle import RequestStatus
from readingroom.core.people import Person
from readingroom.core.roles import Permission
from readingroom.core.workspaces import Opening
from readingroom.errors import PermissionDenied
from readingroom.services.room import ReadingRoom


@dataclass(frozen=True)
class Overview:
    """How many people, those at work by name, workspaces open now, requests by status (zeros included), and e-mails.

    `mail_waiting` and `mail_given_up` count notices that people wanted by e-mail.
    """

    people: int
    at_work: dict[str, Person]
    open_workspaces: tuple[Opening, ...]
    requests: dict[RequestStatus, int]
    mail_waiting: int
    mail_given_up: int


def overview(room: ReadingRoom, viewer: str) -> Overview:
    """For people who may manage people; PermissionDenied for everyone else."""
    with room.store.reading() as tx:
        if not tx.people.get(viewer).may(Permission.MANAGE_PEOPLE):
            raise PermissionDenied("Only administrators see the health of the installation.",
                                   rule="role.manage-people", value=viewer, next_step="Start from your home page.")
        counted = tx.requests.counts()
        open_now = tx.workspaces.open_now()
        return Overview(tx.people.count(), tx.people.among({opening.username for opening in open_now}), open_now,
                        {status: counted.get(status, 0) for status in RequestStatus}, *tx.notices.outbox())
