"""Writing an application: section by section, submitted as a whole, kept in versions."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from readingroom.core import application_form as forms
from readingroom.core.application_changes import Change, Effect, diff, touched
from readingroom.core.application_form import Desk, Draft, Fault, Typed
from readingroom.core.applications import Application, Comment, Outcome, Saved, Version, in_force, recorded
from readingroom.core.lifecycle import PROJECT_ACTIONS, ProjectAction, ProjectStatus, check_action
from readingroom.core.people import Person
from readingroom.core.permissions import check_may_apply, check_project_action
from readingroom.core.policy.model import Policy
from readingroom.core.projects import PENDING, Grant, Project
from readingroom.core.roles import Permission
from readingroom.errors import InvalidInput, StaleForm
from readingroom.services import agreement, notices, visibility
from readingroom.services.attempts import attempt
from readingroom.services.room import ReadingRoom

FIRST_DAYS = 365
NEVER_LIVE = frozenset({ProjectStatus.DRAFT, ProjectStatus.RETURNED})


@dataclass(frozen=True)
class Form:
    """An application as it stands: what was typed, its faults, and the comments on the version before.

    `may_write` says whether the project's state lets it be written now.
    """

    project: Project
    draft: Mapping[str, Saved]
    typed: Draft
    faults: tuple[Fault, ...]
    application: Application | None
    comments: tuple[Comment, ...]
    people: Mapping[str, Person]
    may_write: bool
    may_submit: bool
    may_recall: bool
    is_amendment: bool

    def revision(self, section: str) -> int:
        return self.draft[section].revision if section in self.draft else 0


def start(room: ReadingRoom, username: str, programme: str, title: str,
          sections: Mapping[str, Typed] | None = None, *, by: str = "", **detail: object) -> Project:
    """A new project in draft, led by `username`, with what was written of its sections; `by` them unless said.

    `detail` goes on the log with it.
    """
    title = forms.clean("aim", {"title": title})["title"]
    if not title:
        raise InvalidInput("The project has no title.", rule="application.title",
                           next_step="Give it one that outsiders understand; it can be changed.")
    with attempt(room, by or username, "project.start", f"person:{username}") as tx:
        check_may_apply(tx.people.get(username))
        if programme not in room.policies.programmes:
            known = ", ".join(sorted(room.policies.programmes)) or "there is none; ask the administrator"
            raise InvalidInput(f"There is no programme {programme[:40]!r}.", rule="application.programme",
                               value=programme[:40], next_step=f"Choose: {known}.")
        project = Project(
            slug=_slug(tx, title), title=title, programme=programme, aim="", public_benefit="", purpose="",
            legal_gateway="", status=ProjectStatus.DRAFT, expires_on=room.today() + timedelta(days=FIRST_DAYS),
            members=frozenset({username}), lead=username)
        tx.projects.add(project)
        written = {"aim": {"title": title}, "people": {"lead": username}, **(sections or {})}
        for section, typed in written.items():
            tx.applications.save(project.slug, section, Saved(forms.clean(section, typed), 1, username, room.now()))
        _let_in(tx, project, forms.clean("people", written["people"]))
        tx.events.record(by or username, "project.started", f"project:{project.slug}", project.slug, **detail)
    return project


def record(room: ReadingRoom, tx: Any, project: Project, grants: Iterable[Grant], accepted_by: str) -> Project:
    """A project that was agreed elsewhere (or comes with the demo), with what it was recorded with as version 1."""
    live = project.status not in (*NEVER_LIVE, ProjectStatus.OWNER_REVIEW, ProjectStatus.AGREEMENT)
    project = replace(project, lead=project.lead or min(project.members), version=1 if live else 0)
    tx.projects.add(project)
    application = recorded(project, grants)
    outcome = Outcome.AGREED if live else Outcome.WAITING
    tx.applications.add(Version(project.slug, 1, application, project.lead, room.now(), outcome,
                                room.now() if live else None, accepted_by, room.now()))
    return project


def _slug(tx: Any, title: str) -> str:
    """A name for addresses, from the title. It always ends at random: that it is taken would tell that it exists."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    stem = words if words[:1].isalpha() else f"project-{words}".strip("-")
    while True:
        slug = f"{stem[:24].strip('-')}-{secrets.token_hex(2)}"
        if tx.projects.find(slug) is None:
            return slug


def form(room: ReadingRoom, viewer: str, slug: str) -> Form:
    """The application as its project's people see and write it. NotFound for everyone else."""
    with room.store.reading() as tx:
        person, project = visibility.written(room, tx, viewer, slug)
        return _form(room, tx, person, project)


def _form(room: ReadingRoom, tx: Any, person: Person, project: Project) -> Form:
    saved = tx.applications.draft(project.slug)
    typed = _typed(tx, project, saved)
    people = tx.people.among(forms.named_people(typed))
    application, faults = forms.read(typed, Desk(room.policies, project.programme, people, room.today()))
    status, is_lead = project.status, person.username == project.lead
    return Form(
        project=project, draft=saved, typed=typed, faults=faults, application=application,
        comments=tx.applications.comments(project.slug), people=people,
        may_write=status in PROJECT_ACTIONS[ProjectAction.SAVE] and person.may(Permission.APPLY),
        may_submit=status in PROJECT_ACTIONS[ProjectAction.SUBMIT] and is_lead and person.may(Permission.APPLY),
        may_recall=status in PROJECT_ACTIONS[ProjectAction.RECALL] and is_lead,
        is_amendment=status not in (*NEVER_LIVE, ProjectStatus.OWNER_REVIEW, ProjectStatus.AGREEMENT))


def _typed(tx: Any, project: Project, saved: Mapping[str, Saved]) -> dict[str, Typed]:
    """What is written so far. Sections that nobody touched are those of what is in force, or was submitted last."""
    base: Application | None = None
    if project.status not in NEVER_LIVE and project.version:
        base = in_force(project, tx.grants.of_project(project.slug),
                        tx.applications.find(project.slug, project.version))
    elif project.status is not ProjectStatus.DRAFT:
        last = tx.applications.find(project.slug, tx.applications.last_number(project.slug))
        base = last.application if last else in_force(project, tx.grants.of_project(project.slug), None)
    typed = forms.typed_from(base) if base else {}
    return {**typed, **{section: one.typed for section, one in saved.items()}}


def save(room: ReadingRoom, username: str, slug: str, section: str, typed: Mapping[str, Any], seen: int) -> Form:
    """Keep one section as it was typed, faults and all; returns the form with every fault that is left.

    StaleForm, with nothing overwritten, unless `seen` is the revision that is there now. InvalidInput for what cannot
    be kept.
    """
    kept = forms.clean(section, typed)
    with attempt(room, username, "project.save", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, username, slug)
        check_project_action(person, project, ProjectAction.SAVE, room.policies.owners(project.programme))
        check_action(PROJECT_ACTIONS, ProjectAction.SAVE, project.status, "project")
        if section.startswith("data/"):
            room.policies.dataset(section.removeprefix("data/"))
        before = tx.applications.draft(slug).get(section)
        revision = before.revision if before else 0
        if seen != revision:
            raise StaleForm(
                "This part was saved in between" + (f", by {before.by}." if before else "."), rule="application.stale",
                value=seen, now=before.typed if before else None,
                next_step="Nothing was overwritten. Compare the two below, then save again.")
        if before is None or before.typed != kept:
            tx.applications.save(slug, section, Saved(kept, revision + 1, username, room.now()))
            tx.events.record(username, "application.saved", f"project:{slug}", slug, section=section,
                             revision=revision + 1)
        if section == "people" and project.status in NEVER_LIVE:
            _let_in(tx, project, kept)
        return _form(room, tx, person, tx.projects.get(slug))


def _let_in(tx: Any, project: Project, people: Typed) -> None:
    """Those who are named in the draft of a project that never was live write it together; it opens nothing yet."""
    named = tx.people.among(forms.named_people({"people": people}))
    members = {name for name, person in named.items() if person.may(Permission.APPLY)} | {project.lead}
    tx.projects.save(replace(project, members=frozenset(members)))


def submit(room: ReadingRoom, username: str, slug: str) -> Version:
    """Freeze what was written as a new version, and ask those whom it concerns.

    InvalidInput, naming all that is missing, while it has faults.
    """
    with attempt(room, username, "project.submit", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, username, slug)
        check_project_action(person, project, ProjectAction.SUBMIT, room.policies.owners(project.programme))
        targets = check_action(PROJECT_ACTIONS, ProjectAction.SUBMIT, project.status, "project")
        written = _form(room, tx, person, project)
        if written.application is None:
            raise InvalidInput(
                "The application is not complete: " + " ".join(fault.message for fault in written.faults[:20]),
                rule="application.complete", value=len(written.faults),
                next_step="Complete the sections that the task list marks.")
        application = written.application
        if targets == (ProjectStatus.AMENDED,):
            _check_changes(tx, project, application)
        version = Version(slug, tx.applications.last_number(slug) + 1, application, username, room.now())
        before = tx.applications.last_accepted(slug) if project.status in NEVER_LIVE else None
        if before is not None and _still_accepted(before.application, application):
            version = replace(version, accepted_by=before.accepted_by, accepted_at=before.accepted_at)
        tx.applications.add(version)
        tx.events.record(username, "project.submitted", f"project:{slug}", slug, version=version.number,
                         sha256=application.sha256, urgent=bool(application.urgent))
        skips = version.accepted_by is not None or bool(application.urgent)
        status = targets[-1] if skips else targets[0]
        project = replace(project, status=status)
        if project.status is ProjectStatus.OWNER_REVIEW or project.status is ProjectStatus.AGREEMENT:
            members = frozenset(application.members)
            project = replace(project, lead=application.lead, members=members, title=application.title,
                              aim=application.aim, public_benefit=application.public_benefit,
                              purpose=application.purpose, legal_gateway=application.legal_gateway,
                              expires_on=application.ends_on, image=application.image, tier=application.tier)
        tx.projects.save(project)
        if version.accepted_by is None and status in (ProjectStatus.OWNER_REVIEW, ProjectStatus.AGREEMENT):
            notices.tell(tx, agreement.owners_of(room, tx, project), "project.to-review", project=slug)
        if status is not ProjectStatus.OWNER_REVIEW:
            agreement.ask(room, tx, tx.projects.get(slug), version)
            agreement.settle(room, tx, slug)
        settled: Version = tx.applications.version(slug, version.number)
    return settled


def _changes(tx: Any, project: Project, application: Application) -> tuple[tuple[Change, ...], frozenset[str]]:
    """What an amendment changes, and whom it asks: dropping a dataset that was withdrawn is a change, and so is asking
    for it anew."""
    live = agreement.live_application(tx, project)
    version = tx.applications.find(project.slug, project.version)
    standing = in_force(project, tx.grants.of_project(project.slug), version)
    return diff(standing, application) or diff(live, application), touched(live, application)


def _check_changes(tx: Any, project: Project, application: Application) -> None:
    if not _changes(tx, project, application)[0]:
        raise InvalidInput("Nothing is changed against what is in force.", rule="application.unchanged",
                           next_step="Change what should change, or leave the project as it is.")


def _still_accepted(before: Application, after: Application) -> bool:
    """Whether the owner's yes still holds: what they look at (aim, purpose, people, which datasets) did not widen."""
    return not any(change.effect is Effect.WIDENS and (not change.dataset or change.what == "dataset")
                   for change in diff(before, after))


def recall(room: ReadingRoom, username: str, slug: str) -> Project:
    """Take a submitted version back to change it. What was live stays live; yeses to the same still count later."""
    with attempt(room, username, "project.recall", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, username, slug)
        check_project_action(person, project, ProjectAction.RECALL, room.policies.owners(project.programme))
        (status,) = check_action(PROJECT_ACTIONS, ProjectAction.RECALL, project.status, "project")
        version = tx.applications.waiting(slug)
        end(room, tx, slug, version, Outcome.RECALLED)
        tx.projects.set_status(slug, status)
        tx.events.record(username, "project.recalled", f"project:{slug}", slug,
                         version=version.number if version else 0)
        recalled: Project = tx.projects.get(slug)
    return recalled


def end(room: ReadingRoom, tx: Any, slug: str, version: Version | None, outcome: Outcome) -> None:
    """No more answers to this version: what was still asked for is not asked for any more."""
    if version is not None:
        tx.applications.settle(replace(version, outcome=outcome, settled_at=room.now()))
    for grant in tx.grants.ever_of_project(slug):
        if grant.status.value == "proposed" or (outcome is Outcome.CLOSED and grant.status in PENDING):
            agreement.supersede(tx, grant)


def discard(room: ReadingRoom, username: str, slug: str) -> Project:
    """Forget an amendment that was being written; what is in force stays."""
    with attempt(room, username, "project.discard", f"project:{slug}") as tx:
        person, project = visibility.own(room, tx, username, slug)
        check_project_action(person, project, ProjectAction.DISCARD, room.policies.owners(project.programme))
        check_action(PROJECT_ACTIONS, ProjectAction.DISCARD, project.status, "project")
        tx.applications.forget_draft(slug)
        for grant in tx.grants.ever_of_project(slug):
            if grant.status in PENDING:
                agreement.supersede(tx, grant)
        tx.events.record(username, "application.discarded", f"project:{slug}", slug)
    return project  # type: ignore[no-any-return]


@dataclass(frozen=True)
class History:
    """A project's versions, newest first, and every comment that this viewer may read."""

    project: Project
    versions: tuple[Version, ...]
    comments: tuple[Comment, ...]


def history(room: ReadingRoom, viewer: str, slug: str) -> History:
    """For the project's people, its programme's owner, and administrators."""
    with room.store.reading() as tx:
        project = visibility.seen(room, tx, viewer, slug)
        comments = tx.applications.comments(slug)
        if viewer not in project.members:
            comments = tuple(one for one in comments if not one.part)
        return History(project, tx.applications.versions(slug), comments)


@dataclass(frozen=True)
class Comparison:
    project: Project
    before: Version | None
    after: Version
    changes: tuple[Change, ...]


def compare(room: ReadingRoom, viewer: str, slug: str, number: int, other: int | None = None) -> Comparison:
    """A version against another, by default the one in force or submitted before it."""
    with room.store.reading() as tx:
        project = visibility.seen(room, tx, viewer, slug)
        after = tx.applications.version(slug, number)
        before = tx.applications.version(slug, other) if other is not None else _before(tx, slug, number)
        return Comparison(project, before, after, diff(before.application, after.application) if before else ())


def _before(tx: Any, slug: str, number: int) -> Version | None:
    """The last version before it that was agreed; the one just before it if none was."""
    earlier = [one for one in tx.applications.versions(slug) if one.number < number]
    return next((one for one in earlier if one.outcome is Outcome.AGREED), earlier[0] if earlier else None)


@dataclass(frozen=True)
class Standing:
    """Where a project's newest version stands, and every grant that was ever asked for."""

    last: Version | None
    grants: tuple[Grant, ...]


def standing(room: ReadingRoom, viewer: str, slug: str) -> Standing:
    with room.store.reading() as tx:
        visibility.written(room, tx, viewer, slug)
        return Standing(tx.applications.find(slug, tx.applications.last_number(slug)), tx.grants.ever_of_project(slug))


@dataclass(frozen=True)
class Preview:
    """What submitting would do: the changes against what is in force (or was submitted last), and who is asked."""

    is_change: bool
    changes: tuple[Change, ...]
    asked: tuple[str, ...]


def preview(room: ReadingRoom, viewer: str, slug: str) -> Preview:
    with room.store.reading() as tx:
        person, project = visibility.written(room, tx, viewer, slug)
        application = _form(room, tx, person, project).application
        if application is None:
            return Preview(False, (), ())
        everyone = tuple(ask.dataset for ask in application.datasets)
        if project.version:
            changes, asked = _changes(tx, project, application)
            return Preview(True, changes, tuple(sorted(asked)))
        last = tx.applications.find(slug, tx.applications.last_number(slug))
        return Preview(last is not None, diff(last.application, application) if last else (), everyone)


def policy_of(room: ReadingRoom, project: Project, dataset: str) -> Policy:
    """What already holds for a dataset in this project's programme, before anyone decides."""
    return Desk(room.policies, project.programme, {}, room.today()).policy(dataset)

