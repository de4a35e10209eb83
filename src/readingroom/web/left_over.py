"""What somebody typed into a form that was not taken, in words: so that a refusal loses nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile

from readingroom.web.portal import text_field

FIELDS = tuple((re.compile(field), label) for field, label in (
    ("title", "Title"), ("purpose", "What it is for"), ("note", "Note between checkers"), ("comment", "Comment"),
    ("reason", "Reason"), ("words", "Conditions in words"),
    (r"group-(?P<group>\d+)-name", "Name of group {group}"),
    (r"group-(?P<group>\d+)-context", "What the files of group {group} show"),
    (r"group-(?P<group>\d+)-controls", "Protection in group {group}"),
    (r"context-(?P<slot>\d+)", "What {file} is and shows"), (r"controls-(?P<slot>\d+)", "Protection in {file}"),
    (r"source-(?P<slot>\d+)", "Source of {file}"), (r"licence-(?P<slot>\d+)", "Licence of {file}"),
    (r"comment-(?P<id>\d+)", "Comment on {file}"), (r"say-(?P<id>\d+)", "Comment on {at} {file}"),
    (r"comment-(?P<section>[a-z_-]+)", "Comment on {section}")))
"""The fields in which people write sentences, and what the sentence is. No other field is ever shown again here."""


@dataclass(frozen=True)
class Written:
    """`label` says what the text is about."""

    label: str
    text: str


def written(form: FormData, names: Mapping[int, str] | None = None,
            among: Callable[[str], bool] = lambda _: True) -> tuple[Written, ...]:
    """The texts of a form, in its order, of the fields that are `among` those asked for; `names` are those of files by
    their ids, where they are known."""
    found = ((field, _label(form, field, names or {})) for field in dict.fromkeys(form) if among(field))
    return tuple(Written(label, text) for field, label in found if label and (text := text_field(form, field)))


def _label(form: FormData, field: str, names: Mapping[int, str]) -> str:
    for pattern, label in FIELDS:
        if match := pattern.fullmatch(field):
            said = match.groupdict()
            file = _sent(form, said["slot"]) if "slot" in said else names.get(int(said.get("id") or 0), "a file")
            place = text_field(form, f"at-{said.get('id')}", 60)
            section = said.get("section", "").replace("_", " ")
            return label.format(**said | {"file": file, "section": section, "at": f"{place} of" if place else ""})
    return ""


def _sent(form: FormData, slot: str) -> str:
    chosen = form.get(f"file-{slot}")
    named = isinstance(chosen, UploadFile) and chosen.filename
    return f"{named[:100]}" if named else f"file {slot}"
