"""Comments on places in outputs, as checkers and researchers read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from readingroom.core.comments import Audience, Comment
from readingroom.core.inspection import Preview
from readingroom.core.inspection.anchors import standing
from readingroom.core.requests import AirlockRequest, OutputFile
from readingroom.services.request_views import RequestView
from readingroom.web.addresses import page
from readingroom.web.presenters.outputs import place_id


@dataclass(frozen=True)
class ShownComment:
    """One comment. `earlier` says of which round it is if the file changed since, `now` what stands there now.

    `at` is where it is on this page, "" if nowhere; `href` leads there. `mine` may be taken back.
    """

    id: int
    who: str
    to: str
    place: str
    quote: str
    text: str
    at: str
    href: str
    earlier: str
    now: str
    mine: bool
    about: str


class Commented(Protocol):
    """A request with the comments that somebody may know of."""

    @property
    def request(self) -> AirlockRequest: ...

    @property
    def comments(self) -> tuple[Comment, ...]: ...


def of_file(
    view: Commented, file: OutputFile, shown: Callable[[], Preview], name: Callable[[str], str], base: str = "",
    viewer: str = "",
) -> tuple[ShownComment, ...]:
    """The comments on a file of the present round, and on files of its name in earlier ones; newest round first."""
    request = view.request
    files = request.by_id
    concerned = [one for one in view.comments if one.file_id in files and files[one.file_id].name == file.name]
    preview = shown() if any(_changed(files[one.file_id], file) for one in concerned) else None
    newest_first = sorted(concerned, key=lambda one: (-one.round, one.id))
    return tuple(_shown(one, files[one.file_id], file, preview, name, base, _is_mine(view, one, viewer))
                 for one in newest_first)


def _is_mine(view: Commented, one: Comment, viewer: str) -> bool:
    """Whether the viewer may still take it back."""
    return (one.checker == viewer and one.round == view.request.round and isinstance(view, RequestView)
            and view.own_review is None)


def _shown(
    one: Comment, about: OutputFile, file: OutputFile, preview: Preview | None, name: Callable[[str], str], base: str,
    mine: bool,
) -> ShownComment:
    earlier, now, at = "", "", one.anchor.at
    if _changed(about, file) and preview is not None:
        found = standing(one.anchor, preview)
        earlier = f"On an earlier version, of round {one.round}."
        at = found.at if found else ""
        if one.anchor.at:
            now = f"There now: “{found.quote}”." if found else "It is not in this version."
    return ShownComment(
        one.id, name(one.checker), "to the researcher" if one.audience is Audience.RESEARCHER else "between checkers",
        one.anchor.words, one.anchor.quote, one.text, at,
        f"{base}#{place_id(file.id, at)}" if at else base, earlier, now, mine, file.name)


def of_round(view: RequestView) -> tuple[ShownComment, ...]:
    """The comments on the files of the present round, each with a link to its place on the file's page."""
    files = {file.id: file for file in view.request.files}
    return tuple(_shown(one, files[one.file_id], files[one.file_id], None, lambda _: "A checker",
                        file_page(view.request.number, files[one.file_id]), False)
                 for one in view.comments if one.file_id in files)


def said_at(comments: tuple[ShownComment, ...]) -> Mapping[str, int]:
    """How many comments each place of a page has."""
    counted: dict[str, int] = {}
    for one in comments:
        if one.at:
            counted[one.at] = counted.get(one.at, 0) + 1
    return counted


def as_told(view: RequestView) -> list[dict[str, object]]:
    """The same for programs: what the researcher may know of, oldest first."""
    files, newest = view.request.by_id, {file.name: file for file in view.request.files}
    told = []
    for one in view.comments:
        about = files[one.file_id]
        present = newest.get(about.name)
        told.append({
            "file": about.name, "sha256": about.sha256, "round": one.round, "at": one.anchor.at,
            "place": one.anchor.words, "quote": one.anchor.quote, "comment": one.text,
            "on_earlier_version": present is None or _changed(about, present)})
    return told


def file_page(number: int, file: OutputFile) -> str:
    return page(f"/requests/{number}/files/{file.id}")


def _changed(about: OutputFile, file: OutputFile) -> bool:
    return about.sha256 != file.sha256
