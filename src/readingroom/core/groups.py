"""Groups of files within a request: what may be asked for together, and how it is laid out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from readingroom.core.egress import MINIMUM_CONTEXT, SAFE_NAME
from readingroom.core.requests import FileKind, Group, OutputFile
from readingroom.errors import InvalidInput

MOST_TEXT = 5000


def check_groups(groups: Sequence[Group], files: Sequence[tuple[FileKind, str]], most: int) -> None:
    """Refuse groups that nobody could judge; `files` are (kind, name of its group, "" for none).

    Each holds a file and is named once, in letters that read as what they are; at most `most`, the number of files.
    """
    if not any(kind is FileKind.OUTPUT for kind, _ in files):
        raise InvalidInput("The request holds no output: supporting files and code do not leave.",
                           rule="request.outputs", value=len(files), next_step="Add at least one file of type output.")
    if len(groups) > most:
        raise InvalidInput(f"The request has {len(groups)} groups; policy allows {most} files, and each group holds "
                           "one at least.", rule="request.max-groups", value=len(groups),
                           next_step="Put files that belong together in one group, or ask in parts.")
    for group in groups:
        _check_group(group)
    twice = [name for name, times in Counter(group.name.casefold() for group in groups).items() if times > 1]
    if twice:
        raise InvalidInput(f"Two groups are named {twice[0]!r}.", rule="request.group-name", value=twice[0],
                           next_step="Give each group its own name; capital letters do not tell them apart.")
    named, used = {group.name for group in groups}, {name for _, name in files if name}
    if unknown := sorted(used - named):
        raise InvalidInput(f"A file is in the group {unknown[0][:100]!r}, which is not described.",
                           rule="request.group-unknown", value=unknown[0][:100],
                           next_step="Describe the group, or put the file in one that is described.")
    if empty := sorted(named - used):
        raise InvalidInput(f"The group {empty[0]!r} holds no file.", rule="request.group-empty", value=empty[0],
                           next_step="Put a file in it, or leave the group out.")


def _check_group(group: Group) -> None:
    if not SAFE_NAME.fullmatch(group.name) or group.name.endswith((" ", ".")):
        raise InvalidInput(f"The group name {group.name[:100]!r} is not accepted.", rule="request.group-name",
                           value=group.name[:100],
                           next_step="Use letters, digits, spaces, dots, hyphens and underscores, at most 100.")
    if len(group.context) < MINIMUM_CONTEXT:
        raise InvalidInput(f"The group {group.name!r} has no context that a checker could use.",
                           rule="request.group-context", value=group.context,
                           next_step="Say what its files show together, for which people, in at least "
                                     f"{MINIMUM_CONTEXT} characters.")
    for what, text in (("context", group.context), ("controls", group.controls)):
        if len(text) > MOST_TEXT:
            raise InvalidInput(f"The {what} of the group {group.name!r} has {len(text):,} characters.",
                               rule=f"request.group-{what}", value=len(text),
                               next_step=f"Write at most {MOST_TEXT:,}.")


def arranged(files: Iterable[OutputFile]) -> tuple[tuple[Group, tuple[OutputFile, ...]], ...]:
    """The files by group, in the order in which they were asked for; outputs first within each."""
    found: dict[Group, list[OutputFile]] = {}
    for file in files:
        found.setdefault(file.group, []).append(file)
    return tuple((group, tuple(sorted(members, key=lambda file: not file.crosses)))
                 for group, members in found.items())
