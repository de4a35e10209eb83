"""Release requests: ask for outputs to leave, and follow what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from readingroom.errors import InvalidInput
from readingroom.sdk import _door
from readingroom.sdk._outputs import Output, as_output
from readingroom.sdk._preflight import rules

ACTIVE = frozenset({"submitted", "checking", "in-review", "returned", "approved", "frozen"})


@dataclass(frozen=True)
class RequestFile:
    """`verdict` is None until the automatic checks have run."""

    name: str
    sha256: str
    verdict: str | None = None
    findings: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Request:
    """A release request as it was when last asked; `refresh()` asks again."""

    number: int
    title: str
    status: str
    url: str
    submitted_at: str | None = None
    files: tuple[RequestFile, ...] = ()
    comments: tuple[dict[str, str], ...] = ()
    place_in_queue: int | None = None
    _detailed: bool = field(default=False, repr=False, compare=False)

    @property
    def active(self) -> bool:
        """Whether something may still happen to it."""
        return self.status in ACTIVE

    @property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """What the automatic checks noticed, over all files; each says which."""
        return tuple(finding | {"file": file.name} for file in self.files for finding in file.findings)

    def refresh(self) -> Request:
        return request(self.number)

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import definitions

        shown = self if self._detailed else self.refresh()
        said: dict[str, object] = {"Request": f"{shown.number}. {shown.title}", "Status": shown.status}
        if shown.place_in_queue:
            said["Place in the queue"] = shown.place_in_queue
        for file in shown.files:
            said[file.name] = f"{(file.verdict or 'not checked yet').upper()}, frozen as {file.sha256[:12]}…"
        for comment in shown.comments:
            said[f"Comment on {comment['file'] or 'the request'}"] = comment["comment"]
        return definitions(said | {"Page": shown.url})


def request_release(title: str, purpose: str, outputs: object, context: str | Mapping[str, str] = "",
                    controls: str | Mapping[str, str] = "") -> Request:
    """Ask for outputs to leave: each is a Table, a Figure or a path, or a pair of one and its context.

    The context tells a checker what the output shows, of whom, and why it is safe; given to `save()`, in the pair,
    or here, for all or by file name. `controls` say what was done to make it safe. Raises InvalidInput, before
    anything is sent, where context is missing.
    """
    from readingroom.core.egress import check_files

    given = outputs if isinstance(outputs, list) else [outputs]
    prepared = [_prepared(thing, number, context, controls) for number, thing in enumerate(given, start=1)]
    for name, text in (("title", title), ("purpose", purpose)):
        if not text.strip():
            raise InvalidInput(f"The request has no {name}.", rule=f"request.{name}", next_step=f"Give a {name}.")
    check_files([(output.name, len(output.content), output.context) for output in prepared], rules().policy)
    described = {"title": title, "purpose": purpose, "files": [
        {"name": output.name, "context": output.context, "controls": output.controls, "evidence": output.evidence}
        for output in prepared]}
    made = _door.post("/requests", data={"request": json.dumps(described)}, files=[
        ("files", (output.name, output.content, "application/octet-stream")) for output in prepared])
    return request(made["number"])


def requests() -> tuple[Request, ...]:
    """Your requests from this project, newest first."""
    return tuple(_request(said, detailed=False) for said in _door.get("/requests"))


def request(number: int) -> Request:
    return _request(_door.get(f"/requests/{int(number)}"), detailed=True)


def _prepared(thing: object, number: int, context: str | Mapping[str, str],
              controls: str | Mapping[str, str]) -> Output:
    own = ""
    if isinstance(thing, tuple):
        if len(thing) != 2 or not isinstance(thing[1], str):
            raise InvalidInput("A pair is an output and its context.", rule="request.outputs", value=len(thing),
                               next_step="Give outputs as a list: [table, (figure, 'what it shows')].")
        thing, own = thing
    output = as_output(thing, number)
    return replace(output, context=own or output.context or _of(context, output.name),
                   controls=output.controls or _of(controls, output.name))


def _of(text: str | Mapping[str, str], name: str) -> str:
    return text if isinstance(text, str) else text.get(name, "")


def _request(said: dict[str, Any], *, detailed: bool) -> Request:
    return Request(
        said["number"], said["title"], said["status"], said["url"], said.get("submitted_at"),
        tuple(RequestFile(file["name"], file["sha256"], file.get("verdict"), tuple(file.get("findings", ())))
              for file in said.get("files", ())),
        tuple(said.get("comments", ())), said.get("place_in_queue"), detailed)
