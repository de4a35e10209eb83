"""Reading what people send: uploads and votes, as the services want them."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile

from readingroom.core.policy import Policy
from readingroom.core.requests import Decision, OutputFile, Vote
from readingroom.errors import InvalidInput
from readingroom.services.requests import Upload
from readingroom.web.portal import text_field

MAX_SLOTS = 10


def read_upload(upload: UploadFile, policy: Policy) -> bytes:
    """The bytes of one file, unless it is larger than policy allows (then nothing of it is read)."""
    largest = policy.max_file_bytes or 0
    if (upload.size or 0) > largest:
        raise InvalidInput(
            f"{(upload.filename or 'A file')[:100]} has {upload.size:,} bytes; policy allows {largest:,}.",
            rule="request.max-file-bytes",
            value=upload.size,
            next_step="Ask for a summary instead of the data it was made from.",
        )
    return upload.file.read()


@dataclass(frozen=True)
class Slot:
    """One file's place in the form, with what was typed so far."""

    number: int
    context: str = ""
    controls: str = ""
    file_name: str = ""


@dataclass(frozen=True)
class RequestForm:
    title: str
    purpose: str
    slots: tuple[Slot, ...]


def empty_request(policy: Policy) -> RequestForm:
    return RequestForm("", "", tuple(Slot(number) for number in range(1, _slots(policy) + 1)))


def _slots(policy: Policy) -> int:
    return max(1, min(MAX_SLOTS, policy.max_files or 1))


def _chosen(form: FormData, number: int) -> UploadFile | None:
    upload = form.get(f"file-{number}")
    return upload if isinstance(upload, UploadFile) and upload.filename else None


def typed_request(form: FormData, policy: Policy) -> RequestForm:
    """What was typed, to show it again beside an error. Browsers don't allow a file to be chosen for people."""

    def slot(number: int) -> Slot:
        chosen = _chosen(form, number)
        return Slot(
            number,
            text_field(form, f"context-{number}"),
            text_field(form, f"controls-{number}"),
            (chosen.filename or "") if chosen else "",
        )

    return RequestForm(
        text_field(form, "title"),
        text_field(form, "purpose"),
        tuple(slot(number) for number in range(1, _slots(policy) + 1)),
    )


def uploads(form: FormData, policy: Policy) -> tuple[Upload, ...]:
    """The files of the form, in order, with what was said of each."""
    found = []
    for number in range(1, _slots(policy) + 1):
        chosen = _chosen(form, number)
        if chosen is not None:
            found.append(
                Upload(
                    chosen.filename or "",
                    read_upload(chosen, policy),
                    text_field(form, f"context-{number}"),
                    text_field(form, f"controls-{number}"),
                )
            )
    return tuple(found)


def votes(form: FormData, files: tuple[OutputFile, ...], carried: frozenset[int] = frozenset()) -> tuple[Vote, ...]:
    """One vote per file; one that was not decided about is undecided, or left as it is if its approvals are carried."""

    def decision(file: OutputFile) -> Decision:
        said = text_field(form, f"decision-{file.id}") or Decision.UNDECIDED.value
        try:
            return Decision(said)
        except ValueError as error:
            raise InvalidInput(
                f"{said[:40]!r} is not a decision.",
                rule="review.decision",
                value=said[:40],
                next_step="Choose approve, change needed or undecided.",
            ) from error

    asked = [file for file in files if file.id not in carried or text_field(form, f"decision-{file.id}")]
    return tuple(Vote(file.id, decision(file), text_field(form, f"comment-{file.id}", 5000)) for file in asked)
