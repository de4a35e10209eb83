"""Release requests: ask for outputs to leave, and follow what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from readingroom.core import requests as core
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
    kind: str = "output"
    group: str = ""


@dataclass(frozen=True)
class Group:
    """Outputs that belong together: one context and one statement of protection for all of them.

    `supporting` files and `code` help checkers to judge the outputs, and never leave.
    """

    name: str
    outputs: Any = ()
    context: str = ""
    controls: str = ""
    supporting: Any = ()
    code: Any = ()


@dataclass(frozen=True)
class Request:
    """A release request as it was when last asked; `refresh()` asks again.

    A comment has `file` and `comment`; one on a place also `at` (`cell:3,2`, `line:7`), `place` in words, `quote`, what
    stood there, the `round`, and whether it is `on_earlier_version`.
    """

    number: int
    title: str
    status: str
    url: str
    submitted_at: str | None = None
    files: tuple[RequestFile, ...] = ()
    comments: tuple[dict[str, Any], ...] = ()
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
        for number, comment in enumerate(shown.comments, start=1):
            said[f"Comment {number}, on {_about(comment)}"] = comment["comment"]
        return definitions(said | {"Page": shown.url})


def request_release(title: str, purpose: str, outputs: object, context: str | Mapping[str, str] = "",
                    controls: str | Mapping[str, str] = "", *, supporting: object = (), code: object = ()) -> Request:
    """Ask for outputs to leave: each is a Table, a Figure or a path, a pair of one and its context, or a Group.

    The context tells a checker what the output shows, of whom, and why it is safe; given to `save()`, in the pair,
    to its group, or here, for all or by file name. `controls` say what was done to make it safe. `supporting` files
    and `code` are for checkers and never leave. Raises InvalidInput, before anything is sent, where context is missing.
    """
    from readingroom.core.egress import check_files
    from readingroom.core.groups import check_groups

    given = _listed(outputs)
    groups = [thing for thing in given if isinstance(thing, Group)]
    own = Group("", [thing for thing in given if not isinstance(thing, Group)], supporting=supporting, code=code)
    asked = _asked(own, groups, context, controls)
    for name, text in (("title", title), ("purpose", purpose)):
        if not text.strip():
            raise InvalidInput(f"The request has no {name}.", rule=f"request.{name}", next_step=f"Give a {name}.")
    policy = rules().policy
    check_groups([core.Group(group.name, group.context.strip(), group.controls.strip()) for group in groups],
                 [(kind, group.name) for group, kind, _ in asked], policy.max_files or len(asked))
    check_files([(output.name, len(output.content), output.context or group.context)
                 for group, _, output in asked], policy)
    described = {"title": title, "purpose": purpose, "files": [
        {"name": output.name, "context": output.context, "controls": output.controls, "evidence": output.evidence,
         "kind": kind.value, "group": group.name} for group, kind, output in asked],
        "groups": [{"name": group.name, "context": group.context, "controls": group.controls} for group in groups]}
    made = _door.post("/requests", data={"request": json.dumps(described)}, files=[
        ("files", (output.name, output.content, "application/octet-stream")) for _, _, output in asked])
    return request(made["number"])


def _asked(own: Group, groups: list[Group], context: str | Mapping[str, str], controls: str | Mapping[str, str]
           ) -> list[tuple[Group, core.FileKind, Output]]:
    """Every file with its group and kind, numbered over all. What was said for all outputs is not for groups'."""
    found: list[tuple[Group, core.FileKind, Output]] = []
    for group in (own, *groups):
        said = (context, controls) if group is own else (
            *({} if isinstance(text, str) else text for text in (context, controls)),)
        for kind, things in ((core.FileKind.OUTPUT, group.outputs), (core.FileKind.SUPPORTING, group.supporting),
                             (core.FileKind.CODE, group.code)):
            found += [(group, kind, _prepared(thing, len(found) + number, *said))
                      for number, thing in enumerate(_listed(things), start=1)]
    return found


def _listed(things: object) -> list[Any]:
    """A list or tuple of things, or one; a tuple that ends in a text is a pair of a thing and its context."""
    if isinstance(things, list):
        return things
    if isinstance(things, tuple) and not (len(things) == 2 and isinstance(things[1], str)):
        return list(things)
    return [things]


def _about(comment: Mapping[str, Any]) -> str:
    """Example: `by-sex.csv, row 3 (Robbery), column 2 (F): “4”, on an earlier version`."""
    place = f", {comment['place']}" if comment.get("at") else ""
    quote = f": “{comment['quote']}”" if comment.get("quote") else ""
    earlier = ", on an earlier version" if comment.get("on_earlier_version") else ""
    return f"{comment['file'] or 'the request'}{place}{quote}{earlier}"


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
        tuple(RequestFile(file["name"], file["sha256"], file.get("verdict"), tuple(file.get("findings", ())),
                          file.get("kind", "output"), file.get("group", ""))
              for file in said.get("files", ())),
        tuple(said.get("comments", ())), said.get("place_in_queue"), detailed)
