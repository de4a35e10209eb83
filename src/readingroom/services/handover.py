"""What becomes of a release: handed over on policy's terms, looked after, and recalled in one act."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from readingroom.core import releases as core
from readingroom.core.disclosure.check import check_output
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.egress import approvers, reviewers
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.projects import Grant, Project
from readingroom.core.releases import Download, Listed, Recall, Recheck, Terms
from readingroom.core.requests import AirlockRequest, Release
from readingroom.core.roles import Permission
from readingroom.errors import NotFound, refusal_of
from readingroom.services import notices
from readingroom.services.attempts import attempt, refusals_logged
from readingroom.services.memory import datasets, once_live
from readingroom.services.moves import SYSTEM
from readingroom.services.room import ReadingRoom

RECALLED = "release.recalled"
PAGE = 25


@dataclass(frozen=True)
class ReleaseView:
    """A release as one person may see it. `may` maps download and recall to "" or to the reason why not.

    `downloads` is empty for whoever may not recall it, but for their own; `given` counts all.
    """

    request: AirlockRequest
    project: Project
    release: Release
    datasets: tuple[str, ...]
    terms: Terms
    given: int
    downloads: tuple[Download, ...]
    recall: Recall | None
    sees_request: bool
    may: dict[str, str]


def download(room: ReadingRoom, viewer: str, number: int) -> tuple[str, bytes]:
    """The name and bytes of the signed package. It is counted, and on the log, before its first byte goes out."""
    with refusals_logged(room, viewer, "release.download", f"request:{number}"):
        with room.store.reading() as tx:
            made = _download_now(room, tx, viewer, number)
        content = room.blobs.get(made.sha256)  # before it is counted: what can't be read was not handed over
        with room.store.transaction() as tx:
            made = _download_now(room, tx, viewer, number)
            tx.releases.add_download(number, Download(viewer, room.now(), made.sha256))
            tx.events.record(viewer, "release.downloaded", f"request:{number}", tx.requests.get(number).project,
                             sha256=made.sha256)
        return made.filename, content


def get(room: ReadingRoom, viewer: str, number: int) -> ReleaseView:
    """One release. NotFound for people who have nothing to do with it, and while there is none."""
    with room.store.reading() as tx:
        return _view(room, tx, viewer, number)


@dataclass(frozen=True)
class Line:
    """One release in a list: what is handed over, for which project and on which terms."""

    listed: Listed
    project: Project
    terms: Terms


def newest(room: ReadingRoom, viewer: str, page: int = 1) -> tuple[tuple[Line, ...], int]:
    """A page of the releases that this person may see, newest first, and how many there are in all."""
    with room.store.reading() as tx:
        seen = _seen_projects(room, tx, viewer)
        found = tx.releases.newest(PAGE, seen, (page - 1) * PAGE)
        projects = tx.projects.among({one.project for one in found})
        grants = tx.grants.of_projects(projects)
        return tuple(Line(one, projects[one.project], core.terms(
            room.policies.for_project(projects[one.project], grants[one.project]), one.author, one.made_at,
            projects[one.project].members, _custodians_of(room, grants[one.project])))
            for one in found), tx.releases.count(seen)


def _seen_projects(room: ReadingRoom, tx: Any, viewer: str) -> frozenset[str] | None:
    """The projects whose releases this person may see; None: all of them. Says what `_concerned` says of each."""
    person = tx.people.get(viewer)
    if person.may(Permission.REVIEW_OUTPUTS) or person.may(Permission.MANAGE_PEOPLE):
        return None
    own = {project.slug for project in tx.projects.of_member(viewer)}
    if person.may(Permission.DECIDE_GRANTS):
        asked = tx.grants.projects_with(room.policies.datasets_of(viewer))
        own |= {slug for slug, grants in tx.grants.of_projects(asked).items() if viewer in _custodians_of(room, grants)}
    return frozenset(own)


def recall(room: ReadingRoom, viewer: str, number: int, reason: str) -> Recall:
    """Close a release for good: no further download, an incident with its recipients, and everyone concerned is told.

    What was released since from the same data or project is checked again by the worker, which reads here that it has
    to. Nothing can be taken back from who has it: the incident lists them so that people can.
    """
    with attempt(room, viewer, "release.recall", f"request:{number}") as tx:
        request, made = _released(room, tx, viewer, number)
        custodians = _custodians(room, tx, request.project)
        core.check_can_recall(viewer, _own_custodians(tx, viewer, custodians), _deciders(request))
        said = core.check_recallable(tx.releases.recall(number), reason)
        given = tx.releases.downloads(number)
        had = tuple(f"{one.person} downloaded sha256 {one.sha256} at {one.at.isoformat()}" for one in given)
        incident = tx.walls.add_incident(room.now(), RECALLED, f"request:{number}",
                                         f"The release of request {number} was recalled by {viewer}.",
                                         had or ("nobody downloaded it",), request.project)
        found = Recall(number, viewer, room.now(), said, incident.id)
        tx.releases.add_recall(found)
        tx.events.record(viewer, RECALLED, f"request:{number}", request.project, reason=said, sha256=made.sha256,
                         incident=incident.id, recipients=[
                             {"person": one.person, "at": one.at.isoformat(), "sha256": one.sha256} for one in given])
        told = {request.author, *tx.projects.get(request.project).members, *custodians, *_deciders(request),
                *(one.person for one in given), *notices.holding(tx, Permission.MANAGE_PEOPLE)}
        notices.tell(tx, told, RECALLED, request=number, project=request.project)
        return found


def siblings(room: ReadingRoom, number: int) -> tuple[int, ...]:
    """The requests released since a recalled one, of its project or from any of its datasets; none if not recalled."""
    with room.store.reading() as tx:
        made = tx.requests.release(number)
        if made is None or tx.releases.recall(number) is None:
            return ()
        of_recalled = tx.requests.get(number)
        data = set(datasets(tx, of_recalled.project))
        since = [tx.requests.get(other) for other in tx.releases.made_since(made.made_at) if other != number]
        return tuple(other.number for other in since
                     if other.project == of_recalled.project or data & set(datasets(tx, other.project)))


def recheck(room: ReadingRoom, number: int, sibling: int) -> tuple[Recheck, ...]:
    """Check the files of one later release again, under today's policy. Nothing is recorded yet; safe to repeat."""
    with room.store.reading() as tx:
        recalled, request = tx.requests.get(number), tx.requests.get(sibling)
        project = tx.projects.get(request.project)
        policy = room.policies.for_project(project, tx.grants.of_project(project.slug))
    same = {file.sha256 for file in recalled.crossing}
    found = []
    for file in request.crossing:
        try:
            result = check_output(file.name, room.blobs.get(file.sha256), file.evidence, policy)
            now, rules = result.verdict, tuple(sorted({finding.rule for finding in result.findings}))
        except Exception:  # noqa: BLE001  whatever broke, it must not pass (P9)
            now, rules = Verdict.FAIL, ("check.failed",)
        was = Verdict.FAIL if file.verdict is None else file.verdict
        found.append(Recheck(sibling, file.name, file.sha256, was, now, rules, file.sha256 in same))
    return tuple(found)


def finish_recheck(room: ReadingRoom, number: int, found: Sequence[Recheck]) -> None:
    """Keep what checking again found, once, and tell who has to act on it."""
    with room.store.transaction() as tx:
        recalled = tx.releases.recall(number)
        if recalled is None or recalled.rechecks is not None:
            return
        request = tx.requests.get(number)
        tx.releases.set_rechecks(number, found)
        tx.events.record(SYSTEM, "release.rechecked", f"request:{number}", request.project, files=[
            {"request": one.request, "file": one.file, "sha256": one.sha256, "was": one.was.word, "now": one.now.word,
             "rules": list(one.rules), "same_bytes": one.same_bytes} for one in found])
        custodians = _custodians(room, tx, request.project)
        notices.tell(tx, {recalled.by, *custodians, *_deciders(request)}, "release.rechecked", request=number,
                     project=request.project)


def _download_now(room: ReadingRoom, tx: Any, viewer: str, number: int) -> Release:
    request, made = _released(room, tx, viewer, number)
    core.check_can_download(viewer, _terms(room, tx, request, made), tx.releases.downloads(number),
                            tx.releases.recall(number), room.now())
    return made


def _released(room: ReadingRoom, tx: Any, viewer: str, number: int) -> tuple[AirlockRequest, Release]:
    request: AirlockRequest = tx.requests.get(number)
    if not _concerned(room, tx, viewer, request):
        raise NotFound(f"There is no request {number}.", rule="request.exists", value=number,
                       next_step="Check the number, or start from your home page.")
    made: Release | None = tx.requests.release(number)
    if made is None or request.status is not RequestStatus.RELEASED:
        raise NotFound(f"Request {number} has no release: it is {request.status.value}.", rule="release.exists",
                       value=request.status.value, next_step="It is made when every checker has approved.")
    return request, made


def _concerned(room: ReadingRoom, tx: Any, viewer: str, request: AirlockRequest) -> bool:
    """Members of the project, custodians of its data, checkers, and administrators, who handle the incident."""
    person = tx.people.get(viewer)
    return (viewer in tx.projects.get(request.project).members
            or viewer in _own_custodians(tx, viewer, _custodians(room, tx, request.project))
            or person.may(Permission.REVIEW_OUTPUTS) or person.may(Permission.MANAGE_PEOPLE))


def _deciders(request: AirlockRequest) -> frozenset[str]:
    """The checkers of its last round, and of earlier ones where they approved what left."""
    return approvers(request) | set(reviewers(request))


def _custodians(room: ReadingRoom, tx: Any, project: str) -> frozenset[str]:
    """The custodians of the data that a project has or had."""
    return _custodians_of(room, tx.grants.of_project(project))


def _custodians_of(room: ReadingRoom, grants: Iterable[Grant]) -> frozenset[str]:
    return frozenset(room.policies.dataset(slug).custodian for slug in once_live(grants))


def _own_custodians(tx: Any, viewer: str, custodians: frozenset[str]) -> frozenset[str]:
    """A custodian named in a dataset's file counts while they may decide at all."""
    return custodians if tx.people.get(viewer).may(Permission.DECIDE_GRANTS) else frozenset()


def _terms(room: ReadingRoom, tx: Any, request: AirlockRequest, made: Release) -> Terms:
    project = tx.projects.get(request.project)
    policy = room.policies.for_project(project, tx.grants.of_project(project.slug))
    return core.terms(policy, request.author, made.made_at, project.members, _custodians(room, tx, project.slug))


def _view(room: ReadingRoom, tx: Any, viewer: str, number: int) -> ReleaseView:
    request, made = _released(room, tx, viewer, number)
    on, given = _terms(room, tx, request, made), tx.releases.downloads(number)
    recalled = tx.releases.recall(number)
    custodians = _own_custodians(tx, viewer, _custodians(room, tx, request.project))
    may = {
        "download": refusal_of(core.check_can_download, viewer, on, given, recalled, room.now()),
        "recall": refusal_of(core.check_can_recall, viewer, custodians, _deciders(request))
                  or refusal_of(core.check_recallable, recalled, "asked"),
    }
    sees_all = viewer in custodians or viewer in _deciders(request) or tx.people.get(viewer).may(
        Permission.MANAGE_PEOPLE)
    shown = given if sees_all else tuple(one for one in given if one.person == viewer)
    project = tx.projects.get(request.project)
    sees_request = viewer in project.members or tx.people.get(viewer).may(Permission.REVIEW_OUTPUTS)
    return ReleaseView(request, project, made, datasets(tx, request.project), on, len(given), shown, recalled,
                       sees_request, may)
