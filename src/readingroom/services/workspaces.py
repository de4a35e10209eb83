"""Opening and closing workspaces, and the extracts that they mount."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import rfc8785

from readingroom.core.policy import Policy, strictest
from readingroom.core.projects import Extract, Grant, Project
from readingroom.core.workspaces import Opening, WorkspacePlan
from readingroom.errors import AccessDenied, ReadingRoomError, Unavailable
from readingroom.ports import Hub
from readingroom.services import access
from readingroom.services.room import ReadingRoom
from readingroom.services.workshop import Workshop

SYSTEM = "system"
One = TypeVar("One")
log = logging.getLogger(__name__)


def plan(room: ReadingRoom, username: str, project_slug: str) -> WorkspacePlan:
    """What to mount and how tightly to hold it.

    Raises AccessDenied with every reason, or Unavailable while an extract is still being made (try again soon).
    """
    with room.store.reading() as tx:
        project = tx.projects.get(project_slug)
        decision = access.decide_in(room, tx, username, project)
        if not decision.allowed:
            raise AccessDenied(
                f"The workspace of {project.title} cannot be opened.", reasons=decision.reasons, rule="access",
                value=project_slug, next_step=" ".join(f"{r.message} {r.next_step}" for r in decision.reasons))
        grants = tx.grants.of_project(project_slug)
        mounts = []
        for grant in grants:
            extract = tx.extracts.live_of_grant(grant.id)
            path = extract and room.extracts.path(extract.id)
            if path is None:
                raise Unavailable(f"The extract of {grant.dataset} is still being made.", rule="extract.ready",
                                  value=grant.dataset, next_step="It takes seconds to a few minutes.")
            mounts.append((grant.dataset, path))
        limits = Policy(memory_bytes=room.settings.workspace_memory_bytes, cpus=room.settings.workspace_cpus)
        policy = strictest(room.policies.for_project(project, grants), limits)
    home = room.settings.homes_dir / project_slug / username
    return WorkspacePlan(username, project_slug, tuple(mounts), home, policy)


def opened(room: ReadingRoom, username: str, project: str, container: str) -> None:
    """Record that the workspace now runs as this container. Called again after a restart it changes nothing."""
    with room.store.transaction() as tx:
        current = tx.workspaces.open_one(username, project)
        if current is not None and current.container == container:
            return
        if current is not None:
            tx.workspaces.close(current.id, room.now(), "replaced by a new start")
        opening = tx.workspaces.open(username, project, room.now())
        tx.workspaces.set_container(opening.id, container)
        mounted = {grant.dataset: list(grant.columns) for grant in tx.grants.of_project(project)}
        tx.events.record(username, "workspace.opened", f"workspace:{username}/{project}", project,
                         container=container, mounted=mounted)


def closed(room: ReadingRoom, username: str, project: str, reason: str, *, by: str = SYSTEM,
           opening: int | None = None) -> None:
    """Record that it no longer runs, and why. Closing what is not open changes nothing.

    With `opening`, only that one: whoever looked at it a moment ago does not close the next.
    """
    with room.store.transaction() as tx:
        current = tx.workspaces.open_one(username, project)
        if current is None or opening not in (None, current.id):
            return
        tx.workspaces.close(current.id, room.now(), reason)
        tx.events.record(by, "workspace.closed", f"workspace:{username}/{project}", project, reason=reason)


def open_now(room: ReadingRoom) -> tuple[Opening, ...]:
    with room.store.reading() as tx:
        openings: tuple[Opening, ...] = tx.workspaces.open_now()
        return openings


@dataclass(frozen=True)
class Missing:
    """An extract that a live grant needs and that does not exist yet."""

    extract_id: str
    grant: Grant
    version: str


def prepare_extracts(workshop: Workshop) -> int:
    """Make every extract that a live grant lacks; returns how many were made. Safe to repeat after a crash.

    One that cannot be made does not hold up the others; it is tried again next time.
    """
    with workshop.store.reading() as tx:
        missing = _all_missing(workshop, tx)

    def prepare(need: Missing) -> None:
        grant = need.grant
        workshop.extracts.build(need.extract_id, workshop.policies.dataset(grant.dataset), need.version,
                                grant.columns, grant.row_filter, grant.project)
        with workshop.store.transaction() as tx:
            if tx.extracts.find(need.extract_id) is None:
                tx.extracts.add(Extract(need.extract_id, grant.id, need.version, workshop.now(), None))
                tx.events.record(SYSTEM, "extract.made", f"grant:{grant.id}", grant.project, dataset=grant.dataset,
                                 version=need.version, extract=need.extract_id,
                                 columns={table: list(columns) for table, columns in grant.columns.items()})

    return _each(prepare, missing)


def destroy_dead_extracts(workshop: Workshop) -> int:
    """Make the extracts of grants that are no longer live unreadable, also to open workspaces.

    What a crash left without a record (and nobody needs any more) goes too. One that cannot be destroyed does
    not save the others.
    """
    stored = workshop.extracts.stored()
    with workshop.store.reading() as tx:
        dead = []
        for extract in tx.extracts.live():
            grant = tx.grants.get(extract.grant_id)
            if not access.is_live(workshop, grant, tx.projects.get(grant.project)):
                dead.append((extract, grant))
        known = {extract.id for extract in tx.extracts.live()} | {
            need.extract_id for need in _all_missing(workshop, tx)}

    def destroy(found: tuple[Extract, Grant]) -> None:
        extract, grant = found
        workshop.extracts.destroy(extract.id)
        with workshop.store.transaction() as tx:
            tx.extracts.mark_destroyed(extract.id, workshop.now())
            tx.events.record(SYSTEM, "extract.destroyed", f"grant:{grant.id}", grant.project,
                             dataset=grant.dataset, extract=extract.id)

    _each(workshop.extracts.destroy, sorted(set(stored) - known))
    return _each(destroy, dead)


def sweep(room: ReadingRoom, hub: Hub) -> int:
    """Close every open workspace that may not be open now; returns how many were asked to close.

    Asking is repeated at each sweep until the Hub reports it stopped; only then is the closing recorded. One
    that fails does not keep the others open.
    """
    stopped = 0

    def look(opening: Opening) -> None:
        nonlocal stopped
        decision = access.decide(room, opening.username, opening.project)
        reason = "its container is no longer running"
        if not decision.allowed:
            hub.stop_workspace(opening.username, opening.project)
            stopped += 1
            reason = " ".join(reason.message for reason in decision.reasons)
        if hub.workspace_state(opening.username, opening.project) == "stopped":
            closed(room, opening.username, opening.project, reason, opening=opening.id)

    _each(look, open_now(room))
    return stopped


def _each(act: Callable[[One], None], subjects: Iterable[One]) -> int:
    """Do it for each, whatever became of the others, and return how many succeeded; then raise the first failure."""
    done, first = 0, None
    for subject in subjects:
        try:
            act(subject)
            done += 1
        except (ReadingRoomError, OSError) as error:
            log.warning("%s failed for %s: %s", act.__name__, subject, error)
            first = first or error
    if first is not None:
        raise first
    return done


def _all_missing(workshop: Workshop, tx: Any) -> list[Missing]:
    return [found for grant in tx.grants.all()
            if (found := _missing(workshop, tx.extracts.live_of_grant(grant.id), grant,
                                  tx.projects.get(grant.project)))]


def _missing(workshop: Workshop, made: Extract | None, grant: Grant, project: Project) -> Missing | None:
    if not access.is_live(workshop, grant, project):
        return None
    versions = workshop.vault.versions(grant.dataset)
    if not versions:
        return None
    if made is not None and made.version == versions[-1] and workshop.extracts.path(made.id) is not None:
        return None
    contents = rfc8785.dumps({"grant": grant.id, "version": versions[-1], "row_filter": grant.row_filter,
                              "columns": {table: list(columns) for table, columns in grant.columns.items()}})
    return Missing(f"{grant.project}-{grant.id}-{hashlib.sha256(contents).hexdigest()[:12]}", grant, versions[-1])
