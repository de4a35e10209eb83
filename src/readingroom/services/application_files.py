"""A draft that begins with a file: checked as a whole, kept as if it had been typed, submitted by its lead only."""

from __future__ import annotations

import hashlib

from readingroom.core import application_file as files
from readingroom.core.application_file import ApplicationFile
from readingroom.core.application_form import Desk
from readingroom.core.permissions import check_may_apply
from readingroom.core.projects import Project
from readingroom.services import applications
from readingroom.services.room import ReadingRoom


def check(room: ReadingRoom, username: str, content: bytes, file: str) -> ApplicationFile:
    """What the file says. PolicyError with every fault that would keep it from being submitted, each with its line.

    `username` leads it if the file names nobody.
    """
    found = files.reading(content, file)
    with room.store.reading() as tx:
        people = tx.people.among(files.named(found.said, username))
    files.check(found, file, username, Desk(room.policies, found.said.programme, people, room.today()))
    return found.said


def begin(room: ReadingRoom, username: str, content: bytes, file: str, *, by: str = "") -> Project:
    """A new project in draft with everything that the file says, for `username` to read through and submit.

    With a fault in it nothing is kept. `by`: whoever does it for them.
    """
    with room.store.reading() as tx:
        check_may_apply(tx.people.get(username))
    said = check(room, username, content, file)
    return applications.start(room, username, said.programme, said.title, files.sections(said, username), by=by,
                              file=hashlib.sha256(content).hexdigest())
