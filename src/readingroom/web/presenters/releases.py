"""Releases: their files and approvals, the terms they are handed over on, who has them, and recalls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readingroom.core.egress import approvals, approvers
from readingroom.core.people import Person, Standing
from readingroom.core.releases import Recheck, Terms
from readingroom.services.handover import Line, ReleaseView
from readingroom.web.addresses import page
from readingroom.web.presenters import times
from readingroom.web.presenters.words import ASSURANCE_WORDS, Tag, VerdictMark, verdict_mark

RELEASED, RECALLED, CLOSED = (Tag("Released", "govuk-tag--green"), Tag("Recalled", "govuk-tag--red"),
                              Tag("Download closed", "govuk-tag--grey"))


@dataclass(frozen=True)
class Row:
    number: int
    title: str
    project: str
    href: str
    tag: Tag
    made: times.When | None
    files: str
    downloads: str


@dataclass(frozen=True)
class File:
    name: str
    sha256: str
    assurance: str
    mark: VerdictMark
    approved_by: str


@dataclass(frozen=True)
class Handed:
    who: str
    at: times.When | None
    sha256: str


@dataclass(frozen=True)
class Rechecked:
    file: str
    href: str
    request: int
    was: VerdictMark
    now: VerdictMark
    note: str


@dataclass(frozen=True)
class Recalled:
    who: str
    at: times.When | None
    reason: str
    incident: int
    is_checking: bool
    worse: int
    rechecks: tuple[Rechecked, ...]


@dataclass(frozen=True)
class Detail:
    number: int
    title: str
    project: str
    datasets: str
    tag: Tag
    href: str
    request_href: str
    filename: str
    sha256: str
    made: times.When | None
    terms: str
    nobody: str
    given: str
    download_href: str
    no_download: str
    recall_href: str
    files: tuple[File, ...]
    handed: tuple[Handed, ...]
    recall: Recalled | None


def _tag(on: Terms, given: int, recalled: bool, now: datetime) -> Tag:
    if recalled:
        return RECALLED
    over = on.until is not None and now >= on.until
    spent = on.downloads is not None and given >= on.downloads
    return CLOSED if over or spent else RELEASED


def row(line: Line, now: datetime) -> Row:
    one = line.listed
    return Row(one.request, one.title, line.project.title, page(f"/releases/{one.request}"),
               _tag(line.terms, one.given, one.recalled, now), times.when(one.made_at, now),
               times.plural(one.files, "file"), given_of(line.terms, one.given))


def given_of(on: Terms, given: int) -> str:
    """`3 of 50 downloads`, or `3 downloads` where policy sets no limit."""
    return times.plural(given, "download") if on.downloads is None else f"{given} of {on.downloads} downloads"


def terms_of(on: Terms, people: dict[str, Person]) -> str:
    """For whom and until when, in a sentence."""
    who = ", ".join(sorted(people[name].display_name for name in on.recipients)) or "nobody"
    until = "" if on.until is None else f", until {times.exact(on.until)}"
    return f"For {who}{until}."


def _nobody(view: ReleaseView, people: dict[str, Person]) -> str:
    """That nobody is left who could download it, and what helps; empty while someone can. Why not is not said: that is
    between them and an administrator."""
    recipients = view.terms.recipients
    if view.recall or any(people[name].standing is Standing.ACTIVE for name in recipients):
        return ""
    if not recipients:
        return ("Nobody can download it: there is no one of those to whom policy lets this release go. An "
                "administrator can say who that would be.")
    return ("Nobody can download it now: none of those to whom policy lets this release go can sign in. An "
            "administrator can let them in again, or another person can join the project where policy names its "
            "members.")


def named(view: ReleaseView) -> frozenset[str]:
    """Everyone whose name the page says."""
    checkers = approvers(view.request)
    recalled = {view.recall.by} if view.recall else set()
    return frozenset({view.request.author, *view.terms.recipients, *checkers, *recalled,
                      *(one.person for one in view.downloads)})


def detail(view: ReleaseView, people: dict[str, Person], now: datetime) -> Detail:
    """`people` are those that `named` lists."""
    number = view.request.number
    return Detail(
        number=number, title=view.request.title, project=view.project.title, datasets=", ".join(view.datasets),
        tag=_tag(view.terms, view.given, view.recall is not None, now), href=page(f"/releases/{number}"),
        request_href=page(f"/requests/{number}") if view.sees_request else "",
        filename=view.release.filename, sha256=view.release.sha256, made=times.when(view.release.made_at, now),
        terms=terms_of(view.terms, people), nobody=_nobody(view, people), given=given_of(view.terms, view.given),
        download_href="" if view.may["download"] else page(f"/requests/{number}/release"),
        no_download=view.may["download"],
        recall_href="" if view.may["recall"] else page(f"/releases/{number}/recall"),
        files=_files(view, people),
        handed=tuple(Handed(people[one.person].display_name, times.when(one.at, now), one.sha256)
                     for one in view.downloads),
        recall=_recalled(view, people, now))


def _files(view: ReleaseView, people: dict[str, Person]) -> tuple[File, ...]:
    return tuple(File(
        file.name, file.sha256, ASSURANCE_WORDS[file.assurance][0], verdict_mark(file.verdict),
        ", ".join(sorted(people[one.checker].display_name for one in approvals(view.request, file)))
        or "nobody: a rule of its policy") for file in view.request.crossing)


def _recalled(view: ReleaseView, people: dict[str, Person], now: datetime) -> Recalled | None:
    recall = view.recall
    if recall is None:
        return None
    found = sorted(recall.rechecks or (), key=lambda one: (not one.is_worse, one.request, one.file))
    return Recalled(people[recall.by].display_name, times.when(recall.at, now), recall.reason, recall.incident,
                    recall.rechecks is None, sum(one.is_worse for one in found), tuple(map(_rechecked, found)))


def _rechecked(one: Recheck) -> Rechecked:
    note = "The same bytes as a recalled file." if one.same_bytes else (
        f"Worse than when it left: {', '.join(one.rules)}." if one.is_worse else "As when it left.")
    return Rechecked(one.file, page(f"/releases/{one.request}"), one.request, verdict_mark(one.was),
                     verdict_mark(one.now), note)
