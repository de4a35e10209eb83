"""Reading what people send: uploads and votes, as the services want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from starlette.datastructures import FormData, UploadFile

from readingroom.core.comments import Audience, Remark
from readingroom.core.policy import Policy
from readingroom.core.requests import Decision, FileKind, Group, OutputFile, Vote
from readingroom.errors import InvalidInput
from readingroom.services.uploads import Upload
from readingroom.web.portal import text_field

MAX_SLOTS = 10
GROUP_SLOTS = 5
GROUP_NUMBERS = tuple(str(number) for number in range(1, GROUP_SLOTS + 1))
Choice = TypeVar("Choice", bound=StrEnum)


def date_field(form: FormData, name: str) -> date:
    """The day that was typed into three boxes. InvalidInput if it is none."""
    found = optional_date_field(form, name)
    if found is None:
        raise InvalidInput("A date is missing.", rule=f"date.{name}", next_step="Give day, month and year.")
    return found


def optional_date_field(form: FormData, name: str) -> date | None:
    """The same; None if nothing was typed."""
    parts = [text_field(form, f"{name}-{part}", 10) for part in ("day", "month", "year")]
    if not any(parts):
        return None
    try:
        if not all(part.isascii() and part.isdigit() for part in parts):
            raise ValueError
        return date(int(parts[2]), int(parts[1]), int(parts[0]))
    except ValueError:
        raise InvalidInput(f"“{' '.join(parts)}” is not a date.", rule=f"date.{name}", value=" ".join(parts),
                           next_step="Give day, month and year in numbers, as in 27 3 2026.") from None


def choice_field(form: FormData, name: str, choices: type[Choice]) -> Choice:
    """One of a set. InvalidInput, naming them, if it is none of these."""
    given = text_field(form, name, 40)
    try:
        return choices(given)
    except ValueError:
        raise InvalidInput("Nothing was chosen.", rule=f"choice.{name}", value=given or None,
                           next_step=f"Choose {' or '.join(choices)}.") from None


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
    kind: str = FileKind.OUTPUT.value
    group: str = ""

    @property
    def is_touched(self) -> bool:
        return any((self.context, self.file_name))


@dataclass(frozen=True)
class RequestForm:
    """`groups` are numbered from 1; a slot says the number of its group, or "" for none."""

    title: str
    purpose: str
    slots: tuple[Slot, ...]
    groups: tuple[Group, ...] = (Group(),) * GROUP_SLOTS


def empty_request(policy: Policy) -> RequestForm:
    return RequestForm("", "", tuple(map(Slot, places(policy.max_files))))


def typed_groups(form: FormData) -> tuple[Group, ...]:
    """What was typed of each group, empty ones too."""
    return tuple(Group(*(text_field(form, f"group-{number}-{what}", 6000) for what in ("name", "context", "controls")))
                 for number in range(1, GROUP_SLOTS + 1))


def groups(form: FormData) -> tuple[Group, ...]:
    """The groups of which anything was typed."""
    return tuple(group for group in typed_groups(form) if group != Group())


def _group_of(form: FormData, number: int) -> str:
    """The name of the group that a file was put in. InvalidInput if that group has none."""
    chosen = text_field(form, f"group-{number}", 2)
    if not chosen:
        return ""
    name = text_field(form, f"group-{chosen}-name", 200) if chosen in GROUP_NUMBERS else ""
    if not name:
        raise InvalidInput(f"File {number} is in group {chosen}, which has no name.", rule="request.group-name",
                           value=chosen, next_step="Name the group, or choose “No group” for the file.")
    return name


def places(most: int | None) -> range:
    """The numbers of a form's places for files, of which policy allows `most`: one at least, MAX_SLOTS at most."""
    return range(1, max(1, min(MAX_SLOTS, most or 1)) + 1)


def chosen(form: FormData, number: int) -> UploadFile | None:
    """The file that was chosen in that place."""
    upload = form.get(f"file-{number}")
    return upload if isinstance(upload, UploadFile) and upload.filename else None


def chosen_name(form: FormData, number: int) -> str:
    """Its name; "" if there is none."""
    upload = chosen(form, number)
    return (upload.filename or "") if upload else ""


def typed_request(form: FormData, policy: Policy) -> RequestForm:
    """What was typed, to show it again beside an error. Browsers don't allow a file to be chosen for people."""

    def slot(number: int) -> Slot:
        return Slot(
            number,
            text_field(form, f"context-{number}"),
            text_field(form, f"controls-{number}"),
            chosen_name(form, number),
            text_field(form, f"kind-{number}", 20),
            text_field(form, f"group-{number}", 2),
        )

    return RequestForm(
        text_field(form, "title"),
        text_field(form, "purpose"),
        tuple(map(slot, places(policy.max_files))),
        typed_groups(form),
    )


def uploads(form: FormData, policy: Policy) -> tuple[Upload, ...]:
    """The files of the form, in order, with what was said of each."""
    return tuple(Upload(
        upload.filename or "", read_upload(upload, policy), text_field(form, f"context-{number}"),
        text_field(form, f"controls-{number}"),
        kind=choice_field(form, f"kind-{number}", FileKind) if form.get(f"kind-{number}") else FileKind.OUTPUT,
        group=_group_of(form, number),
    ) for number in places(policy.max_files) if (upload := chosen(form, number)) is not None)


@dataclass(frozen=True)
class Keepable:
    """A file of a returned round, and whether it is to go along as it is."""

    name: str
    is_kept: bool = True


def kept(form: FormData, uploads: Sequence[Upload]) -> tuple[str, ...]:
    """The files of the returned round that go along unsent: those ticked, but for names that were sent anew."""
    sent = {upload.name for upload in uploads}
    return tuple(name for name in dict.fromkeys(form.getlist("keep")) if isinstance(name, str) and name not in sent)


def keepable(files: Sequence[OutputFile], form: FormData | None = None) -> tuple[Keepable, ...]:
    """All files of a returned round: all to be kept, or those that were ticked in `form`."""
    return tuple(Keepable(file.name, form is None or file.name in form.getlist("keep")) for file in files)


def votes(form: FormData, files: tuple[OutputFile, ...], optional: frozenset[int] = frozenset()) -> tuple[Vote, ...]:
    """One vote per file; one that was not decided about is undecided, or left out if nobody has to decide on it."""

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

    asked = [file for file in files if file.id not in optional or text_field(form, f"decision-{file.id}")]
    return tuple(Vote(file.id, decision(file), text_field(form, f"comment-{file.id}", 5000)) for file in asked)


def vote_comments(form: FormData, files: tuple[OutputFile, ...]) -> dict[int, str]:
    """What was written of each file as a whole, whether or not it was decided on."""
    return {file.id: text_field(form, f"comment-{file.id}", 5000) for file in files}


def check_nothing_unheard(votes: tuple[Vote, ...], comments: Mapping[int, str], files: tuple[OutputFile, ...]) -> None:
    """Refuse a comment on a file that nobody has to decide on, without a decision to which it could belong."""
    voted = {vote.file_id for vote in votes}
    unheard = next((file for file in files if comments.get(file.id) and file.id not in voted), None)
    if unheard is not None:
        raise InvalidInput(f"You commented on {unheard.name} and chose no decision on it.", rule="review.decision",
                           value=unheard.name, next_step="Choose one, or write it as a comment on a place, which may "
                           "be the whole file.")


def remarks(form: FormData, files: tuple[OutputFile, ...]) -> tuple[Remark, ...]:
    """The comments on places that were written, of every file: whichever button was pressed, none is lost."""

    def audience(file: OutputFile) -> Audience:
        return Audience.CHECKERS if text_field(form, f"audience-{file.id}", 20) == Audience.CHECKERS \
            else Audience.RESEARCHER

    return tuple(Remark(file.id, text_field(form, f"at-{file.id}", 60), said, audience(file))
                 for file in files if (said := text_field(form, f"say-{file.id}")))
