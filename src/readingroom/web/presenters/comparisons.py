"""How a file stands to others: to itself in the round before, and to everything released from the same datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readingroom.core.inspection.changes import Changes, changes
from readingroom.core.inspection.preview import ALL, preview
from readingroom.core.requests import OutputFile
from readingroom.core.resemblance import Difference, Resemblance
from readingroom.services.sights import Sight
from readingroom.web.addresses import page
from readingroom.web.presenters.times import plural
from readingroom.web.presenters.words import KIND_WORDS


@dataclass(frozen=True)
class Alike:
    """One released file that this one resembles."""

    href: str
    title: str
    words: str
    few: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Comparison:
    """`changes` is None in a first round; `alike_words` says in every case what was compared with what."""

    since: str
    changes: Changes | None
    alike_words: str
    alike: tuple[Alike, ...]


def comparisons(
    files: tuple[OutputFile, ...], sights: Mapping[int, Sight], found: Mapping[int, tuple[Resemblance, ...]]
) -> dict[int, Comparison]:
    """By file id. `found` lacks files that were not compared."""
    return {file.id: _comparison(file, sights[file.id], found.get(file.id)) for file in files}


def _comparison(file: OutputFile, sight: Sight, found: tuple[Resemblance, ...] | None) -> Comparison:
    alike = tuple(_alike(one) for one in found or ())
    if found is None:
        words = "It was not compared with what was released before."
    elif alike:
        words = f"Like it, and from the same data: {plural(len(alike), 'released file')}."
    else:
        words = "Nothing released from the same data is like it."
    since, changed = _since(file, sight)
    return Comparison(since, changed, words, alike)


def _since(file: OutputFile, sight: Sight) -> tuple[str, Changes | None]:
    if sight.earlier is None:
        return ("" if file.round == 1 else "New in this round."), None
    place = f"round {sight.earlier.round}"
    if sight.earlier.sha256 == file.sha256:
        return f"The same bytes as in {place}.{_said_anew(sight.earlier, file)}", None
    found = changes(preview(file.name, sight.earlier_content, part=ALL), preview(file.name, sight.content, part=ALL))
    return f"{_counted(found)} since {place}.{_said_anew(sight.earlier, file)}", found


def _counted(found: Changes) -> str:
    """How much of all of the file differs, whatever of it is shown."""
    if found.rows_changed and found.header:
        return f"{plural(found.count, 'cell')} in {plural(found.rows_changed, 'row')} changed"
    if found.count and (found.lines or found.header):
        return f"{plural(found.count, 'heading' if found.header else 'line')} changed"
    return "Changed"


def _said_anew(before: OutputFile, now: OutputFile) -> str:
    """What else is not as it was: what the file is there for, its group, and what is said of either."""
    told = [("What is said of it changed.", before.context, now.context),
            ("The protection named for it changed.", before.controls, now.controls),
            (f"It was {KIND_WORDS[before.kind][0] or 'an output'} then.", before.kind, now.kind),
            (f"It was in the group {before.group.name} then." if before.group.name else "It was in no group then.",
             before.group.name, now.group.name)]
    if before.group.name == now.group.name:
        told.append(("What is said of its group changed.", before.group, now.group))
    return "".join(f" {words}" for words, was, is_ in told if was != is_)


def _alike(one: Resemblance) -> Alike:
    said = [f"{one.equal} of {one.shared} cells with the same labels are equal"] if one.shared else []
    if one.numbers:
        said.append(f"{plural(one.numbers, 'number')} of ten or more in both")
    if one.looks:
        said.append("the pictures look alike")
    return Alike(page(f"/releases/{one.request}"), f"{one.file}, release {one.request}", "; ".join(said) + ".", one.few,
                 one.differences)
