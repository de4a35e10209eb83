"""Release requests: ask for outputs to leave, follow what becomes of it, answer it, take it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from readingroom.core import requests as core
from readingroom.errors import InvalidInput, InvalidTransition
from readingroom.sdk import _asking, _door
from readingroom.sdk._asking import Asked, Group

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
    context: str = ""
    controls: str = ""
    size_bytes: int = 0
    assurance: str = ""


@dataclass(frozen=True, repr=False)
class Request:
    """A release request as it was when last asked; `refresh()` asks again.

    A comment has `file` and `comment`; one on a place also `at` (`cell:3,2`, `line:7`), `place` in words, `quote`, what
    stood there, the `round`, and whether it is `on_earlier_version`. `likely_hours`: within which half, and nine in
    ten, of the last rounds were decided; None where it does not wait. `in_the_way`: why it does not go on now.
    """

    number: int
    title: str
    status: str
    url: str
    submitted_at: str | None = None
    files: tuple[RequestFile, ...] = ()
    comments: tuple[dict[str, Any], ...] = ()
    place_in_queue: int | None = None
    round: int = 1
    likely_hours: tuple[float | None, ...] | None = None
    in_the_way: tuple[str, ...] = ()
    release: dict[str, Any] | None = None
    groups: tuple[Group, ...] = ()
    _may: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
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

    def withdraw(self) -> Request:
        """Take it back, at any time before it has left. Refused if it moved on since it was looked at."""
        _door.post(f"/requests/{self.number}/withdraw", json={"round": self._seen().round})
        return self.refresh()

    def resubmit(self, outputs: object = (), context: str | Mapping[str, str] = "",
                 controls: str | Mapping[str, str] = "", *, supporting: object = (), code: object = (),
                 drop: str | tuple[str, ...] | list[str] = ()) -> Request:
        """Answer it when it was returned: outputs as in `rr.request_release()` take the place of files of their name.

        Every other file goes along as it is, with its evidence, but those named in `drop`. A file for which nothing
        new is said keeps its context, statement of protection and group.
        """
        seen = self._seen()
        if seen.status != "returned":
            raise InvalidTransition(
                f"Request {self.number} is {seen.status}; only a returned one is answered.", rule="lifecycle.request",
                value=seen.status, next_step="Wait for its decision, or withdraw it and ask anew.")
        before = {file.name: file for file in seen.files}
        dropped = {drop} if isinstance(drop, str) else set(drop)
        if unknown := sorted(dropped - set(before)):
            raise InvalidInput(f"Request {self.number} has no file {unknown[0]!r} to drop.", rule="request.drop",
                               value=unknown[0], next_step=f"It has: {', '.join(before)}.")
        given = _asking.groups_of(outputs)
        groups = {group.name: group for group in (*seen.groups, *given)}
        files = [_in_its_place(one, before.get(one.output.name), groups)
                 for one in _asking.asked(outputs, context, controls, supporting, code)]
        sent = {one.output.name for one in files}
        kept = [file for file in seen.files if file.name not in sent | dropped]
        named = [groups[name] for name in dict.fromkeys(group.name for group in (*given, *(one.group for one in files)))
                 if name]
        _asking.check(files, named, [(core.FileKind(file.kind), file.name, file.size_bytes, file.context,
                                      groups.get(file.group, Group(""))) for file in kept])
        _asking.send(f"/requests/{self.number}/resubmit", files, named, round=seen.round,
                     keep=[file.name for file in kept])
        return self.refresh()

    def _seen(self) -> Request:
        """What this object shows: a line of a list is looked at first."""
        return self if self._detailed else self.refresh()

    def __repr__(self) -> str:
        place = f", number {self.place_in_queue} in the queue" if self.place_in_queue else ""
        lines = [f"Request {self.number}, “{self.title}”: {self.status}{place}"]
        lines += [f"  {file.name}: {(file.verdict or 'not checked yet').upper()}" for file in self.files]
        lines += [f"  On {_about(comment)}: {comment['comment']}" for comment in self.comments]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import definitions

        shown = self._seen()
        said: dict[str, object] = {"Request": f"{shown.number}. {shown.title}", "Status": _standing(shown)}
        if shown.place_in_queue:
            said["Place in the queue"] = shown.place_in_queue
        if likely := _likely(shown.likely_hours):
            said["Likely time"] = likely
        for number, reason in enumerate(shown.in_the_way, start=1):
            said[f"In the way ({number})"] = reason
        for file in shown.files:
            said[file.name] = f"{(file.verdict or 'not checked yet').upper()}, frozen as {file.sha256[:12]}…"
        for number, comment in enumerate(shown.comments, start=1):
            said[f"Comment {number}, on {_about(comment)}"] = comment["comment"]
        if shown.release:
            said["Release"] = _release(shown.release)
        if steps := [words for name, words in NEXT.items() if shown._may.get(name) == ""]:
            said["You may"] = "; ".join(steps)
        return definitions(said | {"Page": shown.url})


NEXT = {"resubmit": "answer it: .resubmit([changed tables]) keeps every other file",
        "withdraw": "take it back: .withdraw()"}


class Requests(tuple[Request, ...]):
    """Requests as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "No request from this project yet."

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import rows

        return rows(("Request", "Title", "Status", "Round", "Place in the queue", "Page"), [
            (one.number, one.title, one.status, one.round, one.place_in_queue or "", one.url) for one in self])


def request_release(title: str, purpose: str, outputs: object, context: str | Mapping[str, str] = "",
                    controls: str | Mapping[str, str] = "", *, supporting: object = (), code: object = ()) -> Request:
    """Ask for outputs to leave: each is a Table, a Figure or a path, a pair of one and its context, or a Group.

    The context tells a checker what the output shows, of whom, and why it is safe; given to `save()`, in the pair,
    to its group, or here, for all or by file name. `controls` say what was done to make it safe. `supporting` files
    and `code` are for checkers and never leave. Raises InvalidInput, before anything is sent, where context is missing.
    """
    files, groups = _asking.asked(outputs, context, controls, supporting, code), _asking.groups_of(outputs)
    for name, text in (("title", title), ("purpose", purpose)):
        if not text.strip():
            raise InvalidInput(f"The request has no {name}.", rule=f"request.{name}", next_step=f"Give a {name}.")
    _asking.check(files, groups)
    return request(_asking.send("/requests", files, groups, title=title, purpose=purpose)["number"])


def requests() -> Requests:
    """Your requests from this project, newest first."""
    return Requests(_request(said, detailed=False) for said in _door.get("/requests"))


def request(number: int) -> Request:
    return _request(_door.get(f"/requests/{int(number)}"), detailed=True)


def _in_its_place(one: Asked, earlier: RequestFile | None, groups: Mapping[str, Group]) -> Asked:
    """A file of which nothing new is said is said to be what the file of its name was."""
    if earlier is None:
        return one
    output = replace(one.output, context=one.output.context or earlier.context,
                     controls=one.output.controls or earlier.controls)
    group = one.group if one.group.name else groups.get(earlier.group, one.group)
    return Asked(group, one.kind, output)


def _about(comment: Mapping[str, Any]) -> str:
    """Example: `by-sex.csv, row 3 (Robbery), column 2 (F): “4”, on an earlier version`."""
    place = f", {comment['place']}" if comment.get("at") else ""
    quote = f": “{comment['quote']}”" if comment.get("quote") else ""
    earlier = ", on an earlier version" if comment.get("on_earlier_version") else ""
    return f"{comment['file'] or 'the request'}{place}{quote}{earlier}"


def _standing(shown: Request) -> str:
    return shown.status if shown.round <= 1 else f"{shown.status}, round {shown.round}"


def _likely(hours: tuple[float | None, ...] | None) -> str:
    if not hours or hours[0] is None:
        return ""
    most = "" if len(hours) < 2 or hours[1] is None else f", nine in ten within {hours[1]:.1f}"
    return f"half of the last rounds were decided within {hours[0]:.1f} hours{most}"


def _release(made: Mapping[str, Any]) -> str:
    if made["recalled_at"]:
        return f"recalled: {made['recall_reason']}"
    left = "" if made["downloads_left"] is None else f", {made['downloads_left']} downloads left"
    until = f", until {made['until'][:10]}" if made["until"] else ""
    return f"{made['filename']}, to be downloaded from its page{until}{left}"


def _request(said: dict[str, Any], *, detailed: bool) -> Request:
    likely = said.get("likely_hours")
    return Request(
        said["number"], said["title"], said["status"], said["url"], said.get("submitted_at"),
        tuple(RequestFile(file["name"], file["sha256"], file.get("verdict"), tuple(file.get("findings", ())),
                          file.get("kind", "output"), file.get("group", ""), file.get("context", ""),
                          file.get("controls", ""), file.get("size_bytes", 0), file.get("assurance", ""))
              for file in said.get("files", ())),
        tuple(said.get("comments", ())), said.get("place_in_queue"), said.get("round", 1),
        None if likely is None else tuple(likely), tuple(said.get("in_the_way", ())), said.get("release"),
        tuple(Group(group["name"], (), group["context"], group["controls"]) for group in said.get("groups", ())),
        said.get("may", {}), detailed)
