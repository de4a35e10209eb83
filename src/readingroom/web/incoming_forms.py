"""The form for files to bring in: up to ten, each with what it is, what for, where from and under which licence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile

from readingroom.core.policy import Policy
from readingroom.core.requests import FileKind
from readingroom.errors import InvalidInput, ReadingRoomError
from readingroom.services.uploads import Upload
from readingroom.web.forms import choice_field, chosen, chosen_name, places
from readingroom.web.portal import text_field

FIELDS = ("kind", "context", "source", "licence")


@dataclass(frozen=True)
class Slot:
    """One file's place in the form, with what was typed so far."""

    number: int
    kind: str = ""
    context: str = ""
    source: str = ""
    licence: str = ""
    file_name: str = ""

    @property
    def is_touched(self) -> bool:
        return any((self.context, self.source, self.licence, self.file_name))


@dataclass(frozen=True)
class IncomingForm:
    title: str
    purpose: str
    slots: tuple[Slot, ...]


def empty(policy: Policy) -> IncomingForm:
    return IncomingForm("", "", tuple(map(Slot, places(policy.incoming_files))))


def typed(form: FormData, policy: Policy) -> IncomingForm:
    """What was typed, to show it again beside an error. Browsers don't allow a file to be chosen for people."""
    slots = tuple(Slot(number, **{name: text_field(form, f"{name}-{number}") for name in FIELDS},
                       file_name=chosen_name(form, number)) for number in places(policy.incoming_files))
    return IncomingForm(text_field(form, "title"), text_field(form, "purpose"), slots)


def check_sizes(sent: Sequence[UploadFile], policy: Policy) -> None:
    """Refuse what is larger than policy allows before a byte of it is read."""
    for what, largest, size in (
            *((upload.filename or "A file", policy.incoming_file_bytes or 0, upload.size or 0) for upload in sent),
            ("All files together", policy.incoming_bytes or 0, sum(upload.size or 0 for upload in sent))):
        if size > largest:
            raise InvalidInput(f"{what[:100]}: {size:,} bytes; policy allows {largest:,}.", rule="incoming.max-bytes",
                               value=size,
                               next_step="Bring in less, or ask the administrator to have it loaded as a dataset.")


def uploads(form: FormData, policy: Policy) -> tuple[Upload, ...]:
    """The files of the form, in order. What is larger than policy allows is refused before a byte of it is read."""
    sent = [(number, upload) for number in places(policy.incoming_files)
            if (upload := chosen(form, number)) is not None]
    check_sizes([upload for _, upload in sent], policy)
    return tuple(Upload(
        upload.filename or "", upload.file.read(), text_field(form, f"context-{number}"),
        kind=choice_field(form, f"kind-{number}", FileKind), source=text_field(form, f"source-{number}"),
        licence=text_field(form, f"licence-{number}")) for number, upload in sent)


def anchor(fault: ReadingRoomError | None) -> str:
    """The field that a message leads to."""
    return {"request.title": "title", "request.purpose": "purpose"}.get(fault.rule if fault else "", "file-1")
