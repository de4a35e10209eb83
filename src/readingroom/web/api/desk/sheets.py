"""What is judged, as the desk's answers show it: files as they were read, and what was said of them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from typing_extensions import TypedDict

from readingroom.core.comments import Comment
from readingroom.core.inspection import preview
from readingroom.core.requests import AirlockRequest, OutputFile, Review
from readingroom.core.resemblance import Resemblance
from readingroom.services.sights import Sight
from readingroom.web.api import told
from readingroom.web.api.answered import exactly
from readingroom.web.presenters.review import lineage


@exactly
class Shown(TypedDict):
    """A part of a file as it was read. `kind` is table, image, text, notebook or unknown; other kinds' keys are empty.
    Rows, lines and cells begin at the `first`-th, counted from 0; `flagged` holds (row, column) positions; `image` is a
    PNG made from the pixels, in base64. What is in no part `unseen` says: such a file can't be approved."""

    kind: str
    header: list[str]
    rows: list[list[str]]
    flagged: list[list[int]]
    image: str | None
    lines: list[str]
    cells: list[dict[str, Any]]
    note: str
    unseen: str
    part: int
    parts: int
    first: int


@exactly
class Sheet(told.Checked):
    """`optional`: approved in an earlier round and unchanged, or not leaving. `earlier_sha256`: what the file of this
    name was in the last round that had one. `alike`: what was released and resembles it; null if it was not compared.
    `lineage`: where the researcher's notebook says that it came from."""

    id: int
    optional: bool
    earlier_sha256: str | None
    alike: list[dict[str, Any]] | None
    lineage: str
    shown: Shown


@exactly
class Voted(TypedDict):
    file: str
    sha256: str
    decision: str
    comment: str


@exactly
class Reviewed(TypedDict):
    checker: str
    round: int
    submitted_at: str
    note: str
    votes: list[Voted]


@exactly
class CheckersComment(TypedDict):
    id: int
    checker: str
    round: int
    file: str
    sha256: str
    at: str
    place: str
    quote: str
    comment: str
    audience: str


def sheet(file: OutputFile, sight: Sight, alike: Sequence[Resemblance] | None, *, optional: bool) -> Sheet:
    return told.checked(file) | {
        "id": file.id, "optional": optional, "earlier_sha256": sight.earlier.sha256 if sight.earlier else None,
        "alike": None if alike is None else [asdict(one) for one in alike], "lineage": lineage(file),
        "shown": shown(file, sight.content),
    }


def shown(file: OutputFile, content: bytes, part: int = 1) -> Shown:
    found = preview(file.name, content, file.findings, part)
    return {
        "kind": found.kind, "header": list(found.header), "rows": [list(row) for row in found.rows],
        "flagged": [list(place) for place in sorted(found.flagged)],
        "image": None if found.image is None else base64.b64encode(found.image).decode(),
        "lines": list(found.lines), "cells": [asdict(cell) for cell in found.cells], "note": found.note,
        "unseen": found.unseen, "part": found.part, "parts": found.parts, "first": found.first,
    }


def reviewed(request: AirlockRequest, one: Review) -> Reviewed:
    files = request.by_id
    return {"checker": one.checker, "round": one.round, "submitted_at": one.submitted_at.isoformat(), "note": one.note,
            "votes": [{"file": files[vote.file_id].name, "sha256": files[vote.file_id].sha256,
                       "decision": vote.decision.value, "comment": vote.comment} for vote in one.votes]}


def commented(request: AirlockRequest, one: Comment) -> CheckersComment:
    file = request.by_id[one.file_id]
    return {"id": one.id, "checker": one.checker, "round": one.round, "file": file.name, "sha256": file.sha256,
            "at": one.anchor.at, "place": one.anchor.words, "quote": one.anchor.quote, "comment": one.text,
            "audience": one.audience.value}
