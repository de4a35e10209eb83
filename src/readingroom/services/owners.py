"""The programme's owner: does an application fit the programme and serve the public? Then custodians are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from readingroom.core.application_changes import Change, diff
from readingroom.core.application_form import SECTION_TITLES
from readingroom.core.applications import AfterReview, Comment, Outcome, Version
from readingroom.core.lifecycle import PROJECT_ACTIONS, ProjectAction, ProjectStatus, check_action
from readingroom.core.permissions import (
    Part,
    check_project_action,
    check_reviews_applications,
    parts_in_project,
)
from readingroom.core.projects import Project
from readingroom.errors import InvalidInput, InvalidTransition
from readingroom.services import agreement, notices, visibility
from readingroom.services.applications import end
from readingroom.services.attempts import attempt
from readingroom.services.room import ReadingRoom

PAGE = 50
LONGEST = 4000
OUTCOMES = ("in-order", "lessons", "not-in-order")


@dataclass(frozen=True)
class Waiting:
    project: Project
    version: Version


@dataclass(frozen=True)
class OwnersDesk:
    """A page of what waits for this owner, oldest first, and one of open after-reviews; how many of each in all."""

    waiting: tuple[Waiting, ...]
    waiting_in_all: int
    reviews: tuple[tuple[Project, AfterReview], ...]
    reviews_in_all: int


def desk(room: ReadingRoom, owner: str, page: int = 1, reviews_page: int = 1) -> OwnersDesk:
    with room.store.reading() as tx:
        check_reviews_applications(tx.people.get(owner))
        mine = [name for name in room.policies.programmes if owner in (room.policies.owners(name) or (owner,))]
        versions = tx.applications.unaccepted(mine, owner, PAGE, (page - 1) * PAGE)
        reviews = tx.applications.open_reviews(mine, owner, PAGE, (reviews_page - 1) * PAGE)
        projects = tx.projects.among({one.project for one in (*versions, *reviews)})
        return OwnersDesk(
            tuple(Waiting(projects[one.project], one) for one in versions),
            tx.applications.count_unaccepted(mine, owner),
            tuple((projects[one.project], one) for one in reviews), tx.applications.count_open_reviews(mine, owner))


def accept(room: ReadingRoom, owner: str, slug: str, version: int) -> Project:
    """Say that it fits: its custodians are asked, or, where they were asked already (urgent lane), counted."""
    with attempt(room, owner, "project.accept", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, owner, slug)
        check_project_action(person, project, ProjectAction.ACCEPT, room.policies.owners(project.programme))
        (status,) = check_action(PROJECT_ACTIONS, ProjectAction.ACCEPT, project.status, "project")
        waiting = _waiting(tx.applications.waiting(slug), version)
        accepted = replace(waiting, accepted_by=owner, accepted_at=room.now())
        tx.applications.settle(accepted)
        tx.projects.set_status(slug, status)
        tx.events.record(owner, "project.accepted", f"project:{slug}", slug, version=version)
        if project.status is ProjectStatus.OWNER_REVIEW:
            agreement.ask(room, tx, tx.projects.get(slug), accepted)
        agreement.settle(room, tx, slug)
        now: Project = tx.projects.get(slug)
    return now


def send_back(room: ReadingRoom, owner: str, slug: str, version: int, comments: Mapping[str, str]) -> Project:
    """Return it with comments, section by section."""
    said = check_comments(comments)
    with attempt(room, owner, "project.return", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, owner, slug)
        check_project_action(person, project, ProjectAction.RETURN, room.policies.owners(project.programme))
        (status,) = check_action(PROJECT_ACTIONS, ProjectAction.RETURN, project.status, "project")
        waiting = _waiting(tx.applications.waiting(slug), version)
        for section, text in said.items():
            tx.applications.comment(Comment(slug, version, section, "", owner, room.now(), text))
        end(room, tx, slug, waiting, Outcome.RETURNED)
        tx.projects.set_status(slug, status)
        tx.events.record(owner, "project.returned", f"project:{slug}", slug, version=version, sections=sorted(said))
        notices.tell(tx, project.members, "project.returned", project=slug)
        now: Project = tx.projects.get(slug)
    return now


def check_comments(comments: Mapping[str, str]) -> dict[str, str]:
    """Comments that say something, by section. InvalidInput if there is none: nobody could answer it."""
    said = {section: text.strip() for section, text in comments.items() if text.strip()}
    if unknown := sorted(set(said) - set(SECTION_TITLES)):
        raise InvalidInput(f"The application has no section {unknown[0][:40]!r}.", rule="application.section",
                           value=unknown[0][:40], next_step=f"It has: {', '.join(SECTION_TITLES)}.")
    if too_long := [section for section, text in said.items() if len(text) > LONGEST]:
        raise InvalidInput(f"The comment on {too_long[0]} has over {LONGEST:,} characters.", rule="comment.length",
                           next_step="Shorten it.")
    if not said:
        raise InvalidInput("No comment was given.", rule="application.comments",
                           next_step="Say in at least one section what should change: the applicants work from it.")
    return said


def _waiting(found: Version | None, number: int) -> Version:
    """The version that was looked at, if it is still the one that waits and nobody answered for the programme yet."""
    if found is None or found.number != number:
        raise InvalidTransition(f"Version {number} does not wait any more.", rule="version.waits", value=number,
                                next_step="Look at the project again: there may be a newer version.")
    if found.accepted_by is not None:
        raise InvalidTransition(f"Version {number} was accepted already, by {found.accepted_by}.",
                                rule="version.accepted", value=number, next_step="There is nothing left to do.")
    return found


def answer_review(room: ReadingRoom, owner: str, slug: str, version: int, outcome: str, words: str) -> AfterReview:
    """Close an after-review with what it showed."""
    if outcome not in OUTCOMES or not words.strip():
        raise InvalidInput("An outcome and a sentence on it are needed.", rule="after-review.outcome",
                           value=outcome[:40], next_step=f"Choose one of: {', '.join(OUTCOMES)}, and say why.")
    with attempt(room, owner, "after-review.answer", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, owner, slug)
        check_project_action(person, project, ProjectAction.ACCEPT, room.policies.owners(project.programme))
        review = tx.applications.review(slug, version)
        if review.decided_by is not None:
            raise InvalidTransition(f"It was answered already, by {review.decided_by}.", rule="after-review.open",
                                    value=version, next_step="There is nothing left to do.")
        decided: AfterReview = replace(review, outcome=outcome, words=words.strip()[:LONGEST], decided_by=owner,
                                       decided_at=room.now())
        tx.applications.decide_review(decided)
        tx.events.record(owner, "after-review.answered", f"project:{slug}", slug, version=version, outcome=outcome)
    return decided


@dataclass(frozen=True)
class Case:
    """An application as the programme's owner reads it. `changes` are against the version before, `previous`."""

    project: Project
    version: Version
    previous: int
    changes: tuple[Change, ...]
    comments: tuple[Comment, ...]
    reviews: tuple[AfterReview, ...]
    may_answer: bool


def case(room: ReadingRoom, viewer: str, slug: str) -> Case:
    """The newest version of a project, for those who may answer for its programme; NotFound for everyone else."""
    with room.store.reading() as tx:
        person, project = visibility.own(room, tx, viewer, slug)
        if Part.OWNER not in parts_in_project(person, project, room.policies.owners(project.programme)):
            raise visibility.not_found(slug)
        number = tx.applications.last_number(slug)
        version = tx.applications.version(slug, number)
        before = tx.applications.find(slug, number - 1)
        waits = version.outcome is Outcome.WAITING and version.accepted_by is None
        return Case(
            project, version, before.number if before else 0,
            diff(before.application, version.application) if before else (),
            tuple(one for one in tx.applications.comments(slug) if not one.part), tx.applications.reviews(slug),
            waits and project.status in PROJECT_ACTIONS[ProjectAction.ACCEPT])
