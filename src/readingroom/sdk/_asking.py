"""What is sent when outputs are asked for: files with what is said of them, checked before anything leaves."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from readingroom.core import requests as core
from readingroom.errors import InvalidInput
from readingroom.sdk import _door
from readingroom.sdk._outputs import Output, as_output
from readingroom.sdk._preflight import rules


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
class Asked:
    """A file with its kind and its group."""

    group: Group
    kind: core.FileKind
    output: Output


def asked(outputs: object, context: str | Mapping[str, str], controls: str | Mapping[str, str], supporting: object,
          code: object) -> list[Asked]:
    """Every file with its group and kind, numbered over all. What was said for all outputs is not for groups'."""
    given = _listed(outputs)
    groups = [thing for thing in given if isinstance(thing, Group)]
    own = Group("", [thing for thing in given if not isinstance(thing, Group)], supporting=supporting, code=code)
    found: list[Asked] = []
    for group in (own, *groups):
        said = (context, controls) if group is own else (
            *({} if isinstance(text, str) else text for text in (context, controls)),)
        for kind, things in ((core.FileKind.OUTPUT, group.outputs), (core.FileKind.SUPPORTING, group.supporting),
                             (core.FileKind.CODE, group.code)):
            found += [Asked(group, kind, _prepared(thing, len(found) + number, *said))
                      for number, thing in enumerate(_listed(things), start=1)]
    return found


def groups_of(outputs: object) -> list[Group]:
    return [thing for thing in _listed(outputs) if isinstance(thing, Group)]


Beside = tuple[core.FileKind, str, int, str, Group]
"""A file that goes along unsent: kind, name, size in bytes, context, group."""


def check(files: Sequence[Asked], groups: Sequence[Group], beside: Collection[Beside] = ()) -> None:
    """Raises InvalidInput, as the airlock would, before anything is sent."""
    from readingroom.core.egress import check_files
    from readingroom.core.groups import check_groups

    policy = rules().policy
    every = [*((one.kind, one.output.name, len(one.output.content), one.output.context, one.group) for one in files),
             *beside]
    named = {group.name: group for group in (*groups, *(group for *_, group in beside)) if group.name}
    check_groups([core.Group(group.name, group.context.strip(), group.controls.strip()) for group in named.values()],
                 [(kind, group.name) for kind, *_, group in every], policy.max_files or len(every))
    check_files([(name, size, context or group.context) for _, name, size, context, group in every], policy)


def send(path: str, files: Sequence[Asked], groups: Sequence[Group], **said: object) -> dict[str, Any]:
    """The files, each with what is said and was counted of it; sent again, they are not asked for twice."""
    described = said | {"files": [
        {"name": one.output.name, "context": one.output.context, "controls": one.output.controls,
         "evidence": one.output.evidence, "kind": one.kind.value, "group": one.group.name} for one in files],
        "groups": [{"name": group.name, "context": group.context, "controls": group.controls} for group in groups]}
    made: dict[str, Any] = _door.post(path, data={"request": json.dumps(described)}, once=True, files=[
        ("files", (one.output.name, one.output.content, "application/octet-stream")) for one in files] or None)
    return made


def _listed(things: object) -> list[Any]:
    """A list or tuple of things, or one; a tuple that ends in a text is a pair of a thing and its context."""
    if isinstance(things, list):
        return things
    if isinstance(things, tuple) and not (len(things) == 2 and isinstance(things[1], str)):
        return list(things)
    return [things]


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
